"""The claims decided: judges of properties, replay of figures, proofs, mutants, and the report."""

"""The claims are decided here: judges of properties, replay of figures, proofs, mutants, and the report."""

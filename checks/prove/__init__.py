"""Proofs for all values: induction over the edges on integers, and the bridge to words."""

"""Refinement: every step of the reference implementation is a step that the specification allows."""

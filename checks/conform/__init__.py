"""Conformance: vectors are replayed against real stacks, and the oracle judges every answer."""

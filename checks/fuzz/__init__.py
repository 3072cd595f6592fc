"""Mutated packets into live stacks of the reference: nothing may be raised, and no connection may stay."""

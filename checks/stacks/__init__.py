"""Drivers of real TCP stacks."""

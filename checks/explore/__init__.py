"""Exhaustive exploration over tables."""

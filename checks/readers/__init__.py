"""The readers of the one declaration: to Python code, to Z3, and to text."""

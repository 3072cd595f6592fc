"""Exhaustive exploration of a scope: both ends as machines, the network between them, and the searches over them."""

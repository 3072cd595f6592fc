"""The score: mechanical mutants of every part of every edge, and which judges notice them."""

"""Real stacks replay the vectors, and the oracle judges what they do."""

"""How anything is judged: exploration, proof, vectors, real stacks, and the command line."""

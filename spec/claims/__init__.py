"""What is said of TCP: claims with their properties, figures, and the two invariants."""

"""What the declaration is written in: terms, states, variables, edges, and the switches of a profile."""

"""The language that the declaration is written in: terms, states, variables, edges, switches and readings."""

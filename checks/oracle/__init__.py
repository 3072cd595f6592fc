"""The oracle: judges one endpoint at 32 bits by the specification, from what it does on the wire and to its user."""

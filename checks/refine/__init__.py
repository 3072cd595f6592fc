"""The reference implementation against the model: every step of the code is a step that the specification allows."""

"""How fast the explorations are, beside Spin and TLC on the same scopes."""

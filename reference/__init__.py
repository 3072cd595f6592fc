"""How TCP runs: code written from the RFC, independent of the specification it is compared with."""

"""Long work: several processes, and Ctrl-C."""

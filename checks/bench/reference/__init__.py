"""The reference measured beside PyTCP and the kernel."""

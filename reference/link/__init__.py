"""How the reference reaches a real peer: a namespace, a cable to the kernel, bad weather on it, and a host's loop."""

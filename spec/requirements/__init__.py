"""The numbered requirements of RFC 9293, what answers each of them here, and what is left out, with the reason."""

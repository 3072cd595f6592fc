"""HTTP/1.1 over the reference's TCP: an application, no part of TCP.  The protocol is h11's."""

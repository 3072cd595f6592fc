"""HTTP/1.1 over the reference's TCP, as an example of an application.  The protocol is implemented by h11."""

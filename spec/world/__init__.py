"""What surrounds two ends: their applications, the network between them, and the scopes that are explored."""

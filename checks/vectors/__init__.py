"""Conformance vectors: scripts for the peer and the user of one TCP endpoint, with what the specification permits."""

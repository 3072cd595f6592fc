"""Conformance vectors: scripts for the peer and the user of one TCP endpoint, with what the specification permits."""

from halfclose.checks.vectors.format import BadVectors, Vector, VectorSet, load, write
from halfclose.checks.vectors.generate import generate

__all__ = ["BadVectors", "Vector", "VectorSet", "generate", "load", "write"]

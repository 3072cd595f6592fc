"""Sequence numbers of 32 bits (RFC 9293 3.4), and the octets that stand at them in every test stream.

A comparison has a meaning only for numbers less than 2^31 apart, which windows guarantee.
"""

from __future__ import annotations

SPACE = 1 << 32
_HALF = SPACE >> 1
_MASK = SPACE - 1
_PERIOD = 251  # a prime, so that text which is displaced by any ordinary length differs


def wrap(number: int) -> int:
    """The number modulo 2^32."""
    return number & _MASK


def distance(a: int, b: int) -> int:
    """How far b lies beyond a in the sequence space; negative, down to -2^31, where it lies before a."""
    return ((b - a + _HALF) & _MASK) - _HALF


def pattern(first: int, octets: int) -> bytes:
    """So many octets of a stream from index `first` on: octet i of every stream is i modulo 251."""
    start = first % _PERIOD
    return (bytes(range(_PERIOD)) * ((start + octets) // _PERIOD + 1))[start : start + octets]

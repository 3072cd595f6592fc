"""Sequence numbers: 32-bit words compared modulo 2^32 (RFC 9293 3.4).

A comparison has a meaning only for numbers less than 2^31 apart, which windows guarantee.
"""

from __future__ import annotations

MODULUS = 1 << 32
_HALF = 1 << 31


def add(number: int, octets: int) -> int:
    """The number so many octets later, or earlier where octets is negative."""
    return (number + octets) % MODULUS


def distance(first: int, second: int) -> int:
    """How many octets second lies beyond first; negative, down to -2^31, where it lies before."""
    return (second - first + _HALF) % MODULUS - _HALF


def lt(first: int, second: int) -> bool:
    """first < second."""
    return 0 < (second - first) % MODULUS < _HALF


def le(first: int, second: int) -> bool:
    """first =< second."""
    return (second - first) % MODULUS < _HALF


def latest(first: int, second: int) -> int:
    """The greater of the two."""
    return second if lt(first, second) else first

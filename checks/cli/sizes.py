"""Numbers as options are written: a bound or 'any', bytes, two numbers."""

from __future__ import annotations

import os

from halfclose.spec.world.network import BadScope

_MOST_DIGITS = 30
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def bound(name: str, text: str) -> int | None:
    """How many in all, None for 'any'; raises BadScope."""
    if text == "any":
        return None
    number = _number(text)
    if number is None:
        raise BadScope(f"{name} must be a number or 'any', not {_short(text)}")
    return number


def byte_count(text: str | None) -> int:
    """8G, 500M or plain bytes; three quarters of what is free where nothing is said; raises BadScope."""
    if text is None:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    number, unit = text[:-1], text[-1:].upper()
    if unit.isdecimal():
        number, unit = text, ""
    count = _number(number)
    if unit not in _UNITS or count is None or count < 1:
        raise BadScope(f"memory must be a number of bytes such as 8G, not {_short(text)}")
    return count * _UNITS[unit]


def pair(text: str) -> tuple[int, int]:
    """Two numbers with a comma between them; raises BadScope."""
    parts = [_number(part) for part in text.split(",")]
    match parts:
        case [int(a), int(b)] if a >= 0 and b >= 0:
            return a, b
    raise BadScope(f"iss must be two numbers, e.g. 62,31, not {_short(text)}")


def _number(text: str) -> int | None:
    """A whole number of a sensible length."""
    try:
        return int(text) if len(text) <= _MOST_DIGITS else None
    except ValueError:
        return None


def _short(text: str) -> str:
    """The text in quotes; only its beginning, where it is long."""
    return repr(text if len(text) <= _MOST_DIGITS else text[:_MOST_DIGITS] + "...")

"""Numbers as options are written: a bound or 'any', bytes, two numbers."""

from __future__ import annotations

import os

from halfclose.spec.world.network import BadScope

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def bound(name: str, text: str) -> int | None:
    """How many in all, None for 'any'; raises BadScope."""
    if text == "any":
        return None
    if not text.lstrip("-").isdecimal():
        raise BadScope(f"{name} must be a number or 'any', not {text!r}")
    return int(text)


def byte_count(text: str | None) -> int:
    """8G, 500M or plain bytes; three quarters of what is free where nothing is said; raises BadScope."""
    if text is None:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    number, unit = text[:-1], text[-1:].upper()
    if unit.isdecimal():
        number, unit = text, ""
    if unit not in _UNITS or not number.isdecimal() or int(number) < 1:
        raise BadScope(f"memory must be a number of bytes such as 8G, not {text!r}")
    return int(number) * _UNITS[unit]


def pair(text: str) -> tuple[int, int]:
    """Two numbers with a comma between them; raises BadScope."""
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise BadScope(f"iss must be two numbers, e.g. 62,31, not {text!r}")
    return int(parts[0]), int(parts[1])

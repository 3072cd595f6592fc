"""Survivors that are no gap of the judges, each with the reason why nothing notices it.

A pattern of ids, as in a shell, and the reason.  Where a mutant is proved equivalent it needs no reason.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from halfclose.checks.mutate.results import PROOFS, VECTORS

_REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    PROOFS: (),
    VECTORS: (
        ("status*", "no vector asks for the STATUS of a connection: a socket interface has no such call (3.10.6, MAY)"),
        ("crash*", "no vector makes a stack lose its memory: it is the tester who forgets, by a new connection"),
    ),
}


def reason(column: str, mutant: str) -> str:
    """Why nothing in this column notices a mutant; empty where no reason is known."""
    return next((why for pattern, why in _REASONS[column] if fnmatchcase(mutant, pattern)), "")

"""Every named defect of the specification, by what it breaks; each one breaks the claims that name it.

Most are bugs that real stacks shipped.  A mutated specification is explored and proved like the real one, and a claim
that no mutant can break would prove nothing.
"""

from __future__ import annotations

from ..language.names import unknown
from ..tcp.graph import RULES
from .closing import CLOSING
from .ghosts import GHOSTS
from .handshake import HANDSHAKE
from .mutant import Mutant, Rules
from .numbering import NUMBERING
from .steps import STEPS
from .text import TEXT

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant for mutant in (*HANDSHAKE, *NUMBERING, *TEXT, *CLOSING, *GHOSTS, *STEPS)
}


class UnknownMutant(ValueError):
    """No mutant has this name; the message suggests names that are near it."""


def mutated(name: str) -> Rules:
    """The rules with one defect; raises UnknownMutant."""
    if name not in MUTANTS:
        raise UnknownMutant(unknown("mutant", name, MUTANTS, "mutants"))
    return MUTANTS[name].apply(RULES)

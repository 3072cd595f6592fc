"""A mutant: a named defect of the specification, as a function from the rules to other rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..language.edge import Rule
from .changes import Change

Rules = tuple[Rule, ...]


@dataclass(frozen=True)
class Mutant:
    """A defect: what it is, and how it changes the rules.

    harmless: empty where the defect breaks the proof of both ends and has a trace; otherwise why it has none.
    """

    name: str
    what: str
    apply: Callable[[Rules], Rules]
    harmless: str = ""


#: Reasons for `harmless`.  Safety cannot see what is missing: claims of possibility and of progress find these.
LESS = "it only does less than it should: what it still does is right, so only claims of possibility and progress fail"
LOST = "S12: octets are lost with or without it; what changes is whether the peer is told"
READING = "it is another reading or no defect: no end is deceived; the table of readings says what it costs"
ONLY_FORGED = "an honest peer never sends what it would accept; proved: the invariant of both ends still holds"
ONLY_RESETS = "it resets a healthy connection, and a reset deceives nobody: the claims that nobody is reset find it"
ONLY_GHOSTS = "no defect of TCP: it falsifies a ghost that the proof rests on, and no trace shows a ghost"


def mutant(name: str, what: str, *changes: tuple[str, Change], harmless: str = "") -> Mutant:
    """A mutant made of changes, each with a pattern of the names of the rules that it changes.

    Applying it raises AssertionError where a pattern fits no rule: then the mutant would change nothing.
    """

    def apply(rules: Rules) -> Rules:
        for pattern, change in changes:
            if not any(fnmatchcase(rule.name, pattern) for rule in rules):
                raise AssertionError(f"mutant {name}: no rule is called {pattern!r}")
            changed = (change(rule) if fnmatchcase(rule.name, pattern) else rule for rule in rules)
            rules = tuple(rule for rule in changed if rule is not None)
        return rules

    return Mutant(name, what, apply, harmless)

"""Everything that has a name, by kind, and how a name finds what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from halfclose.checks.explain import (
    citations,
    claims,
    defects,
    freedoms,
    graph,
    profiles,
    requirements,
    variables,
    world,
)
from halfclose.checks.explain.entry import Entry, Kind
from halfclose.checks.vectors.script import NOTES
from halfclose.spec.language.names import near


def _flags() -> Iterator[Entry]:
    for name, says in NOTES.items():
        yield Entry("flag", name, says, dict)


KINDS: tuple[Kind, ...] = (
    Kind("claims", "what is claimed of TCP", claims.claims),
    Kind("theorems", "what is proved of two ends, for any number of octets, losses and incarnations", claims.theorems),
    Kind("conjuncts", "the parts of the two invariants that are proved by induction", claims.conjuncts),
    Kind("premises", "what the proof takes for granted", claims.premises),
    Kind("states", "the eleven states of a connection (3.3.2)", graph.states),
    Kind("events", "what can happen to an endpoint (3.10)", graph.events),
    Kind("edges", "the rules of 3.10, each an edge in one or several states", graph.edges),
    Kind("variables", "what an endpoint stores, chooses or is given", variables.endpoint),
    Kind("segment fields", "what a segment carries; the last ones are ghosts", variables.segment),
    Kind("terms", "terms that guards and claims call by a name", variables.named),
    Kind("switches", "options and other readings, for --profile", profiles.switches),
    Kind("profiles", "named sets of switches", profiles.profiles),
    Kind("readings", "how ambiguous passages of RFC 9293 are read", profiles.readings),
    Kind("freedoms", "what `halfclose conform` grants to a stack beyond the edges", freedoms.freedoms),
    Kind("scopes", "bounds within which claims are explored", world.scopes),
    Kind("applications", "what the users above the two ends of a scope do", world.applications),
    Kind("figures", "the RFC's figures, and other exchanges that are replayed", world.figures),
    Kind("mutants", "defects of the specification that the claims must notice", defects.mutants),
    Kind("faults", "defects of the reference that `halfclose refine` must notice", defects.faults),
    Kind("flags", "what a test vector asks of a stack or a tester", _flags),
    Kind("requirements", "the numbered requirements of RFC 9293, and what answers each", requirements.requirements),
    Kind("omissions", "what RFC 9293 says and the specification leaves out, with the reason", requirements.omissions),
    Kind("sections", "sections of RFC 9293 that something here cites", citations.sections),
)


def kind_named(name: str) -> Kind | None:
    """The kind of this name, in the singular or the plural."""
    return next((kind for kind in KINDS if name.lower() in (kind.name, kind.entries[0].kind)), None)


def find(name: str) -> list[Entry]:
    """Everything with this name.  Case and spelling (half close, half-close) matter only if one thing fits exactly.

    That is asked of a thing's own name alone: `send` finds the event SEND, and what calls a program has.
    """
    entries = [entry for kind in KINDS for entry in kind.entries]
    same = [entry for entry in entries if name in (entry.name, f"{entry.kind} {entry.name}")]
    return same or [entry for entry in entries if _key(name) in map(_key, entry.names())]


def suggest(name: str) -> list[str]:
    """Known names that resemble one that finds nothing; names that are numbers are given with their kind."""
    known = [kind.name for kind in KINDS]
    for entry in (entry for kind in KINDS for entry in kind.entries):
        known.append(f"{entry.kind} {entry.name}" if entry.name.isdecimal() else entry.name)
        known += entry.also
    return near(name, known)


def _key(name: str) -> str:
    """The name in lower case with spaces for hyphens and underscores, so that "half close" finds half-close."""
    return " ".join(re.split(r"[\s_-]+", name.lower()))

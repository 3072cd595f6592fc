"""The work of deciding the claims, divided into units that can run in any process and any order.

A unit is one exploration, search for progress, proof, replay or shape, of the unchanged rules or of one mutant.
Properties that need the same one share a unit: a scope is explored once for all of them.  A unit is described by names
alone, so that only names and verdicts are passed between processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from halfclose.spec.claims.catalogue import BY_ID, CLAIMS
from halfclose.spec.claims.properties import (
    Claim,
    Endless,
    Eventually,
    Inductive,
    Law,
    OnStep,
    Property,
    Quiet,
    Replay,
    Shape,
    Theorem,
)


class UnknownClaim(ValueError):
    """No claim has this id; the message lists those that exist."""


@dataclass(frozen=True)
class Unit:
    """One piece of work.

    kind: "explore", "progress", "prove", "replay" or "shape".  where: the name of the scope, proof, figure or shape.
    props: the properties that it decides, each as (claim id, property name).  mutant: its name; "" for the unchanged
    rules.  tried: whether the mutant must break the properties; otherwise it takes the place of the rules.
    """

    kind: str
    where: str
    props: tuple[tuple[str, str], ...]
    mutant: str = ""
    profile: str = ""
    tried: bool = False


def chosen(ids: Iterable[str]) -> tuple[Claim, ...]:
    """The claims with these ids, in any case of letters, or all claims where none is named; raises UnknownClaim."""
    names = dict.fromkeys(name.upper() for name in ids)
    for name in names:
        if name not in BY_ID:
            raise UnknownClaim(f"unknown claim {name!r}; known are {', '.join(BY_ID)}")
    return tuple(BY_ID[name] for name in names) or CLAIMS


def units(claims: Iterable[Claim], mutant: str = "", profile: str = "", mutants: bool = True) -> list[Unit]:
    """The units for these claims, those that take longest first.

    mutant: judge this one in place of the rules, and try no others.  mutants: also try those that each property names.
    """
    groups: dict[tuple[str, str, str, bool], list[tuple[str, str]]] = {}
    for claim, prop, kind in ((c, p, k) for c in claims for p in c.properties for k in kinds(p)):
        where = "one end" if isinstance(prop, OnStep) and kind == "prove" else prop.scope
        groups.setdefault((kind, where, mutant, False), []).append((claim.id, prop.name))
        for name in prop.broken_by if mutants and not mutant else ():
            groups.setdefault((kind, where, name, True), []).append((claim.id, prop.name))
    made = [
        Unit(kind, where, tuple(props), name, profile, tried) for (kind, where, name, tried), props in groups.items()
    ]
    return sorted(made, key=lambda unit: (-_WEIGHT.get(unit.where, 0), unit.mutant))


def kinds(prop: Property) -> tuple[str, ...]:
    """How a property is decided: the kinds of its units.  A claim on steps is both explored and proved."""
    match prop:
        case Replay():
            return ("replay",)
        case Shape():
            return ("shape",)
        case Inductive() | Law() | Theorem():
            return ("prove",)
        case Eventually() | Quiet() | Endless():
            return ("progress",)
        case OnStep():
            return ("explore", "prove")
    return ("explore",)


#: What takes longest, longest first: begun first, so that no long unit is left over at the end.
_LONGEST = (
    "both ends",
    "stream",
    "free",
    "exclusive and exhaustive",
    "one end",
    "quiet",
    "exchange",
    "early-close-5961",
)
_WEIGHT = {where: weight for weight, where in enumerate(reversed(_LONGEST), 1)}

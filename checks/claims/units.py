"""The work behind the claims, cut into units that run by themselves.

A unit is one exploration, proof, replay or shape, of the real rules or of one mutant.  It is described by names alone,
so that nothing but names and verdicts crosses the border of a process.
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
    """One piece of work. kind: "explore", "progress", "prove", "replay" or "shape"; where: the scope, proof, figure or
    shape; props: (claim id, property name) of what it decides; mutant: "" for the rules as they are; tried: the mutant
    is there to break them, otherwise it is what is being judged."""

    kind: str
    where: str
    props: tuple[tuple[str, str], ...]
    mutant: str = ""
    profile: str = ""
    tried: bool = False


def chosen(ids: Iterable[str]) -> tuple[Claim, ...]:
    """The claims with these ids, all of them where none is named; raises UnknownClaim."""
    names = dict.fromkeys(name.upper() for name in ids)
    for name in names:
        if name not in BY_ID:
            raise UnknownClaim(f"unknown claim {name!r}; known are {', '.join(BY_ID)}")
    return tuple(BY_ID[name] for name in names) or CLAIMS


def units(claims: Iterable[Claim], mutant: str = "", profile: str = "", mutants: bool = True) -> list[Unit]:
    """The work for these claims, the longest pieces first. With `mutant`, only that one, in place of the rules."""
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
    """How a property is decided."""
    match prop:
        case Replay():
            return ("replay",)
        case Shape():
            return ("shape",)
        case Inductive() | Theorem():
            return ("prove",)
        case Eventually() | Quiet() | Endless():
            return ("progress",)
        case OnStep():
            return ("explore", "prove")
    return ("explore",)


#: Scopes that take longest, so that they are begun first.
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

"""What is claimed of TCP: claims, theorems, the conjuncts of the two invariants, and the premises of the proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.readers.conditions import condition
from halfclose.spec.claims.agreement import ALONE, LIVES, MSL, NOW, PAIR, PREMISES, SENT, STEPS, THEOREMS, Premise
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.claims.invariant import INVARIANT, Conjunct
from halfclose.spec.claims.properties import (
    Claim,
    Endless,
    Eventually,
    Inductive,
    Law,
    Property,
    Quiet,
    Replay,
    Shape,
    Theorem,
)
from halfclose.spec.language.terms import TRUE, definitions, show
from halfclose.spec.world.scopes import SCOPES

_FAMILIES: dict[str, tuple[Conjunct, ...]] = {
    "one end, whoever its peer is": INVARIANT,
    "both ends: an incarnation of this end": ALONE,
    "both ends: two incarnations of this end": LIVES,
    "both ends: an incarnation of this end and one of its peer": PAIR,
    "both ends: a segment that was ever sent, and its sender": SENT,
    "both ends: this end now": NOW,
    "both ends: a step of this end": STEPS,
}


def claims() -> Iterator[Entry]:
    """Every claim with its properties."""
    for claim in CLAIMS:
        says = f"{claim.title}. {claim.why}"
        yield Entry("claim", claim.id, says, partial(_claim, claim), claim.cite)


def _claim(claim: Claim) -> Facts:
    return {f"{_kind(prop)}: {prop.name}": _property(prop) for prop in claim.properties}


def _kind(prop: Property) -> str:
    """The kind of a property in words: "on step" for OnStep."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(prop).__name__).lower()


def _property(prop: Property) -> list[str]:
    return [*_decided(prop), f"broken by {', '.join(prop.broken_by)}"]


def _decided(prop: Property) -> list[str]:
    """How a property is decided, and its formula where it has one."""
    match prop:
        case Replay():
            return [f"figure {prop.scope}: {FIGURES[prop.scope].title}"]
        case Inductive():
            return [f"invariant of {prop.scope}: `halfclose explain conjuncts` lists its conjuncts"]
        case Law():
            return [f"proved of every edge, from the invariant of {prop.scope}", f"formula {show(prop.holds)}"]
        case Theorem():
            return [f"follows from the invariant of {prop.scope}", f"formula {show(prop.holds)}"]
        case Shape():
            return [f"check of the declaration: {prop.scope}"]
    return [f"scope {prop.scope}: {SCOPES[prop.scope].app_a} | {SCOPES[prop.scope].app_b}", *_formula(prop)]


def _formula(prop: Property) -> list[str]:
    match prop:
        case Eventually(goal=goal):
            return [f"formula {show(goal)}, again and again"]
        case Quiet() | Endless():
            return []
    return [f"formula {show(condition(prop))}"]


def theorems() -> Iterator[Entry]:
    """What follows from the invariant of both ends, for all values."""
    for theorem in THEOREMS:
        name, _, says = theorem.name.partition(" ")
        yield Entry("theorem", name, says, partial(_theorem, theorem), also=(theorem.name,))


def _theorem(theorem: Theorem) -> Facts:
    return {
        "formula": [show(theorem.holds)],
        "where": [f"{name}: {text}" for name, text in definitions(theorem.holds).items()],
        "follows from": [f"the invariant of {theorem.scope}; `halfclose prove` proves it for every profile"],
        "used by": [f"{claim.id} {claim.title}" for claim in CLAIMS if theorem in claim.properties],
        "broken by": list(theorem.broken_by),
    }


def conjuncts() -> Iterator[Entry]:
    """The parts of the two invariants."""
    for family, members in _FAMILIES.items():
        for conjunct in members:
            yield Entry("conjunct", conjunct.name, conjunct.why, partial(_conjunct, conjunct, family))


def _conjunct(conjunct: Conjunct, family: str) -> Facts:
    return {
        "part of the invariant of": [family],
        "formula": [show(conjunct.holds)],
        "where": [f"{name}: {text}" for name, text in definitions(conjunct.holds).items()],
        "broken by": list(conjunct.broken_by),
    }


def premises() -> Iterator[Entry]:
    """What the proof assumes without proving it."""
    for premise in (*PREMISES, MSL):
        yield Entry("premise", premise.name, premise.says, partial(_premise, premise))


def _premise(premise: Premise) -> Facts:
    return {"formula": [] if premise.holds is TRUE else [show(premise.holds)]}

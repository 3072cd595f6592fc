"""What a claim consists of.

A claim is a set of named properties, each of one kind and each over a named scope (see `scopes`):

Always     a condition on every pair of ends (this end and its PEER), in both directions
OnStep     a condition on every step of an end: before, AFTER, the arriving segment, the emitted one (OUT)
Sometimes  a condition that some reachable state meets: a claim of possibility needs a witness
Stays      from every reachable state, a state that meets the goal is still reachable (for users; Eventually says more)
Eventually in every behaviour that is fair to the ends and to the segments, the goal is met again and again
Quiet      no exchange of segments goes on for ever by itself, changing nothing
Endless    such an exchange exists
Replay     a figure's exchange, line by line
Shape      a condition on the declaration itself, decided without exploring
Theorem    a condition on any incarnation of an end, the one of its PEER that it is bound to, and any segment that may
           arrive; it follows from the invariant of both ends, for all values
Inductive  an invariant, proved for all values; every OnStep is proved with that of one end, besides being explored

Every property names the mutants that break it.  One that none can break would prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.terms import Term


@dataclass(frozen=True)
class Property:
    """One checkable statement; broken_by names mutants of `mutants.MUTANTS`."""

    name: str
    scope: str
    broken_by: tuple[str, ...]


@dataclass(frozen=True)
class Always(Property):
    holds: Term


@dataclass(frozen=True)
class OnStep(Property):
    holds: Term


@dataclass(frozen=True)
class Sometimes(Property):
    witness: Term


@dataclass(frozen=True)
class Stays(Property):
    goal: Term


@dataclass(frozen=True)
class Eventually(Property):
    goal: Term


@dataclass(frozen=True)
class Quiet(Property):
    """It has no formula: a cycle of deliveries that leave both ends as they are is a violation."""


@dataclass(frozen=True)
class Endless(Property):
    """The opposite of Quiet; its witness is such an exchange."""


@dataclass(frozen=True)
class Replay(Property):
    """scope names the figure here."""


@dataclass(frozen=True)
class Shape(Property):
    """scope names the check: "independent directions" or "exclusive and exhaustive"."""


@dataclass(frozen=True)
class Inductive(Property):
    """scope is "one end" (whoever its peer is, forged segments included) or "both ends" here."""


@dataclass(frozen=True)
class Theorem(Property):
    """scope is "both ends" here: any number of octets, segments, losses and incarnations."""

    holds: Term


@dataclass(frozen=True)
class Claim:
    """A claim with its id, and why it holds, for people."""

    id: str
    title: str
    cite: tuple[str, ...]
    why: str
    properties: tuple[Property, ...]


def implies(condition: Term, consequence: Term) -> Term:
    return ~condition | consequence

"""What a claim consists of.

A claim is a set of named properties.  Each is of one kind, and most are decided by exploring a named scope (see
`world/scopes`):

Always     a condition that holds in every reachable state, for A with B as its PEER and for B with A as its PEER
           (safety: nothing bad happens)
OnStep     a condition that holds of every step of an end.  It may speak of the end before the step, of the end AFTER
           it, of the segment that arrives (SEG) and of the one that is sent (OUT)
Law        a condition that holds of every step, as OnStep; it may speak of the EVENT and of the SIGNAL as well.  It is
           not explored but proved, from the invariant of one end
Sometimes  a condition that some reachable state meets; the trace that leads there is the witness
Stays      from every reachable state, a state that meets the goal can still be reached
Eventually in every fair behaviour the goal is met again and again (progress: something good happens).  Fair means that
           a timer which stays due expires at last, a call which stays possible is made, and a segment which is sent
           again and again arrives again and again
Quiet      there is no endless exchange of segments that changes neither end
Endless    there is such an exchange
Replay     an exchange that a figure of the RFC draws, line by line
Shape      a condition on the declaration itself, decided without exploring
Theorem    a condition on any incarnation of an end, on the incarnation of its PEER that it is bound to, and on any
           segment that may arrive; it follows from the invariant of both ends, for all values
Inductive  an invariant, proved for all values.  Every OnStep is explored and also proved, from the invariant of one end

Every property names mutants that break it.  A property that no mutant can break could not fail, and so would say
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.terms import Term


@dataclass(frozen=True)
class Property:
    """One statement that can be decided.  scope: where.  broken_by: names of mutants that make it fail."""

    name: str
    scope: str
    broken_by: tuple[str, ...]


@dataclass(frozen=True)
class Always(Property):
    """holds: true in every reachable state."""

    holds: Term


@dataclass(frozen=True)
class OnStep(Property):
    """holds: true of every step."""

    holds: Term


@dataclass(frozen=True)
class Law(Property):
    """holds: true of every step, for all values; scope is "one end" here."""

    holds: Term


@dataclass(frozen=True)
class Sometimes(Property):
    """witness: true in some reachable state."""

    witness: Term


@dataclass(frozen=True)
class Stays(Property):
    """goal: can be reached from every reachable state."""

    goal: Term


@dataclass(frozen=True)
class Eventually(Property):
    """goal: met again and again in every fair behaviour."""

    goal: Term


@dataclass(frozen=True)
class Quiet(Property):
    """It has no formula: a cycle of deliveries that leaves both ends as they are violates it."""


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
    """Properties that belong together.  cite: where the RFC speaks of it.  why: what is claimed and why it holds."""

    id: str
    title: str
    cite: tuple[str, ...]
    why: str
    properties: tuple[Property, ...]


def implies(condition: Term, consequence: Term) -> Term:
    """Where the condition holds, so does the consequence."""
    return ~condition | consequence

"""The invariant of one end by induction over the edges, for any number of octets, any segment and every profile.

An *invariant* is a condition that every reachable state meets.  It is proved by induction over the steps:

- base: the initial state (CLOSED, with a blank TCB) meets it;
- step: each edge, taken in any state that meets it, leads to a state that meets it.

Exploration tries the states of one scope; here a state is any values of the variables, as Z3 integers.  So the proof
holds for all sequence numbers and windows, whatever the number of octets.  The segment that arrives is any segment: the
peer need not follow TCP.  Switches of the profile are free Booleans, so one query covers all profiles.

The invariant is a conjunction.  For each edge, Z3 is asked for a counterexample to induction: values that meet all
conjuncts and the guard, and break some conjunct after the edge.  There are no quantifiers.  Such a state need not be
reachable; where Z3 finds one in the correct rules, the invariant is too weak, and a conjunct is missing.  Claims on
steps are proved with the same assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import z3

from halfclose.checks.prove.obligation import Base, Obligation
from halfclose.checks.prove.steps import said_of
from halfclose.checks.readers.smt import Expr, Integers, Translation, reads
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.invariant import INVARIANT, Conjunct
from halfclose.spec.claims.properties import Law, OnStep
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import SWITCHES, Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import FALSE, Kind, Sort, Term, Var, num
from halfclose.spec.language.variables import CONSTANTS, EMITS, SEGMENT, STATE, TCB, TWINS, N
from halfclose.spec.tcp.graph import TCP, Graph
from halfclose.spec.tcp.updates import BEYOND_THIS, CLOCK_ALLOWS

#: The name of this proof, and of what it begins with.
ONE_END = "the invariant of one end"
INITIAL = "the initial state"

#: The steps of this proof share no assumptions.
_BASE = Base()


@cache
def step_claims() -> dict[str, OnStep | Law]:
    """The claims on steps, each by its claim's id and its own name; the invariant is assumed in their proof."""
    props = ((claim.id, prop) for claim in CLAIMS for prop in claim.properties)
    return {f"{claim} {prop.name}": prop for claim, prop in props if isinstance(prop, OnStep | Law)}


def obligations(
    graph: Graph = TCP, profile: Profile | None = None, conjuncts: tuple[Conjunct, ...] = INVARIANT
) -> Iterator[Obligation]:
    """The initial state, then each edge with each conjunct and each claim on steps; for every profile, or for one."""
    yield _initial(conjuncts)
    yield from (obligation(edge, profile, conjuncts) for edge in graph.edges)


def _initial(conjuncts: tuple[Conjunct, ...]) -> Obligation:
    """CLOSED with a blank TCB meets every conjunct."""
    translate = Translation(Integers())
    blank = [translate.var(var) == (z3.BoolVal(False) if var.sort is Sort.BOOL else 0) for var in TCB]
    constants = [translate.var(constant) >= 0 for constant in CONSTANTS]
    goals = {conjunct.name: translate(conjunct.holds) for conjunct in conjuncts}
    return Obligation(ONE_END, INITIAL, _BASE, (*blank, *constants), goals)


def obligation(edge: Edge, profile: Profile | None = None, conjuncts: tuple[Conjunct, ...] = INVARIANT) -> Obligation:
    """One edge, from a state that meets the invariant and its guard."""
    before = Translation(Integers(), values={STATE: z3.IntVal(edge.source.index)})
    after = _after(before, edge)
    claims = _twins(before, after, edge)
    terms = (edge.guard, *edge.updates.values(), *(c.holds for c in conjuncts))
    read = {var for term in terms for var in reads(term)}
    counts = [before.var(var) >= 0 for var in (*sorted(read, key=lambda var: var.name), *CONSTANTS, N) if natural(var)]
    known = (before(c.holds) for c in conjuncts)
    switches = in_profile(profile, {switch: before.var(switch) for switch in SWITCHES.values()})
    assumed = (*known, before(edge.guard), *choices(before, edge), *counts, *switches)
    goals = {c.name: after(c.holds) for c in conjuncts}
    goals |= {name: claims(holds) for name, holds in said_of(edge, step_claims()).items()}
    return Obligation(ONE_END, edge.name, _BASE, assumed, goals, edge.rule.cite)


def in_profile(profile: Profile | None, switches: Mapping[Var, Expr]) -> Iterator[Expr]:
    """The values of the switches in a profile, as assumptions; none where all profiles are meant."""
    if profile is not None:
        yield from (value if switch in profile else z3.Not(value) for switch, value in switches.items())


def _after(before: Translation, edge: Edge) -> Translation:
    after = before.after(edge.updates)
    after.values[STATE] = z3.IntVal(edge.target.index)
    return after


def _twins(before: Translation, after: Translation, edge: Edge) -> Translation:
    """The translation of claims on steps: AFTER.* is the state after the edge, OUT.* the segment that it sends."""
    emission = edge.emission()
    values = dict(before.values) | {EMITS: z3.BoolVal(emission is not None)}
    claims = Translation(before.domain, values=values)
    for twin, (where, var) in TWINS.items():
        if where == "AFTER":
            claims.values[twin] = after.var(var)
        elif where == "OUT" and var in _FIELDS:
            claims.values[twin] = before(emission[var] if emission is not None else _nothing(var))
    return claims


_FIELDS = frozenset(SEGMENT)


def _nothing(var: Var) -> Term:
    return FALSE if var.sort is Sort.BOOL else num(0)


def natural(var: Var) -> bool:
    """Whether a variable is assumed to be at least 0: counts are, except those that the TCB stores."""
    return var.sort is Sort.NUM and var is not STATE and var.kind is not Kind.TCB


def choices(before: Translation, edge: Edge) -> Iterator[Expr]:
    """What is assumed of the choices of an edge: of the ISN (3.4.1; 3.6.1, MAY-2), and of the octets of a call."""
    yield before(CLOCK_ALLOWS)
    if edge.source is State.TIME_WAIT:
        yield before(BEYOND_THIS)
    yield before.var(N) >= 0

"""The invariant of one end by induction over the edges, for any number of octets, any segment and every profile.

An *invariant* is a condition that every reachable state meets.  It is proved by induction over the steps:

- base: the initial state (CLOSED, with a blank TCB: `spec/tcp/initial`) meets it;
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

from halfclose.checks.prove.obligation import Base, Obligation, Part, Place, by_name
from halfclose.checks.prove.steps import said_of
from halfclose.checks.readers.smt import Expr, Integers, Translation, reads
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.invariant import INVARIANT, STATE_SAYS, Conjunct
from halfclose.spec.claims.properties import Law, OnStep, implies
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import SWITCHES, Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import FALSE, Kind, Sort, Term, Var, num
from halfclose.spec.language.variables import CONSTANTS, EMITS, SEGMENT, STATE, TCB, TWINS, N, in_state
from halfclose.spec.tcp.graph import TCP, Graph
from halfclose.spec.tcp.initial import INITIAL
from halfclose.spec.tcp.updates import BEYOND_THIS, CLOCK_ALLOWS

#: The name of this proof, and of what it begins with.
ONE_END = "the invariant of one end"
AT_FIRST = "the initial state"
EVERY_MOMENT = "at every moment"

#: What is assumed of every count (`natural`), and so has to be kept.
NATURAL = "no count is negative"

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
    """The initial state and what follows from the invariant, then each edge with each conjunct and claim on steps.

    profile: prove this one only; without it, all profiles at once.
    """
    yield _at_first(conjuncts)
    yield _at_every_moment(conjuncts)
    yield from (obligation(edge, profile, conjuncts) for edge in graph.edges)


def _at_first(conjuncts: tuple[Conjunct, ...]) -> Obligation:
    """The initial state meets every conjunct, and its counts are not negative."""
    begin = Translation(Integers())
    begin.values.update(initial(begin))
    here = {"": Place("this end", begin.values, begin.values)}
    goals = [(conjunct.name, Part(conjunct.holds, begin(conjunct.holds), here)) for conjunct in conjuncts]
    counts = ((NATURAL, Part(num(0) <= var, begin.var(var) >= 0, here)) for var in TCB if natural(var))
    constants = tuple(begin.var(constant) >= 0 for constant in CONSTANTS)
    return Obligation(ONE_END, AT_FIRST, _BASE, constants, by_name((*goals, *counts)))


def _at_every_moment(conjuncts: tuple[Conjunct, ...]) -> Obligation:
    """What is assumed of the states where guards are proved exclusive and exhaustive follows from the invariant."""
    here = Translation(Integers())
    where = {"": Place("this end", here.values, here.values)}
    assumed = tuple(here(conjunct.holds) for conjunct in conjuncts)
    goals = ((state, implies(in_state(state), says)) for state, says in STATE_SAYS.items())
    parts = ((f"what {state.value} says", Part(says, here(says), where)) for state, says in goals)
    return Obligation(ONE_END, EVERY_MOMENT, _BASE, assumed, by_name(parts))


def initial(translate: Translation) -> dict[Var, Expr]:
    """The initial values of the variables of an end; the ISN clock may show any number."""
    return {var: translate(value) for var, value in INITIAL.items()}


def obligation(edge: Edge, profile: Profile | None = None, conjuncts: tuple[Conjunct, ...] = INVARIANT) -> Obligation:
    """One edge, from a state that meets the invariant and its guard."""
    before = Translation(Integers(), values={STATE: z3.IntVal(edge.source.index)})
    after = _after(before, edge)
    claims = _twins(before, after, edge)
    sent = (edge.emission() or {}).values()
    terms = (edge.guard, *edge.updates.values(), *sent, *(c.holds for c in conjuncts))
    read = {var for term in terms for var in reads(term)}
    counts = [before.var(var) >= 0 for var in (*sorted(read, key=lambda var: var.name), *CONSTANTS, N) if natural(var)]
    known = (before(c.holds) for c in conjuncts)
    switches = {switch: before.var(switch) for switch in SWITCHES.values()}
    guard = before(edge.guard)
    assumed = (*known, guard, *choices(before, edge), *counts, *in_profile(profile, switches))
    where = _where(before, after, claims)
    goals = [(c.name, Part(c.holds, after(c.holds), where)) for c in conjuncts]
    goals += [(name, Part(holds, claims(holds), where)) for name, holds in said_of(edge, step_claims()).items()]
    goals += [(NATURAL, part) for part in _counts(before, edge, where)]
    return Obligation(
        ONE_END,
        edge.name,
        _BASE,
        assumed,
        by_name(goals),
        Part(edge.guard, guard, where),
        switches,
        edge.rule.cite,
    )


def _where(before: Translation, after: Translation, claims: Translation) -> dict[str, Place]:
    """Where the variables of conjuncts and claims on steps are found."""
    here = Place("this end", before.values, after.values)
    fields = {var: before.var(var) for var in SEGMENT}
    arriving = Place("the segment that arrives", fields, fields)
    sent = {var: claims.values[twin] for twin, (where, var) in TWINS.items() if where == "OUT" and var in _FIELDS}
    return {"": here, "AFTER": here, "SEG": arriving, "OUT": Place("the segment that is sent", sent, sent)}


def _counts(before: Translation, edge: Edge, where: Mapping[str, Place]) -> Iterator[Part]:
    """That the counts which the edge changes, and those in the segment which it sends, are not negative."""
    changed = [(var, term) for var, term in edge.updates.items() if natural(var)]
    sent = [(var, term) for var, term in (edge.emission() or {}).items() if natural(var)]
    for group, of in ((changed, where[""]), (sent, where["OUT"])):
        for var, term in group:
            yield Part(num(0) <= var, before(term) >= 0, {"": of, "SEG": of})


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

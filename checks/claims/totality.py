"""Proof that the guards are exclusive and exhaustive: for each state and input event, exactly one guard holds.

So the specification says what a TCP does on every input, and says it once.  For each pair of state and event Z3 is
asked whether no guard can hold, and for each two guards whether both can.  The switches are free Booleans, so this
covers all profiles at once.  Spontaneous events and timers are exempt: what an endpoint does by itself is its own
choice, so that several such edges can be enabled at once, or none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import z3

from halfclose.checks.readers.smt import Domain, Expr, Integers, Translation, Words
from halfclose.spec.claims.invariant import STATE_SAYS
from halfclose.spec.language.edge import SPONTANEOUS, TIMERS, Edge, Event
from halfclose.spec.language.profile import HALF_DUPLEX
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import TRUE, Sort, Term, num
from halfclose.spec.language.variables import STATE, N
from halfclose.spec.tcp.graph import TCP, Graph
from halfclose.spec.tcp.updates import BEYOND_THIS, CLOCK_ALLOWS

#: Events that are not inputs: in a given state they may be enabled or not.
_OWN = (*SPONTANEOUS, *TIMERS, Event.REASSEMBLE, Event.CRASH)

#: What is assumed of the choices that come with an event.
_CHOICES: dict[Event, Term] = {
    Event.SEND: (num(1) <= N) & CLOCK_ALLOWS,
    Event.RECEIVE: num(1) <= N,
    Event.OPEN_ACTIVE: CLOCK_ALLOWS,
    Event.SEGMENT: CLOCK_ALLOWS & BEYOND_THIS,
    Event.FULL_CLOSE: HALF_DUPLEX,
}


@dataclass(frozen=True)
class Flaw:
    """A pair of state and event with two guards that overlap, or with a case that no guard covers."""

    state: State
    event: Event
    what: str

    def __str__(self) -> str:
        return f"{self.event.value} in {self.state.value}: {self.what}"


@dataclass(frozen=True)
class Totality:
    """The verdict; it is proved where there are no faults."""

    domain: str
    pairs: int
    queries: int
    seconds: float
    faults: tuple[Flaw, ...]


def check_totality(graph: Graph = TCP, domain: Domain | None = None) -> Totality:
    """Decide every pair of state and input event."""
    domain = domain or Integers()
    started = time.perf_counter()
    faults: list[Flaw] = []
    pairs = queries = 0
    for state in State:
        for event in Event:
            if event in _OWN:
                continue
            pairs += 1
            for found in _pair(graph, domain, state, event):
                queries += 1
                if found is not None:
                    faults.append(found)
    return Totality(domain.name, pairs, queries, time.perf_counter() - started, tuple(faults))


def flaw_of_changed(changed: Mapping[str, Edge], graph: Graph = TCP) -> Flaw | None:
    """The first flaw that these edges make when they take the place of those of their names; their guards may differ.

    The graph itself is taken to be without flaws, so only the pairs of state and event of these edges are asked for.
    """
    for state, event in dict.fromkeys((edge.source, edge.event) for edge in changed.values()):
        if event in _OWN:
            continue
        edges = tuple(changed.get(edge.name, edge) for edge in graph.at(state, event))
        for found in _flaws(edges, Integers(), state, event, frozenset(changed.values())):
            if found is not None:
                return found
    return None


def _pair(graph: Graph, domain: Domain, state: State, event: Event) -> Iterator[Flaw | None]:
    """One item for each query: None where Z3 refutes the flaw, as it should."""
    edges = graph.at(state, event)
    yield from _flaws(edges, domain, state, event, frozenset(edges))


def _flaws(
    edges: tuple[Edge, ...], domain: Domain, state: State, event: Event, about: frozenset[Edge]
) -> Iterator[Flaw | None]:
    """As `_pair`; about: the overlaps of these edges only."""
    translate = Translation(domain, values={STATE: domain.literal(state.index)})
    guards = [translate(edge.guard) for edge in edges]
    solver = z3.Solver()
    solver.add(translate(_CHOICES.get(event, TRUE)), translate(STATE_SAYS.get(state, TRUE)))
    solver.add(*(_natural(domain, value) for var, value in translate.values.items() if var.sort is Sort.NUM))
    yield _asked(solver, z3.Not(z3.Or(*guards)), Flaw(state, event, "no guard holds"))
    for (first, one), (second, other) in combinations(zip(edges, guards, strict=True), 2):
        if first not in about and second not in about:
            continue
        fault = Flaw(state, event, f"{first.name} and {second.name} overlap")
        yield _asked(solver, z3.And(one, other), fault)


def _natural(domain: Domain, value: Expr) -> z3.BoolRef:
    """A count is at least 0 and, on words, at most a quarter of the space (the largest window of RFC 7323, 2^30)."""
    if isinstance(domain, Words):
        return z3.ULE(value, 1 << (domain.bits - 2))
    return value >= 0


def _asked(solver: z3.Solver, question: z3.BoolRef, fault: Flaw) -> Flaw | None:
    return None if solver.check(question) == z3.unsat else fault

"""Which variables are dead in which state: a reader of the declaration that keeps explorations small.

A variable is *live* in a state if some path of edges from there reads it before it sets it; otherwise it is *dead*.
Two local states that differ only in dead variables behave alike, so the explorer stores 0 for these, which leaves it
fewer states.  Variables that the claims read are live everywhere.

This is the liveness analysis of compilers, over the graph of edges: what is live before an edge is what it reads, and
what is live after it and not set by it.  A variable that the edge reads only to set another one counts only where that
other one is live after it.  The equations are solved by iteration to their least fixed point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from halfclose.spec.language.edge import Edge
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Var, variables
from halfclose.spec.language.variables import STATE, TCB

_STORED = frozenset(TCB)


def dead_variables(edges: Iterable[Edge], always: frozenset[Var]) -> dict[State, frozenset[Var]]:
    """The dead variables of each state.  always: variables that are live everywhere."""
    edges = tuple(edges)
    live: dict[State, frozenset[Var]] = dict.fromkeys(State, always)
    changed = True
    while changed:
        changed = False
        for edge in edges:
            before = live[edge.source] | _reads(edge).before(live[edge.target])
            if before != live[edge.source]:
                live[edge.source] = before
                changed = True
    return {state: _STORED - live[state] - {STATE} for state in State}


@dataclass(frozen=True)
class _Reads:
    """The stored variables that an edge reads.

    always: for its guard and the segment that it sends.  updates: for the new value of each variable that it sets.
    """

    always: frozenset[Var]
    updates: dict[Var, frozenset[Var]]

    def before(self, live_after: frozenset[Var]) -> frozenset[Var]:
        """The variables that are live before the edge, where these are live after it."""
        needed = self.always | (live_after - self.updates.keys())
        return needed.union(*(self.updates[var] for var in live_after if var in self.updates))


@cache
def _reads(edge: Edge) -> _Reads:
    emission = edge.emission()
    terms = (*edge.rule.guard, *(emission.values() if emission is not None else ()))
    updates = {var: variables(term) & _STORED for var, term in edge.updates.items()}
    return _Reads(variables(*terms) & _STORED, updates)

"""Which variables still matter in which state.

A variable that no edge can read again before it is overwritten is dead, and the explorer stores 0 for it: two local
states that differ only there behave alike.  Variables that the claims read are never dead.
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
    """For each state the variables whose value is irrelevant; a backward data-flow analysis to its fixed point."""
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
    """The stored variables that an edge reads: always, and for each variable that it sets."""

    always: frozenset[Var]
    updates: dict[Var, frozenset[Var]]

    def before(self, live_after: frozenset[Var]) -> frozenset[Var]:
        """The variables that matter before the edge, where these matter after it."""
        needed = self.always | (live_after - self.updates.keys())
        return needed.union(*(self.updates[var] for var in live_after if var in self.updates))


@cache
def _reads(edge: Edge) -> _Reads:
    emission = edge.emission()
    terms = (*edge.rule.guard, *(emission.values() if emission is not None else ()))
    updates = {var: variables(term) & _STORED for var, term in edge.updates.items()}
    return _Reads(variables(*terms) & _STORED, updates)

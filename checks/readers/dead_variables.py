"""Which variables still matter in which state.

A variable that no edge can read again before it is overwritten is dead, and the explorer stores 0 for it: two local
states that differ only there behave alike.  Variables that the claims read are never dead.
"""

from __future__ import annotations

from collections.abc import Iterable

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
            before = live[edge.source] | _needed(edge, live[edge.target])
            if before != live[edge.source]:
                live[edge.source] = before
                changed = True
    return {state: _STORED - live[state] - {STATE} for state in State}


def _needed(edge: Edge, live_after: frozenset[Var]) -> frozenset[Var]:
    updates = edge.updates
    read = variables(edge.guard, *(updates[var] for var in live_after if var in updates))
    if (emission := edge.emission()) is not None:
        read |= variables(*emission.values())
    return ((live_after - updates.keys()) | read) & _STORED

"""Liveness under fairness: is there an infinite behaviour, fair to everybody, that never reaches what is claimed?

What is fair:

- weakly, to what an end does of itself (each timer, its output, the reassembly of what it holds, the next call of its
  program): what can be done from some time on without a break is done at last;
- strongly, to every segment: one that is sent, or could be delivered, again and again is delivered again and again,
  however often it is lost (losing it for ever is what no retransmission can help against); and one that is duplicated
  again and again is sent again and again, for it has a lifetime.

A behaviour that goes on for ever stays, from some time on, within one strongly connected component of the graph of
states, and visits all of some part of it again and again.  So the components of the states where the goal does not hold
are searched for such a part: a component is given up where it must break weak fairness, and loses the steps that would
break strong fairness, until nothing changes.  All components at once, in compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from halfclose.checks.explore.arrows import CALL, Arrows, Marks, Numbers
from halfclose.spec.world.application import Program


@dataclass(frozen=True)
class Weak:
    """Not for ever enabled without being taken.  able: the states where it can be done; does: the steps that do it."""

    name: str
    able: Marks
    does: Marks


@dataclass(frozen=True)
class Strong:
    """Not again and again possible without being done again and again.

    able: states where it can be done; asks: steps that ask for it; does: steps that do it.
    """

    name: str
    able: Marks
    asks: Marks
    does: Marks


@dataclass(frozen=True)
class Fairness:
    """Everything that a behaviour must be fair to."""

    weak: tuple[Weak, ...]
    strong: tuple[Strong, ...]


def fairness(graph: Arrows) -> Fairness:
    """The constraints of one scope."""
    return Fairness(tuple(_weak(graph)), tuple(_strong(graph)))


def _weak(graph: Arrows) -> Iterator[Weak]:
    kinds = [graph.kind(action) for action in graph.actions]
    for kind in sorted({kind for kind in kinds if kind is not None and _is_due(graph, kind)}):
        does = graph.labelled([one == kind for one in kinds])
        yield Weak(f"{'AB'[kind[0]]}: {kind[1]}", graph.leaving(does), does)


def _is_due(graph: Arrows, kind: tuple[int, str]) -> bool:
    """A program's next call is due; a free application may never call again."""
    scope = graph.system.scope
    return kind[1] != CALL or isinstance((scope.app_a, scope.app_b)[kind[0]], Program)


def _strong(graph: Arrows) -> Iterator[Strong]:
    arrivals = {(a.side, a.received) for a in graph.actions if a.kind in _ARRIVES}
    nowhere = np.zeros(len(graph.keys), dtype=np.bool_)
    by_id = graph.system.shared.by_id
    for side, segment in sorted(arrivals, key=lambda arrival: (arrival[0], by_id[arrival[1]])):
        mine = [(a.side, a.received) == (side, segment) for a in graph.actions]
        does = graph.labelled([own and a.kind in _ARRIVES for own, a in zip(mine, graph.actions, strict=True)])
        asks = graph.labelled([a.sent == segment and a.side == 1 - side for a in graph.actions])
        yield Strong(f"{'AB'[side]} hears segment {segment}", graph.leaving(does), asks, does)
        copies = graph.labelled([own and a.kind == "duplicate" for own, a in zip(mine, graph.actions, strict=True)])
        yield Strong(f"segment {segment} to {'AB'[side]} is sent", nowhere, copies, asks)


_ARRIVES = ("deliver", "duplicate")


# ---- components -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fair:
    """What is left: the component of each state (-1: none), and the steps that a fair behaviour can take for ever."""

    component: Numbers
    steps: Marks


def fair_components(graph: Arrows, rules: Fairness, states: Marks, steps: Marks | None = None) -> Fair:
    """The parts of these states (and steps) in which a fair behaviour can stay for ever."""
    steps = np.ones(len(graph.source), dtype=np.bool_) if steps is None else steps.copy()
    states = states.copy()
    while True:
        steps &= states[graph.source] & states[graph.target]
        component, count = _components(graph, states, steps)
        steps &= component[graph.source] == component[graph.target]
        lively = _any(component[graph.source[steps]], count)
        states &= lively[component]
        unfair = np.zeros(count, dtype=np.bool_)
        for weak in rules.weak:
            always = ~_any(component[states & ~weak.able], count)
            unfair |= always & ~_any(component[graph.source[steps & weak.does]], count)
        states &= ~unfair[component]
        steps &= states[graph.source] & states[graph.target]
        if not _forbid(graph, rules, component, count, states, steps) and not (unfair & lively).any():
            return Fair(np.where(states, component, -1), steps)


def _forbid(graph: Arrows, rules: Fairness, component: Numbers, count: int, states: Marks, steps: Marks) -> bool:
    """Take away, where a segment is never delivered, the states and steps that would be unfair to it; whether any."""
    changed = False
    for strong in rules.strong:
        never = ~_any(component[graph.source[steps & strong.does]], count)
        bad_steps = steps & strong.asks & never[component[graph.source]]
        bad_states = states & strong.able & never[component]
        if bad_steps.any() or bad_states.any():
            changed = True
            steps &= ~bad_steps
            states &= ~bad_states
    return changed


def _components(graph: Arrows, states: Marks, steps: Marks) -> tuple[Numbers, int]:
    size = len(graph.keys)
    ends = graph.source[steps], graph.target[steps]
    matrix = csr_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(size, size))
    count, labels = connected_components(matrix, directed=True, connection="strong")
    return labels.astype(np.int64), int(count)


def _any(members: Numbers, count: int) -> Marks:
    """The components that have a member among these."""
    marks = np.zeros(count, dtype=np.bool_)
    marks[members] = True
    return marks


def wars(graph: Arrows) -> Fair:
    """Cycles of deliveries alone that change neither end: an exchange of segments that nothing but loss can end."""
    delivers = graph.labelled([action.kind == "deliver" for action in graph.actions])
    idle = graph.pairs[graph.source] == graph.pairs[graph.target]
    everywhere = np.ones(len(graph.keys), dtype=np.bool_)
    return fair_components(graph, Fairness((), ()), everywhere, delivers & idle)

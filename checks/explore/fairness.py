"""Liveness under fairness: is there a fair infinite behaviour that never reaches the goal of a claim?

Without fairness nearly every claim of progress fails: a network may lose every segment, and a timer need never expire.
A behaviour is *fair* if it meets two kinds of constraint, where "infinitely often" means that it never stops happening:

- Weak fairness: what is enabled in every state from some point on is done infinitely often.  It is required of
  everything that an end does by itself: each of its timers, its output, the reassembly of text that it holds, and the
  next call of its program.
- Strong fairness: what is requested or enabled infinitely often is done infinitely often.  It is required of the
  network, for each segment.  A segment that is sent or can be delivered infinitely often is delivered infinitely
  often, however often it is lost in between: no retransmission helps if all are lost.  And a segment that is
  duplicated infinitely often is sent infinitely often, since no segment stays in the network for ever (section 4, MSL).

A scope has finitely many states.  So those that a behaviour visits infinitely often, with the steps that it takes
infinitely often, form a strongly connected subgraph: each of them can be reached from every other.  The claim fails if
and only if the states without the goal contain a reachable, strongly connected subgraph that has a step and in which

- each weak constraint has a state where it is not enabled, or a step that does what it requires;
- each strong constraint has a step that does what it requires, or has neither a request nor a state that enables it.

A walk that goes round such a subgraph for ever, over all of its states and steps, is fair (lasso.py draws one).  Such
subgraphs are found by pruning, as the emptiness of a Streett automaton is decided.  Compute the strongly connected
components (SCCs).  Delete an SCC without a step, or in which a weak constraint is enabled in every state and never
done: every subgraph of it is unfair as well.  In an SCC that never does what a strong constraint requires, delete the
states and the steps that enable or request it: no fair behaviour that stays in this SCC has them infinitely often.
Deletions break SCCs into smaller ones, so repeat this until nothing is deleted; the SCCs that are left are the fair
ones.  SciPy computes all SCCs of a round in one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from halfclose.checks.explore.arrows import CALL, OUTSIDE, Arrows, Marks, Numbers
from halfclose.spec.world.application import Program


@dataclass(frozen=True)
class Weak:
    """Weak fairness: if it is enabled in every state from some point on, it is done infinitely often.

    able: the states where it is enabled; does: the steps that do it.
    """

    name: str
    able: Marks
    does: Marks


@dataclass(frozen=True)
class Strong:
    """Strong fairness: if it is enabled or requested infinitely often, it is done infinitely often.

    able: the states where it is enabled; asks: the steps that request it; does: the steps that do it.
    """

    name: str
    able: Marks
    asks: Marks
    does: Marks


@dataclass(frozen=True)
class Fairness:
    """The constraints that a fair behaviour meets."""

    weak: tuple[Weak, ...]
    strong: tuple[Strong, ...]


def fairness(graph: Arrows) -> Fairness:
    """The constraints of one scope."""
    return Fairness(tuple(_weak(graph)), tuple(_strong(graph)))


NO_FAIRNESS = Fairness((), ())


def _weak(graph: Arrows) -> Iterator[Weak]:
    kinds = [graph.kind(action) for action in graph.actions]
    for kind in sorted({kind for kind in kinds if kind is not None and _is_due(graph, kind)}):
        does = graph.labelled([one == kind for one in kinds])
        yield Weak(f"{'AB'[kind[0]]}: {kind[1]}", graph.leaving(does), does)


def _is_due(graph: Arrows, kind: tuple[int, str]) -> bool:
    """Whether it is under weak fairness: a program makes its next call at last, a free application need not call."""
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
    """The fair SCCs: for each state the number of its SCC (-1 where it is in none), and the steps within them."""

    component: Numbers
    steps: Marks


def fair_components(graph: Arrows, rules: Fairness, states: Marks, steps: Marks | None = None) -> Fair:
    """The SCCs of these states (and steps) in which a fair behaviour can stay for ever, by the pruning above."""
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


@dataclass(frozen=True)
class Part:
    """Where a fair behaviour can stay for ever: a part of the state graph, its constraints, and the SCCs in it."""

    graph: Arrows
    rules: Fairness
    fair: Fair

    def __bool__(self) -> bool:
        return bool((self.fair.component >= 0).any())


def staying(graph: Arrows, states: Marks) -> Part:
    """Where a fair behaviour can stay among these states for ever.

    The weak constraints alone are few, and leave so few states that the strong ones, one and more for each segment, are
    asked of these only.
    """
    weak = Fairness(tuple(_weak(graph)), ())
    part = graph.around(fair_components(graph, weak, states).component >= 0)
    rules = fairness(part)
    inside = np.array([key != OUTSIDE for key in part.keys])
    return Part(part, rules, fair_components(part, rules, inside))


def _forbid(graph: Arrows, rules: Fairness, component: Numbers, count: int, states: Marks, steps: Marks) -> bool:
    """Delete, in SCCs that never do what a strong constraint requires, what enables or requests it; whether any."""
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
    """For each state the number of its SCC over these steps, and how many SCCs there are."""
    size = len(graph.keys)
    ends = graph.source[steps], graph.target[steps]
    matrix = csr_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(size, size))
    count, labels = connected_components(matrix, directed=True, connection="strong")
    return labels.astype(np.int64), int(count)


def _any(members: Numbers, count: int) -> Marks:
    """Which of so many SCCs are named among these numbers."""
    marks = np.zeros(count, dtype=np.bool_)
    marks[members] = True
    return marks


def wars(graph: Arrows) -> Part:
    """Livelocks: SCCs of deliveries that change neither end.  Only the loss of a segment ends such an exchange."""
    delivers = graph.labelled([action.kind == "deliver" for action in graph.actions])
    idle = graph.pairs[graph.source] == graph.pairs[graph.target]
    everywhere = np.ones(len(graph.keys), dtype=np.bool_)
    return Part(graph, NO_FAIRNESS, fair_components(graph, NO_FAIRNESS, everywhere, delivers & idle))

"""The counterexample to a claim of progress: a lasso, that is a stem and a cycle that is repeated for ever.

The stem is a shortest path from the initial state to a fair component (see fairness.py).  The cycle starts and ends in
the state that the stem reaches.  It grows by one shortest walk within the component for each fairness constraint that
it does not meet yet, and then returns to its start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from halfclose.checks.explore.arrows import STUTTER, Arrows, Marks
from halfclose.checks.explore.fairness import Fairness, Part
from halfclose.checks.explore.trace import Lasso, Trace, step_of


def lasso(whole: Arrows, part: Part, path: Callable[[int], list[int]]) -> Lasso:
    """The stem to the nearest fair component of a part of the whole graph, and a fair cycle in it.

    path: gives the keys on a shortest path from the initial state to a key, both included.
    """
    first = entry(part)
    inside = part.fair.component == part.fair.component[first]
    walk = _fair_walk(part.graph, part.rules, _Component(part.graph, inside, part.fair.steps), first)
    stem = path(part.graph.keys[first])
    between = [_arrow(whole, whole.at[a], whole.at[b]) for a, b in pairwise(stem)]
    return Lasso(_trace(whole, between), _trace(part.graph, walk))


def entry(part: Part) -> int:
    """The number of the state in which the cycle begins and ends."""
    return part.graph.nearest(part.fair.component >= 0)


class _Component:
    """One component, with its steps by the state that they leave."""

    def __init__(self, graph: Arrows, inside: Marks, steps: Marks):
        self.graph, self.inside = graph, inside
        self.steps = steps & inside[graph.source]
        self.out: dict[int, list[int]] = {}
        for step in np.flatnonzero(self.steps):
            self.out.setdefault(int(graph.source[step]), []).append(int(step))

    def way(self, start: int, wanted: Marks) -> list[int]:
        """The shortest walk from this state that ends with a wanted step."""
        came: dict[int, int] = {}
        waiting, seen = deque([start]), {start}
        while waiting:
            state = waiting.popleft()
            for step in self.out.get(state, ()):
                if wanted[step]:
                    return [*self._back(came, start, state), step]
                after = int(self.graph.target[step])
                if after not in seen:
                    seen.add(after)
                    came[after] = step
                    waiting.append(after)
        raise ValueError("no such step in the component")

    def _back(self, came: dict[int, int], start: int, state: int) -> list[int]:
        steps: list[int] = []
        while state != start:
            steps.append(came[state])
            state = int(self.graph.source[came[state]])
        return steps[::-1]


def _fair_walk(graph: Arrows, rules: Fairness, component: _Component, first: int) -> list[int]:
    """A closed walk from this state that meets every constraint when it is repeated for ever."""
    walk: list[int] = []
    while True:
        wanted = next(_demands(graph, rules, component, walk, first), None)
        if wanted is None:
            if _end(graph, walk, first) == first:
                return walk
            wanted = component.steps & (graph.target == first)
        walk += component.way(_end(graph, walk, first), wanted)


def _end(graph: Arrows, walk: list[int], first: int) -> int:
    return int(graph.target[walk[-1]]) if walk else first


def _demands(graph: Arrows, rules: Fairness, component: _Component, walk: list[int], first: int) -> Iterator[Marks]:
    """What the walk still lacks to be a fair cycle: for each thing the steps of which any one supplies it."""
    if not walk and not component.steps[first]:  # arrow n is the stutter of state n
        yield component.steps
    states = np.zeros(len(graph.keys), dtype=np.bool_)
    states[first] = True
    states[graph.target[walk]] = True
    taken = np.zeros(len(graph.source), dtype=np.bool_)
    taken[walk] = True
    for weak in rules.weak:
        if not (states & ~weak.able).any() and not (taken & weak.does).any():
            elsewhere = component.inside & ~weak.able
            yield component.steps & (elsewhere[graph.target] if elsewhere.any() else weak.does)
    for strong in rules.strong:
        wanted = (states & strong.able).any() or (taken & strong.asks).any()
        if wanted and not (taken & strong.does).any():
            yield component.steps & strong.does


def _arrow(graph: Arrows, before: int, after: int) -> int:
    """The first arrow from one state to another."""
    return int(np.flatnonzero((graph.source == before) & (graph.target == after))[0])


def _trace(graph: Arrows, steps: list[int]) -> Trace:
    happened = ((graph.actions[graph.label[step]], graph.keys[graph.target[step]]) for step in steps)
    shown = (step_of(graph.system, action, key) for action, key in happened if action is not STUTTER)
    return Trace(tuple(shown), graph.system.scope.bits)

"""Every step between the states of an explored scope, as arrays: what liveness is decided on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from halfclose.checks.explore.system import PAIR_MASK, Action, System
from halfclose.spec.language.edge import CALLS

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

#: An end may always do nothing; whether it may do so for ever is for fairness to say.
STUTTER = Action("stutter", 0, -1, -1, -1, False)

#: What an end, its timers or its application do of themselves; an application's call is one kind, whatever it is.
CALL = "call"


@dataclass(frozen=True)
class Arrows:
    """source, target: numbers of states, in the order of `keys`; label: what happened, a number of `actions`.

    ends: for each level of the search the number behind its last state.
    """

    system: System
    keys: Sequence[int]
    ends: Numbers
    source: Numbers
    target: Numbers
    label: Numbers
    actions: tuple[Action, ...]

    @cached_property
    def at(self) -> dict[int, int]:
        """The number of each state."""
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def pairs(self) -> Numbers:
        """For each state a number of its two local states."""
        seen: dict[int, int] = {}
        return np.fromiter((seen.setdefault(key & PAIR_MASK, len(seen)) for key in self.keys), np.int64, len(self.keys))

    def nearest(self, states: Marks) -> int:
        """Of these states one that is nearest to the first: in the first level that has any, the least (`content`)."""
        numbers = np.flatnonzero(states)
        end = self.ends[np.searchsorted(self.ends, numbers[0], side="right")]
        nearest: list[int] = numbers[numbers < end].tolist()
        return min(nearest, key=lambda number: self.system.content(self.keys[number]))

    def labelled(self, wanted: Sequence[bool]) -> Marks:
        """The arrows whose action is wanted; one answer for each of `actions`."""
        return np.asarray(wanted, dtype=np.bool_)[self.label]

    def leaving(self, arrows: Marks) -> Marks:
        """The states that these arrows leave."""
        states = np.zeros(len(self.keys), dtype=np.bool_)
        states[self.source[arrows]] = True
        return states

    def kind(self, action: Action) -> tuple[int, str] | None:
        """The end and the kind of what it does of itself: a timer, its output, its user's call."""
        if action.kind != "own":
            return None
        event = self.system.graph.edges[action.edge].event
        return action.side, CALL if event in CALLS else event.value


def arrows(system: System, levels: Sequence[Sequence[int]]) -> Arrows:
    """Every step out of each of these states, and one that stays there.

    levels: the states by their distance from the first one.  Together they must be closed under steps.
    """
    keys = [key for level in levels for key in level]
    ends = np.cumsum([len(level) for level in levels])
    at = {key: number for number, key in enumerate(keys)}
    labels: dict[Action, int] = {STUTTER: 0}
    source, target, label = list(range(len(keys))), list(range(len(keys))), [0] * len(keys)
    for number, key in enumerate(keys):
        for after, item in system.successors(key):
            source.append(number)
            target.append(at[after])
            label.append(labels.setdefault(item.action, len(labels)))
    sources, targets, happened = (np.asarray(column, dtype=np.int64) for column in (source, target, label))
    return Arrows(system, keys, ends, sources, targets, happened, tuple(labels))

"""The graph of states and steps of an explored scope, as arrays; claims of progress are decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from halfclose.checks.explore.layout import joined
from halfclose.checks.explore.steps import Batch, steps
from halfclose.checks.explore.system import PAIR_MASK, Action, System
from halfclose.checks.explore.table_search import TableSearch
from halfclose.spec.language.edge import CALLS, Edge

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

#: A step in which nothing happens.  It is possible in every state; fairness says whether it may go on for ever.
STUTTER = Action("stutter", 0, -1, -1, -1, False)

#: Stands for every state outside the part of a graph that is looked at.
OUTSIDE = -1

#: The kind of every call of an application, for fairness: whichever its next call is, it makes it at last.
CALL = "call"


@dataclass(frozen=True)
class Arrows:
    """keys: the states, level by level; the number of a state is its place there.

    source, target, label: one item an arrow: the numbers of the states that it leaves and enters, and the place of what
    happened in `actions`.  The first arrows are the stutters, one for each state.  ends: for each level the number
    after that of its last state.
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
        """For each state a number that stands for its pair of local states."""
        seen: dict[int, int] = {}
        return np.fromiter((seen.setdefault(key & PAIR_MASK, len(seen)) for key in self.keys), np.int64, len(self.keys))

    def nearest(self, states: Marks) -> int:
        """Of these states one nearest to the initial state: in the first level that has any, the least by `content`."""
        numbers = np.flatnonzero(states)
        end = self.ends[np.searchsorted(self.ends, numbers[0], side="right")]
        nearest: list[int] = numbers[numbers < end].tolist()
        return min(nearest, key=lambda number: self.system.content(self.keys[number]))

    def around(self, states: Marks) -> Arrows:
        """The graph of these states alone: every arrow that leaves one of them, and one more state for all the others.

        What is possible in a state stays possible in it, so that fairness means the same as in the whole graph.
        """
        kept = np.flatnonzero(states)
        number = np.full(len(self.keys), kept.size)
        number[kept] = np.arange(kept.size)
        mine = states[self.source]
        used, label = np.unique(self.label[mine], return_inverse=True)
        return Arrows(
            self.system,
            [*(self.keys[state] for state in kept.tolist()), OUTSIDE],
            np.append(np.searchsorted(kept, self.ends), kept.size + 1),
            number[self.source[mine]],
            number[self.target[mine]],
            label,
            tuple(self.actions[place] for place in used.tolist()),
        )

    def labelled(self, wanted: Sequence[bool]) -> Marks:
        """The arrows whose action is wanted.  wanted: one item for each of `actions`."""
        return np.asarray(wanted, dtype=np.bool_)[self.label]

    def leaving(self, arrows: Marks) -> Marks:
        """The states that some of these arrows leave."""
        states = np.zeros(len(self.keys), dtype=np.bool_)
        states[self.source[arrows]] = True
        return states

    def kind(self, action: Action) -> tuple[int, str] | None:
        """For a step that an end takes by itself, the end and the kind: a timer, its output, its user's call."""
        if action.kind != "own":
            return None
        label = self.system.shared.labels[action.edge]
        if isinstance(label, Edge) and label.event not in CALLS:
            return action.side, label.event.value
        return action.side, CALL


def arrows(search: TableSearch) -> Arrows:
    """The graph of a complete search: every step out of each state, and its stutter."""
    blocks = [block for depth in range(search.depth_reached + 1) for block in search.blocks(depth)]
    levels = [sum(lo.size for lo, _ in search.blocks(depth)) for depth in range(search.depth_reached + 1)]
    keys = [key for block in blocks for key in search.keys(block)]
    lay = search.layout.array(search.system.scope)
    states = joined(blocks)
    order = np.argsort(states)
    ranked = states[order]
    sources, targets, codes = [], [], []
    start = 0
    for block in blocks:
        for batch in steps(search.tables, lay, search.layout.unpack(block)):
            sources.append(batch.owner + start)
            targets.append(order[np.searchsorted(ranked, joined([search.layout.pack(batch.after)]))])
            codes.append(_code(batch))
        start += block[0].size
    source, target = np.concatenate(sources), np.concatenate(targets)
    meanings, label = np.unique(np.concatenate(codes), return_inverse=True)
    by_source = np.argsort(source, kind="stable")
    stay = np.arange(len(keys))
    return Arrows(
        search.system,
        keys,
        np.cumsum(levels),
        np.concatenate([stay, source[by_source]]),
        np.concatenate([stay, target[by_source]]),
        np.concatenate([np.zeros_like(stay), label[by_source] + 1]),
        (STUTTER, *map(_action, meanings.tolist())),
    )


#: What happened in a step as one number: kind | end | edge | segment received | segment sent | whether it was dropped.
_KINDS = ("own", "crash", "lose", "deliver", "duplicate")
_DROPPED, _SENT, _RECEIVED, _EDGE, _SIDE, _KIND = 0, 1, 22, 43, 57, 58
_SEGMENT, _EDGES = (1 << 21) - 1, (1 << 14) - 1


def _code(batch: Batch) -> Numbers:
    which = _KINDS.index(batch.kind) << _KIND | batch.side << _SIDE
    moved = (batch.edge + 1) << _EDGE | (batch.received + 1) << _RECEIVED | (batch.sent + 1) << _SENT
    return which | moved | batch.dropped


def _action(code: int) -> Action:
    edge = ((code >> _EDGE) & _EDGES) - 1
    received, sent = (((code >> at) & _SEGMENT) - 1 for at in (_RECEIVED, _SENT))
    return Action(_KINDS[code >> _KIND], (code >> _SIDE) & 1, edge, received, sent, bool(code & 1))

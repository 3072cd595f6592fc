"""All steps out of many states at once, with NumPy: for each kind of step, the states it leaves and those it leads to.

This computes for whole arrays what `kernel.successors` computes state by state.  Where the tables have no answer yet,
they ask the machines for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore.encoding import Words
from halfclose.checks.explore.tables import Tables

#: The fields of states: the local states of A and B, the bags from A and from B, and what was used of the budgets.
Fields = tuple[Words, Words, Words, Words, Words]
Marks = NDArray[np.bool_]
_NOBODY = -1


@dataclass(frozen=True)
class Batch:
    """Steps of one kind and end.

    All arrays have one item a step.  owner: the number of the state that it leaves.  after: the fields of the state
    that it leads to.  edge, received, sent: its edge and segments; -1 where it has none.  dropped: whether the segment
    that it sent is lost because the network is full.
    """

    kind: str
    side: int
    owner: Words
    after: Fields
    edge: Words
    received: Words
    sent: Words
    dropped: Marks


def steps(tables: Tables, layout: Words, fields: Fields) -> Iterator[Batch]:
    """Every step out of these states.  layout: the array that `Layout.array` makes; it holds the scope's bounds."""
    for side in (0, 1):
        yield from _Side(tables, layout, fields, side).steps()


class _Side:
    """The steps of one end."""

    def __init__(self, tables: Tables, layout: Words, fields: Fields, side: int):
        a, b, ab, ba, self.used = fields
        self.tables, self.layout, self.side = tables, layout, side
        self.local, self.peer = (b, a) if side else (a, b)
        self.sent, self.coming = (ba, ab) if side else (ab, ba)
        self.slots = int(layout[e.SLOTS + side])

    def steps(self) -> Iterator[Batch]:
        everybody = np.arange(self.local.size)
        nothing = np.full(self.local.size, _NOBODY)
        rows = self.tables.own_moves(self.side, self.local)
        yield self._moves("own", everybody, rows, self.coming, nothing, self.used)
        if self.layout[e.BOUND + e.MEMORY]:
            able = np.flatnonzero(self._affordable(e.MEMORY))
            rows = self.tables.crashes(self.side, self.local[able])
            yield self._moves("crash", able, rows, self.coming[able], nothing[able], self._paid(able, e.MEMORY))
        yield from self._arrivals()

    def _arrivals(self) -> Iterator[Batch]:
        """What can happen to each segment that is under way to this end: loss, delivery, delivery of a copy."""
        rows = self.tables.contents(self.coming)
        owner, at = _flat(self.tables.first_entry, rows)
        entries = self.tables.entries[at]
        segment, rest = entries & e.ENTRY_MASK, (entries >> e.ENTRY_REST) & e.ENTRY_MASK
        can_lose = self._affordable(e.LOSS)[owner]
        yield self._lost(owner[can_lose], rest[can_lose], segment[can_lose], self._paid(owner[can_lose], e.LOSS))
        arrives = ((entries >> e.ENTRY_NEXT) & 1).astype(np.bool_)
        owner, segment, rest = owner[arrives], segment[arrives], rest[arrives]
        rows = self.tables.arrivals(self.side, self.local[owner], segment)
        if self.layout[e.BOUND + e.LOSS] >= 0:  # where its delivery would leave the scope, it is lost for free
            unanswered = rows == 0
            gone = owner[unanswered]
            yield self._lost(gone, rest[unanswered], segment[unanswered], self.used[gone])
        yield self._moves("deliver", owner, rows, rest, segment, self.used[owner])
        copied = self._affordable(e.DUPLICATE)[owner]
        owner, rows, segment = owner[copied], rows[copied], segment[copied]
        yield self._moves("duplicate", owner, rows, self.coming[owner], segment, self._paid(owner, e.DUPLICATE))

    def _affordable(self, budget: int) -> Marks:
        bound = self.layout[e.BOUND + budget]
        if bound < 0:
            return np.ones(self.used.size, np.bool_)
        spent = (self.used >> self.layout[e.SHIFT + budget]) & self.layout[e.BUDGET_MASK + budget]
        able: Marks = spent < bound
        return able

    def _paid(self, owner: Words, budget: int) -> Words:
        paid: Words = self.used[owner] + self.layout[e.COST + budget]
        return paid

    def _lost(self, owner: Words, rest: Words, segment: Words, used: Words) -> Batch:
        nothing = np.full(owner.size, _NOBODY)
        after = self._fields(self.local[owner], owner, self.sent[owner], rest, used)
        return Batch("lose", self.side, owner, after, nothing, segment, nothing, np.zeros(owner.size, np.bool_))

    def _moves(self, kind: str, states: Words, rows: Words, coming: Words, received: Words, used: Words) -> Batch:
        """The steps of these states by the moves in their rows.

        rows, coming, received, used: one item a state: its row of moves, the bag on its way to this end afterwards,
        the segment that arrives, and what is used of the budgets afterwards.
        """
        row_of, at = _flat(self.tables.first_move, rows)
        moves = self.tables.moves[at]
        owner = states[row_of]
        flags = moves >> e.MOVE_WAITS
        if flags.any():
            empty = (self.sent[owner] | self.coming[owner]) == 0
            able = ((flags & 1) == 0) | empty
            self.tables.fire(at[able & (flags != 0)])
            row_of, at, moves, owner = row_of[able], at[able], moves[able], owner[able]
        sent = ((moves >> e.MOVE_SEGMENT) & e.MOVE_MASK) - 1
        bag = self.sent[owner]
        full = self.tables.size[bag] >= self.slots
        sends = np.flatnonzero((sent >= 0) & ~full)
        if sends.size:
            bag = bag.copy()
            bag[sends] = self.tables.sums(bag[sends], sent[sends])
        after = self._fields(moves & e.MOVE_MASK, owner, bag, coming[row_of], used[row_of])
        edges = self.tables.edges[at]
        return Batch(kind, self.side, owner, after, edges, received[row_of], sent, (sent >= 0) & full)

    def _fields(self, local: Words, owner: Words, sent: Words, coming: Words, used: Words) -> Fields:
        peer = self.peer[owner]
        return (peer, local, coming, sent, used) if self.side else (local, peer, sent, coming, used)


def _flat(first: Words, rows: Words) -> tuple[Words, Words]:
    """All places of these rows one behind the other: for each the number of its row here, and where it stands."""
    start = first[rows]
    count = first[rows + 1] - start
    owner = np.repeat(np.arange(rows.size), count)
    within = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    return owner, start[owner] + within

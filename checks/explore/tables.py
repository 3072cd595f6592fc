"""The steps of one scope as arrays, which are filled as a search asks for them.

A search over whole arrays cannot call Python for each step.  It does not need to: what an end does depends on its local
state alone or on that and one arriving segment, and there are far fewer local states and segments than states.  So the
steps are combined from small tables, whose indices are those of machine.py and system.py:

- own, crash: for a side and a local state, the row of its moves;
- arrive: for a side, a local state and a segment, the row of the moves that the arrival allows;
- content: for a bag, the row of its segments, each with the bag that is left without it;
- sum: for a bag that is not full and a segment, the bag with the segment added.

Rows are lists one behind the other in one array; moves and entries are packed as encoding.py says.  An item that no
search has asked for yet is UNKNOWN.  `fill` lets the machines evaluate it, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import encoding as k
from halfclose.checks.explore.machine import Move
from halfclose.checks.explore.system import Action, Rank, System
from halfclose.spec.world.network import Wait

#: Room that a table has at first along an axis that grows.
_FIRST = 64


Kind = TypeVar("Kind", bound=np.generic)


class Grown(Generic[Kind]):
    """An array whose axes grow, each by half at least; what is added holds `fill`."""

    def __init__(self, shape: tuple[int, ...], dtype: type[Kind], fill: int = 0):
        self.array: NDArray[Kind] = np.full(shape, fill, dtype)
        self._fill = fill

    def reserve(self, *shape: int) -> None:
        have = self.array.shape
        if all(want <= size for want, size in zip(shape, have, strict=True)):
            return
        larger = (size if want <= size else max(want, size * 3 // 2) for want, size in zip(shape, have, strict=True))
        grown = np.full(tuple(larger), self._fill, self.array.dtype)
        grown[tuple(slice(size) for size in have)] = self.array
        self.array = grown


class Rows:
    """Lists of numbers one behind the other in one array; list 0 is empty."""

    def __init__(self) -> None:
        self.first = Grown((_FIRST,), np.int64)
        self.items = Grown((_FIRST,), np.int64)
        self.rows, self.size, self.longest = 1, 0, 0

    def add(self, row: list[int]) -> int:
        """Append a row; returns its number."""
        if not row:
            return 0
        end = self.size + len(row)
        self.first.reserve(self.rows + 2)
        self.items.reserve(end)
        self.items.array[self.size : end] = row
        self.first.array[self.rows + 1] = self.size = end
        self.rows += 1
        self.longest = max(self.longest, len(row))
        return self.rows - 1


def _miss(kind: int, side: int, index: k.Words, segment: k.Words | int = 0) -> k.Words:
    """The number by which `fill` is asked for something; segment: of an arrival or a sum."""
    return kind << k.MISS_KIND | side << k.MISS_SIDE | index << k.MISS_INDEX | segment


@dataclass(frozen=True)
class Objected:
    """A move that violates claims on steps.

    properties: a bit mask of their numbers.  side, local: whose move it is, and in which local state.  rank: what it is
    ordered by (`System.move_rank`).
    """

    properties: int
    side: int
    local: int
    rank: Rank


class Tables:
    """What the machines of a system have evaluated so far."""

    def __init__(self, system: System):
        self.system = system
        self._own = Grown((2, _FIRST), np.int32, k.UNKNOWN)
        self._crash = Grown((2, _FIRST), np.int32, k.UNKNOWN)
        self._arrive = Grown((2, _FIRST, _FIRST), np.int32, k.UNKNOWN)
        self._content = Grown((_FIRST,), np.int32, k.UNKNOWN)
        self._size, self._room = Grown((_FIRST,), np.int32), Grown((_FIRST,), np.int32)
        self._sum = Grown((_FIRST, _FIRST), np.int32, k.UNKNOWN)
        self._moves, self._entries = Rows(), Rows()
        self._fired = Grown((_FIRST,), np.uint8)
        self._edges: list[int] = []  # by move
        self._edge_of = np.empty(0, np.int64)
        self._known_bags = self._rooms = 0
        self.objections: dict[int, Objected] = {}  # by move
        self.reserve()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many local states of A, local states of B, and bags are interned."""
        a, b = (len(machine.locals) for machine in self.system.machines)
        return a, b, len(self.system.bags)

    @property
    def bytes(self) -> int:
        parts = (self._own, self._crash, self._arrive, self._content, self._size, self._room, self._sum, self._fired)
        rows = (self._moves.first, self._moves.items, self._entries.first, self._entries.items)
        return sum(part.array.nbytes for part in (*parts, *rows))

    @property
    def most_successors(self) -> int:
        """An upper bound on the number of steps out of any state."""
        slots = max(self.system.scope.slots, self.system.scope.slots_back or 0)
        return 2 * (2 * self._moves.longest + slots * (2 * self._moves.longest + 2))

    def model(self, layout: k.Words) -> k.StepTables:
        """The arrays as the kernel reads them; they stay valid until the next `fill`."""
        return k.StepTables(
            layout,
            self._own.array,
            self._crash.array,
            self._arrive.array,
            self._moves.first.array,
            self._moves.items.array,
            self._fired.array,
            self._content.array,
            self._entries.first.array,
            self._entries.items.array,
            self._size.array,
            self._room.array,
            self._sum.array,
        )

    def fired(self) -> list[int]:
        """The moves that violate a claim on steps and were taken."""
        return [move for move in self.objections if self._fired.array[move]]

    def taken(self) -> frozenset[str]:
        """The names of the edges that some state can take."""
        waits = (self._moves.items.array >> k.MOVE_WAITS) & 1
        numbers = {edge for move, edge in enumerate(self._edges) if not waits[move] or self._fired.array[move]}
        return frozenset(self.system.shared.labels[number].name for number in numbers)

    # ---- what is asked of many states at once ----------------------------------------------------------------

    @property
    def first_move(self) -> k.Words:
        """For each row of moves the place where it begins; row n ends where row n + 1 begins."""
        return self._moves.first.array

    @property
    def moves(self) -> k.Words:
        return self._moves.items.array

    @property
    def edges(self) -> k.Words:
        """The edge of each move."""
        if len(self._edge_of) < len(self._edges):
            self._edge_of = np.array(self._edges, np.int64)
        return self._edge_of

    @property
    def first_entry(self) -> k.Words:
        """For each row of a bag's segments the place where it begins."""
        return self._entries.first.array

    @property
    def entries(self) -> k.Words:
        return self._entries.items.array

    @property
    def size(self) -> k.Table:
        """How many segments are in each bag."""
        return self._size.array

    def fire(self, moves: k.Words) -> None:
        """Note that these moves were taken."""
        self._fired.array[moves] = 1

    def own_moves(self, side: int, local: k.Words) -> k.Words:
        """For each of these local states the row of what the end does by itself."""
        return self._known(lambda: self._own.array[side, local], lambda at: _miss(k.OWN, side, local[at]))

    def crashes(self, side: int, local: k.Words) -> k.Words:
        """For each of these local states the row of what the end does when it loses its memory."""
        return self._known(lambda: self._crash.array[side, local], lambda at: _miss(k.CRASH, side, local[at]))

    def arrivals(self, side: int, local: k.Words, segment: k.Words) -> k.Words:
        """For each of these local states the row of what the end does when its segment arrives."""
        return self._known(
            lambda: self._arrive.array[side, local, segment],
            lambda at: _miss(k.ARRIVE, side, local[at], segment[at]),
        )

    def contents(self, bag: k.Words) -> k.Words:
        """For each of these bags the row of its segments."""
        return self._known(lambda: self._content.array[bag], lambda at: _miss(k.CONTENT, 0, bag[at]))

    def sums(self, bag: k.Words, segment: k.Words) -> k.Words:
        """For each of these bags, none of them full, the bag with its segment added."""
        return self._known(
            lambda: self._sum.array[self._room.array[bag], segment],
            lambda at: _miss(k.SUM, 0, bag[at], segment[at]),
        )

    def _known(self, read: Callable[[], k.Table], miss: Callable[[k.Words], k.Words]) -> k.Words:
        """Read from the tables, after filling in what is missing.  miss: the numbers for `fill` of these places."""
        found = read()
        lacking = np.flatnonzero(found < 0)
        if lacking.size:
            self.fill(np.unique(miss(lacking)).tolist())
            found = read()
        return found.astype(np.int64)

    # ---- evaluation ------------------------------------------------------------------------------------------

    def fill(self, misses: Iterable[int]) -> None:
        """Evaluate what was missing, in a fixed order: so the indices do not depend on the number of threads."""
        for miss in sorted(misses):
            kind, side = miss >> k.MISS_KIND, (miss >> k.MISS_SIDE) & 1
            index, segment = (miss >> k.MISS_INDEX) & k.MISS_MASK, miss & k.MISS_MASK
            machine = self.system.machines[side]
            if kind == k.OWN:
                self._own.array[side, index] = self._row("own", side, index, machine.moves(index))
            elif kind == k.CRASH:
                self._crash.array[side, index] = self._row("crash", side, index, machine.crash(index))
            elif kind == k.ARRIVE:
                moves = machine.arrive(index, segment)
                self._arrive.array[side, index, segment] = self._row("deliver", side, index, moves, segment)
            elif kind == k.CONTENT:
                self._content.array[index] = self._entries.add(self._contents(index))
            else:
                members = (*self.system.bags[index], segment)
                self._sum.array[self._room.array[index], segment] = self.system.bag(members)
        self.reserve()

    def _row(self, kind: str, side: int, local: int, moves: tuple[Move, ...], received: int = -1) -> int:
        packed = []
        for move in moves:
            objection = self.system.objection(side, local, move, received)
            waits = move.wait is not Wait.NOTHING
            if objection:
                action = Action(kind, side, move.edge, received, move.segment, False)
                rank = self.system.move_rank(local, action)
                self.objections[len(self._edges)] = Objected(objection, side, local, rank)
            self._edges.append(move.edge)
            flags = waits << k.MOVE_WAITS | (waits or objection > 0) << k.MOVE_MARKED
            packed.append(move.local | (move.segment + 1) << k.MOVE_SEGMENT | flags)
        return self._moves.add(packed)

    def _contents(self, bag: int) -> list[int]:
        return [
            segment | rest << k.ENTRY_REST | deliverable << k.ENTRY_NEXT
            for segment, rest, deliverable in self.system.contents(bag)
        ]

    def reserve(self) -> None:
        """Make room for every index there is."""
        *locals_, bags = self.counts
        most, segments = max(locals_), len(self.system.shared.by_id)
        self._own.reserve(2, most)
        self._crash.reserve(2, most)
        self._arrive.reserve(2, most, segments)
        self._fired.reserve(len(self._edges))
        for table in (self._content, self._size, self._room):
            table.reserve(bags)
        slots = max(self.system.scope.slots, self.system.scope.slots_back or 0)
        for bag in range(self._known_bags, bags):
            self._size.array[bag] = size = len(self.system.bags[bag])
            self._room.array[bag] = self._rooms
            self._rooms += size < slots
        self._known_bags = bags
        self._sum.reserve(self._rooms + 1, segments)

"""What both searches have in common: states are packed keys in arrays, and steps are rows of the tables.

`compiled` and `vector` differ only in how they take all steps out of a level.  This base class judges the properties
in a level and picks the least of several findings (see exploration.py).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore.exploration import Exploration, Finding
from halfclose.checks.explore.layout import Block, Layout
from halfclose.checks.explore.options import Inquiry, PairJudge
from halfclose.checks.explore.system import System, bits
from halfclose.checks.explore.tables import Objected, Tables

#: A pair of indices of local states as one number: A's above bit 32, B's below it.
PAIR, PAIR_LOW = 32, (1 << 32) - 1


class TableSearch(Exploration):
    """A search whose steps come from tables.  layout: how its keys are packed at this moment."""

    layout: Layout

    def __init__(self, system: System, inquiry: Inquiry | None = None):
        super().__init__(system)
        self.inquiry = inquiry or Inquiry()
        self.tables = Tables(system)

    @abstractmethod
    def blocks(self, depth: int) -> Iterator[Block]:
        """The keys of one level."""

    @property
    @abstractmethod
    def depth_reached(self) -> int:
        """The number of the deepest level that is complete."""

    @abstractmethod
    def new_pairs(self) -> e.Words:
        """The pairs of local states that occur in the deepest level and in no level before it."""

    def by_level(self) -> Iterator[list[int]]:
        for depth in range(self.depth_reached + 1):
            yield [key for block in self.blocks(depth) for key in self.keys(block)]

    def taken(self) -> frozenset[str]:
        return self.tables.taken()

    def keys(self, block: Block) -> list[int]:
        """The states of a block as the system writes them."""
        return self.layout.keys_of(self.system, block)

    def depth(self, state: int) -> int:
        lo, hi = self.layout.state_of(self.system, state)
        for depth in range(self.depth_reached + 1):
            for low, high in self.blocks(depth):
                if (low == lo).any() and (not high.size or ((low == lo) & (high == hi)).any()):
                    return depth
        raise KeyError(state)

    def near(self, depth: int, state: int) -> Iterator[int]:
        a, b, *_ = self.system.fields(state)
        if self.system.mirrored:
            wanted = np.array([a, b])
            return self._select(lambda x, y: np.isin(x, wanted) | np.isin(y, wanted), depth)
        return self._select(lambda x, y: (x == a) | (y == b), depth)

    # ---- findings --------------------------------------------------------------------------------------------

    def judge(self, judge: PairJudge) -> None:
        """Judge the pairs of local states that occur in the last level for the first time."""
        settled: dict[int, set[int]] = {}
        for pair in np.unique(self.new_pairs()).tolist():
            for seen in {pair, _exchanged(pair)} if self.system.mirrored else {pair}:
                for prop in judge(self.system.key(seen >> PAIR, seen & PAIR_LOW, 0, 0, (0, 0, 0))):
                    if prop not in self.findings:
                        settled.setdefault(prop, set()).add(seen)
        for prop, pairs in settled.items():
            self.findings[prop] = Finding(prop, self._least(pairs))

    def _least(self, pairs: set[int]) -> int:
        """The least state of the last level that has one of these pairs, itself or its mirror image."""
        system = self.system
        one, other = system.machines
        pair = min(pairs, key=lambda pair: (one.locals[pair >> PAIR], other.locals[pair & PAIR_LOW]))
        wanted = np.array([pair, _exchanged(pair)] if system.mirrored else [pair], np.int64)
        found = self._select(lambda a, b: np.isin(a << PAIR | b, wanted), self.depth_reached)
        both = ((key, system.mirror(key)) if system.mirrored else (key,) for key in found)
        mine = (key for keys in both for key in keys if self._pair_of(key) == pair)
        return min(mine, key=system.content)

    def _pair_of(self, key: int) -> int:
        a, b, *_ = self.system.fields(key)
        return a << PAIR | b

    def _select(self, which: Callable[[e.Words, e.Words], NDArray[np.bool_]], depth: int) -> Iterator[int]:
        """The states of a level whose local states are selected; which: says so for arrays of their indices."""
        for lo, hi in self.blocks(depth):
            a, b, *_ = self.layout.unpack((lo, hi))
            here = which(a, b)
            yield from self.keys((lo[here], hi[here] if hi.size else hi))

    def object(self, depth: int) -> None:
        """For each claim on steps, find the first step out of the states of this level that violates it."""
        fired = [self.tables.objections[move] for move in self.tables.fired()]
        new = {prop for objected in fired for prop in bits(objected.properties)} - self.findings.keys()
        for prop in new:
            self.findings[prop] = self._objection(prop, [o for o in fired if o.properties >> prop & 1], depth)

    def _objection(self, prop: int, fired: list[Objected], depth: int) -> Finding:
        """The least of the moves that violate the claim, taken out of the least of the states that can take it."""
        for objected in sorted(fired, key=lambda objected: objected.rank):
            steps = (
                (self.system.rank(key, item.action), key, item.action, after)
                for key in self._holding(objected, depth)
                for after, item in self.system.successors(key)
                if item.objection >> prop & 1
            )
            first = min(steps, default=None)
            if first is not None:
                return Finding(prop, *first[1:])
        raise AssertionError("the search took a move that the system does not know")

    def _holding(self, objected: Objected, depth: int) -> Iterator[int]:
        """The states of a level in which the end has the local state of this move."""
        side, local = objected.side, objected.local
        return self._select(lambda a, b: (b if side else a) == local, depth)


def _exchanged(pair: int) -> int:
    return pair >> PAIR | (pair & PAIR_LOW) << PAIR

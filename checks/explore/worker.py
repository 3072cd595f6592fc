"""What each thread of the compiled search has for itself: the states that it expands, the buffers that it fills."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.layout import Block
from halfclose.checks.explore.states import Blocks, States, part, words

#: Room for successors of one region, before they must be inserted.
_OUT = 1 << 15
#: Keys that were written lately and need not be written again; so few that they fit the cache of one core.
_RECENT = 1 << 15
_BACK = 1 << 12
_MISSES = 1 << 12


class Worker:
    """One thread's share of a pass over a level."""

    def __init__(self, regions: int, wide: bool, most_successors: int):
        self.wide, self.most_successors = wide, most_successors
        size = max(_OUT, 2 * k.BATCH * most_successors)
        self._out = np.empty((regions, size), np.int64)
        self._out_hi = np.empty((regions, size if wide else 0), np.int64)
        self._filled, self._inserted = np.zeros(regions, np.int64), [0] * regions
        self._recent = words(_RECENT, wide)
        self._recent[0].fill(e.EMPTY)
        self._scratch = words(k.BATCH * most_successors, wide)
        self._back = words(_BACK, wide)
        self._put_back: Blocks = []
        self._misses = np.zeros(_MISSES, np.int64)
        self._tally = np.zeros(2, np.int64)
        self.begin([])

    @property
    def bytes(self) -> int:
        arrays = (self._out, self._out_hi, self._misses, *self._recent, *self._scratch, *self._back)
        return sum(array.nbytes for array in arrays)

    @property
    def steps(self) -> int:
        """Steps in this pass so far."""
        return int(self._tally[0])

    def begin(self, blocks: Blocks) -> None:
        """Start a pass over these states."""
        self._work: Iterator[Block] = iter(blocks)
        self._next_block()
        self._tally[:] = 0
        self._put_back = []
        self._misses[e.COUNT] = e.FIRST_MISS

    def _next_block(self) -> None:
        self._block, self._start = next(self._work, None), 0

    def expand(self, model: e.StepTables) -> bool:
        """Expand states until there is no room for more successors; whether states are left to expand."""
        self._filled[:] = 0
        self._inserted = [0] * self._filled.size
        while self._block is not None:
            lo, hi = self._block
            self._start = k.expand(
                lo, hi, self._start, model, *self._recent, self._out, self._out_hi, self._filled,
                *self._back, self._tally, *self._scratch, self._misses,
            )  # fmt: skip
            if self._start == lo.size:
                self._next_block()
            elif self._tally[1] + k.BATCH > _BACK:
                self._flush()
            else:
                return True
        return False

    def insert(self, region: int, seen: States, layout: e.Words) -> bool:
        """Insert the successors for one region; whether there was room for all of them."""
        stop = int(self._filled[region])
        keys = self._out[region], self._out_hi[region]
        self._inserted[region] = seen.insert(region, keys, self._inserted[region], stop, layout)
        return self._inserted[region] == stop

    def given_back(self) -> Blocks:
        """The states of which a step was not in the tables."""
        self._flush()
        return self._put_back

    def missed(self) -> list[int]:
        """What was not in the tables, as `Tables.fill` reads it."""
        missed: list[int] = self._misses[e.FIRST_MISS : self._misses[e.COUNT]].tolist()
        return missed

    def _flush(self) -> None:
        if self._tally[1]:
            self._put_back.append(part(self._back, int(self._tally[1])))
            self._tally[1] = 0

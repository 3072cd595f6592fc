"""The states that a search has seen: a hash set that says whether a state is new, and the levels that keep their order.

Each thread has a region of its own, by the hash of the key; every level is a list of blocks a region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.encoding import Words
from halfclose.checks.explore.layout import NOTHING, Block, Layout

#: A region's blocks of one level.
Blocks = list[Block]
#: States of a block, except of the last one in a level.
_BLOCK = 1 << 15
#: New pairs of local states that are kept until somebody judges them.
_PAIRS = 1 << 12
_FIRST_SLOTS = 1 << 14
#: The fill at which the hash set doubles, as a fraction.
_FULL = (3, 4)


class OutOfMemory(Exception):
    """The next step would take more memory than is allowed."""


def words(count: int, wide: bool) -> Block:
    """Room for so many keys."""
    return np.empty(count, np.int64), np.empty(count, np.int64) if wide else NOTHING


def part(block: Block, stop: int) -> Block:
    """A copy of the first keys of a block."""
    lo, hi = block
    return lo[:stop].copy(), hi[:stop].copy() if hi.size else NOTHING


class Pool:
    """So many threads, for work that is large enough to share; they end with the pool."""

    def __init__(self, threads: int):
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def each(self, work: Callable[[int], bool], small: bool = False) -> bool:
        """Do the work of every thread, to its end; whether any of it said so."""
        if self._pool is None or small:
            said = [work(region) for region in range(self.threads)]
            return any(said)
        running = [self._pool.submit(work, region) for region in range(self.threads)]
        said = [future.result() for future in running]
        return any(said)


class States:
    """levels: every level that is complete; pending: the blocks of the one being made."""

    def __init__(self, layout: Layout, pool: Pool, judged: e.Flags):
        self.pool, self.judged = pool, judged
        regions = range(pool.threads)
        self.levels: list[list[Blocks]] = []
        self.pending: list[Blocks] = [[] for _ in regions]
        self.pairs: list[Blocks] = [[] for _ in regions]
        self._tally = np.zeros((pool.threads, 3), np.int64)
        self._lay_out(layout)
        self._allocate(_FIRST_SLOTS)

    @property
    def count(self) -> int:
        return int(self._tally[:, 0].sum())

    @property
    def bytes(self) -> int:
        word = 16 if self.layout.wide else 8
        return word * (self.slots.size + self.count + len(self._new) * (_BLOCK + _PAIRS)) + self.judged.nbytes

    def _lay_out(self, layout: Layout) -> None:
        """Buffers for keys of this layout."""
        self.layout = layout
        self._new = [words(_BLOCK, layout.wide) for _ in range(self.pool.threads)]
        self._pairs = [words(_PAIRS, layout.wide) for _ in range(self.pool.threads)]

    def insert(self, region: int, keys: Block, start: int, stop: int, lay: Words) -> int:
        """Add keys to a region; returns where it stopped because the hash set must grow."""
        tally = self._tally[region]
        slots, slots_hi = self._region(region)
        most = slots.size * _FULL[0] // _FULL[1]
        while start < stop:
            if tally[1] > _BLOCK // 2:
                self._flush(region)
            new, pairs = self._new[region], self._pairs[region]
            start = k.insert(*keys, start, stop, lay, slots, slots_hi, most, *new, self.judged, *pairs, tally)
            if start < stop and tally[0] + k.TOGETHER > most:
                break
            if start < stop:
                self._flush(region)
        return start

    def _flush(self, region: int) -> None:
        """Move what has come together to the blocks."""
        _, new, pairs = self._tally[region]
        if new:
            self.pending[region].append(part(self._new[region], new))
        if pairs:
            self.pairs[region].append(part(self._pairs[region], pairs))
        self._tally[region, 1:] = 0

    def end_level(self) -> bool:
        """Whether there is a next level; it is complete now."""
        self.flush()
        if not any(self.pending):
            return False
        self.levels.append(self.pending)
        self.pending = [[] for _ in self.pending]
        return True

    def take_pairs(self) -> Blocks:
        """States with the pairs of local states that nobody has judged; some pairs may be there twice."""
        pairs, self.pairs = self.pairs, [[] for _ in self.pairs]
        return [block for region in pairs for block in region]

    def flush(self) -> None:
        for region in range(self.pool.threads):
            self._flush(region)

    def rekey(self, layout: Layout) -> None:
        """Pack every key in another way; its region may change with it."""
        self.flush()
        old = self.layout
        self._lay_out(layout)
        for number, level in enumerate(self.levels):
            self.levels[number] = self.dealt(layout.pack(old.unpack(block)) for blocks in level for block in blocks)
        self.pending = self.dealt(layout.pack(old.unpack(block)) for blocks in self.pending for block in blocks)
        self.pairs = self.dealt(layout.pack(old.unpack(block)) for blocks in self.pairs for block in blocks)
        self._index()

    def restore(self, layout: Layout, levels: Iterable[Block]) -> None:
        """Begin with these levels, which another search has found."""
        self._lay_out(layout)
        self.levels = [self.dealt([level]) for level in levels]
        self._index()

    def dealt(self, blocks: Iterable[Block]) -> list[Blocks]:
        """Blocks of keys by region."""
        regions = self.pool.threads
        mine: list[Blocks] = [[] for _ in range(regions)]
        for lo, hi in blocks:
            to = np.empty(lo.size, np.uint8)
            k.deal(lo, hi, self.layout.wide, regions, to)
            for region in range(regions):
                here = to == region
                if here.any():
                    mine[region].append((lo[here], hi[here] if hi.size else NOTHING))
        return mine

    # ---- the hash set ----------------------------------------------------------------------------------------

    def grow(self, spare: float) -> None:
        """Twice the room, for no more than so many bytes; from the blocks, so that the old one is gone before."""
        if self.slots.nbytes * (1 + self.layout.wide) > spare:
            raise OutOfMemory
        self.flush()
        self._fill(2 * self.slots.shape[1])

    def _allocate(self, slots: int) -> None:
        self.slots = self.slots_hi = np.empty((self.pool.threads, 0), np.int64)
        self.slots = np.full((self.pool.threads, slots), e.EMPTY, np.int64)
        if self.layout.wide:
            self.slots_hi = np.empty_like(self.slots)

    def _index(self) -> None:
        """Build the hash set anew, as large as it must be."""
        for region in range(self.pool.threads):
            every = (level[region] for level in (*self.levels, self.pending))
            self._tally[region, 0] = sum(lo.size for blocks in every for lo, _ in blocks)
        slots = self.slots.shape[1]
        while self._tally[:, 0].max() * _FULL[1] > slots * _FULL[0]:
            slots *= 2
        self._fill(slots)

    def _fill(self, slots: int) -> None:
        self._allocate(slots)

        def work(region: int) -> bool:
            for level in (*self.levels, self.pending):
                for block in level[region]:
                    k.place(*block, self.layout.wide, *self._region(region))
            return False

        self.pool.each(work)

    def _region(self, region: int) -> Block:
        return self.slots[region], self.slots_hi[region]

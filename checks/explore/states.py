"""The states that the compiled search has seen: a hash set that tells whether a state is new, and the levels.

Both are divided into regions, one for each thread; the hash of a key says to which region it belongs.  A level is a
list of regions, and a region of a level is a list of blocks, which are arrays of keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.encoding import Words
from halfclose.checks.explore.layout import NOTHING, Block, Layout

#: The blocks of one region in one level.
Blocks = list[Block]
#: The most states in a block.
_BLOCK = 1 << 15
#: Room for states with new pairs of local states, in each region, before they are moved to a block.
_PAIRS = 1 << 12
_FIRST_SLOTS = 1 << 14
#: The hash set doubles when more than this fraction of it is full.
_FULL = (3, 4)


class OutOfMemory(Exception):
    """The search needs more memory than is allowed."""


def words(count: int, wide: bool) -> Block:
    """An empty block with room for so many keys."""
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
        """Do the work of every region and wait for all; whether any of them returned True.

        small: do it in the calling thread.
        """
        if self._pool is None or small:
            said = [work(region) for region in range(self.threads)]
            return any(said)
        running = [self._pool.submit(work, region) for region in range(self.threads)]
        said = [future.result() for future in running]
        return any(said)


class States:
    """levels: every level that is complete; pending: the blocks of the next one, so far."""

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
        """Move what the buffers of a region hold to new blocks."""
        _, new, pairs = self._tally[region]
        if new:
            self.pending[region].append(part(self._new[region], new))
        if pairs:
            self.pairs[region].append(part(self._pairs[region], pairs))
        self._tally[region, 1:] = 0

    def end_level(self) -> bool:
        """Declare the pending level complete; whether it has any state."""
        self.flush()
        if not any(self.pending):
            return False
        self.levels.append(self.pending)
        self.pending = [[] for _ in self.pending]
        return True

    def take_pairs(self) -> Blocks:
        """States with pairs of local states that are not judged yet; a pair may occur twice."""
        pairs, self.pairs = self.pairs, [[] for _ in self.pairs]
        return [block for region in pairs for block in region]

    def flush(self) -> None:
        for region in range(self.pool.threads):
            self._flush(region)

    def rekey(self, layout: Layout) -> None:
        """Pack every key by another layout; this can change the region of a key."""
        self.flush()
        old = self.layout
        self._lay_out(layout)
        for number, level in enumerate(self.levels):
            self.levels[number] = self.dealt(layout.pack(old.unpack(block)) for blocks in level for block in blocks)
        self.pending = self.dealt(layout.pack(old.unpack(block)) for blocks in self.pending for block in blocks)
        self.pairs = self.dealt(layout.pack(old.unpack(block)) for blocks in self.pairs for block in blocks)
        self._index()

    def restore(self, layout: Layout, levels: Iterable[Block]) -> None:
        """Begin with these levels of a saved search."""
        self._lay_out(layout)
        self.levels = [self.dealt([level]) for level in levels]
        self._index()

    def dealt(self, blocks: Iterable[Block]) -> list[Blocks]:
        """The keys of these blocks, divided by region."""
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
        """Double the hash set; raises OutOfMemory where that takes more than `spare` bytes.

        It is filled again from the blocks, so that the old one can be freed first.
        """
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
        """Count the keys in the blocks and build a hash set that is large enough for them."""
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

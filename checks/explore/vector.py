"""Breadth-first search with NumPy: a whole level at a time.  It needs no compiler, so it is in every installation.

Sets of states are sorted arrays of packed keys.  All steps out of a level are taken at once (steps.py).  The states
that they lead to are sorted, and those that were seen before are removed: the rest is the next level.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore.arrows import Arrows, arrows
from halfclose.checks.explore.layout import NOTHING, Block, Keys, Layout, fit, joined, parted
from halfclose.checks.explore.options import Inquiry, Tell
from halfclose.checks.explore.steps import steps
from halfclose.checks.explore.system import PAIR_MASK, System
from halfclose.checks.explore.table_search import PAIR, TableSearch
from halfclose.checks.explore.tables import Grown
from halfclose.checks.work.interrupt import patient

#: States that are expanded together: enough to outweigh the cost of a NumPy call, few enough for the processor's cache.
_TOGETHER = 1 << 14
_FIRST_LOCALS = 64


class VectorSearch(TableSearch):
    """The states seen so far, all together and by level, each a sorted array."""

    def __init__(self, system: System, inquiry: Inquiry | None = None):
        super().__init__(system, inquiry)
        self.layout = fit(system.scope, self.tables.counts)
        lo, hi = self.layout.state_of(system, system.initial)
        first = joined([(np.array([lo]), np.array([hi]) if self.layout.wide else NOTHING)])
        self._seen, self._levels = first, [first]
        self._judged = Grown((_FIRST_LOCALS, _FIRST_LOCALS), np.uint8)

    @property
    def states(self) -> int:
        return int(self._seen.size)

    @property
    def memory(self) -> int:
        return 2 * self._seen.nbytes + self.tables.bytes + self._judged.array.nbytes

    def blocks(self, depth: int) -> Iterator[Block]:
        yield parted(self._levels[depth])

    @property
    def depth_reached(self) -> int:
        return len(self._levels) - 1

    def new_pairs(self) -> e.Words:
        """Return the pairs that are not marked as judged, and mark them; so ask only once for each level."""
        a, b, *_ = self.layout.unpack(parted(self._levels[-1]))
        self._judged.reserve(*self.tables.counts[:2])
        new = self._judged.array[a, b] == 0
        self._judged.array[a[new], b[new]] = 1
        return a[new] << PAIR | b[new]  # type: ignore[no-any-return]

    # ---- the search ------------------------------------------------------------------------------------------

    def run(self, tell: Tell | None = None) -> None:
        started = time.perf_counter()
        with patient() as interrupted:

            def tick() -> None:
                interrupted()
                if tell is not None:
                    tell(self.states, self.levels)

            try:
                self._search(tick)
            finally:
                self.seconds = time.perf_counter() - started

    def _search(self, tick: Callable[[], None]) -> None:
        enough, limit, judge = self.inquiry.enough, self.inquiry.limit, self.inquiry.judge
        if judge is not None:
            self.judge(judge)
        while not enough(self.findings):
            more = self._level(tick)
            self.object(self.depth_reached - more)
            if not more:
                self.complete = True
                return
            self.levels += 1
            if judge is not None:
                self.judge(judge)
            if limit is not None and self.states >= limit:
                return

    def _level(self, tick: Callable[[], None]) -> bool:
        """Take every step out of the deepest level; whether there is another one."""
        found: list[Keys] = []
        size = self._levels[-1].size
        for start in range(0, size, _TOGETHER):
            found.append(self._after(start, start + _TOGETHER, found))
            tick()
        reached = np.unique(np.concatenate(found))
        place = np.searchsorted(self._seen, reached)
        known = self._seen[np.minimum(place, self._seen.size - 1)] == reached
        new = reached[~known]
        if not new.size:
            return False
        self._seen = np.insert(self._seen, place[~known], new)
        self._levels.append(new)
        return True

    def _after(self, start: int, stop: int, found: list[Keys]) -> Keys:
        """The successors of some states of the deepest level.

        Where an index outgrows its field, all keys are packed anew, including those in `found`.
        """
        fields = self.layout.unpack(parted(self._levels[-1][start:stop]))
        scope = self.system.scope
        batches = [batch.after for batch in steps(self.tables, self.layout.array(scope), fields)]
        a, b, bags = self.tables.counts
        if any(count > size for count, size in zip((a, b, bags, bags), self.layout.capacities, strict=False)):
            self._repack(fit(scope, self.tables.counts), found)
        self.steps += sum(after[0].size for after in batches)
        columns = tuple(np.concatenate(column) for column in zip(*batches, strict=True))
        return np.unique(joined([self.layout.pack(columns)]))

    def _repack(self, layout: Layout, found: list[Keys]) -> None:
        """Pack every key in another way, and keep the arrays sorted."""

        def anew(keys: Keys) -> Keys:
            return np.sort(joined([layout.pack(before.unpack(parted(keys)))]))

        before = self.layout
        self._levels = [anew(level) for level in self._levels]
        self._seen = anew(self._seen)
        found[:] = [anew(keys) for keys in found]
        self.layout = layout

    # ---- backwards -------------------------------------------------------------------------------------------

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        graph = arrows(self)
        pairs = {key & PAIR_MASK: key for key in graph.keys}
        verdicts = {pair: goals(key) for pair, key in pairs.items()}
        hopeful = np.fromiter((verdicts[key & PAIR_MASK] for key in graph.keys), np.bool_, len(graph.keys))
        spread = -1
        while spread != (spread := int(hopeful.sum())):
            hopeful[graph.source[hopeful[graph.target]]] = True
        yield from _nearest(graph, ~hopeful)


def _nearest(graph: Arrows, states: NDArray[np.bool_]) -> Iterator[int]:
    """These states, level by level and within a level the least first."""
    start = 0
    for end in graph.ends.tolist():
        chosen = [graph.keys[start + at] for at in np.flatnonzero(states[start:end]).tolist()]
        yield from sorted(chosen, key=graph.system.content)
        start = end

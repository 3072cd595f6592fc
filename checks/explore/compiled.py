"""Breadth-first search by the compiled kernel, level by level and in as many threads as wanted.

A level is one pass over its states, and another over those whose steps were not in the tables yet, until all of them
are.  What is found does not depend on the number of threads, nor on the engine (see exploration.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import backward, checkpoint
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.exploration import Exploration, Finding
from halfclose.checks.explore.layout import NOTHING, Block, Layout, fit
from halfclose.checks.explore.options import Inquiry, Options, PairJudge, Tell
from halfclose.checks.explore.states import Blocks, OutOfMemory, Pool, States
from halfclose.checks.explore.system import System, bits
from halfclose.checks.explore.tables import Grown, Objected, Tables
from halfclose.checks.explore.worker import Worker
from halfclose.checks.work.interrupt import patient

#: A frontier below this is expanded by one thread after the other.
_SMALL = 2048
_FIRST_LOCALS = 64
#: Seconds between two savings.
_SAVE_EVERY = 60
DEFAULT = Options()
#: How a pair of indices of local states is one number.
_PAIR, _PAIR_MASK = 32, (1 << 32) - 1


class CompiledSearch(Exploration):
    """What the kernel has found, and everything it needs to go on."""

    def __init__(self, system: System, inquiry: Inquiry | None = None, options: Options | None = None):
        super().__init__(system)
        self.inquiry, self.options = inquiry or Inquiry(), options or DEFAULT
        options = self.options
        self._allowed = float("inf") if options.memory is None else options.memory
        self.tables = Tables(system)
        self.pool = Pool(options.threads)
        self._judged = Grown((_FIRST_LOCALS, _FIRST_LOCALS), np.uint8)
        self.seen = States(fit(system.scope, self.tables.counts), self.pool, self._judged.array)
        self._workers: list[Worker] = []
        #: Steps and findings as they were when the last level was complete.
        self.whole: tuple[int, dict[int, Finding]] = (0, {})
        self._renew()

    @property
    def layout(self) -> Layout:
        return self.seen.layout

    @property
    def states(self) -> int:
        return self.seen.count

    @property
    def memory(self) -> int:
        return self.seen.bytes + self.tables.bytes + sum(worker.bytes for worker in self._workers)

    def keep(self, file: Path | None) -> Path:
        file = file or Path(f"halfclose-{self.system.shared.fingerprint[:8]}.search")
        checkpoint.save(self, file)
        return file

    def taken(self) -> frozenset[str]:
        return self.tables.taken()

    def by_level(self) -> Iterator[list[int]]:
        for level in self.seen.levels:
            yield [key for blocks in level for block in blocks for key in self.keys(block)]

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        return backward.cannot_reach(self, goals)

    def keys(self, block: Block) -> list[int]:
        """The states of a block as the system writes them."""
        return self.layout.keys_of(self.system, block)

    def representative(self, state: int) -> int:
        if not self.system.mirrored:
            return state
        words = (self.layout.state_of(self.system, key) for key in (state, self.system.mirror(state)))
        return self.layout.key_of(self.system, min(words, key=lambda pair: pair[::-1]))

    def depth(self, state: int) -> int:
        lo, hi = self.layout.state_of(self.system, state)
        for depth, level in enumerate(self.seen.levels):
            for blocks in level:
                for low, high in blocks:
                    if (low == lo).any() and (not high.size or ((low == lo) & (high == hi)).any()):
                        return depth
        raise KeyError(state)

    def near(self, depth: int, state: int) -> Iterator[int]:
        a, b, *_ = self.system.fields(state)
        if self.system.mirrored:
            wanted = np.array([a, b])
            return self._select(lambda x, y: np.isin(x, wanted) | np.isin(y, wanted), self.seen.levels[depth])
        return self._select(lambda x, y: (x == a) | (y == b), self.seen.levels[depth])

    @property
    def fingerprint(self) -> str:
        """Of all that must be the same where the search is to go on."""
        return "mirrored-" * self.system.mirrored + self.system.shared.fingerprint

    def resume(self, layout: Layout, levels: Iterable[Block], tick: Callable[[], None]) -> None:
        """Go on from these levels, whose indices the system knows again."""
        self.seen.restore(layout, levels)
        self.tables.reserve()
        self._workers = []
        self._renew()
        for level in self.seen.levels:
            for lo, hi in (block for blocks in level for block in blocks):
                a, b, *_ = self.layout.unpack((lo, hi))
                self._judged.array[a, b] = 1
        for level in self.seen.levels[:-1]:
            self._expand(level, tick, lambda _: False)  # for the tables alone: what it leads to is here already
        self.levels = len(self.seen.levels) - 1

    # ---- one level -------------------------------------------------------------------------------------------

    def begin(self, judge: PairJudge | None) -> None:
        """The first level: the initial state."""
        lo, hi = self.layout.state_of(self.system, self.system.initial)
        block = np.array([lo]), np.array([hi]) if self.layout.wide else NOTHING
        for region, blocks in enumerate(self.seen.dealt([block])):
            for keys in blocks:
                self.seen.insert(region, keys, 0, 1, self.model.layout)
        self.seen.end_level()
        if judge is not None:
            self.judge(judge)
        self.whole = 0, dict(self.findings)

    def level(self, tick: Callable[[], None]) -> bool:
        """Expand the last level into the next one; whether there is one."""
        self._expand(self.seen.levels[-1], tick, self._insert)
        return self.seen.end_level()

    def _expand(self, work: list[Blocks], tick: Callable[[], None], insert: Callable[[int], bool]) -> None:
        """Take every step out of these states, with as many passes as the tables need to know them all."""
        while True:
            self._pass(work, tick, insert)
            misses = {miss for worker in self._workers for miss in worker.missed()}
            if not misses:
                return
            back = [block for worker in self._workers for block in worker.given_back()]
            before = self.layout
            self.tables.fill(misses)
            self._renew()
            if self.layout is not before:
                back = [self.layout.pack(before.unpack(block)) for block in back]
            work = self.seen.dealt(back)

    def _pass(self, work: list[Blocks], tick: Callable[[], None], insert: Callable[[int], bool]) -> None:
        """Expand every state for which the tables suffice."""
        small = sum(lo.size for blocks in work for lo, _ in blocks) < _SMALL
        for worker, blocks in zip(self._workers, work, strict=True):
            worker.begin(blocks)
        more = True
        while more:
            before = sum(worker.steps for worker in self._workers)
            more = self.pool.each(lambda region: self._workers[region].expand(self.model), small)
            while self.pool.each(insert, small):
                self.seen.grow(self._allowed - self.memory)
            self.steps += sum(worker.steps for worker in self._workers) - before
            tick()
            if self.memory > self._allowed:
                raise OutOfMemory

    def _insert(self, region: int) -> bool:
        """Insert what every thread has found for one region; whether the hash set is too small for it."""
        done = [worker.insert(region, self.seen, self.model.layout) for worker in self._workers]
        return not all(done)

    def _renew(self) -> None:
        """Make the arrays fit what the tables hold; a key whose field an index has outgrown is packed anew."""
        counts = self.tables.counts
        self._judged.reserve(*counts[:2])
        self.seen.judged = self._judged.array
        if any(count > size for count, size in zip((*counts, counts[2]), self.layout.capacities, strict=False)):
            self.seen.rekey(fit(self.system.scope, counts))
            self._workers = []
        self.model = self.tables.model(self.layout.array(self.system.scope, self.system.mirrored))
        most = self.tables.most_successors
        if not self._workers or self._workers[0].most_successors < most:
            regions = self.pool.threads
            self._workers = [Worker(regions, self.layout.wide, 2 * most) for _ in range(regions)]

    # ---- findings --------------------------------------------------------------------------------------------

    def judge(self, judge: PairJudge) -> None:
        """Judge the pairs of local states that the last level is the first to have."""
        settled: dict[int, set[int]] = {}
        for pair in np.unique(np.concatenate([NOTHING, *map(self._pairs, self.seen.take_pairs())])).tolist():
            for seen in {pair, _exchanged(pair)} if self.system.mirrored else {pair}:
                for prop in judge(self.system.key(seen >> _PAIR, seen & _PAIR_MASK, 0, 0, (0, 0, 0))):
                    if prop not in self.findings:
                        settled.setdefault(prop, set()).add(seen)
        for prop, pairs in settled.items():
            self.findings[prop] = Finding(prop, self._least(pairs))

    def _pairs(self, block: Block) -> k.Words:
        a, b, *_ = self.layout.unpack(block)
        return a << _PAIR | b  # type: ignore[no-any-return]

    def _least(self, pairs: set[int]) -> int:
        """The least state of the last level that has one of these pairs, itself or its mirror image."""
        system = self.system
        one, other = system.machines
        pair = min(pairs, key=lambda pair: (one.locals[pair >> _PAIR], other.locals[pair & _PAIR_MASK]))
        wanted = np.array([pair, _exchanged(pair)] if system.mirrored else [pair], np.int64)
        found = self._select(lambda a, b: np.isin(a << _PAIR | b, wanted), self.seen.levels[-1])
        both = ((key, system.mirror(key)) if system.mirrored else (key,) for key in found)
        mine = (key for keys in both for key in keys if self._pair_of(key) == pair)
        return min(mine, key=system.content)

    def _pair_of(self, key: int) -> int:
        a, b, *_ = self.system.fields(key)
        return a << _PAIR | b

    def _select(self, which: Callable[[k.Words, k.Words], NDArray[np.bool_]], level: list[Blocks]) -> Iterator[int]:
        """The states of a level whose local states are such."""
        for blocks in level:
            for lo, hi in blocks:
                a, b, *_ = self.layout.unpack((lo, hi))
                here = which(a, b)
                yield from self.keys((lo[here], hi[here] if hi.size else hi))

    def object(self, level: list[Blocks]) -> None:
        """Find the first step out of a level that claims on steps object to."""
        fired = [self.tables.objections[move] for move in self.tables.fired()]
        new = {prop for objected in fired for prop in bits(objected.properties)} - self.findings.keys()
        for prop in new:
            self.findings[prop] = self._objection(prop, [o for o in fired if o.properties >> prop & 1], level)

    def _objection(self, prop: int, fired: list[Objected], level: list[Blocks]) -> Finding:
        """The least of the moves that are objected to, out of the least of the states that can take it."""
        for objected in sorted(fired, key=lambda objected: objected.rank):
            steps = (
                (self.system.rank(key, item.action), key, item.action, after)
                for key in self._holding(objected, level)
                for after, item in self.system.successors(key)
                if item.objection >> prop & 1
            )
            first = min(steps, default=None)
            if first is not None:
                return Finding(prop, *first[1:])
        raise AssertionError("the kernel took a move that the system does not know")

    def _holding(self, objected: Objected, level: list[Blocks]) -> Iterator[int]:
        """The states of a level in which an end is where it can make this move."""
        side, local = objected.side, objected.local
        return self._select(lambda a, b: (b if side else a) == local, level)

    # ---- the whole search ------------------------------------------------------------------------------------

    def run(self, tell: Tell | None = None) -> None:
        """See Exploration; `enough` is asked after every level."""
        started = time.perf_counter()
        keep, file = _Keep(self, self.options.file), self.options.file
        with patient() as interrupted:

            def tick() -> None:
                interrupted()
                if tell is not None:
                    tell(self.states, self.levels)

            if file is not None and file.exists():
                checkpoint.load(self, file, tick)
                started -= self.seconds
            else:
                self.begin(self.inquiry.judge)
            try:
                self._search(tick, lambda: keep.now_and_then(time.perf_counter() - started))
            except OutOfMemory:
                self.stopped = "memory"
            finally:
                self.seconds = time.perf_counter() - started
                keep.at_the_end()

    def _search(self, tick: Callable[[], None], rest: Callable[[], None]) -> None:
        """Level by level; between two of them the search may rest."""
        enough, limit, judge = self.inquiry.enough, self.inquiry.limit, self.inquiry.judge
        while not enough(self.findings):
            more = self.level(tick)
            self.object(self.seen.levels[-2 if more else -1])
            if not more:
                self.complete = True
                return
            if judge is not None:
                self.judge(judge)
            self.whole = self.steps, dict(self.findings)
            self.levels += 1
            rest()
            if limit is not None and self.states >= limit:
                return


def _exchanged(pair: int) -> int:
    return pair >> _PAIR | (pair & _PAIR_MASK) << _PAIR


class _Keep:
    """Keeps the search in its file, if it has one."""

    def __init__(self, result: CompiledSearch, file: Path | None):
        self._result, self._file = result, file
        self._saved, self._cost = time.perf_counter(), 0.0

    def now_and_then(self, seconds: float) -> None:
        """Save where some time has passed, and much more than saving takes."""
        if time.perf_counter() - self._saved > max(_SAVE_EVERY, 20 * self._cost):
            self._result.seconds = seconds
            self.save()

    def at_the_end(self) -> None:
        """Save what was cut short; drop the file of a search that is over."""
        if self._result.complete and self._file is not None:
            self._file.unlink(missing_ok=True)
        else:
            self.save()

    def save(self) -> None:
        if self._file is None or not self._result.seen.levels:
            return
        begun = time.perf_counter()
        self._result.keep(self._file)
        self._saved = time.perf_counter()
        self._cost = self._saved - begun

"""Breadth-first search by the kernel that numba compiles (kernel.py), level by level, in one thread or several.

A level takes one or more passes.  A pass expands every state whose steps are in the tables; the machines then evaluate
what was missing, and the next pass expands the states that had to wait.  What is found depends neither on the number of
threads nor on the engine (see exploration.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from halfclose.checks.explore import backward, checkpoint
from halfclose.checks.explore import encoding as e
from halfclose.checks.explore.exploration import Finding
from halfclose.checks.explore.layout import NOTHING, Block, Layout, fit
from halfclose.checks.explore.options import Inquiry, NoEngine, Options, PairJudge, Tell
from halfclose.checks.explore.states import Blocks, OutOfMemory, Pool, States
from halfclose.checks.explore.system import System
from halfclose.checks.explore.table_search import PAIR, TableSearch
from halfclose.checks.explore.tables import Grown
from halfclose.checks.explore.worker import Worker
from halfclose.checks.work.interrupt import patient

#: With fewer states than this, the calling thread does the work of all threads: handing it out would cost more.
_SMALL = 2048
_FIRST_LOCALS = 64
#: The least time between two savings, in seconds.
_SAVE_EVERY = 60
DEFAULT = Options()


class CompiledSearch(TableSearch):
    """The states that the kernel has found, and everything that it needs to go on."""

    def __init__(self, system: System, inquiry: Inquiry | None = None, options: Options | None = None):
        super().__init__(system, inquiry)
        self.options = options = options or DEFAULT
        self._allowed = float("inf") if options.memory is None else options.memory
        self.pool = Pool(options.threads)
        self._judged = Grown((_FIRST_LOCALS, _FIRST_LOCALS), np.uint8)
        self.seen = States(fit(system.scope, self.tables.counts), self.pool, self._judged.array)
        self._workers: list[Worker] = []
        #: Steps and findings as they were when the last level was complete.
        self.whole: tuple[int, dict[int, Finding]] = (0, {})
        self._renew()

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        return self.seen.layout

    def blocks(self, depth: int) -> Iterator[Block]:
        return (block for blocks in self.seen.levels[depth] for block in blocks)

    @property
    def depth_reached(self) -> int:
        return len(self.seen.levels) - 1

    def new_pairs(self) -> e.Words:
        pairs = [NOTHING]
        for block in self.seen.take_pairs():
            a, b, *_ = self.layout.unpack(block)
            pairs.append(a << PAIR | b)
        return np.concatenate(pairs)

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

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        return backward.cannot_reach(self, goals)

    def representative(self, state: int) -> int:
        if not self.system.mirrored:
            return state
        words = (self.layout.state_of(self.system, key) for key in (state, self.system.mirror(state)))
        return self.layout.key_of(self.system, min(words, key=lambda pair: pair[::-1]))

    @property
    def fingerprint(self) -> str:
        """A hash of everything that must be the same where the search is resumed."""
        return "mirrored-" * self.system.mirrored + self.system.shared.fingerprint

    def resume(self, layout: Layout, levels: Iterable[Block], tick: Callable[[], None]) -> None:
        """Continue from these levels of a saved search; the system has been given its indices before."""
        self.seen.restore(layout, levels)
        self.tables.reserve()
        self._workers = []
        self._renew()
        for level in self.seen.levels:
            for lo, hi in (block for blocks in level for block in blocks):
                a, b, *_ = self.layout.unpack((lo, hi))
                self._judged.array[a, b] = 1
        for level in self.seen.levels[:-1]:
            self._expand(level, tick, lambda _: False)  # fills the tables; the successors are known
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
        """Expand the last level; whether that gives another one."""
        self._expand(self.seen.levels[-1], tick, self._insert)
        return self.seen.end_level()

    def _expand(self, work: list[Blocks], tick: Callable[[], None], insert: Callable[[int], bool]) -> None:
        """Take every step out of these states, in as many passes as it takes until the tables hold all of them."""
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
        """Insert what all threads have found for one region; whether the hash set is too small for it."""
        done = [worker.insert(region, self.seen, self.model.layout) for worker in self._workers]
        return not all(done)

    def _renew(self) -> None:
        """Fit the arrays to the grown tables; where an index has outgrown its field, all keys are packed anew."""
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
            except AttributeError as error:
                raise _stale(error) from error
            finally:
                self.seconds = time.perf_counter() - started
                keep.at_the_end()

    def _search(self, tick: Callable[[], None], rest: Callable[[], None]) -> None:
        """Search level by level.  rest: is called between two levels, where the search is in a state to be saved."""
        enough, limit, judge = self.inquiry.enough, self.inquiry.limit, self.inquiry.judge
        while not enough(self.findings):
            more = self.level(tick)
            self.object(self.depth_reached - more)
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


def _stale(error: AttributeError) -> Exception:
    """What to say where numba cannot read its own cache.

    numba 0.68 unpickles the index of a cache before it looks whether the index is still of use, so one that another
    version of this package left behind raises instead of being made anew.
    """
    if not str(error).startswith("Can't get attribute"):
        return error
    kept = Path(__file__).with_name("__pycache__")
    return NoEngine(f"another version has left compiled code that numba cannot read: delete {kept}/kernel.*.nbi")


class _Keep:
    """Keeps the search in its file, if it has one."""

    def __init__(self, result: CompiledSearch, file: Path | None):
        self._result, self._file = result, file
        self._saved, self._cost = time.perf_counter(), 0.0

    def now_and_then(self, seconds: float) -> None:
        """Save if the last time is long ago, also when compared with the time that saving takes."""
        if time.perf_counter() - self._saved > max(_SAVE_EVERY, 20 * self._cost):
            self._result.seconds = seconds
            self.save()

    def at_the_end(self) -> None:
        """Save a search that was cut short; delete the file of one that is complete."""
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

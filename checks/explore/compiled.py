"""Breadth-first search by the kernel: level by level, in as many threads as wanted, with the results of search.py.

A level is one pass over its states, and another over those whose steps were not in the tables yet, until all of them
are.  What is found does not depend on the number of threads: of several states of one level, the least key counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import backward, checkpoint
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.engine import Options
from halfclose.checks.explore.layout import NOTHING, Block, Layout, fit
from halfclose.checks.explore.plain import Exploration, Finding, PairJudge, Progress
from halfclose.checks.explore.states import Blocks, OutOfMemory, Pool, States
from halfclose.checks.explore.system import System
from halfclose.checks.explore.tables import Grown, Tables
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


class Swept(Exploration):
    """What the kernel has found, and everything it needs to go on."""

    def __init__(self, system: System, options: Options):
        super().__init__(system)
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

    def path(self, state: int) -> list[int]:
        return backward.path(self, state)

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        return backward.cannot_reach(self, goals)

    def keys(self, block: Block) -> Iterator[int]:
        """The states of a block as the system writes them, the least first."""
        lo, hi = block
        for i in np.lexsort((lo, hi)) if hi.size else np.argsort(lo):
            yield self.layout.key_of(self.system, (int(lo[i]), int(hi[i]) if hi.size else 0))

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
        mirrored = self.system.mirrored
        wanted = np.array(sorted(pairs | set(map(_exchanged, pairs)) if mirrored else pairs), np.int64)
        key = next(self._select(lambda a, b: np.isin(a << _PAIR | b, wanted), self.seen.levels[-1]))
        a, b, *_ = self.system.fields(key)
        return key if a << _PAIR | b in pairs else self.system.mirror(key)

    def _select(self, which: Callable[[k.Words, k.Words], NDArray[np.bool_]], level: list[Blocks]) -> Iterator[int]:
        """The states of a level whose local states are such, the least first."""
        found = []
        for blocks in level:
            for lo, hi in blocks:
                a, b, *_ = self.layout.unpack((lo, hi))
                here = which(a, b)
                found.append((lo[here], hi[here] if hi.size else hi))
        return self.keys((np.concatenate([lo for lo, _ in found]), np.concatenate([hi for _, hi in found])))

    def object(self, level: list[Blocks]) -> None:
        """Find the least state of a level out of which a claim on steps objects to a step."""
        for move in self.tables.fired():
            objected = self.tables.objections[move]
            for prop in range(objected.properties.bit_length()):
                if objected.properties >> prop & 1 and prop not in self.findings:
                    self.findings[prop] = self._objection(prop, level)

    def _objection(self, prop: int, level: list[Blocks]) -> Finding:
        which = [self.tables.objections[move] for move in self.tables.fired()]
        locals_ = [np.array([o.local for o in which if o.side == side and o.properties >> prop & 1]) for side in (0, 1)]
        for key in self._select(lambda a, b: np.isin(a, locals_[0]) | np.isin(b, locals_[1]), level):
            for after, item in self.system.successors(key):
                if item.objection >> prop & 1:
                    return Finding(prop, key, item.action, after)
        raise AssertionError("the kernel took a move that the system does not know")


def _exchanged(pair: int) -> int:
    return pair >> _PAIR | (pair & _PAIR_MASK) << _PAIR


def explore(
    system: System,
    judge: PairJudge | None = None,
    enough: Callable[[dict[int, Finding]], bool] = lambda _: False,
    limit: int | None = None,
    progress: Progress | None = None,
    so_far: list[Exploration] | None = None,
    options: Options = DEFAULT,
) -> Swept:
    """As search.explore; `enough` is asked after every level."""
    started = time.perf_counter()
    result = Swept(system, options)
    if so_far is not None:
        so_far.append(result)

    keep = _Keep(result, options.file)
    with patient() as interrupted:

        def tick() -> None:
            interrupted()
            if progress is not None:
                progress(result.states, result.levels)

        if options.file is not None and options.file.exists():
            checkpoint.load(result, options.file, tick)
            started -= result.seconds
        else:
            result.begin(judge)
        try:
            _search(result, judge, enough, limit, tick, lambda: keep.now_and_then(time.perf_counter() - started))
        except OutOfMemory:
            result.stopped = "memory"
        finally:
            result.seconds = time.perf_counter() - started
            keep.at_the_end()
    return result


def _search(
    result: Swept,
    judge: PairJudge | None,
    enough: Callable[[dict[int, Finding]], bool],
    limit: int | None,
    tick: Callable[[], None],
    rest: Callable[[], None],
) -> None:
    """Level by level; between two of them the search may rest."""
    while not enough(result.findings):
        more = result.level(tick)
        result.object(result.seen.levels[-2 if more else -1])
        if not more:
            result.complete = True
            return
        if judge is not None:
            result.judge(judge)
        result.whole = result.steps, dict(result.findings)
        rest()
        if enough(result.findings) or (limit is not None and result.states >= limit):
            return
        result.levels += 1


class _Keep:
    """Keeps the search in its file, if it has one."""

    def __init__(self, result: Swept, file: Path | None):
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

"""Breadth-first search in plain Python: every reachable state of a scope once, level by level."""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Callable, Iterator

from halfclose.checks.explore.exploration import Exploration, Finding
from halfclose.checks.explore.options import Inquiry, Tell
from halfclose.checks.explore.system import A_MASK, B_MASK, PAIR_MASK, Item, Rank, System, bits

#: Report progress after so many expanded states.
_EVERY = 4096


class PlainSearch(Exploration):
    """The states seen so far, as a set and by level."""

    def __init__(self, system: System, inquiry: Inquiry | None = None):
        super().__init__(system)
        self.inquiry = inquiry or Inquiry()
        self._seen = {system.initial}
        self._by_level = [[system.initial]]
        self._judged: set[int] = set()

    @property
    def states(self) -> int:
        return len(self._seen)

    @property
    def bytes(self) -> int:
        """Of the states alone: without what the tables of their steps take."""
        lists = sum(map(sys.getsizeof, self._by_level))
        return sys.getsizeof(self._seen) + lists + sum(map(sys.getsizeof, self._seen))

    def by_level(self) -> Iterator[list[int]]:
        yield from self._by_level

    def taken(self) -> frozenset[str]:
        return self.system.taken()

    def depth(self, state: int) -> int:
        return next(depth for depth, level in enumerate(self._by_level) if state in level)

    def near(self, depth: int, state: int) -> Iterator[int]:
        return (key for key in self._by_level[depth] if not (key ^ state) & A_MASK or not (key ^ state) & B_MASK)

    # ---- the search ------------------------------------------------------------------------------------------

    def run(self, tell: Tell | None = None) -> None:
        started = time.perf_counter()
        try:
            self._run(tell or (lambda states, levels: None))
        finally:
            self.seconds = time.perf_counter() - started

    def _run(self, tell: Tell) -> None:
        level = _Level(self)
        level.judge(self.system.initial)
        level.end(self._by_level[0])
        while not self.inquiry.enough(self.findings):
            level = _Level(self)
            whole = self._expand(level, tell)
            level.end(level.reached)
            if not whole:
                return
            if not level.reached:
                self.complete = True
                return
            self.levels += 1
            if self.inquiry.limit is not None and self.states >= self.inquiry.limit:
                return

    def _expand(self, level: _Level, tell: Tell) -> bool:
        """Take every step out of the deepest level; False where the findings were enough before that."""
        seen, reached, at_once = self._seen, level.reached, self.inquiry.at_once
        frontier = self._by_level[-1]
        self._by_level.append(reached)
        try:
            for number, key in enumerate(frontier, 1):
                if not number % _EVERY:
                    tell(self.states, self.levels)
                for successor, item in self.system.successors(key):
                    self.steps += 1
                    if item.objection:
                        level.object(key, item, successor)
                    if successor not in seen:
                        seen.add(successor)
                        reached.append(successor)
                        level.judge(successor)
                if at_once and self.findings and self.inquiry.enough(self.findings):
                    return False
        finally:
            if not reached:
                self._by_level.pop()
        return True

    def judge_pair(self, key: int) -> tuple[int, ...]:
        """What this pair of local states settles that was open before; each pair is judged once."""
        pair = key & PAIR_MASK
        if self.inquiry.judge is None or pair in self._judged:
            return ()
        self._judged.add(pair)
        return self.inquiry.judge(key)

    # ---- backwards -------------------------------------------------------------------------------------------

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        """See Exploration."""
        order = {key: number for number, key in enumerate(key for level in self._by_level for key in level)}
        verdicts: dict[int, bool] = {}
        sources, targets = array("q"), array("q")
        hopeful = bytearray(len(order))
        waiting: list[int] = []
        for key, number in order.items():
            pair = key & PAIR_MASK
            if pair not in verdicts:
                verdicts[pair] = goals(key)
            if verdicts[pair]:
                hopeful[number] = 1
                waiting.append(number)
            for successor, _ in self.system.successors(key):
                sources.append(number)
                targets.append(order[successor])
        _spread(sources, targets, hopeful, waiting)
        for level in self._by_level:
            yield from sorted((key for key in level if not hopeful[order[key]]), key=self.system.content)


class _Level:
    """What is found while one level is expanded: of several findings of a property, the least counts."""

    def __init__(self, search: PlainSearch):
        self.search, self.system = search, search.system
        self.reached: list[int] = []
        self._before = frozenset(search.findings)
        self._pairs: dict[int, set[int]] = {}
        self._steps: dict[int, Rank] = {}

    def judge(self, key: int) -> None:
        """Judge a new state."""
        for prop in self.search.judge_pair(key):
            if prop not in self._before:
                self._pairs.setdefault(prop, set()).add(key & PAIR_MASK)
                self.search.findings.setdefault(prop, Finding(prop, key))

    def object(self, key: int, item: Item, successor: int) -> None:
        """An objection is a bit mask of the properties of steps that this step violates."""
        new = [prop for prop in bits(item.objection) if prop not in self._before]
        if new:
            rank = self.system.rank(key, item.action)
            for prop in new:
                if prop not in self._steps or rank < self._steps[prop]:
                    self._steps[prop] = rank
                    self.search.findings[prop] = Finding(prop, key, item.action, successor)

    def end(self, level: list[int]) -> None:
        """All states of the level are known: name the least of those that settle a property."""
        for prop, pairs in self._pairs.items():
            settling = (key for key in level if key & PAIR_MASK in pairs)
            self.search.findings[prop] = Finding(prop, min(settling, key=self.system.content))


def _spread(sources: array[int], targets: array[int], hopeful: bytearray, waiting: list[int]) -> None:
    """Mark every state that can reach a marked one, over the edges backwards (in compressed rows)."""
    count = len(hopeful)
    first = array("q", bytes(8 * (count + 1)))
    for target in targets:
        first[target + 1] += 1
    for i in range(count):
        first[i + 1] += first[i]
    place = array("q", first)
    before = array("q", bytes(8 * len(targets)))
    for source, target in zip(sources, targets, strict=True):
        before[place[target]] = source
        place[target] += 1
    while waiting:
        number = waiting.pop()
        for source in before[first[number] : first[number + 1]]:
            if not hopeful[source]:
                hopeful[source] = 1
                waiting.append(source)

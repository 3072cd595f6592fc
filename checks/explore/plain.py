"""Breadth-first search over a whole scope: every reachable state once, so that a counterexample is a shortest one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from halfclose.checks.explore.system import PAIR_MASK, Action, System

#: Judges a pair of local states: the numbers of the properties that it settles (a violation, or a witness).
PairJudge = Callable[[int], tuple[int, ...]]
Progress = Callable[[int, int], None]

#: Report progress after so many expanded states.
_EVERY = 4096


@dataclass(frozen=True)
class Finding:
    """Where a property was settled: the state, and the step out of it where the property is one of steps."""

    prop: int
    state: int
    action: Action | None = None
    reached: int | None = None


@dataclass
class Exploration(ABC):
    """What a search found.  complete: nothing is left; levels: the depth of the deepest state; stopped: why it ended
    before, where it was not its caller's wish."""

    system: System
    findings: dict[int, Finding] = field(default_factory=dict)
    levels: int = 0
    steps: int = 0
    seconds: float = 0.0
    complete: bool = False
    stopped: str = ""

    @property
    @abstractmethod
    def states(self) -> int:
        """How many were seen."""

    @property
    def memory(self) -> int | None:
        """Bytes that it takes, where that is known."""
        return None

    def keep(self, file: Path | None) -> Path | None:
        """Keep the search in a file, if it can go on from one: in this one, or one named after its scope."""
        return None

    @abstractmethod
    def path(self, state: int) -> list[int]:
        """The states from the first to this one; no way is shorter."""

    @abstractmethod
    def taken(self) -> frozenset[str]:
        """The names of the edges that some explored state can take."""

    @abstractmethod
    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        """States from which no goal can be reached any more, nearest to the start first.

        goals judges a state by its pair of local states alone.  The search must be complete.
        """


@dataclass
class Recorded(Exploration):
    """A search that kept the predecessor of every state; they stand in the order in which they were found."""

    parents: dict[int, int] = field(default_factory=dict)

    @property
    def states(self) -> int:
        return len(self.parents)

    def path(self, state: int) -> list[int]:
        keys = [state]
        while (parent := self.parents[keys[-1]]) >= 0:
            keys.append(parent)
        return keys[::-1]

    def taken(self) -> frozenset[str]:
        return self.system.taken()

    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        return cannot_reach(self, goals)


def explore(
    system: System,
    judge: PairJudge | None = None,
    enough: Callable[[dict[int, Finding]], bool] = lambda _: False,
    limit: int | None = None,
    progress: Progress | None = None,
    so_far: list[Exploration] | None = None,
) -> Recorded:
    """Explore until everything is covered, `enough` findings were made, or `limit` states were seen.

    so_far receives the exploration at once, so that whoever interrupts it can say what was covered.
    """
    started = time.perf_counter()
    result = Recorded(system, parents={system.initial: -1})
    if so_far is not None:
        so_far.append(result)
    judged: set[int] = set()
    frontier = [system.initial]
    _judge_pair(result, judged, judge, system.initial)
    expanded = 0
    while frontier and not enough(result.findings):
        reached: list[int] = []
        for key in frontier:
            expanded += 1
            if progress is not None and expanded % _EVERY == 0:
                progress(result.states, result.levels)
            _expand(result, judged, judge, key, reached)
            if result.findings and enough(result.findings):
                result.seconds = time.perf_counter() - started
                return result
        if limit is not None and result.states >= limit:
            break
        frontier = reached
        result.levels += bool(reached)
    else:
        result.complete = not frontier
    result.seconds = time.perf_counter() - started
    return result


def _expand(result: Recorded, judged: set[int], judge: PairJudge | None, key: int, reached: list[int]) -> None:
    parents = result.parents
    for successor, item in result.system.successors(key):
        result.steps += 1
        if item.objection:
            _object(result, key, successor, item.objection, item.action)
        if successor in parents:
            continue
        parents[successor] = key
        reached.append(successor)
        if judge is not None and (successor & PAIR_MASK) not in judged:
            _judge_pair(result, judged, judge, successor)


def _judge_pair(result: Exploration, judged: set[int], judge: PairJudge | None, key: int) -> None:
    if judge is None:
        return
    judged.add(key & PAIR_MASK)
    for prop in judge(key):
        result.findings.setdefault(prop, Finding(prop, key))


def _object(result: Exploration, key: int, successor: int, objection: int, action: Action) -> None:
    """An objection is a bit mask of the properties of steps that this step violates."""
    for prop in range(objection.bit_length()):
        if objection >> prop & 1:
            result.findings.setdefault(prop, Finding(prop, key, action, successor))


def cannot_reach(result: Recorded, goals: Callable[[int], bool]) -> Iterator[int]:
    """See Exploration."""
    system, order = result.system, {key: i for i, key in enumerate(result.parents)}
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
        for successor, _ in system.successors(key):
            sources.append(number)
            targets.append(order[successor])
    _spread(sources, targets, hopeful, waiting)
    return (key for key, number in order.items() if not hopeful[number])


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

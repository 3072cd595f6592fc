"""The three comparisons of the reference with the specification, as tasks that run in several processes.

A task consists of names alone (its scope, seed or profile, and the fault that is seeded), so that it can be sent to a
process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from halfclose.checks.refine import explore, vectors
from halfclose.checks.refine.faults import FAULTS, fault
from halfclose.checks.refine.scopes import REFINED
from halfclose.checks.refine.seeding import seeded
from halfclose.checks.refine.story import why
from halfclose.checks.work.processes import ignore_interrupt, stop
from halfclose.spec.language.edge import Event
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.tcp.graph import tcp

#: What is tried in turn until a seeded fault is caught.  The exploration: scopes, first the cheap ones without forged
#: segments and untimely calls, then all of them with those.  The search: seeds.  The vectors: profiles.
_CHEAP = ("narrow", "half-close", "simultaneous", "full-close", "held", "again")
_EXPLORED_FOR_FAULTS = (*((name, False) for name in _CHEAP), *((name, True) for name in REFINED))
_SEEDS_FOR_FAULTS = 8
_REPLAYED_FOR_FAULTS = ("reference", "rfc5961", "linux")


class Method(Enum):
    """How the code is compared with the specification."""

    EXPLORE = "exploration"
    SEARCH = "search"
    REPLAY = "vectors"


@dataclass(frozen=True)
class Length:
    """How many connections a search tries, of how many steps each."""

    examples: int = 400
    steps: int = 50


@dataclass(frozen=True)
class Task:
    """One piece of work.

    name: the scope to explore, the seed to search from, or the profile whose vectors are replayed; with "" they are
    tried in turn until the fault is caught.
    """

    method: Method
    name: str
    fault: str = ""
    length: Length = Length()


@dataclass(frozen=True)
class Outcome:
    """The result of a task.

    states, transitions: of the joint exploration.  judged: how many steps of the code were judged.  passed: how many
    vectors passed.  edges: names of the edges that were exercised.  freedoms: kinds of steps that only a freedom
    allows.  where: the scope, search or vector that found a divergence.  diagram: of the divergence; empty where there
    is none.
    """

    task: Task
    seconds: float
    judged: int = 0
    states: int = 0
    transitions: int = 0
    passed: int = 0
    edges: frozenset[str] = frozenset()
    freedoms: int = 0
    where: str = ""
    diagram: str = ""
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        task = asdict(self.task) | {"method": self.task.method.value}
        own = {name: value for name, value in vars(self).items() if name not in ("task", "edges")}
        return task | own | {"seconds": round(self.seconds, 3), "edges": sorted(self.edges)}


def everything(
    scopes: Sequence[str], seeds: Sequence[int], length: Length, methods: Sequence[Method] = tuple(Method)
) -> list[Task]:
    """The whole comparison by these methods, the longest tasks first."""
    explored = [Task(Method.EXPLORE, name) for name in reversed(scopes)]
    searched = [Task(Method.SEARCH, str(seed), length=length) for seed in seeds]
    tasks = [*explored, *searched, *(Task(Method.REPLAY, name) for name in PROFILES)]
    return [task for task in tasks if task.method in methods]


def trials(names: Sequence[str], length: Length, methods: Sequence[Method] = tuple(Method)) -> list[Task]:
    """Every fault, or these, by every method that can catch it."""
    chosen = [fault(name) for name in names] or FAULTS
    pairs = [(one, method) for one in chosen for method in methods if one.why_not(method.value) is None]
    return [Task(method, "", one.name, length) for one, method in pairs]


def perform(task: Task) -> Outcome:
    """Carry out one task."""
    started = time.perf_counter()
    with seeded(fault(task.fault)) if task.fault else nullcontext():
        outcome = _PERFORM[task.method](task)
    return Outcome(**(vars(outcome) | {"seconds": time.perf_counter() - started}))


def _explore(task: Task) -> Outcome:
    found = None
    for name, attacked in ((task.name, True),) if task.name else _EXPLORED_FOR_FAULTS:
        found = explore.run(name, attacked)
        if found.divergence is not None:
            break
    assert found is not None
    diagram, wrong = "", found.divergence
    if wrong is not None:
        diagram = "\n".join((wrong.trace.diagram(), *why(wrong.reason)))
    return Outcome(
        task,
        0.0,
        judged=found.judged,
        states=found.states,
        transitions=found.steps,
        edges=found.edges,
        freedoms=found.freedoms,
        where=found.name if diagram else "",
        diagram=diagram,
        complete=found.complete,
    )


def _search(task: Task) -> Outcome:
    from halfclose.checks.refine import stateful  # Hypothesis need not be there for every command

    judged, edges = 0, frozenset[str]()
    for number in (int(task.name),) if task.name else range(_SEEDS_FOR_FAULTS):
        found = stateful.search(task.length.examples, task.length.steps, number)
        judged, edges = judged + found.judged, edges | found.edges
        if found.diagram:
            return Outcome(task, 0.0, judged, edges=edges, where=f"{judged:,} steps", diagram=found.diagram)
    return Outcome(task, 0.0, judged, edges=edges)


def _replay(task: Task) -> Outcome:
    passed = 0
    for profile in (task.name,) if task.name else _REPLAYED_FOR_FAULTS:
        found = vectors.replay(profile)
        passed += found.passed
        if found.failed is not None:
            return Outcome(task, 0.0, passed=passed, where=f"{profile}: {found.failed.id}", diagram=found.diagram)
    return Outcome(task, 0.0, passed=passed)


_PERFORM: dict[Method, Callable[[Task], Outcome]] = {
    Method.EXPLORE: _explore,
    Method.SEARCH: _search,
    Method.REPLAY: _replay,
}


#: STATUS changes nothing and sends nothing; a crash is the host's.
_NOT_CODE = (Event.STATUS, Event.CRASH)


def run(tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    """Carry out all tasks; outcomes come as they are ready.  Closing the iterator ends the processes."""
    with ProcessPoolExecutor(jobs, initializer=ignore_interrupt) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(perform, task) for task in tasks}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            stop(pool)
            raise


def possible_edges(scopes: Sequence[str]) -> frozenset[str]:
    """Names of the edges that the profiles of these scopes have, without those that are no step of the code."""
    graphs = (tcp(REFINED[name].profile) for name in scopes)
    return frozenset(edge.name for graph in graphs for edge in graph.edges if edge.event not in _NOT_CODE)

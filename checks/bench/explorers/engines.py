"""The engines side by side: each explores one scope to its end, under the same bound on memory."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from halfclose.checks.bench.explorers.scopes import SERIES, Course
from halfclose.checks.explore.engine import explore
from halfclose.checks.explore.options import Engine, Inquiry, Options, Tell
from halfclose.checks.explore.system import System
from halfclose.checks.export import run
from halfclose.checks.export.model import Model
from halfclose.checks.export.run import Unfinished
from halfclose.spec.tcp.graph import tcp

#: The most memory that the search with NumPy needs for a state, in octets.
_PYTHON_STATE = 200
#: Slots of Spin's hash table where the number of states is not known in advance.
_SPIN_SLOTS = 1 << 24


@dataclass(frozen=True)
class Lane:
    """An engine with a number of threads."""

    engine: str
    threads: int = 1


@dataclass(frozen=True)
class Measured:
    """A scope explored to its end: the states, the seconds, and the bytes that they took in memory."""

    lane: Lane
    states: int
    seconds: float
    bytes: int

    @property
    def rate(self) -> float:
        """States a second."""
        return self.states / self.seconds


LANES = (Lane("python"), Lane("numba", 1), Lane("numba", 2), Lane("spin"), Lane("tlc"))
ENGINES = tuple(dict.fromkeys(lane.engine for lane in LANES))


def needs(engine: str) -> str:
    """What this engine lacks here; empty where it can run."""
    match engine:
        case "numba":
            return "" if find_spec("numba") else "needs numba (pip install 'halfclose[fast]')"
        case "spin":
            return run.spin_needs()
        case "tlc":
            return run.tlc_needs()
    return ""


def warm(threads: int) -> None:
    """Compile the search kernel, or load it from the cache, before anything is timed."""
    scope = SERIES[2].scope
    explore(System(scope, tcp(scope.profile)), engine=Engine.NUMBA, options=Options(threads))


def measure(lane: Lane, course: Course, memory: int, progress: Tell) -> Measured:
    """Explore the scope in this lane; raises Unfinished where the memory does not suffice."""
    if lane.engine == "python":
        return _python(lane, course, memory, progress)
    if lane.engine == "numba":
        return _numba(lane, course, memory, progress)
    return _peer(lane, course, memory)


def _python(lane: Lane, course: Course, memory: int, progress: Tell) -> Measured:
    """The memory is that of the states alone."""
    inquiry = Inquiry(limit=memory // _PYTHON_STATE)
    found = explore(_system(course), inquiry, Engine.PYTHON, tell=progress)
    if not found.complete:
        raise Unfinished("came to the bound on memory")
    return Measured(lane, found.states, found.seconds, found.memory or 0)


def _numba(lane: Lane, course: Course, memory: int, progress: Tell) -> Measured:
    """The tables are part of the seconds and of the memory."""
    options = Options(lane.threads, memory)
    found = explore(_system(course), engine=Engine.NUMBA, options=options, tell=progress)
    if not found.complete:
        raise Unfinished("came to the bound on memory")
    return Measured(lane, found.states, found.seconds, found.memory or 0)


def _peer(lane: Lane, course: Course, memory: int) -> Measured:
    """Spin or TLC in a process of its own; seconds and memory are those of that process."""
    model = Model(course.scope, tcp(course.scope.profile))
    with tempfile.TemporaryDirectory(prefix="halfclose-") as folder:
        if lane.engine == "spin":
            slots = course.states or _SPIN_SLOTS
            result = run.spin(model, Path(folder), run.FASTEST, 1 << slots.bit_length(), memory)
        else:
            result = run.tlc(model, Path(folder), run.LONG, memory)
    return Measured(lane, result.states, result.seconds, result.bytes)


def _system(course: Course) -> System:
    return System(course.scope, tcp(course.scope.profile))

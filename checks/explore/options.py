"""What a search looks for, by which engine, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from halfclose.checks.explore.exploration import Finding

#: Judges the pair of local states of a state's key: the numbers of the properties that it settles, by violating them or
#: as a witness.
PairJudge = Callable[[int], tuple[int, ...]]
#: Is called now and then with the number of states seen and the depth of the search.
Tell = Callable[[int, int], None]


class Engine(Enum):
    """The searches: PYTHON by NumPy (vector.py), NUMBA compiled (compiled.py); AUTO takes NUMBA if it is installed."""

    AUTO = "auto"
    PYTHON = "python"
    NUMBA = "numba"


class NoEngine(RuntimeError):
    """The compiled search is asked for and numba is not installed; the message says how to get it."""


class BadCheckpoint(ValueError):
    """A search cannot be resumed from this file, or saved in it; the message says why."""


def _never(_: dict[int, Finding]) -> bool:
    return False


@dataclass(frozen=True)
class Inquiry:
    """What is looked for, and when the search may end before it has seen every state.

    judge: is called for every pair of local states, when it occurs first.  enough: is called after every level with the
    findings; the search ends if it returns True.  limit: no level is begun once so many states were seen.
    """

    judge: PairJudge | None = None
    enough: Callable[[dict[int, Finding]], bool] = _never
    limit: int | None = None


@dataclass(frozen=True)
class Options:
    """What only the compiled search can do.

    threads: their number.  memory: the most bytes that it may take; None without bound.  file: the search is resumed
    from it if it exists, and saved in it now and then and when it stops early.
    """

    threads: int = 1
    memory: int | None = None
    file: Path | None = None

"""What a search is asked for, and by which engine it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from halfclose.checks.explore.exploration import Finding

#: Judges a pair of local states: the numbers of the properties that it settles (a violation, or a witness).
PairJudge = Callable[[int], tuple[int, ...]]
#: Is told, now and then, how many states were seen and how deep the search is.
Tell = Callable[[int, int], None]


class Engine(Enum):
    """The searches there are."""

    AUTO = "auto"
    PYTHON = "python"
    NUMBA = "numba"


class NoEngine(RuntimeError):
    """What is wanted needs numba, and it is not installed."""


class BadCheckpoint(ValueError):
    """A search cannot be resumed from this file, or kept in it; the message says why."""


def _never(_: dict[int, Finding]) -> bool:
    return False


@dataclass(frozen=True)
class Inquiry:
    """What is looked for, and when the search may end before everything is covered.

    judge: is asked about every pair of local states.  enough: is asked after every level whether these findings
    suffice.  limit: no level is begun once so many states were seen.
    """

    judge: PairJudge | None = None
    enough: Callable[[dict[int, Finding]], bool] = _never
    limit: int | None = None


@dataclass(frozen=True)
class Options:
    """What only the compiled search can do.

    threads: how many work.  memory: bytes that are allowed, None without bound.  file: where the search goes on if the
    file exists, and is kept when it stops early, and now and then before.
    """

    threads: int = 1
    memory: int | None = None
    file: Path | None = None

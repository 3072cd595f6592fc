"""Which search explores: the kernel where numba is installed, plain Python otherwise; their results are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from halfclose.checks.explore import plain as search
from halfclose.checks.explore.plain import Exploration, Finding, PairJudge, Progress
from halfclose.checks.explore.system import System


class Engine(Enum):
    """The searches there are."""

    AUTO = "auto"
    PYTHON = "python"
    NUMBA = "numba"


class NoEngine(RuntimeError):
    """What is wanted needs numba, and it is not installed."""


class BadCheckpoint(ValueError):
    """A search cannot be resumed from this file, or kept in it; the message says why."""


@dataclass(frozen=True)
class Options:
    """What only the kernel can do.

    threads: how many work.  memory: bytes that are allowed, None without bound.  file: where the search goes on if the
    file exists, and is kept when it stops early, and now and then before.
    """

    threads: int = 1
    memory: int | None = None
    file: Path | None = None


def explore(
    system: System,
    judge: PairJudge | None = None,
    enough: Callable[[dict[int, Finding]], bool] = lambda _: False,
    limit: int | None = None,
    progress: Progress | None = None,
    so_far: list[Exploration] | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
) -> Exploration:
    """As search.explore, by this engine."""
    if not fast(engine):
        return search.explore(system, judge, enough, limit, progress, so_far)
    from halfclose.checks.explore import compiled as kernel

    return kernel.explore(system, judge, enough, limit, progress, so_far, options or Options())


def fast(engine: Engine) -> bool:
    """Whether the kernel does it; raises NoEngine where it should and cannot."""
    present = find_spec("numba") is not None
    if engine is Engine.NUMBA and not present:
        raise NoEngine("numba is not installed: pip install 'halfclose[fast]'")
    return present and engine is not Engine.PYTHON

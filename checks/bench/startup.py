"""How long the command line takes to print its help, beside an empty Typer application and Python alone.

The processor of a busy machine is now fast and now slow, so a time by itself says little: the programs run in turns,
and what counts is how many times the peer's time a program takes in the same turn.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

#: As little as an application with commands can be.
_PEER = """
import typer
app = typer.Typer()
@app.command()
def one() -> None:
    "One command."
@app.command()
def two() -> None:
    "Another."
app()
"""
PEER = "an empty typer application --help"
#: By name, the arguments of Python.
PROGRAMS: dict[str, tuple[str, ...]] = {
    "halfclose --help": ("-c", "from halfclose.checks.cli.app import main; main()", "--help"),
    PEER: ("-c", _PEER, "--help"),
    "python alone": ("-c", "pass"),
}


@dataclass(frozen=True)
class Figure:
    """A program's time. seconds: the median of its runs.  times_peer: the median of the ratios to the peer's run."""

    program: str
    seconds: float
    times_peer: float


def measure(runs: int, progress: Callable[[], None] = lambda: None) -> list[Figure]:
    """Start every program this many times, in turns, after one start each that fills the file cache.

    progress: called after each turn.  Raises CalledProcessError where a program fails.
    """
    turns = []
    _turn()
    for _ in range(runs):
        turns.append(_turn())
        progress()
    return [Figure(name, *_medians(name, turns)) for name in PROGRAMS]


def _medians(name: str, turns: Sequence[dict[str, float]]) -> tuple[float, float]:
    return median(turn[name] for turn in turns), median(turn[name] / turn[PEER] for turn in turns)


def _turn() -> dict[str, float]:
    """One run of each program: its wall time in seconds."""
    return {name: _seconds(arguments) for name, arguments in PROGRAMS.items()}


def _seconds(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started

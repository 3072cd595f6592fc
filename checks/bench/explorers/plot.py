"""A plot of how the cost grows: states against seconds, one line for each engine."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from halfclose.checks.bench.explorers.engines import Lane, Measured


class NoPlot(RuntimeError):
    """No plot can be drawn, or its file cannot be written; the message says why."""


def plottable() -> None:
    """Raises NoPlot where matplotlib is missing."""
    if find_spec("matplotlib") is None:
        raise NoPlot("--plot needs matplotlib: pip install 'halfclose[bench]'")


def plot(measured: Sequence[Measured], file: Path) -> None:
    """Draw every run into a file; its name says the format."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for lane in dict.fromkeys(one.lane for one in measured):
        points = sorted((one.states, one.seconds) for one in measured if one.lane == lane)
        axes.plot(*zip(*points, strict=True), marker="o", label=_label(lane))
    axes.set(xscale="log", yscale="log", xlabel="states", ylabel="seconds")
    axes.grid(alpha=0.3)
    axes.legend()
    try:
        figure.savefig(file)
    except OSError as error:
        raise NoPlot(f"cannot write {file}: {error.strerror}") from None
    except ValueError as error:
        raise NoPlot(f"cannot write {file}: {error}") from None


def _label(lane: Lane) -> str:
    return lane.engine + (f", {lane.threads} threads" if lane.threads > 1 else "")

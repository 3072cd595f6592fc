"""`halfclose bench startup`: the command line's start beside that of an empty Typer application."""

from __future__ import annotations

from typing import Annotated

import typer

from halfclose.checks.bench.startup import PROGRAMS, Figure, measure
from halfclose.checks.cli.progress import advancing
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import count, interrupted, show, table, write_json


def command(
    runs: Annotated[int, typer.Option(min=1, help="How often each program is started.")] = 20,
    json_file: Json = None,
) -> None:
    """Measure how long the command line takes to start.

    The programs run in turns; shown are the medians of their wall times, and of the ratios to the empty application's
    time in the same turn.
    """
    try:
        with advancing(f"starting {count(len(PROGRAMS), 'program')}", runs, lines=0) as advance:
            figures = measure(runs, lambda: advance())
    except KeyboardInterrupt:
        interrupted("nothing is reported of a measurement that did not come to its end")
    if str(json_file) != "-":
        _show(figures)
    write_json({"runs": runs, "figures": [vars(figure) for figure in figures]}, json_file)


def _show(figures: list[Figure]) -> None:
    numbers = ("ms", "times the empty application")
    made = table("program", *numbers, numbers=numbers)
    for figure in figures:
        made.add_row(figure.program, f"{figure.seconds * 1000:.0f}", f"{figure.times_peer:.2f}")
    show(made)

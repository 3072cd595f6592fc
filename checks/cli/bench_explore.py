"""`halfclose bench explore`: the searches with NumPy and numba, Spin and TLC on the same scopes in one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from halfclose.checks.bench.explorers.engines import ENGINES, LANES, Lane, Measured, measure, needs, warm
from halfclose.checks.bench.explorers.plot import NoPlot, plot, plottable
from halfclose.checks.bench.explorers.scopes import COURSES, SERIES, Course
from halfclose.checks.cli import targets
from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import tell, working
from halfclose.checks.cli.sizes import byte_count
from halfclose.checks.cli.terminal import FAILS, console, count, errors, interrupted, refuse, show, table, write_json
from halfclose.checks.export.run import Unfinished
from halfclose.spec.world.network import BadScope

#: A scope by its name, and one run in it.
Row = tuple[str, Measured]


class BadBench(ValueError):
    """What is asked for cannot be measured; the message says why, in one line."""


def command(
    context: typer.Context,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="A scope of `halfclose verify` or of the series, e.g. text-2-1; may be repeated."),
    ] = None,
    engines: Annotated[
        list[str] | None,
        typer.Option("--engine", help=f"Only this engine: {' or '.join(ENGINES)}; may be repeated."),
    ] = None,
    most: Annotated[
        int, typer.Option(help="The largest number of states that a scope of the series may have.")
    ] = 5_000_000,
    patience: Annotated[
        float, typer.Option(help="An engine that took longer than this many seconds leaves the series.")
    ] = 60.0,
    memory: Annotated[
        str | None,
        typer.Option(help="How many bytes an engine may use, e.g. 8G; by default three quarters of the free memory."),
    ] = None,
    plot_file: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            callback=targets.file,
            help="Also draw seconds against states, e.g. into cost.svg (matplotlib).",
        ),
    ] = None,
    json_file: targets.Json = None,
) -> None:
    """Measure every explorer on the same scopes.

    The explorers are the searches with NumPy and numba, Spin and TLC; without --scope, they explore a series
    of growing scopes. Shown are states, seconds, states a second and bytes a state. No property is judged. Compiling
    is not counted; seconds and bytes of Spin and TLC are those of their processes. Exit status 1: the engines disagree
    on the number of states.
    """
    if scopes:
        refuse_ignored(context, "with --scope", "most", "patience")
    refuse_unknown("scope", scopes or (), COURSES, "halfclose explain scopes")
    refuse_unknown("engine", engines or (), ENGINES, "halfclose bench explore --help")
    try:
        chosen, allowed = _courses(scopes, most), byte_count(memory)
        lanes = _lanes(engines)
        if plot_file is not None:
            plottable()
    except (BadBench, BadScope, NoPlot) as error:
        refuse(error)
    rows: list[Row] = []
    cut_short = False
    try:
        _race(chosen, lanes, math.inf if scopes else patience, allowed, rows)
    except KeyboardInterrupt:
        cut_short = True
    if str(json_file) != "-":
        _show(rows)
    write_json({"scopes": [_figures(name, runs) for name, runs in _by_scope(rows)]}, json_file)
    if plot_file is not None and rows:
        try:
            plot([run for _, run in rows], plot_file)
        except NoPlot as error:
            refuse(error)
    if cut_short:
        interrupted("what is shown was measured, the rest was not")
    if any(len({run.states for run in runs}) > 1 for _, runs in _by_scope(rows)):
        errors.print("halfclose: the engines disagree on the number of states", style="red")
        raise typer.Exit(FAILS)


def _courses(names: Sequence[str] | None, most: int) -> list[Course]:
    """The scopes with these names; without names the series, as far as it may go."""
    if names:
        return [COURSES[name] for name in names]
    least = SERIES[0].states or 0
    if most < least:
        raise BadBench(f"--most must be at least {least:,}, the states of the least scope of the series")
    return [course for course in SERIES if (course.states or 0) <= most]


def _lanes(names: Sequence[str] | None) -> list[Lane]:
    """The engines with these names that can run here; says how to get the others."""
    wanted = [engine for engine in ENGINES if engine in (names or ENGINES)]
    lacking = {engine: lack for engine in wanted if (lack := needs(engine))}
    for engine, lack in lacking.items():
        errors.print(f"halfclose: {engine} is left out: it {lack}", style="yellow", markup=False)
    if len(lacking) == len(wanted):
        raise BadBench("there is no engine to measure")
    return [lane for lane in LANES if lane.engine in wanted and lane.engine not in lacking]


def _race(courses: Iterable[Course], lanes: Sequence[Lane], patience: float, memory: int, rows: list[Row]) -> None:
    """Measure one lane after the other in every scope; rows receives what was measured at once."""
    slow: set[Lane] = set()
    with working("warming up") as update:
        for lane in lanes:
            if lane.engine == "numba":
                warm(lane.threads)
        for course in courses:
            for lane in (lane for lane in lanes if lane not in slow):
                what = f"{course.name}: {_title(lane)}"
                update(what)
                try:
                    run = measure(lane, course, memory, _progress(update, what))
                except Unfinished as error:
                    errors.print(f"halfclose: {what}: {error}", style="yellow", markup=False)
                    if patience < math.inf:
                        slow.add(lane)
                    continue
                rows.append((course.name, run))
                tell(f"{what}: {count(run.states, 'state')}, {run.seconds:.2f} s")
                if run.seconds > patience:
                    slow.add(lane)


def _progress(update: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    return lambda states, _: update(f"{what}, {states:,} states")


def _title(lane: Lane) -> str:
    return lane.engine + (f", {lane.threads} threads" if lane.threads > 1 else "")


def _by_scope(rows: Iterable[Row]) -> list[tuple[str, list[Measured]]]:
    """The runs of every scope, in the order in which they were made."""
    return [(name, [run for _, run in group]) for name, group in groupby(rows, lambda row: row[0])]


def _figures(name: str, runs: Sequence[Measured]) -> dict[str, Any]:
    engines = [
        {
            "engine": run.lane.engine,
            "threads": run.lane.threads,
            "seconds": round(run.seconds, 3),
            "states_per_s": round(run.rate),
            "bytes_per_state": round(run.bytes / run.states, 1),
        }
        for run in runs
    ]
    return {"scope": name, "states": runs[0].states, "engines": engines}


def _show(rows: Sequence[Row]) -> None:
    numbers = ("states", "threads", "s", "states/s", "bytes/state")
    made = table("scope", "states", "engine", "threads", "s", "states/s", "bytes/state", numbers=numbers)
    for name, runs in _by_scope(rows):
        for i, run in enumerate(runs):
            odd = run.states != runs[0].states
            states = f"[red]{run.states:,}[/]" if odd else "" if i else f"{run.states:,}"
            figures = (f"{run.seconds:.2f}", f"{run.rate:,.0f}", f"{run.bytes / run.states:.0f}")
            made.add_row("" if i else name, states, run.lane.engine, str(run.lane.threads), *figures)
        made.add_section()
    show(made)
    for name, runs in _by_scope(rows):
        _compare(name, runs)


def _compare(name: str, runs: Iterable[Measured]) -> None:
    """How many times the states a second that a core explores for the peers it explores in the kernel."""
    best: dict[str, float] = {}
    for run in runs:
        best[run.lane.engine] = max(best.get(run.lane.engine, 0.0), run.rate / run.lane.threads)
    if peers := [peer for peer in ("spin", "tlc") if {peer, "numba"} <= best.keys()]:
        ratios = ", ".join(f"{best['numba'] / best[peer]:,.1f} times {peer}" for peer in peers)
        console.print(f"{name}: states/s per core, the kernel over its peers: {ratios}")

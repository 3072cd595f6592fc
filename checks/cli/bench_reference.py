"""`halfclose bench reference`: the executable reference beside its peers in one run, on one core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.table import Table

from halfclose.checks.bench.reference.run import Figure, Group, Sizes, cases, measure
from halfclose.checks.cli.terminal import INTERRUPTED, console, errors, refuse, write_json

_LESS_IS_BETTER = ("octets",)
_MOST_IDLE = 16_000  # a stack has little more dynamic ports towards one listener


def command(
    groups: Annotated[
        list[str] | None, typer.Option("--only", help=f"Only {' or '.join(Group)}; may be repeated.")
    ] = None,
    megabytes: Annotated[int, typer.Option(help="How much text is moved in a run, in 10^6 octets.")] = 20,
    idle: Annotated[int, typer.Option(help="How many connections are idle where some are.")] = 10_000,
    runs: Annotated[int, typer.Option(help="How often a speed is measured; the fastest run counts.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here; '-': stdout.")] = None,
) -> None:
    """Segments a second, MB/s over a link and memory of idle connections: the reference, PyTCP and the kernel.

    Every figure comes from a process of its own, bound to one core; links are in network namespaces. A peer that is
    missing is left out. Over a link PyTCP waits for its timer, whatever the core could do: it sends a segment a
    millisecond, and acknowledges ten times a second.
    """
    if unknown := set(groups or ()) - set(Group):
        refuse(f"unknown group {min(unknown)!r}; known are {', '.join(Group)}")
    for name, number, most in (("megabytes", megabytes, 1000), ("idle", idle, _MOST_IDLE), ("runs", runs, 100)):
        if not 1 <= number <= most:
            refuse(f"--{name} must be from 1 to {most:,}")
    figures: list[Figure] = []
    interrupted = False
    chosen = [case for case in cases() if case.group in (groups or Group)]
    with Status("measuring", console=errors) as status:
        try:
            figures.extend(measure(chosen, Sizes(megabytes, idle, runs), status.update))
        except KeyboardInterrupt:
            interrupted = True
    for figure in figures:
        if figure.value is None:
            left_out = f"halfclose: {figure.case.what}: {figure.case.stack} is left out: it {figure.why}"
            errors.print(left_out, style="yellow", markup=False)
    if str(json_file) != "-":
        _show(figures)
    write_json({"figures": [_entry(figure, figures) for figure in figures]}, json_file)
    if interrupted:
        errors.print("halfclose: interrupted; what is shown was measured, the rest was not", style="yellow")
        raise typer.Exit(INTERRUPTED)


def _show(figures: Sequence[Figure]) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("what", "stack", "figure", "unit", "reference better, times"):
        table.add_column(name, justify="right" if name in ("figure", "reference better, times") else "left")
    what = ""
    for figure in figures:
        if figure.value is None:
            continue
        better = _better(figure, figures)
        ratio = "" if better is None or figure.case.stack == "reference" else f"{better:.3g}"
        title, what = "" if figure.case.what == what else figure.case.what, figure.case.what
        table.add_row(title, figure.case.stack, f"{_digits(figure.value)}", figure.case.unit, ratio)
    console.print(table)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _better(figure: Figure, figures: Sequence[Figure]) -> float | None:
    """How many times better the reference is at the same thing: faster, or smaller."""
    same = (one.value for one in figures if one.case.what == figure.case.what and one.case.stack == "reference")
    own = next(same, None)
    if own is None or figure.value is None:
        return None
    return figure.value / own if figure.case.unit in _LESS_IS_BETTER else own / figure.value


def _entry(figure: Figure, figures: Sequence[Figure]) -> dict[str, Any]:
    better = _better(figure, figures)
    return {
        "group": str(figure.case.group),
        "what": figure.case.what,
        "stack": figure.case.stack,
        "value": None if figure.value is None else round(figure.value, 3),
        "unit": figure.case.unit,
        "reference_better_times": None if better is None else round(better, 3),
        "left_out": figure.why or None,
    }

"""`halfclose bench reference`: the executable reference beside its peers in one run, on one core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from halfclose.checks.bench.reference.run import Figure, Group, Sizes, cases, measure
from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import tell, working
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import errors, interrupted, refuse, show, table, write_json

_LESS_IS_BETTER = ("octets",)
_MOST_IDLE = 16_000  # a stack has little more dynamic ports towards one listener


def command(
    context: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Option("--only", help=f"Only this group: {' or '.join(Group)}; may be repeated.")
    ] = None,
    megabytes: Annotated[int, typer.Option(help="How much text each run moves, in 10^6 octets.")] = 20,
    idle: Annotated[int, typer.Option(help="How many connections are idle, where idle connections are measured.")] = (
        10_000
    ),
    runs: Annotated[int, typer.Option(help="How often each speed is measured; the fastest run counts.")] = 3,
    json_file: Json = None,
) -> None:
    """Measure the reference, PyTCP and the kernel.

    Segments a second (core), MB/s over a link (link), and the memory of idle connections (memory). Every figure comes
    from a process of its own, bound to one core; links are in network namespaces. A peer that is not installed is left
    out. Over a link PyTCP waits for its timer, however fast the processor: it sends one segment a millisecond, and
    acknowledges ten times a second.
    """
    refuse_unknown("group", groups or (), tuple(Group), "halfclose bench reference --help")
    if groups and set(groups) == {Group.MEMORY}:
        refuse_ignored(context, "with --only memory", "megabytes", "runs")
    if groups and set(groups) == {Group.LINK}:
        refuse_ignored(context, "with --only link", "idle")
    for name, number, most in (("megabytes", megabytes, 1000), ("idle", idle, _MOST_IDLE), ("runs", runs, 100)):
        if not 1 <= number <= most:
            refuse(f"--{name} must be from 1 to {most:,}")
    figures: list[Figure] = []
    cut_short = False
    chosen = [case for case in cases() if case.group in (groups or Group)]
    with working("measuring") as update:
        try:
            for figure in measure(chosen, Sizes(megabytes, idle, runs), update):
                figures.append(figure)
                if figure.value is not None:
                    what = f"{figure.case.what}: {figure.case.stack}"
                    tell(f"{what}: {_digits(figure.value)} {figure.case.unit}")
        except KeyboardInterrupt:
            cut_short = True
    for figure in figures:
        if figure.value is None:
            left_out = f"halfclose: {figure.case.what}: {figure.case.stack} is left out: it {figure.why}"
            errors.print(left_out, style="yellow", markup=False)
    if str(json_file) != "-":
        _show(figures)
    write_json({"figures": [_entry(figure, figures) for figure in figures]}, json_file)
    if cut_short:
        interrupted("what is shown was measured, the rest was not")


def _show(figures: Sequence[Figure]) -> None:
    better_times = "reference better, times"
    made = table("what", "stack", "figure", "unit", better_times, numbers=("figure", better_times))
    what = ""
    for figure in figures:
        if figure.value is None:
            continue
        better = _better(figure, figures)
        ratio = "" if better is None or figure.case.stack == "reference" else f"{better:.3g}"
        title, what = "" if figure.case.what == what else figure.case.what, figure.case.what
        made.add_row(title, figure.case.stack, _digits(figure.value), figure.case.unit, ratio)
    show(made)


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

"""`halfclose refine`: compare the reference with the specification, step by step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.refine.faults import FAULTS, UnknownFault
from halfclose.checks.refine.run import Length, Method, Outcome, Task, everything, possible_edges, run, trials
from halfclose.checks.refine.scopes import REFINED
from halfclose.spec.language.profile import PROFILES

_METHODS = tuple(Method)
_USUAL = Length()
_SCOPES = ", ".join(REFINED)


def command(
    scopes: Annotated[list[str] | None, typer.Argument(help=f"Scopes to explore, all by default: {_SCOPES}.")] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Seed every fault; each method must catch it.")] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help="Seed this fault only, and draw how it is caught; may be repeated.")
    ] = None,
    examples: Annotated[int, typer.Option(min=1, help="Connections that a search tries.")] = _USUAL.examples,
    steps: Annotated[int, typer.Option(min=1, help="The most that happens to each of them.")] = _USUAL.steps,
    by: Annotated[list[Method] | None, typer.Option(help="Compare by this method only; may be repeated.")] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Searches, each from a seed of its own.")] = 2,
    edges: Annotated[bool, typer.Option("--edges", help="List the edges that the code never exercised.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report here; '-' is stdout.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are processors.")] = None,
) -> None:
    """Compare the reference with the model: explored exhaustively, searched at 32 bits, replayed against every vector.

    Exit status 0: every step of the code is one that the specification allows (with faults: each is caught); 1: not so;
    2: wrong use.
    """
    try:
        chosen = _chosen(scopes or [])
        tried = faults or bool(fault)
        methods, length = by or list(Method), Length(examples, steps)
        tasks = trials(fault or [], length, methods) if tried else everything(chosen, range(seeds), length, methods)
    except (UnknownFault, _UnknownScope) as error:
        refuse(error)
    outcomes, interrupted = _run(tasks, jobs or os.cpu_count() or 1)
    if str(json_file) != "-":
        if tried:
            _show_trials(outcomes, drawn=bool(fault))
        else:
            _show(outcomes, chosen, edges)
    write_json(_json(outcomes, chosen, tried), json_file)
    if interrupted:
        errors.print(f"halfclose: interrupted; {len(outcomes)} of {len(tasks)} pieces were done", style="yellow")
        raise typer.Exit(INTERRUPTED)
    if any(bool(outcome.diagram) is not tried or (not outcome.complete and not tried) for outcome in outcomes):
        raise typer.Exit(FAILS)


class _UnknownScope(ValueError):
    pass


def _chosen(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in REFINED:
            raise _UnknownScope(f"unknown scope {name!r}; scopes are {', '.join(REFINED)}")
    return tuple(names) or tuple(REFINED)


def _run(tasks: Sequence[Task], jobs: int) -> tuple[list[Outcome], bool]:
    """Everything that was done, and whether it was interrupted."""
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        number = bar.add_task("comparing", total=len(tasks))
        try:
            for outcome in run(tasks, jobs):
                outcomes.append(outcome)
                task = outcome.task
                bar.update(number, advance=1, description=f"{task.method.value} {task.fault or task.name:.<35.35}")
        except KeyboardInterrupt:
            return outcomes, True
    return outcomes, False


# ---- the reference as it is ----------------------------------------------------------------------------------


def _show(outcomes: Sequence[Outcome], scopes: Sequence[str], listed: bool) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    table.add_column("compared by")
    table.add_column("within")
    for name in ("states", "transitions", "steps judged", "edges", "s"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for method in _METHODS:
        for outcome in sorted((o for o in outcomes if o.task.method is method), key=lambda o: _place(o.task)):
            table.add_row(*_row(outcome))
        table.add_section()
    console.print(table)
    for outcome in outcomes:
        if outcome.diagram:
            console.print(f"\n{_title(outcome.task)}:\n{outcome.diagram}", markup=False, soft_wrap=True)
    _show_bounds(outcomes)
    _show_edges(outcomes, scopes, listed)


def _place(task: Task) -> tuple[int, str]:
    return (list(REFINED).index(task.name), "") if task.name in REFINED else (0, task.name)


def _row(outcome: Outcome) -> tuple[str, ...]:
    task = outcome.task
    numbers = [f"{n:,}" if n else "" for n in (outcome.states, outcome.transitions, outcome.judged)]
    verdict = "[red]DIVERGES[/]" if outcome.diagram else "no divergence"
    if task.method is Method.REPLAY and not outcome.diagram:
        verdict = f"{outcome.passed} vectors pass"
    if not outcome.complete and not outcome.diagram:
        verdict = "[yellow]not complete[/]"
    where = f"seed {task.name}" if task.method is Method.SEARCH else task.name
    edges = str(len(outcome.edges)) if outcome.edges else ""
    return task.method.value, where, *numbers, edges, f"{outcome.seconds:.1f}", verdict


def _show_bounds(outcomes: Iterable[Outcome]) -> None:
    """What the figures above stand for."""
    console.print()
    explored = {outcome.task.name for outcome in outcomes if outcome.task.method is Method.EXPLORE}
    for name in (known for known in REFINED if known in explored):
        scope = REFINED[name]
        profile = next((preset for preset, known in PROFILES.items() if known == scope.profile), str(scope.profile))
        bounds = {
            "slots": scope.slots,
            "losses": "any" if scope.losses is None else scope.losses,
            "duplicates": "any" if scope.duplicates is None else scope.duplicates,
            "buffer": scope.buffer,
            "mss": scope.mss,
            "lives": max(scope.lives_of(scope.app_a), scope.lives_of(scope.app_b)),
            "crashes": scope.crashes,
        }
        words = ", ".join(f"{bound} {value}" for bound, value in bounds.items())
        console.print(f"{name}: A '{scope.app_a}', B '{scope.app_b}', profile {profile}, {words}", markup=False)
    console.print(
        "Every state is also hit by every call, and by segments with any control bits around each edge of its windows."
    )


def _show_edges(outcomes: Sequence[Outcome], scopes: Sequence[str], listed: bool) -> None:
    every = possible_edges(scopes)
    exercised = frozenset[str]().union(*(outcome.edges for outcome in outcomes)) & every
    console.print(f"{len(exercised)} of {len(every)} edges of the specification were exercised by the code")
    if listed:
        for name in sorted(every - exercised):
            console.print(f"  never: {name}", markup=False)


# ---- seeded faults -------------------------------------------------------------------------------------------


def _show_trials(outcomes: Sequence[Outcome], drawn: bool) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("fault", *(f"by {method.value}" for method in _METHODS)):
        table.add_column(name, overflow="fold")
    seeded = {outcome.task.fault for outcome in outcomes}
    by_task = {(outcome.task.fault, outcome.task.method): outcome for outcome in outcomes}
    for one in (known for known in FAULTS if known.name in seeded):
        cells = [_cell(by_task.get((one.name, method)), one.why_not(method.value)) for method in _METHODS]
        table.add_row(f"{one.name}\n[dim]{one.what}[/]", *cells)
    console.print(table)
    if drawn:
        for outcome in outcomes:
            if outcome.diagram:
                console.print(f"\n{_title(outcome.task)}:\n{outcome.diagram}", markup=False, soft_wrap=True)
    caught = sum(bool(outcome.diagram) for outcome in outcomes)
    console.print(f"\n{len(seeded)} faults, {caught} of {len(outcomes)} trials caught")


def _cell(outcome: Outcome | None, escapes: str | None) -> str:
    if outcome is None:
        return f"[dim]{escapes}[/]" if escapes else ""
    return outcome.where if outcome.diagram else "[red]missed[/]"


def _title(task: Task) -> str:
    return f"{task.method.value} {task.name}" if not task.fault else f"{task.fault} by {task.method.value}"


def _json(outcomes: Sequence[Outcome], scopes: Sequence[str], tried: bool) -> dict[str, Any]:
    if tried:
        return {"faults": [outcome.to_json() for outcome in outcomes]}
    exercised = frozenset[str]().union(*(outcome.edges for outcome in outcomes))
    never = sorted(possible_edges(scopes) - exercised)
    return {"outcomes": [outcome.to_json() for outcome in outcomes], "never_exercised": never}

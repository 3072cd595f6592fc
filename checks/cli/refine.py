"""`halfclose refine`: compare the reference with the specification, step by step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import advancing, tell
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import FAILS, console, count, interrupted, refuse, show, table, write_json
from halfclose.checks.cli.workers import workers
from halfclose.checks.refine.faults import FAULTS
from halfclose.checks.refine.run import Length, Method, Outcome, Task, everything, possible_edges, run, trials
from halfclose.checks.refine.scopes import REFINED
from halfclose.spec.language.profile import PROFILES

_METHODS = tuple(Method)
_USUAL = Length()
_SCOPES = ", ".join(REFINED)


def command(
    context: typer.Context,
    scopes: Annotated[
        list[str] | None, typer.Argument(help=f"The scopes to explore; without any, all of them: {_SCOPES}.")
    ] = None,
    faults: Annotated[
        bool,
        typer.Option("--faults", help="Put each known fault into the reference, to see it caught."),
    ] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help="Only this fault, and draw how it is caught; may be repeated.")
    ] = None,
    examples: Annotated[int, typer.Option(min=1, help="How many connections each search tries.")] = _USUAL.examples,
    steps: Annotated[int, typer.Option(min=1, help="How many steps each of them takes at most.")] = _USUAL.steps,
    by: Annotated[list[Method] | None, typer.Option(help="Compare by this method only; may be repeated.")] = None,
    seeds: Annotated[int, typer.Option(min=0, help="How many searches, each from a seed of its own.")] = 2,
    edges: Annotated[bool, typer.Option("--edges", help="List the edges that the reference never took.")] = False,
    json_file: Json = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many processes work; by default one for each processor.")
    ] = None,
) -> None:
    """Compare the reference with the specification, step by step.

    By three methods: scopes are explored exhaustively, random connections are searched at 32 bits, and every vector is
    replayed. Exit status 0: every step of the code is one that the specification allows (with faults: each method
    catches each fault that it can); 1: not so; 2: wrong use.
    """
    tried = faults or bool(fault)
    methods = by or list(Method)
    _refuse_ignored(context, tried, methods, fault, json_file)
    refuse_unknown("fault", fault or (), [known.name for known in FAULTS], "halfclose explain faults")
    refuse_unknown("scope", scopes or (), REFINED, "halfclose refine --help")
    chosen, length = tuple(dict.fromkeys(scopes or REFINED)), Length(examples, steps)
    names = list(dict.fromkeys(fault or ()))
    tasks = trials(names, length, methods) if tried else everything(chosen, range(seeds), length, methods)
    if not tasks:
        refuse("nothing is left to compare; ask for more seeds, another method or another fault")
    outcomes, cut_short = _run(tasks, jobs or os.cpu_count() or 1)
    if str(json_file) != "-":
        if tried:
            _show_trials(outcomes, drawn=bool(fault))
        else:
            _show(outcomes, chosen, edges)
    write_json(_json(outcomes, chosen, tried), json_file)
    if cut_short:
        interrupted(f"{len(outcomes)} of {count(len(tasks), 'piece')} were done")
    if any(bool(outcome.diagram) is not tried or (not outcome.complete and not tried) for outcome in outcomes):
        raise typer.Exit(FAILS)


def _refuse_ignored(
    context: typer.Context, tried: bool, methods: Sequence[Method], fault: list[str] | None, json_file: Path | None
) -> None:
    if tried:
        refuse_ignored(context, "with --fault or --faults", "scopes", "seeds", "edges")
    if fault:
        refuse_ignored(context, "with --fault", "faults")
    if Method.EXPLORE not in methods:
        refuse_ignored(context, "without --by exploration", "scopes")
    if Method.SEARCH not in methods:
        refuse_ignored(context, "without --by search", "examples", "steps", "seeds")
    if str(json_file) == "-":
        refuse_ignored(context, "with --json -", "edges")


def _run(tasks: Sequence[Task], jobs: int) -> tuple[list[Outcome], bool]:
    """Everything that was done, and whether it was interrupted."""
    outcomes: list[Outcome] = []
    with advancing("comparing", len(tasks)) as advance:
        try:
            with workers("fewer --jobs need less"):
                for outcome in run(tasks, jobs):
                    outcomes.append(outcome)
                    task = outcome.task
                    if outcome.diagram and not task.fault:
                        tell(f"{_title(task)}: the code and the specification diverge")
                    advance(f"{task.method.value} {task.fault or task.name}")
        except KeyboardInterrupt:
            return outcomes, True
    return outcomes, False


# ---- the reference as it is ----------------------------------------------------------------------------------


def _show(outcomes: Sequence[Outcome], scopes: Sequence[str], listed: bool) -> None:
    numbers = ("states", "transitions", "steps judged", "edges", "s")
    made = table("compared by", "scope, seed or profile", *numbers, "verdict", numbers=numbers)
    for method in _METHODS:
        for outcome in sorted((o for o in outcomes if o.task.method is method), key=lambda o: _place(o.task)):
            made.add_row(*_row(outcome))
        made.add_section()
    show(made)
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
        verdict = f"{count(outcome.passed, 'vector')} passed"
    if not outcome.complete and not outcome.diagram:
        verdict = "[yellow]not complete[/]"
    where = f"seed {task.name}" if task.method is Method.SEARCH else task.name
    edges = str(len(outcome.edges)) if outcome.edges else ""
    return task.method.value, where, *numbers, edges, f"{outcome.seconds:.1f}", verdict


def _show_bounds(outcomes: Iterable[Outcome]) -> None:
    """The bounds of the scopes that were explored."""
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
        "In every state also every call is tried, and forged segments: any control bits, at each edge of the windows."
    )


def _show_edges(outcomes: Sequence[Outcome], scopes: Sequence[str], listed: bool) -> None:
    every = possible_edges(scopes)
    exercised = frozenset[str]().union(*(outcome.edges for outcome in outcomes)) & every
    console.print(f"The code took {len(exercised)} of {count(len(every), 'edge')} of the specification.")
    if listed:
        for name in sorted(every - exercised):
            console.print(f"  never: {name}", markup=False)


# ---- seeded faults -------------------------------------------------------------------------------------------


def _show_trials(outcomes: Sequence[Outcome], drawn: bool) -> None:
    made = table("fault", *(f"caught by {method.value}" for method in _METHODS))
    seeded = {outcome.task.fault for outcome in outcomes}
    by_task = {(outcome.task.fault, outcome.task.method): outcome for outcome in outcomes}
    for one in (known for known in FAULTS if known.name in seeded):
        cells = [_cell(by_task.get((one.name, method)), one.why_not(method.value)) for method in _METHODS]
        made.add_row(f"{one.name}\n[dim]{one.what}[/]", *cells)
    show(made)
    if drawn:
        for outcome in outcomes:
            if outcome.diagram:
                console.print(f"\n{_title(outcome.task)}:\n{outcome.diagram}", markup=False, soft_wrap=True)
    caught = sum(bool(outcome.diagram) for outcome in outcomes)
    console.print(f"\n{count(len(seeded), 'fault')}, {caught} of {count(len(outcomes), 'trial')} caught")


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

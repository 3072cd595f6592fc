"""`halfclose explore`: two programs, one network, and what can happen to their octets."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status
from rich.table import Table

from halfclose.checks.cli.sizes import bound, byte_count, pair
from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.explore.engine import compiles
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.options import BadCheckpoint, Engine, NoEngine, Options
from halfclose.checks.explore.questions import Answers, answers, asking
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import UnknownMutant, mutated
from halfclose.spec.tcp.graph import RULES, Graph, tcp
from halfclose.spec.world.application import BadProgram, parse_application
from halfclose.spec.world.network import BadScope, Scope, Wait

#: Where plain Python stops; the kernel stops at its bound on memory.
_MOST_STATES = 10_000_000
_ONLY_FAST = "--threads, --memory, --resume and --symmetry need --engine numba (pip install 'halfclose[fast]')"


def command(
    app_a: Annotated[str, typer.Option(help="A's program, e.g. 'open; send 3; close', or 'free', or 'free: CALLS'.")],
    app_b: Annotated[str, typer.Option(help="B's program, e.g. 'listen; send 1; read; close'.")],
    profile: Annotated[str, typer.Option(help="Switches that are on, joined by '+', e.g. rfc5961.")] = "rfc9293",
    mutant: Annotated[str, typer.Option(help="Explore this broken specification instead.")] = "",
    slots: Annotated[int, typer.Option(help="Segments under way in each direction; 2 and more can be reordered.")] = 1,
    losses: Annotated[str, typer.Option(help="Segments lost on the way in all, or 'any'.")] = "any",
    duplicates: Annotated[str, typer.Option(help="Segments duplicated in all, or 'any'.")] = "any",
    reorder: Annotated[bool, typer.Option(help="Deliver in any order.")] = True,
    octets: Annotated[int, typer.Option(help="Octets a free application sends in one life.")] = 1,
    lives: Annotated[int, typer.Option(help="Connections an end opens, one after the other.")] = 1,
    buffer: Annotated[int, typer.Option(help="Receive buffer, and so the largest window.")] = 2,
    mss: Annotated[int, typer.Option(help="Most octets in a segment.")] = 2,
    bits: Annotated[int, typer.Option(help="Width of a sequence number.")] = 6,
    iss: Annotated[
        str | None, typer.Option(help="Where the ISN clocks of A and B stand; 62,31 by default, 62,62 with --symmetry.")
    ] = None,
    crashes: Annotated[int, typer.Option(help="Losses of memory in all.")] = 0,
    wait: Annotated[Wait, typer.Option(help="What has happened when TIME-WAIT ends.")] = Wait.DRAINED,
    user_timeout: Annotated[bool, typer.Option("--user-timeout", help="Let user time-outs fire.")] = False,
    limit: Annotated[
        int | None, typer.Option(help="Stop after so many states; without numba at 10,000,000 by default.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Which search; auto: numba where it is installed.")] = Engine.AUTO,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; one a processor by default (numba).")] = None,
    memory: Annotated[
        str | None, typer.Option(help="Stop at so many bytes, e.g. 8G; three quarters of what is free (numba).")
    ] = None,
    symmetry: Annotated[
        bool, typer.Option("--symmetry", help="Of two states that mirror each other explore one (numba).")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on from this file if it is there, and keep the search in it when it stops (numba)."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the answers here; '-' is stdout.")
    ] = None,
) -> None:
    """Say whether octets can be lost between two programs, who can see a reset, and draw the shortest way there.

    Exit status 0: nothing can be lost and no wrong octet delivered; 1: something can; 2: wrong use.
    """
    try:
        scope = Scope(
            parse_application(app_a),
            parse_application(app_b),
            parse_profile(profile),
            slots=slots,
            losses=bound("losses", losses),
            duplicates=bound("duplicates", duplicates),
            reorder=reorder,
            octets=octets,
            lives=lives,
            buffer=buffer,
            mss=mss,
            bits=bits,
            iss=pair(iss or ("62,62" if symmetry else "62,31")),
            crashes=crashes,
            wait=wait,
            user_timeout=user_timeout,
        )
        if limit is not None and limit < 1:
            raise BadScope("limit must be at least 1")
        if not compiles(engine):
            if any((threads, memory, resume, symmetry)):
                raise NoEngine(_ONLY_FAST)
            limit = limit or _MOST_STATES
        options = Options(threads or os.cpu_count() or 1, byte_count(memory), resume)
        rules = mutated(mutant) if mutant else RULES
        result, interrupted = _run(scope, tcp(scope.profile, rules), limit, engine, options, symmetry)
    except (BadProgram, BadScope, UnknownSwitch, UnknownMutant, NoEngine, BadCheckpoint) as error:
        refuse(error)
    if str(json_file) != "-":
        _show(result, mutant)
    write_json(result.to_json(), json_file)
    if result.exploration.stopped:
        errors.print(
            f"halfclose: stopped for lack of {result.exploration.stopped}; the rest is unknown", style="yellow"
        )
    kept = _kept(result.exploration, resume) if interrupted or result.exploration.stopped else None
    if kept is not None:
        errors.print(f"halfclose: the search is kept in {kept}; --resume {kept} goes on from there", markup=False)
    if interrupted:
        errors.print("halfclose: interrupted; what is shown was covered, the rest is unknown", style="yellow")
        raise typer.Exit(INTERRUPTED)
    if any(a.yes for a in result.answers if a.question.id in ("lost-a", "lost-b", "wrong")):
        raise typer.Exit(FAILS)


def _kept(result: Exploration, resume: Path | None) -> Path | None:
    """The file in which a search that was cut short is kept; what it found stands even where nothing can be written."""
    try:
        return resume or result.keep(None)
    except BadCheckpoint as error:
        errors.print(f"halfclose: {error}", style="red", markup=False)
        return None


def _run(
    scope: Scope, graph: Graph, limit: int | None, engine: Engine, options: Options, symmetry: bool
) -> tuple[Answers, bool]:
    search = asking(scope, graph, limit, engine, options, symmetry)
    started = time.perf_counter()
    with Status("exploring", console=errors) as status:

        def tell(states: int, levels: int) -> None:
            rate = states / (time.perf_counter() - started)
            memory = search.memory
            used = "" if memory is None else f", {memory / (1 << 20):,.0f} MB"
            status.update(f"{states:,} states, level {levels}, {rate:,.0f} states/s{used}")

        try:
            search.run(tell)
        except KeyboardInterrupt:
            return answers(search), True
    return answers(search), False


def _show(result: Answers, mutant: str) -> None:
    scope, explored = result.scope, result.exploration
    console.print(f"A: {scope.app_a}\nB: {scope.app_b}", markup=False)
    console.print(f"profile {scope.profile}" + (f", mutant {mutant}" if mutant else ""), markup=False)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("question", "answer", "steps"):
        table.add_column(name, justify="right" if name == "steps" else "left")
    for answer in result.answers:
        said = "unknown" if answer.yes is None else "yes" if answer.yes else "no"
        colour = "yellow" if answer.yes is None else "green" if said == answer.question.good else "red"
        table.add_row(
            answer.question.asks, f"[{colour}]{said}[/]", str(len(answer.trace.steps)) if answer.trace else ""
        )
    console.print(table)
    covered = "the whole scope" if explored.complete else "not the whole scope"
    console.print(
        f"{covered}: {explored.states:,} states, {explored.steps:,} steps, {explored.levels} levels, "
        f"{explored.seconds:.1f} s"
    )
    for answer in result.answers:
        if answer.yes and answer.trace and answer.question.good == "no":
            console.print(f"\n[bold]{answer.question.asks}[/] The shortest way, {len(answer.trace.steps)} steps:")
            console.print(answer.trace.diagram(), markup=False, soft_wrap=True)

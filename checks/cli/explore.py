"""`halfclose explore`: two programs, one network, and what can happen to their octets."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from halfclose.checks.cli import bounds, targets
from halfclose.checks.cli.progress import working
from halfclose.checks.cli.sizes import bound, byte_count, pair
from halfclose.checks.cli.terminal import FAILS, console, count, errors, interrupted, refuse, show, table, write_json
from halfclose.checks.explore.advice import Tried, advise
from halfclose.checks.explore.engine import compiles
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.options import BadCheckpoint, Engine, NoEngine, Options
from halfclose.checks.explore.questions import Answer, Answers, answers, asking
from halfclose.checks.explore.reset_reading import OtherReading, other_reading
from halfclose.checks.explore.trace import Lasso
from halfclose.spec.language.edge import Rule
from halfclose.spec.language.profile import HALF_DUPLEX, UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import UnknownMutant, mutated
from halfclose.spec.tcp.graph import RULES, Graph, tcp
from halfclose.spec.world.application import Action, BadProgram
from halfclose.spec.world.network import BadScope, Scope, Wait

#: Where the search with NumPy stops; the compiled one stops at its bound on memory.
_MOST_STATES = 10_000_000
#: Every thread has its own buffers, of some hundred kilobytes.
_MOST_THREADS = 256
_ONLY_FAST = "--threads, --memory, --resume and --symmetry need --engine numba (pip install 'halfclose[fast]')"


def command(
    context: typer.Context,
    app_a: Annotated[str, bounds.APP_A],
    app_b: Annotated[str, bounds.APP_B],
    profile: Annotated[str, bounds.PROFILE] = "rfc9293",
    mutant: Annotated[str, typer.Option(help="Explore this broken specification instead.")] = "",
    slots: Annotated[int, bounds.SLOTS] = 1,
    losses: Annotated[str, bounds.LOSSES] = "any",
    duplicates: Annotated[str, bounds.DUPLICATES] = "any",
    reorder: Annotated[bool, bounds.REORDER] = True,
    octets: Annotated[int, bounds.OCTETS] = 1,
    lives: Annotated[int, bounds.LIVES] = 1,
    buffer: Annotated[int, bounds.BUFFER] = 2,
    mss: Annotated[int, bounds.MSS] = 2,
    bits: Annotated[int, bounds.BITS] = 6,
    iss: Annotated[
        str | None,
        typer.Option(help="Where the ISN clocks of A and B stand; by default 62,31, with --symmetry 62,62."),
    ] = None,
    isns: Annotated[int, bounds.ISNS] = 1,
    crashes: Annotated[int, bounds.CRASHES] = 0,
    wait: Annotated[Wait, bounds.WAIT] = Wait.DRAINED,
    user_timeout: Annotated[bool, bounds.USER_TIMEOUT] = False,
    limit: Annotated[
        int | None,
        typer.Option(help="Stop after this many states; without numba, by default after 10,000,000."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="The search to use; auto takes the compiled one (numba) where it is installed.")
    ] = Engine.AUTO,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MOST_THREADS, help="How many threads search; by default one for each processor (numba)."
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Stop when this many bytes are in use, e.g. 8G; by default three quarters of the free memory (numba)."
        ),
    ] = None,
    symmetry: Annotated[
        bool, typer.Option("--symmetry", help="Explore only one of two states that mirror each other (numba).")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            callback=targets.file,
            help="Continue the search kept in this file, if there is one, and keep it there when it stops (numba).",
        ),
    ] = None,
    json_file: targets.Json = None,
) -> None:
    """Say whether octets can be lost between two programs.

    Also whether wrong octets can be delivered, who can see a reset, who can wait for ever, and whether all ends; with
    the shortest trace that leads to each harm, and with programs that would not lose. Exit status 0: the two connect,
    nothing can be lost and no wrong octet delivered; 1: something can, or that is not known, or they never connect; 2:
    wrong use.
    """
    try:
        scope = Scope(
            bounds.application("--app-a", app_a),
            bounds.application("--app-b", app_b),
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
            isns=isns,
            crashes=crashes,
            wait=wait,
            user_timeout=user_timeout,
        )
        bounds.refuse_pointless(context, scope)
        if limit is not None and limit < 1:
            raise BadScope("limit must be at least 1")
        if not compiles(engine):
            if any((threads, memory, resume, symmetry)):
                raise NoEngine(_ONLY_FAST)
            limit = limit or _MOST_STATES
        options = Options(threads or os.cpu_count() or 1, byte_count(memory), resume)
        rules = mutated(mutant) if mutant else RULES
        result, cut_short = _run(scope, tcp(scope.profile, rules), limit, engine, options, symmetry)
    except (BadProgram, BadScope, UnknownSwitch, UnknownMutant, NoEngine, BadCheckpoint) as error:
        refuse(error)
    if str(json_file) != "-":
        _show(result, profile, mutant)
    otherwise, tried = (None, ()) if cut_short else _further(result, rules, engine)
    if str(json_file) != "-":
        _advise(otherwise, tried)
    further = {"reset": otherwise and otherwise.to_json(), "advice": [one.to_json() for one in tried]}
    write_json(result.to_json() | further, json_file)
    if result.connects is False:
        errors.print("halfclose: the two never connect, so that every 'no' is empty", style="red", markup=False)
    if result.exploration.stopped:
        errors.print(
            f"halfclose: stopped for lack of {result.exploration.stopped}; the rest is unknown", style="yellow"
        )
    kept = _kept(result.exploration, resume) if cut_short or result.exploration.stopped else None
    if kept is not None:
        errors.print(f"halfclose: the search is kept in {kept}; --resume {kept} goes on from there", markup=False)
    if cut_short:
        interrupted("what is shown was covered, the rest is unknown")
    explored = result.exploration
    if not explored.complete and not explored.stopped:
        seen = count(explored.states, "state")
        errors.print(f"halfclose: stopped at --limit after {seen}; the rest is unknown", style="yellow", markup=False)
    if not result.harmless:
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
    with working("exploring") as update:

        def tell(states: int, levels: int) -> None:
            rate = states / max(time.perf_counter() - started, 1e-9)
            memory = search.memory
            used = "" if memory is None else f", {memory / (1 << 20):,.0f} MB"
            update(f"exploring: {states:,} states, level {levels}, {rate:,.0f} states/s{used}")

        try:
            search.run(tell)
            update(f"{count(search.states, 'state')}: deciding what can go on for ever")
            return answers(search), False
        except KeyboardInterrupt:
            return answers(search, waiting=False), True


def _further(result: Answers, rules: tuple[Rule, ...], engine: Engine) -> tuple[OtherReading | None, tuple[Tried, ...]]:
    """What another reading answers, and other programs where octets can be lost; nothing where its user interrupts."""
    with working("exploring what would not lose"):
        try:
            return other_reading(result, rules, engine), advise(result, rules, engine)
        except KeyboardInterrupt:
            return None, ()


def _show(result: Answers, profile: str, mutant: str) -> None:
    scope, explored = result.scope, result.exploration
    console.print(f"A: {scope.app_a}\nB: {scope.app_b}", markup=False)
    console.print(_profile(scope, profile) + (f", mutant {mutant}" if mutant else ""), markup=False)
    made = table("question", "answer", "steps", numbers=("steps",))
    for answer in result.answers:
        steps = str(len(answer.trace.steps)) if answer.trace else ""
        made.add_row(
            answer.question.asks, f"[{_colour(answer)}]{answer.said}[/]{_briefly(answer, explored.complete)}", steps
        )
    show(made)
    covered = "the whole scope" if explored.complete else "not the whole scope"
    console.print(
        f"{covered}: {count(explored.states, 'state')}, {count(explored.steps, 'step')}, "
        f"{count(explored.levels, 'level')}, {explored.seconds:.1f} s"
    )
    console.print(f"what a 'no' rests on: {'; '.join(result.premises)}", markup=False)
    _show_traces(result.answers)


def _colour(answer: Answer) -> str:
    if answer.yes is None or (answer.note and not answer.yes):
        return "yellow"
    return "green" if answer.said == answer.question.good else "red"


def _briefly(answer: Answer, complete: bool) -> str:
    """Why an answer says little; where both ends stand is said with the trace, and a cut below the table."""
    if not answer.note or answer.yes or (answer.yes is None and answer.asked and not complete):
        return ""
    return f": {answer.note}"


def _show_traces(found: tuple[Answer, ...]) -> None:
    """The traces of bad news; one that several questions share is drawn once."""
    drawn: dict[str, str] = {}
    for answer in found:
        if not answer.yes or answer.trace is None or answer.question.good != "no":
            continue
        diagram = answer.trace.diagram()
        kind = "One way for ever" if isinstance(answer.trace, Lasso) else "The shortest trace"
        stands = f" ({answer.note})" if answer.note else ""
        steps = count(len(answer.trace.steps), "step")
        console.print(f"\n[bold]{answer.question.asks}[/] {kind}, {steps}{stands}:")
        console.print(drawn.get(diagram, diagram), markup=False, soft_wrap=True)
        drawn.setdefault(diagram, f"the same as for: {answer.question.asks}")


def _advise(otherwise: OtherReading | None, tried: tuple[Tried, ...]) -> None:
    lines = [str(otherwise)] if otherwise else []
    lines += [f"advice: {one}" if one.helps else f"tried: {one}" for one in tried]
    for line in ("", *lines) if lines else ():
        console.print(line, markup=False)


def _profile(scope: Scope, asked: str) -> str:
    """The profile that was asked for, and why it is not the one of the scope, where it is not."""
    if scope.profile == parse_profile(asked):
        return f"profile {asked}"
    called = [call.value for call in (Action.CLOSE, Action.EXIT) if scope.app_a.uses(call) or scope.app_b.uses(call)]
    return f"profile {asked} with {HALF_DUPLEX.name}, because a program calls {' and '.join(called)}"

"""`halfclose prove`: the invariants of one end and of both, for all values."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.table import Table

from halfclose.checks.claims.gate import Tried, gate, try_mutant
from halfclose.checks.claims.verify import Report, chosen, proved, units
from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.prove.both_ends import premises
from halfclose.checks.prove.bridge import Bridge, bridge
from halfclose.checks.prove.minimal import implied
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import OBLIGATIONS, TITLES
from halfclose.checks.prove.solvers import NoSolver, prove
from halfclose.spec.claims.agreement import MSL, NEVER_TAKEN
from halfclose.spec.language.profile import Profile, UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import MUTANTS, UnknownMutant, mutated
from halfclose.spec.tcp.graph import TCP, Graph, tcp

#: The width of a sequence number on the wire (3.1).
_WIRE_BITS = 32


class Choice(Enum):
    Z3 = "z3"
    CVC5 = "cvc5"
    BOTH = "both"


def command(
    mutant: Annotated[str, typer.Option(help="Try the proofs on this broken specification, and draw a trace.")] = "",
    mutants: Annotated[bool, typer.Option("--mutants", help="Try every mutant: the mutation gate.")] = False,
    profile: Annotated[str, typer.Option(help="Prove for this profile alone, e.g. close-by-the-letter.")] = "",
    solver: Annotated[Choice, typer.Option(help="Who decides; `both` compares their verdicts.")] = Choice.Z3,
    export: Annotated[Path | None, typer.Option(help="Write every query here as SMT-LIB 2.")] = None,
    wire: Annotated[
        bool, typer.Option("--bridge", help="Prove too where 32-bit comparisons agree with unbounded ones.")
    ] = False,
    minimal: Annotated[bool, typer.Option("--minimal", help="Say which conjuncts the others imply.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report here; '-' is stdout.")] = None,
) -> None:
    """Prove, for any number of octets, segments, losses and incarnations, what explorations can only show in scopes.

    Two inductions over every edge: the invariant of one end, whose peer may be anybody; and that of both ends, from
    which P1 to P6 follow. Exit status 0: proved; 1: an edge breaks a conjunct, or a step is vacuous without a stated
    reason, or the solvers disagree; 2: wrong use.
    """
    try:
        only = parse_profile(profile) if profile else None
        if mutants:
            _gate(json_file)
        elif mutant:
            _one_mutant(mutant, json_file)
        else:
            _prove(only, solver.value, export, wire, minimal, json_file)
    except (UnknownMutant, UnknownSwitch, NoSolver) as error:
        refuse(error)
    except OSError as error:
        refuse(f"cannot write to {export}: {error.strerror}")
    except KeyboardInterrupt:
        errors.print("halfclose: interrupted; a proof that is not finished proves nothing", style="yellow")
        raise typer.Exit(INTERRUPTED) from None


# ---- the proofs --------------------------------------------------------------------------------------------------


def _prove(
    only: Profile | None, solver: str, export: Path | None, wire: bool, minimal: bool, json_file: Path | None
) -> None:
    graph = TCP if only is None else tcp(only)
    proofs = {name: _decide(name, graph, only, solver, export) for name in OBLIGATIONS}
    spare = implied() if minimal else ()
    words = _bridge(graph) if wire else None
    unexplained = [] if only is not None else [step for proof in proofs.values() for step in _unexplained(proof)]
    if str(json_file) != "-":
        for name, proof in proofs.items():
            _show(TITLES[name], proof, spare)
        _show_premises(only)
        if minimal:
            console.print(f"implied by the other conjuncts: {', '.join(spare) or 'none'}")
        if words is not None:
            _show_bridge(words)
    write_json(_json(proofs, only) | ({} if words is None else {"bridge": words.to_json()}), json_file)
    failed = any(proof.faults or proof.disputed for proof in proofs.values())
    if failed or unexplained or (words is not None and words.faults):
        raise typer.Exit(FAILS)


def _decide(name: str, graph: Graph, only: Profile | None, solver: str, export: Path | None) -> Proof:
    """One proof under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(f"proving {TITLES[name]}", total=len(graph.edges) + 1)
        return prove(OBLIGATIONS[name](graph, only), solver, export, lambda step: bar.advance(task))


def _bridge(graph: Graph) -> Bridge:
    with Status("comparing words with integers", console=errors):
        return bridge(_WIRE_BITS, graph)


def _reason(step: str) -> str:
    return next((why for start, why in NEVER_TAKEN.items() if step.startswith(start)), "")


def _unexplained(proof: Proof) -> Iterator[str]:
    return (step for step in proof.vacuous if not _reason(step))


def _show(title: str, proof: Proof, spare: tuple[str, ...]) -> None:
    table = Table(title=title, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for name in ("conjunct, claim or theorem", "steps", "verdict"):
        table.add_column(name, justify="right" if name == "steps" else "left", overflow="fold")
    for goal in proof.goals:
        broken = proof.breaking(goal)
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        verdict = f"[red]broken by {', '.join(broken[:3])}{more}[/]" if broken else "[green]proved[/]"
        verdict += " (implied by the others)" if goal in spare else ""
        table.add_row(goal, str(len(proof.about(goal))), verdict)
    console.print(table)
    _show_vacuous(proof)
    for step in proof.disputed:
        console.print(f"{' and '.join(proof.solvers)} disagree on {step}", style="red", markup=False)
    console.print(
        f"{proof.queries:,} queries by {' and '.join(proof.solvers)}, {len(proof.faults)} not refuted; "
        f"{proof.seconds:.1f} s, the slowest query {proof.slowest * 1000:.0f} ms\n"
    )


def _show_vacuous(proof: Proof) -> None:
    """Steps that the invariant leaves nobody to take, by reason."""
    for why in dict.fromkeys(_reason(step) for step in proof.vacuous):
        steps = [step for step in proof.vacuous if _reason(step) == why]
        style = "dim" if why else "yellow"
        said = why or "no state of the invariant can take them"
        console.print(f"{len(steps)} steps are vacuous ({steps[0]} ...): {said}", style=style, markup=False)


def _show_premises(only: Profile | None) -> None:
    console.print("What the proof of both ends takes for granted:")
    for premise in (*premises(only), MSL):
        console.print(f"  {premise.name}: {premise.says}", markup=False)


def _show_bridge(words: Bridge) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("on words as on integers", "as long as", "verdict"):
        table.add_column(name, overflow="fold")
    for lemma in words.lemmas:
        bounds = ", ".join(f"{b.name} =< {b.says}{' (given)' if b.given else ''}" for b in lemma.bounds)
        table.add_row(lemma.says, bounds, "[green]proved[/]" if lemma.proved else "[red]not proved[/]")
    console.print(table)
    for fault in words.faults:
        console.print(fault, style="red", markup=False)
    console.print(
        f"\n{len(words.lemmas)} lemmas at {words.bits} bits, {words.queries} queries, {words.seconds:.1f} s; each "
        "bound is the largest.\nWhat remains assumed: no segment is older than these bounds allow (the MSL of 3.4.1), "
        "and the ISN clock keeps new numbers as far ahead."
    )


def _json(proofs: dict[str, Proof], only: Profile | None) -> dict[str, Any]:
    """In the shape of `verify --json`: the claims, with what is proved of them."""
    work = [unit for unit in units(chosen(()), mutants=False) if unit.kind == "prove"]
    report = Report(chosen(()), with_mutants=False, kinds=("prove",))
    for unit in work:
        report.verdicts.extend(proved(proofs[unit.where], unit.where, unit.props, only))
    report.claims = tuple(claim for claim in report.claims if report.evidence(claim))
    return report.to_json()


# ---- the mutation gate -------------------------------------------------------------------------------------------


def _gate(json_file: Path | None) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("trying mutants", total=len(MUTANTS))
        tried = gate(tuple(MUTANTS), lambda name: bar.update(task, advance=1, description=f"{name:.<40.40}"))
    if str(json_file) != "-":
        _show_gate(tried)
    write_json({"mutants": [one.to_json() for one in tried]}, json_file)
    if not all(one.passes for one in tried):
        raise typer.Exit(FAILS)


def _show_gate(tried: tuple[Tried, ...]) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("mutant", "where the proof breaks, and on what", "a real trace, or why there is none"):
        table.add_column(name, overflow="fold")
    for one in tried:
        whose = ", whoever the peer is" if one.proof == "one end" else ""
        where = f"{one.step}: {one.goal}{whose}" if one.step else "it stands"
        table.add_row(one.mutant, where, _shown_by(one))
    console.print(table)
    broken = sum(one.trace is not None for one in tried)
    console.print(
        f"\n{len(tried)} mutants: {broken} break the proof and have a trace (`--mutant NAME` draws it), "
        f"{sum(bool(one.harmless) for one in tried)} are harmless for the reason given, "
        f"{sum(not one.passes for one in tried)} are neither"
    )


def _shown_by(one: Tried) -> str:
    if one.trace is not None:
        return f"{len(one.trace.steps)} steps in {one.scope}: {one.claim}"
    return one.harmless or "[red]neither a trace nor a reason[/]"


def _one_mutant(name: str, json_file: Path | None) -> None:
    mutated(name)
    with Status(f"trying {name}", console=errors):
        one = try_mutant(name)
    if str(json_file) != "-":
        console.print(f"{name}: {MUTANTS[name].what}", markup=False)
        where = f"the proof breaks at {one.step}: {one.goal}" if one.step else "the proof stands"
        console.print(where, markup=False)
        console.print(_shown_by(one))
        if one.trace is not None:
            console.print(one.trace.diagram(), markup=False, soft_wrap=True)
    write_json({"mutants": [one.to_json()]}, json_file)
    if one.step:
        raise typer.Exit(FAILS)

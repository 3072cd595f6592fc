"""`halfclose prove`: the invariants of one end and of both, for all values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from halfclose.checks.claims.decide import proved
from halfclose.checks.claims.gate import TriedMutant, gate, try_mutant
from halfclose.checks.claims.report import Report
from halfclose.checks.claims.units import chosen, units
from halfclose.checks.cli import targets
from halfclose.checks.cli.induction import show_counterexamples, show_vacuous
from halfclose.checks.cli.options import refuse_ignored
from halfclose.checks.cli.progress import advancing, tell, working
from halfclose.checks.cli.solving import solving
from halfclose.checks.cli.terminal import FAILS, console, count, interrupted, refuse, show, table, write_json
from halfclose.checks.cli.workers import workers
from halfclose.checks.prove.both_ends import premises
from halfclose.checks.prove.bridge import Bridge, bridge
from halfclose.checks.prove.counterexample import Counterexample, counterexamples
from halfclose.checks.prove.enabling import Vacuous, left_out, vacuous
from halfclose.checks.prove.minimal import implied
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import OBLIGATIONS, TITLES, changed
from halfclose.checks.prove.solvers import NoSolver, prove
from halfclose.spec.claims.agreement import MSL
from halfclose.spec.language.profile import Profile, UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import MUTANTS, UnknownMutant, mutated
from halfclose.spec.tcp.graph import TCP, Graph, tcp

#: The width of a sequence number on the wire (3.1).
_WIRE_BITS = 32
_WORTH = "a proof that is not finished proves nothing"


class Choice(Enum):
    Z3 = "z3"
    CVC5 = "cvc5"
    BOTH = "both"


def command(
    context: typer.Context,
    mutant: Annotated[
        str, typer.Option(help="Try the proofs on this broken specification, and draw a trace of what goes wrong.")
    ] = "",
    gate_asked: Annotated[
        bool, typer.Option("--gate", help="Try the proofs on every mutant: the mutation gate.")
    ] = False,
    gate_as_before: Annotated[bool, typer.Option("--mutants", hidden=True)] = False,
    profile: Annotated[str, typer.Option(help="Prove for this profile alone, e.g. close-by-the-letter.")] = "",
    solver: Annotated[
        Choice, typer.Option(help="The solver that decides each query; `both` compares their verdicts.")
    ] = Choice.Z3,
    export: Annotated[
        Path | None,
        typer.Option(callback=targets.folder, help="Write the queries of both proofs into this folder, as SMT-LIB 2."),
    ] = None,
    wire: Annotated[
        bool,
        typer.Option(
            "--bridge", help="Prove also, by Z3, where 32-bit comparisons agree with those of unbounded numbers."
        ),
    ] = False,
    minimal: Annotated[
        bool, typer.Option("--minimal", help="Say also, by Z3, which conjuncts the others imply.")
    ] = False,
    json_file: targets.Json = None,
) -> None:
    """Prove the invariants of one end and of both, for all values.

    Explorations can only show them within a scope; proofs hold for any number of octets, segments, losses and
    incarnations. They are two inductions over every edge: the invariant of one end, whose peer may be anybody, and
    that of both ends, from which P1 to P6 follow. Exit status 0: proved; 1: an edge breaks a conjunct, or a step is
    vacuous without a stated reason, or the solvers disagree; 2: wrong use.
    """
    if gate_asked or gate_as_before:
        refuse_ignored(context, "with --gate", "mutant", "profile", "solver", "export", "wire", "minimal")
    if mutant:
        refuse_ignored(context, "with --mutant", "profile", "solver", "export", "wire", "minimal")
    try:
        only = parse_profile(profile) if profile else None
        if gate_asked or gate_as_before:
            _gate(json_file)
            return
        with solving(_WORTH):
            if mutant:
                _one_mutant(mutant, json_file)
            else:
                _prove(only, solver.value, export, wire, minimal, json_file)
    except (UnknownMutant, UnknownSwitch, NoSolver) as error:
        refuse(error)
    except OSError as error:
        refuse(f"cannot write to {export}: {error.strerror}")
    except KeyboardInterrupt:
        interrupted(_WORTH)


# ---- the proofs --------------------------------------------------------------------------------------------------


def _prove(
    only: Profile | None, solver: str, export: Path | None, wire: bool, minimal: bool, json_file: Path | None
) -> None:
    graph = TCP if only is None else tcp(only)
    proofs = {name: _decide(name, graph, only, solver, export) for name in OBLIGATIONS}
    steps = {name: tuple(vacuous(name, proof, only)) for name, proof in proofs.items()}
    absent = () if only is None else tuple(left_out(only))
    examples = tuple(one for name, proof in proofs.items() for one in _examples(name, proof.faults, TCP, only))
    spare = implied() if minimal else ()
    words = _bridge(graph) if wire else None
    idle = [*absent, *(one for group in steps.values() for one in group)]
    if str(json_file) != "-":
        for name, proof in proofs.items():
            _show(TITLES[name], proof, spare, steps[name])
        show_vacuous(absent)
        show_counterexamples(examples)
        _show_premises(only)
        if minimal:
            console.print(f"implied by the other conjuncts: {', '.join(spare) or 'none'}")
        if words is not None:
            _show_bridge(words)
    more: dict[str, Any] = {"vacuous": [one.to_json() for one in idle]}
    more |= {"counterexamples": [one.to_json() for one in examples]}
    more |= ({"implied": list(spare)} if minimal else {}) | ({} if words is None else {"bridge": words.to_json()})
    write_json(_json(proofs, only) | more, json_file)
    failed = any(proof.faults or proof.disputed for proof in proofs.values())
    unexplained = any(not one.explained for one in idle)
    if failed or unexplained or (words is not None and words.faults):
        raise typer.Exit(FAILS)


def _decide(name: str, graph: Graph, only: Profile | None, solver: str, export: Path | None) -> Proof:
    """One proof, with its progress."""
    with advancing(f"proving {TITLES[name]}", len(graph.edges) + 2, lines=3) as advance:
        proof = prove(OBLIGATIONS[name](graph, only), solver, export, lambda step: advance())
    tell(f"{TITLES[name]}: {'not proved' if proof.faults or proof.disputed else 'proved'}")
    return proof


def _bridge(graph: Graph) -> Bridge:
    with working("comparing words with integers"):
        return bridge(_WIRE_BITS, graph)


def _examples(
    name: str, faults: Iterable[tuple[str, str]], graph: Graph, only: Profile | None = None
) -> Iterator[Counterexample]:
    """The counterexamples of a proof, on rules with their switches open, whose guards people can read."""
    return counterexamples(OBLIGATIONS[name](graph, only), faults)


def _show(title: str, proof: Proof, spare: tuple[str, ...], steps: tuple[Vacuous, ...]) -> None:
    made = table(
        "conjunct, claim or theorem", "steps", "verdict", numbers=("steps",), title=title, title_justify="left"
    )
    for goal in proof.goals:
        broken = proof.breaking(goal)
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        verdict = f"[red]broken by {', '.join(broken[:3])}{more}[/]" if broken else "[green]proved[/]"
        verdict += " (implied by the others)" if goal in spare else ""
        made.add_row(goal, str(len(proof.about(goal))), verdict)
    show(made)
    show_vacuous(steps)
    for step in proof.disputed:
        console.print(f"{' and '.join(proof.solvers)} disagree on {step}", style="red", markup=False)
    console.print(
        f"{count(proof.queries, 'query')} by {' and '.join(proof.solvers)}, {len(proof.faults)} not refuted; "
        f"{proof.seconds:.1f} s, the slowest query {proof.slowest * 1000:.0f} ms\n"
    )


def _show_premises(only: Profile | None) -> None:
    console.print("What the proof of both ends takes for granted:")
    for premise in (*premises(only), MSL):
        console.print(f"  {premise.name}: {premise.says}", markup=False)


def _show_bridge(words: Bridge) -> None:
    made = table("true of words as of integers", "as long as", "verdict")
    for lemma in words.lemmas:
        bounds = ", ".join(f"{b.name} =< {b.says}{' (given)' if b.given else ''}" for b in lemma.bounds)
        made.add_row(lemma.says, bounds, "[green]proved[/]" if lemma.proved else "[red]not proved[/]")
    show(made)
    for fault in words.faults:
        console.print(fault, style="red", markup=False)
    console.print(
        f"\n{count(len(words.lemmas), 'lemma')} at {count(words.bits, 'bit')}, {count(words.queries, 'query')}, "
        f"{words.seconds:.1f} s; each "
        "bound is the largest.\nWhat remains assumed: no segment is older than these bounds allow (the MSL of 3.4.1), "
        "the ISN clock keeps new numbers as far ahead, and CLOSE waits for the end of the handshake (reading 8)."
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
    with advancing("trying mutants", len(MUTANTS)) as advance, workers("--mutant tries one of them"):
        tried = gate(tuple(MUTANTS), advance)
    if str(json_file) != "-":
        _show_gate(tried)
    write_json({"mutants": [one.to_json() for one in tried]}, json_file)
    if not all(one.passes for one in tried):
        raise typer.Exit(FAILS)


def _show_gate(tried: tuple[TriedMutant, ...]) -> None:
    made = table("mutant", "edge and conjunct where the proof breaks", "length of a trace, or why there is none")
    for one in tried:
        whose = ", whoever the peer is" if one.proof == "one end" else ""
        where = f"{one.step}: {one.goal}{whose}" if one.step else "it holds"
        made.add_row(one.mutant, where, _shown_by(one))
    show(made)
    broken = sum(one.trace is not None for one in tried)
    console.print(
        f"\n{count(len(tried), 'mutant')}: {broken} broken with a trace (`--mutant NAME` draws it), "
        f"{sum(bool(one.harmless) for one in tried)} harmless for the reason given, "
        f"{sum(not one.passes for one in tried)} neither"
    )


def _shown_by(one: TriedMutant) -> str:
    if one.trace is not None:
        return f"{count(len(one.trace.steps), 'step')} in {one.scope}: {one.claim}"
    return one.harmless or "[red]neither a trace nor a reason[/]"


def _one_mutant(name: str, json_file: Path | None) -> None:
    mutated(name)
    with working(f"trying {name}"):
        one = try_mutant(name)
        examples = tuple(_examples(one.proof, [(one.step, one.goal)], changed(mutated(name)))) if one.step else ()
    if str(json_file) != "-":
        console.print(f"{name}: {MUTANTS[name].what}", markup=False)
        where = f"the proof breaks at {one.step}: {one.goal}" if one.step else "the proof holds"
        console.print(where, markup=False)
        show_counterexamples(examples, where_traces_are=False)
        console.print(_shown_by(one))
        if one.trace is not None:
            console.print(one.trace.diagram(), markup=False, soft_wrap=True)
    write_json({"mutants": [one.to_json()], "counterexamples": [one.to_json() for one in examples]}, json_file)
    if one.step:
        raise typer.Exit(FAILS)

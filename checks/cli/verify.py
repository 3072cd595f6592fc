"""`halfclose verify`: decide every claim, and show that each of them could have failed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from halfclose.checks.claims.report import Evidence, Report
from halfclose.checks.claims.units import Unit, chosen, units
from halfclose.checks.claims.user_property import BadProperty, TriedProperty, load, try_property
from halfclose.checks.claims.verify import verify
from halfclose.checks.cli.induction import show_vacuous
from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import advancing, tell, working
from halfclose.checks.cli.solving import solving
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import FAILS, console, count, interrupted, refuse, show, table, write_json
from halfclose.checks.cli.workers import workers
from halfclose.spec.claims.agreement import MSL, PREMISES
from halfclose.spec.claims.catalogue import BY_ID
from halfclose.spec.claims.properties import Claim
from halfclose.spec.language.edge import Event
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import MUTANTS, UnknownMutant, mutated
from halfclose.spec.tcp.graph import TCP

_COLOUR = {"holds": "green", "fails": "red", "unknown": "yellow"}
#: Whether a mutant breaks a user's property, in words.
_MUTANT_SAID = {
    True: "breaks it",
    False: "[red]does not break it[/]",
    None: "[yellow]not tried: the property fails already[/]",
}


@dataclass(frozen=True)
class _Decided:
    """A claim as it is reported."""

    claim: Claim
    verdict: str
    evidence: tuple[Evidence, ...]


def command(
    context: typer.Context,
    claims: Annotated[
        list[str] | None, typer.Argument(help="The claims to decide, e.g. S2 S11; without any, all of them.")
    ] = None,
    mutant: Annotated[str, typer.Option(help="Decide the claims for this broken specification instead.")] = "",
    profile: Annotated[str, typer.Option(help="Switches to add to every scope, joined by '+', e.g. rfc5961.")] = "",
    mutants: Annotated[bool, typer.Option(help="Check that the mutants named for each claim break it.")] = True,
    user_file: Annotated[
        Path | None, typer.Option("--property", help="Decide the property that this Python file defines instead.")
    ] = None,
    traces: Annotated[
        bool, typer.Option("--traces", help="Also draw traces that show that something is possible.")
    ] = False,
    edges: Annotated[bool, typer.Option("--edges", help="List the edges that no exploration took.")] = False,
    json_file: Json = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many processes work; by default one for each processor.")
    ] = None,
) -> None:
    """Decide the claims, and show that each could have failed.

    A claim could have failed if at least one mutant, a broken specification, breaks it. Exit status 0: all claims
    hold; 1: one fails, or no mutant breaks one; 2: wrong use.
    """
    if user_file is not None:
        refuse_ignored(context, "with --property", "claims", "mutant", "mutants", "edges", "jobs")
    if mutant:
        refuse_ignored(context, "with --mutant, which is itself the specification that is judged", "mutants")
    if str(json_file) == "-":
        refuse_ignored(context, "with --json -", "traces", "edges")
    if user_file is not None:
        _verify_property(user_file, profile, traces, json_file)
    else:
        report, work = _prepare(claims or [], mutant, profile, mutants)
        if mutant and str(json_file) != "-":
            console.print(f"judged is the mutant {mutant}: {MUTANTS[mutant].what}\n", markup=False)
        _verify(report, work, jobs, traces, edges, json_file)


def _verify(
    report: Report, work: list[Unit], jobs: int | None, traces: bool, edges: bool, json_file: Path | None
) -> None:
    cut_short = _run(report, work, jobs)
    decided = [_Decided(claim, report.verdict(claim), report.evidence(claim)) for claim in report.claims]
    if str(json_file) != "-":
        _show(report, decided, traces)
        _show_untaken(report, edges)
    write_json(report.to_json(), json_file)
    if cut_short:
        interrupted(_covered(report, decided))
    if any(one.verdict != "holds" for one in decided):
        raise typer.Exit(FAILS)


def _verify_property(file: Path, profile: str, traces: bool, json_file: Path | None) -> None:
    try:
        prop = load(file)
        with solving("the property is not decided"), working(f"exploring {prop.scope}"):
            tried = try_property(prop, profile)
    except (BadProperty, UnknownSwitch) as error:
        refuse(error)
    if str(json_file) != "-":
        _show_property(tried, traces)
    write_json(tried.to_json(), json_file)
    if not tried.holds or not all(broken for _, broken in tried.mutants):
        raise typer.Exit(FAILS)


def _show_property(tried: TriedProperty, traces: bool) -> None:
    verdict = "[green]holds[/]" if tried.holds else "[red]fails[/]"
    states = count(tried.states, "state")
    console.print(f"{escape(tried.prop.name)}: {verdict} in {tried.prop.scope}, {states}, {tried.seconds:.1f} s")
    if tried.breaks is not None:
        by = "inductive: it holds in every scope" if not tried.breaks else f"not inductive by itself: {tried.breaks[0]}"
        more = len(tried.breaks) - 1
        also = f" and {count(more, 'more edge')} {'breaks' if more == 1 else 'break'} it" if more > 0 else ""
        console.print(by + also, markup=False)
    for name, broken in tried.mutants:
        console.print(f"mutant {name}: {_MUTANT_SAID[broken]}")
    if not tried.mutants:
        console.print("unguarded: name a mutant in broken_by to see that it can fail", style="yellow")
    if tried.trace is not None and (traces or not tried.holds):
        console.print(tried.trace.diagram(), markup=False, soft_wrap=True)


def _prepare(ids: list[str], mutant: str, profile: str, mutants: bool) -> tuple[Report, list[Unit]]:
    refuse_unknown("claim", [name.upper() for name in ids], BY_ID, "halfclose explain claims")
    try:
        claims = chosen(ids)
        parse_profile(profile)
        if mutant:
            mutated(mutant)
    except (UnknownMutant, UnknownSwitch) as error:
        refuse(error)
    tried = mutants and not mutant
    work = units(claims, mutant, profile, tried)
    if profile and all(unit.kind == "shape" for unit in work):
        refuse("--profile would be ignored: these claims are about the graph of all profiles; leave it out")
    return Report(claims, tried), work


def _run(report: Report, work: list[Unit], jobs: int | None) -> bool:
    """Decide everything, and tell what was decided as soon as it is; whether it was interrupted."""
    left = Counter(claim for unit in work for claim, _ in unit.props)
    with advancing("verifying", len(work), lines=0) as advance:

        def done(unit: Unit) -> None:
            left.subtract(claim for claim, _ in unit.props)
            for claim in dict.fromkeys(claim for claim, _ in unit.props):
                if not left[claim]:
                    tell(f"{claim} {BY_ID[claim].title}: {report.verdict(BY_ID[claim])}")
            advance(f"{unit.where} with {unit.mutant}" if unit.mutant else unit.where)

        try:
            with workers("fewer --jobs need less"):
                verify(report, work, jobs, done)
        except KeyboardInterrupt:
            return True
    return False


def _covered(report: Report, decided: Sequence[_Decided]) -> str:
    evidence = [evidence for one in decided for evidence in one.evidence]
    known = sum(one.verdict is not None for one in evidence)
    return (
        f"after {report.seconds:.0f} s {known} of {count(len(evidence), 'property')} were decided, "
        f"with {count(len(report.verdicts), 'verdict')} in all; the others are unknown"
    )


def _show(report: Report, decided: Sequence[_Decided], traces: bool) -> None:
    numbers = ("states or queries", "s")
    made = table("claim and its properties", "decided by", *numbers, "broken by", numbers=numbers)
    for one in decided:
        made.add_row(f"[bold]{one.claim.id}[/] {one.claim.title}: [{_COLOUR[one.verdict]}]{one.verdict}[/]")
        for evidence in one.evidence:
            made.add_row(*_row(report, evidence))
        if assumed := _assumed(one.evidence):
            made.add_row(f"  [dim]the proofs assume: {', '.join(assumed)}[/]")
        made.add_section()
    show(made)
    _show_premises(_assumed(evidence for one in decided for evidence in one.evidence))
    show_vacuous(report.vacuous())
    for one in decided:
        _show_traces(one, traces)
    counts = Counter(one.verdict for one in decided)
    words = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "unknown": ("is unknown", "are unknown")}
    said = ", ".join(f"{counts[name]} {words[name][counts[name] > 1]}" for name in words if counts[name])
    console.print(f"\n{count(len(decided), 'claim')}: {said}; {time_words(report.seconds)}")


def _assumed(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The premises that the proofs among this evidence rest on, by name."""
    verdicts = (one.verdict for one in evidence)
    return tuple(dict.fromkeys(name for verdict in verdicts if verdict is not None for name in verdict.assumes))


def _show_premises(names: Sequence[str]) -> None:
    """What the names stand for."""
    if names:
        console.print("\nWhat the proofs assume:")
        for premise in (premise for premise in (*PREMISES, MSL) if premise.name in names):
            console.print(f"  {premise.name}: {premise.says}", markup=False)


def _show_untaken(report: Report, names: bool) -> None:
    """What the explorations did not see: a claim says nothing of an edge that none of its scopes takes."""
    untaken, total = report.untaken(), sum(edge.event is not Event.STATUS for edge in TCP.edges)
    if not any(verdict.taken for verdict in report.verdicts):
        return
    hint = "" if names else " (--edges lists the others; the proofs judge all, `halfclose vectors` exercises most)"
    console.print(f"{total - len(untaken)} of {total} edges were taken by these explorations{hint}", markup=False)
    if names:
        for name in untaken:
            console.print(f"  not taken: {name}", markup=False)


def time_words(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else time.strftime("%M:%S min", time.gmtime(seconds))


def _row(report: Report, evidence: Evidence) -> tuple[str, ...]:
    verdict, prop = evidence.verdict, evidence.prop
    if verdict is None:
        return f"  {prop.name}", prop.scope, "", "", "[yellow]not decided[/]"
    mark = "" if verdict.holds else f": [red]{verdict.words or 'does not hold'}[/]"
    size = verdict.states if verdict.states is not None else verdict.queries
    return (
        f"  {prop.name}{mark}",
        f"{verdict.engine}: {verdict.scope}",
        f"{size:,}" if size is not None else "",
        f"{verdict.seconds:.1f}",
        _guards(report, evidence),
    )


def _guards(report: Report, evidence: Evidence) -> str:
    if not report.with_mutants:
        return ""
    survived = [f"[red]not by {name}[/]" for name in evidence.survived_by]
    return ", ".join([*evidence.broken_by, *survived]) or "[red]nothing: unguarded[/]"


def _show_traces(decided: _Decided, witnesses: bool) -> None:
    for evidence in decided.evidence:
        verdict = evidence.verdict
        if verdict is None or verdict.trace is None or (verdict.holds and not witnesses):
            continue
        what = "the shortest way" if verdict.holds else "counterexample"
        steps = count(len(verdict.trace.steps), "step")
        console.print(f"\n[bold]{decided.claim.id}[/] {evidence.prop.name}: {what}, {steps}")
        console.print(verdict.trace.diagram(), markup=False, soft_wrap=True)

"""`halfclose verify`: decide every claim, and show that each of them could have failed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.table import Table

from halfclose.checks.claims.user_property import BadProperty, Tried, load, try_property
from halfclose.checks.claims.verify import Evidence, Report, Unit, UnknownClaim, chosen, units, verify
from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.spec.claims.agreement import MSL, PREMISES
from halfclose.spec.claims.properties import Claim
from halfclose.spec.language.edge import Event
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import UnknownMutant, mutated
from halfclose.spec.tcp.graph import TCP

_COLOUR = {"holds": "green", "fails": "red", "unknown": "yellow"}


def command(
    claims: Annotated[list[str] | None, typer.Argument(help="Claims to decide, e.g. S2 S11; all by default.")] = None,
    mutant: Annotated[str, typer.Option(help="Decide them for this broken specification instead.")] = "",
    profile: Annotated[str, typer.Option(help="Switches to add to every scope, joined by '+', e.g. rfc5961.")] = "",
    mutants: Annotated[bool, typer.Option(help="Try the mutants that must break each claim.")] = True,
    user_file: Annotated[
        Path | None, typer.Option("--property", help="Decide the property of this Python file instead.")
    ] = None,
    traces: Annotated[bool, typer.Option("--traces", help="Draw the witnesses of possibility too.")] = False,
    edges: Annotated[bool, typer.Option("--edges", help="List the edges that no exploration took.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report here; '-' is stdout.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are processors.")] = None,
) -> None:
    """Decide the claims. Exit status 0: all hold; 1: one fails or no mutant can break it; 2: wrong use."""
    if user_file is not None:
        _verify_property(user_file, profile, traces, json_file)
        return
    report, work = _prepare(claims or [], mutant, profile, mutants)
    interrupted = _run(report, work, jobs)
    if str(json_file) != "-":
        _show(report, traces)
        _show_untaken(report, edges)
    write_json(report.to_json(), json_file)
    if interrupted:
        errors.print(_covered(report, work), style="yellow", markup=False)
        raise typer.Exit(INTERRUPTED)
    if any(report.verdict(claim) != "holds" for claim in report.claims):
        raise typer.Exit(FAILS)


def _verify_property(file: Path, profile: str, traces: bool, json_file: Path | None) -> None:
    try:
        prop = load(file)
        with Status(f"exploring {prop.scope}", console=errors):
            tried = try_property(prop, profile)
    except (BadProperty, UnknownSwitch) as error:
        refuse(error)
    if str(json_file) != "-":
        _show_property(tried, traces)
    write_json(tried.to_json(), json_file)
    if not tried.holds or not all(broken for _, broken in tried.mutants):
        raise typer.Exit(FAILS)


def _show_property(tried: Tried, traces: bool) -> None:
    verdict = "[green]holds[/]" if tried.holds else "[red]fails[/]"
    console.print(f"{tried.prop.name}: {verdict} in {tried.prop.scope}, {tried.states:,} states, {tried.seconds:.1f} s")
    if tried.breaks is not None:
        by = "inductive: it holds in every scope" if not tried.breaks else f"not inductive by itself: {tried.breaks[0]}"
        more = f" and {len(tried.breaks) - 1} more edges break it" if len(tried.breaks) > 1 else ""
        console.print(by + more, markup=False)
    for name, broken in tried.mutants:
        console.print(f"mutant {name}: " + ("breaks it" if broken else "[red]does not break it[/]"))
    if not tried.mutants:
        console.print("unguarded: name a mutant in broken_by to see that it can fail", style="yellow")
    if tried.trace is not None and (traces or not tried.holds):
        console.print(tried.trace.diagram(), markup=False, soft_wrap=True)


def _prepare(ids: list[str], mutant: str, profile: str, mutants: bool) -> tuple[Report, list[Unit]]:
    try:
        claims = chosen(ids)
        parse_profile(profile)
        if mutant:
            mutated(mutant)
    except (UnknownClaim, UnknownMutant, UnknownSwitch) as error:
        refuse(error)
    tried = mutants and not mutant
    return Report(claims, tried), units(claims, mutant, profile, tried)


def _run(report: Report, work: list[Unit], jobs: int | None) -> bool:
    """Run everything under a progress bar; whether it was interrupted."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("exploring", total=len(work))

        def done(unit: Unit) -> None:
            what = f"{unit.where} with {unit.mutant}" if unit.mutant else unit.where
            bar.update(task, advance=1, description=f"{what:.<45.45}")

        try:
            verify(report, work, jobs, done)
        except KeyboardInterrupt:
            return True
    return False


def _covered(report: Report, work: list[Unit]) -> str:
    decided = sum(evidence.verdict is not None for claim in report.claims for evidence in report.evidence(claim))
    total = sum(len(report.evidence(claim)) for claim in report.claims)
    return (
        f"halfclose: interrupted after {report.seconds:.0f} s; {decided} of {total} properties were decided, "
        f"{len(report.verdicts)} verdicts in all; the others are unknown"
    )


def _show(report: Report, traces: bool) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    table.add_column("claim and its properties", overflow="fold", ratio=5)
    table.add_column("decided by", overflow="fold", ratio=4)
    table.add_column("states", justify="right", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("broken by", overflow="fold", ratio=4)
    for claim in report.claims:
        verdict = report.verdict(claim)
        table.add_row(f"[bold]{claim.id}[/] {claim.title}: [{_COLOUR[verdict]}]{verdict}[/]")
        for evidence in report.evidence(claim):
            table.add_row(*_row(report, evidence))
        if assumed := _assumed((claim,), report):
            table.add_row(f"  [dim]the proofs assume: {', '.join(assumed)}[/]")
        table.add_section()
    console.print(table)
    _show_premises(report)
    _show_traces(report, traces)
    counts = {name: sum(report.verdict(c) == name for c in report.claims) for name in _COLOUR}
    said = ", ".join(f"{n} {'hold' if name == 'holds' and n > 1 else name}" for name, n in counts.items() if n)
    console.print(f"\n{len(report.claims)} claims: {said}; {time_words(report.seconds)}")


def _assumed(claims: tuple[Claim, ...], report: Report) -> tuple[str, ...]:
    """The premises that the proofs of these claims rest on, by name."""
    verdicts = (evidence.verdict for claim in claims for evidence in report.evidence(claim))
    return tuple(dict.fromkeys(name for verdict in verdicts if verdict is not None for name in verdict.assumes))


def _show_premises(report: Report) -> None:
    """What the names stand for."""
    if names := _assumed(report.claims, report):
        console.print("\nWhat the proofs assume:")
        for premise in (premise for premise in (*PREMISES, MSL) if premise.name in names):
            console.print(f"  {premise.name}: {premise.says}", markup=False)


def _show_untaken(report: Report, names: bool) -> None:
    """What the explorations did not see: a claim says nothing of an edge that none of its scopes takes."""
    untaken, total = report.untaken(), sum(edge.event is not Event.STATUS for edge in TCP.edges)
    if not any(verdict.taken for verdict in report.verdicts):
        return
    hint = "" if names else " (--edges lists the others; `halfclose vectors` exercises them)"
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


def _show_traces(report: Report, witnesses: bool) -> None:
    for claim in report.claims:
        for evidence in report.evidence(claim):
            verdict = evidence.verdict
            if verdict is None or verdict.trace is None or (verdict.holds and not witnesses):
                continue
            what = "the shortest way" if verdict.holds else "counterexample"
            console.print(f"\n[bold]{claim.id}[/] {evidence.prop.name}: {what}, {len(verdict.trace.steps)} steps")
            console.print(verdict.trace.diagram(), markup=False, soft_wrap=True)

"""`halfclose conform`: replay vectors against a real stack and judge every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import advancing
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import FAILS, console, count, interrupted, refuse, show, table, write_json
from halfclose.checks.conform.registry import STACKS
from halfclose.checks.conform.run import conform
from halfclose.checks.conform.verdicts import Report, Verdict
from halfclose.checks.stacks.stack import StackError
from halfclose.checks.vectors.format import BadVectors, load
from halfclose.spec.language.profile import UnknownSwitch, parse_profile


def command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by `halfclose vectors`.")],
    stack: Annotated[str, typer.Option(help=f"The implementation under test: {', '.join(STACKS)}.")],
    profile: Annotated[str, typer.Option(help="Judge by this profile instead of the stack's own.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also list the vectors that passed.")] = False,
    json_file: Json = None,
) -> None:
    """Replay vectors against a stack and judge every answer.

    What a stack does although RFC 9293 says SHOULD NOT, or leaves undone although it says SHOULD, departs from advice
    and does not deviate.  Exit status 0: no vector deviates; 1: one does; 2: wrong use.
    """
    if str(json_file) == "-":
        refuse_ignored(context, "with --json -", "every")
    refuse_unknown("stack", [stack], STACKS, "halfclose conform --help")
    try:
        judged_by = parse_profile(profile) if profile else None
        vectors = load(folder)
        with advancing(f"replaying against {stack}", len(vectors.vectors)) as advance:
            report = conform(stack, vectors, lambda done, total: advance(done=done), judged_by)
    except (BadVectors, StackError, UnknownSwitch) as error:
        refuse(error)
    except KeyboardInterrupt:
        interrupted("a run that did not come to its end reports nothing")
    if str(json_file) != "-":
        _show(report, every)
    write_json(report.to_json(), json_file)
    if report.count(Verdict.DEVIATES):
        raise typer.Exit(FAILS)


def _show(report: Report, every: bool) -> None:
    console.print(f"{report.stack}: {report.version}, judged by profile {report.profile}\n", markup=False)
    _show_rows(report, Verdict.DEVIATES, ("vector", "what was seen, and what is allowed", "what is asked, and where"))
    _show_rows(report, Verdict.DEPARTS, ("vector", "what departs from advice", "what is advised, and where"))
    _show_reasons(report)
    if every:
        for row in report.rows:
            if row.verdict is Verdict.PASSED:
                console.print(f"passed  {row.id}  {row.name}", markup=False)
    counts = ", ".join(f"{report.count(verdict)} {_verb(verdict, report.count(verdict))}" for verdict in Verdict)
    console.print(f"{count(len(report.rows), 'vector')}: {counts}")


_PLURAL = {Verdict.DEVIATES: "deviate", Verdict.DEPARTS: "depart from advice"}


def _verb(verdict: Verdict, number: int) -> str:
    return verdict.value if number == 1 else _PLURAL.get(verdict, verdict.value)


def _show_rows(report: Report, verdict: Verdict, headings: tuple[str, str, str]) -> None:
    """One row for each thing that has this verdict, with the vectors that show it."""
    made = table(*headings, show_lines=True, show_edge=True, pad_edge=True)
    causes: dict[str, list[int]] = {}
    for number, row in enumerate(report.rows):
        if row.verdict is verdict:
            causes.setdefault(row.cause or row.id, []).append(number)
    for numbers in causes.values():
        first = report.rows[numbers[0]]
        more = f"\n(and {len(numbers) - 1} more)" if len(numbers) > 1 else ""
        made.add_row(f"{first.id}{more}", first.what, first.rule)
    if causes:
        show(made)


def _show_reasons(report: Report) -> None:
    reasons: dict[str, int] = {}
    for row in report.rows:
        if row.verdict is Verdict.NOT_APPLICABLE:
            reasons[row.what] = reasons.get(row.what, 0) + 1
    for reason, number in sorted(reasons.items(), key=lambda item: -item[1]):
        console.print(f"not applicable, {count(number, 'vector')}: {reason}", markup=False)

"""`halfclose conform`: replay vectors against a real stack and judge every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.conform.registry import UnknownStack
from halfclose.checks.conform.run import conform
from halfclose.checks.conform.verdicts import Report, Verdict
from halfclose.checks.stacks.stack import StackError
from halfclose.checks.vectors.format import BadVectors, load
from halfclose.spec.language.profile import UnknownSwitch, parse_profile


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Vectors written by `halfclose vectors`.")],
    stack: Annotated[str, typer.Option(help="The implementation under test: linux, lwip, reference.")],
    profile: Annotated[str, typer.Option(help="Judge by this profile instead of the stack's own.")] = "",
    every: Annotated[bool, typer.Option("--all", help="List the vectors that passed, too.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report here; '-' is stdout.")] = None,
) -> None:
    """Replay every vector. Exit status 0: nothing deviates; 1: something does; 2: wrong use."""
    try:
        judged_by = parse_profile(profile) if profile else None
        vectors = load(folder)
        with Progress(console=errors, transient=True) as bar:
            task = bar.add_task(f"replaying against {stack}", total=len(vectors.vectors))
            report = conform(stack, vectors, lambda done, total: bar.update(task, completed=done), judged_by)
    except (BadVectors, UnknownStack, StackError, UnknownSwitch) as error:
        refuse(error)
    except KeyboardInterrupt:
        errors.print(
            "halfclose: interrupted; nothing is reported of a run that did not come to its end", style="yellow"
        )
        raise typer.Exit(INTERRUPTED) from None
    if str(json_file) != "-":
        _show(report, every)
    write_json(report.to_json(), json_file)
    if report.count(Verdict.DEVIATES):
        raise typer.Exit(FAILS)


def _show(report: Report, every: bool) -> None:
    console.print(f"{report.stack}: {report.version}, judged by profile {report.profile}\n", markup=False)
    _show_deviations(report)
    _show_reasons(report)
    if every:
        for row in report.rows:
            if row.verdict is Verdict.PASSED:
                console.print(f"passed  {row.id}  {row.name}", markup=False)
    counts = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    console.print(f"{len(report.rows)} vectors: {counts}")


def _show_deviations(report: Report) -> None:
    """One row for each thing that went wrong, with the vectors that show it."""
    table = Table(show_lines=True, header_style="bold")
    for name in ("deviates", "what was seen, and what is allowed", "RFC 9293"):
        table.add_column(name, overflow="fold")
    causes: dict[str, list[int]] = {}
    for number, row in enumerate(report.rows):
        if row.verdict is Verdict.DEVIATES:
            causes.setdefault(row.cause or row.id, []).append(number)
    for numbers in causes.values():
        first = report.rows[numbers[0]]
        more = f"\n(and {len(numbers) - 1} more)" if len(numbers) > 1 else ""
        table.add_row(f"{first.id}{more}", first.what, first.rule)
    if causes:
        console.print(table)


def _show_reasons(report: Report) -> None:
    reasons: dict[str, int] = {}
    for row in report.rows:
        if row.verdict is Verdict.NOT_APPLICABLE:
            reasons[row.what] = reasons.get(row.what, 0) + 1
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        console.print(f"not applicable, {count} vectors: {reason}", markup=False)

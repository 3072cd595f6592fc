"""`halfclose mutate`: mechanical mutants of every part of every edge, and which judges notice them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from halfclose.checks.cli.options import refuse_ignored, refuse_unknown
from halfclose.checks.cli.progress import advancing
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import FAILS, console, count, interrupted, refuse, show, table, write_json
from halfclose.checks.cli.workers import workers
from halfclose.checks.mutate.make import mutants
from halfclose.checks.mutate.mutant import Mutant
from halfclose.checks.mutate.results import COLUMNS, PROOFS, VECTORS, Result, default_file, key, load, save
from halfclose.checks.mutate.run import judge, run
from halfclose.checks.mutate.score import Column, score
from halfclose.spec.language.names import unknown
from halfclose.spec.tcp.graph import TCP

Found = dict[str, dict[str, Result]]


class Judged(Enum):
    PROOFS = PROOFS
    VECTORS = VECTORS


def command(
    context: typer.Context,
    edge: Annotated[
        str, typer.Option(help="Only mutants whose id fits this pattern, e.g. 'established.*' or 'term:*'.")
    ] = "*",
    sample: Annotated[int | None, typer.Option(min=1, help="Only so many mutants, drawn by lot.")] = None,
    seed: Annotated[int, typer.Option(help="Which ones are drawn.")] = 1,
    judged: Annotated[
        list[Judged] | None, typer.Option("--judge", help="Ask these judges only; may be given several times.")
    ] = None,
    survivors: Annotated[bool, typer.Option("--survivors", help="List the mutants that nothing notices.")] = False,
    ids: Annotated[bool, typer.Option("--list", help="List the ids of the mutants, and judge none.")] = False,
    shown: Annotated[str, typer.Option("--show", help="Explain the mutant with this id, and who notices it.")] = "",
    cache: Annotated[
        Path | None, typer.Option(help="The file where results are kept; by default in the user's cache folder.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many processes work; by default one for each processor.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Change every part of every edge, and say who notices.

    The proofs are totality, the claims on steps and both inductions; what they do not notice may be proved equivalent.
    The vectors are replayed on the specification as a stack with a virtual clock. Results are kept, so that only what
    has changed is judged again. Exit status 0: all is noticed, equivalent or explained; 1: something survives without
    a reason; 2: wrong use.
    """
    if shown:
        refuse_ignored(context, "with --show", "edge", "sample", "seed", "judged", "survivors", "ids", "cache", "jobs")
        _show_one(shown, json_file)
        return
    names = _chosen(edge, sample, seed)
    if ids:
        refuse_ignored(context, "with --list", "judged", "survivors", "cache", "jobs")
        _list(names, json_file)
        return
    columns = tuple(one.value for one in judged) if judged else COLUMNS
    found, cut_short = _judge(columns, names, cache or default_file(), jobs)
    columns_found = score(found)
    if str(json_file) != "-":
        _show(columns_found, len(names), survivors)
    write_json({"mutants": len(names), "columns": [column.to_json() for column in columns_found]}, json_file)
    if cut_short:
        known = min(len(results) for results in found.values())
        interrupted(f"{known} of {count(len(names), 'mutant')} are judged; their results are kept")
    if any(column.unexplained for column in columns_found):
        raise typer.Exit(FAILS)


def _chosen(pattern: str, sample: int | None, seed: int) -> tuple[str, ...]:
    names = tuple(name for name in mutants() if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}/*"))
    if not names:
        edges = [edge.name for edge in TCP.edges]
        refuse(unknown("edge", pattern, edges, "edges"))
    if sample is None or sample >= len(names):
        return names
    drawn = set(Random(seed).sample(names, sample))
    return tuple(name for name in names if name in drawn)


def _judge(columns: tuple[str, ...], names: tuple[str, ...], file: Path, jobs: int | None) -> tuple[Found, bool]:
    """The results of each column, and whether Ctrl-C cut the run short; what was found till then is kept."""
    try:
        kept = load(file)
    except (ValueError, OSError) as error:
        refuse(error)
    found: Found = {column: {} for column in columns}
    try:
        for column in columns:
            _one_column(column, names, kept, found[column], jobs)
    except KeyboardInterrupt:
        return found, True
    finally:
        _keep(file, kept)
    return found, False


def _one_column(
    column: str, names: tuple[str, ...], kept: dict[str, Result], found: dict[str, Result], jobs: int | None
) -> None:
    keys = {name: key(mutants()[name], column) for name in names}
    found |= {name: kept[known] for name, known in keys.items() if known in kept}
    todo = tuple(name for name in names if name not in found)
    with advancing(f"asking the {column}", len(todo)) as advance, workers("fewer --jobs need less"):

        def done(name: str, result: Result) -> None:
            found[name] = kept[keys[name]] = result
            advance(name)

        run(column, todo, jobs, done)


def _keep(file: Path, results: Mapping[str, Result]) -> None:
    try:
        save(file, results)
    except OSError as error:
        refuse(f"cannot write {file}: {error.strerror}; name another file with --cache")


# ---- what is printed -----------------------------------------------------------------------------------------


def _show(columns: tuple[Column, ...], of: int, survivors: bool) -> None:
    made = table("asked", "noticed", "of", "share", "by", numbers=("noticed", "of", "share"))
    for column in columns:
        by = ", ".join(f"{name} {number:,}" for name, number in column.counts.items())
        made.add_row(column.name, f"{column.killed:,}", f"{column.real:,}", f"{column.share:.1%}", by)
    show(made)
    equivalent = max(column.equivalent for column in columns)
    console.print(f"\n{count(of, 'mutant')}, {equivalent:,} of them proved equivalent to the right edge", markup=False)
    for column in columns:
        _show_left(column, survivors)


def _show_left(column: Column, survivors: bool) -> None:
    for why, number in Counter(column.explained.values()).items():
        console.print(f"{column.name}: {number:,} explained: {why}", markup=False)
    if not column.unexplained:
        return
    hint = "" if survivors else " (--survivors lists them)"
    console.print(f"{column.name}: {len(column.unexplained):,} survive{hint}", style="red", markup=False)
    for name in column.unexplained if survivors else ():
        console.print(f"  {name}", markup=False, soft_wrap=True)


def _list(names: tuple[str, ...], json_file: Path | None) -> None:
    if str(json_file) != "-":
        for name in names:
            console.print(name, markup=False, soft_wrap=True)
    write_json({"ids": list(names)}, json_file)


def _show_one(name: str, json_file: Path | None) -> None:
    refuse_unknown("mutant", [name], mutants(), "halfclose mutate --list")
    mutant = mutants()[name]
    results = {column: judge(column, name) for column in COLUMNS}
    if str(json_file) != "-":
        print_one(mutant, results)
    write_json(_one_json(mutant, results), json_file)


def print_one(mutant: Mutant, results: Mapping[str, Result]) -> None:
    """What was changed, and who notices it in each column."""
    console.print(mutant.id, markup=False)
    console.print(f"  was: {mutant.was or 'nothing'}", markup=False)
    console.print(f"  now: {mutant.now or 'nothing'}", markup=False)
    console.print(f"  in: {', '.join(mutant.edges)}", markup=False)
    for column, result in results.items():
        by = [] if result.by == column and result.why else [result.by]
        console.print(f"  {': '.join((column, *by, *[result.why] * bool(result.why)))}", markup=False, soft_wrap=True)


def _one_json(mutant: Mutant, results: Mapping[str, Result]) -> dict[str, Any]:
    by = {column: {"by": result.by, "why": result.why} for column, result in results.items()}
    return {"id": mutant.id, "was": mutant.was, "now": mutant.now, "edges": list(mutant.edges), "judged": by}

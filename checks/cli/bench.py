"""`halfclose bench`: how fast the checks and the reference are, side by side with their peers in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.table import Table

from halfclose.checks.cli import bench_explore, bench_reference
from halfclose.checks.cli.terminal import console, errors, refuse, write_json
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import OBLIGATIONS, TITLES
from halfclose.checks.prove.solvers import NoSolver, prove
from halfclose.spec.tcp.graph import TCP

bench = typer.Typer(no_args_is_help=True, help="Measure the checks and the reference beside their peers; never a test.")
bench.command("explore")(bench_explore.command)
bench.command("reference")(bench_reference.command)


@bench.command("prove")
def bench_prove(
    proofs: Annotated[
        list[str] | None, typer.Option("--proof", help=f"Only this one: {' or '.join(OBLIGATIONS)}.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here; '-': stdout.")] = None,
) -> None:
    """Both proofs by Z3 and by cvc5, one after the other on one core, satisfiability checks included."""
    if unknown := set(proofs or ()) - OBLIGATIONS.keys():
        refuse(f"unknown proof {min(unknown)!r}; known are {', '.join(OBLIGATIONS)}")
    chosen = {name: make for name, make in OBLIGATIONS.items() if name in (proofs or OBLIGATIONS)}
    rows: list[tuple[str, Proof]] = []
    try:
        for solver in ("z3", "cvc5"):
            for name, obligations in chosen.items():
                with Status(f"{solver}: {TITLES[name]}", console=errors):
                    rows.append((name, prove(obligations(TCP, None), solver)))
    except NoSolver as error:
        refuse(error)
    if str(json_file) != "-":
        _show(rows)
    write_json({"proofs": [_figures(name, proof) for name, proof in rows]}, json_file)


def _figures(name: str, proof: Proof) -> dict[str, Any]:
    return {
        "proof": name,
        "solver": proof.solvers[0],
        "queries": proof.queries,
        "seconds": round(proof.seconds, 3),
        "slowest_ms": round(proof.slowest * 1000, 1),
        "proved": not proof.faults,
    }


def _show(rows: list[tuple[str, Proof]]) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("proof", "solver", "queries", "s", "slowest query, ms", "times z3"):
        table.add_column(name, justify="left" if name in ("proof", "solver") else "right")
    first = {name: proof.seconds for name, proof in rows if proof.solvers == ("z3",)}
    for name, proof in rows:
        ratio = proof.seconds / first[name]
        cells = (str(proof.queries), f"{proof.seconds:.1f}", f"{proof.slowest * 1000:.1f}", f"{ratio:.1f}")
        table.add_row(TITLES[name], proof.solvers[0], *cells)
    console.print(table)

"""`halfclose bench prove`: the solvers beside each other on the same proofs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from halfclose.checks.cli.options import refuse_unknown
from halfclose.checks.cli.progress import working
from halfclose.checks.cli.solving import solving
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import refuse, show, table, write_json
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import OBLIGATIONS, TITLES
from halfclose.checks.prove.solvers import NoSolver, prove
from halfclose.spec.tcp.graph import TCP


def command(
    proofs: Annotated[
        list[str] | None,
        typer.Option("--proof", help=f"Only this one: {' or '.join(OBLIGATIONS)}; may be repeated."),
    ] = None,
    json_file: Json = None,
) -> None:
    """Measure Z3 and cvc5 on both proofs.

    The solvers run one after the other on one core; the checks that each step is possible at all are included.
    """
    refuse_unknown("proof", proofs or (), OBLIGATIONS, "halfclose bench prove --help")
    chosen = {name: make for name, make in OBLIGATIONS.items() if name in (proofs or OBLIGATIONS)}
    rows: list[tuple[str, Proof]] = []
    try:
        for solver in ("z3", "cvc5"):
            for name, obligations in chosen.items():
                title = f"{solver}: {TITLES[name]}"
                with solving("nothing is reported of proofs that were not all measured"), working(title):
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
    numbers = ("queries", "s", "slowest query, ms", "times z3")
    made = table("proof", "solver", *numbers, numbers=numbers)
    first = {name: proof.seconds for name, proof in rows if proof.solvers == ("z3",)}
    for name, proof in rows:
        ratio = proof.seconds / first[name]
        cells = (f"{proof.queries:,}", f"{proof.seconds:.1f}", f"{proof.slowest * 1000:.1f}", f"{ratio:.1f}")
        made.add_row(TITLES[name], proof.solvers[0], *cells)
    show(made)

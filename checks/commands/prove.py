"""`halfclose prove`: the invariant of one end and the claims on steps, for all values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.table import Table

from halfclose.checks.commands.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.prove.bridge import Bridge, bridge
from halfclose.checks.prove.induction import Proof, implied, prove, step_claims
from halfclose.checks.verify import INDUCTION
from halfclose.spec.claims import BY_ID
from halfclose.spec.graph import RULES, Graph
from halfclose.spec.invariant import INVARIANT
from halfclose.spec.mutants import UnknownMutant, mutated

#: The width of a sequence number on the wire (3.1).
_WIRE_BITS = 32


def command(
    mutant: Annotated[str, typer.Option(help="Try the proof on this broken specification.")] = "",
    export: Annotated[Path | None, typer.Option(help="Write every query here as SMT-LIB 2.")] = None,
    wire: Annotated[
        bool, typer.Option("--bridge", help="Prove too where 32-bit comparisons agree with unbounded ones.")
    ] = False,
    minimal: Annotated[bool, typer.Option("--minimal", help="Say which conjuncts the others imply.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report here; '-' is stdout.")] = None,
) -> None:
    """Prove the invariant of one end by induction over every edge: any number of octets, any segments, every profile.

    Whatever the peer sends, forged segments included. What needs an honest peer is decided by `verify` in its scopes.
    Exit status 0: proved; 1: an edge breaks a conjunct, or a step is vacuous; 2: wrong use.
    """
    try:
        graph = Graph(mutated(mutant) if mutant else RULES)
        with Status("proving", console=errors):
            proof = prove(graph, export=export)
            spare = implied() if minimal else ()
            words = bridge(_WIRE_BITS, graph) if wire else None
    except UnknownMutant as error:
        refuse(error)
    except OSError as error:
        refuse(f"cannot write to {export}: {error.strerror}")
    except KeyboardInterrupt:
        errors.print("halfclose: interrupted; a proof that is not finished proves nothing", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    if str(json_file) != "-":
        _show(proof, spare, minimal)
        if words is not None:
            _show_bridge(words)
    write_json(_json(proof) | ({} if words is None else {"bridge": words.to_json()}), json_file)
    if proof.faults() or proof.vacuous or (words is not None and words.faults):
        raise typer.Exit(FAILS)


def _goals() -> tuple[str, ...]:
    return (*(c.name for c in INVARIANT), *(f"{claim} {prop.name}" for claim, prop in step_claims()))


def _show(proof: Proof, spare: tuple[str, ...], minimal: bool) -> None:
    table = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("conjunct or claim", "queries", "s", "verdict"):
        table.add_column(name, justify="right" if name in ("queries", "s") else "left", overflow="fold")
    for goal in _goals():
        queries = proof.of(goal)
        faults = [query.edge for query in queries if not query.holds]
        verdict = "[green]proved[/]" if not faults else f"[red]broken by {', '.join(faults[:4])}[/]"
        verdict += " (implied by the others)" if goal in spare else ""
        table.add_row(goal, str(len(queries)), f"{sum(q.seconds for q in queries):.2f}", verdict)
    console.print(table)
    for edge in proof.vacuous:
        console.print(f"vacuous: no state of the invariant can take {edge}", style="yellow", markup=False)
    slowest = max(query.seconds for query in proof.queries)
    console.print(
        f"\n{len(proof.queries):,} queries, {len(proof.faults())} not refuted, {len(proof.vacuous)} vacuous steps; "
        f"{proof.seconds:.1f} s, the slowest query {slowest * 1000:.1f} ms"
    )
    if minimal:
        console.print("no conjunct is implied by the others" if not spare else f"implied: {', '.join(spare)}")


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


def _json(proof: Proof) -> dict[str, Any]:
    """In the shape of `verify --json`: the claims that are proved so, each with the invariant it rests on."""
    conjuncts = [query for c in INVARIANT for query in proof.of(c.name)]
    claims = []
    for claim in dict.fromkeys(claim for claim, _ in step_claims()):
        evidence = []
        for prop in (prop for owner, prop in step_claims() if owner == claim):
            queries = [*proof.of(f"{claim} {prop.name}"), *conjuncts]
            evidence.append(
                {
                    "engine": INDUCTION,
                    "property": prop.name,
                    "scope": "every edge, any values, any segments, every profile",
                    "queries": len(queries),
                    "seconds": round(sum(query.seconds for query in queries), 3),
                    "holds": all(query.holds for query in queries),
                    "broken_by": list(prop.broken_by),
                }
            )
        verdict = "holds" if all(e["holds"] for e in evidence) else "fails"
        claims.append({"id": claim, "title": BY_ID[claim].title, "verdict": verdict, "evidence": evidence})
    return {"claims": claims}

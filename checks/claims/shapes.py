"""Claims about the declaration itself, decided without exploring: by looking at its terms, or by Z3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import z3

from halfclose.checks.claims.totality import check_totality
from halfclose.checks.readers.smt import Integers, Translation, Words
from halfclose.spec.claims.invariant import STATE_SAYS
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.profile import CLOSE_BY_THE_LETTER
from halfclose.spec.language.states import SYNCHRONIZED, State
from halfclose.spec.language.terms import TRUE, Kind, Term, Var, variables
from halfclose.spec.language.variables import CTL, HELD, IRS, ISS, RCV, SEG, SND
from halfclose.spec.tcp.graph import Graph
from halfclose.spec.tcp.synchronized import ACK_IS_GOOD

#: What each direction owns: its variables, and the fields of a segment that speak of it.
_SENDING = frozenset((ISS, SND.UNA, SND.NXT, SND.END, SND.WND, SND.WL1, SND.WL2))
_RECEIVING = frozenset((IRS, RCV.NXT, RCV.WND, RCV.USER, HELD.SET, HELD.SEQ, HELD.TEXT, HELD.FIN))
_SENDING_FIELDS = frozenset((SEG.ACK, SEG.WND, SEG.SEQ, CTL.ACK))  # SEQ: only to order window updates (SND.WL1)
_RECEIVING_FIELDS = frozenset((SEG.SEQ, SEG.TEXT, CTL.SYN, CTL.FIN))


@dataclass(frozen=True)
class Shaped:
    """The verdict on one claim about the declaration.  faults: sentences; none where it holds."""

    engine: str
    scope: str
    queries: int
    seconds: float
    faults: tuple[str, ...]


def _independent_directions(graph: Graph) -> Shaped:
    """No update of a variable of one direction reads a variable, or a field of a segment, of the other direction."""
    started = time.perf_counter()
    faults = tuple(fault for edge in graph.edges for fault in _couplings(edge))
    scope = f"all updates of {len(graph.edges)} edges"
    return Shaped("structure", scope, len(graph.edges), time.perf_counter() - started, faults)


def _couplings(edge: Edge) -> Iterator[str]:
    for var, term in edge.updates.items():
        if var in _SENDING:
            foreign = _reads(term) - _SENDING - _SENDING_FIELDS
        elif var in _RECEIVING:
            foreign = _reads(term) - _RECEIVING - _RECEIVING_FIELDS
        else:
            continue
        if foreign:
            yield f"{edge.name}: {var.name} depends on {', '.join(sorted(v.name for v in foreign))}"


def _reads(term: object) -> frozenset[Var]:
    found = variables(term)  # type: ignore[arg-type]
    return frozenset(var for var in found if var.kind in (Kind.SEGMENT, Kind.TCB) and var in _OWNED)


_OWNED = _SENDING | _RECEIVING | _SENDING_FIELDS | _RECEIVING_FIELDS


def _entries(graph: Graph) -> Shaped:
    """Every edge into a synchronized state leaves SYN-SENT or SYN-RECEIVED on a segment that acknowledges the SYN.

    Excepted are edges that exist only where CLOSE goes by the letter (reading 8): there an end can close before it is
    connected.
    """
    started = time.perf_counter()
    entries = [e for e in graph.edges if e.target in SYNCHRONIZED and e.source not in SYNCHRONIZED]
    faults = tuple(
        f"{edge.name} enters {edge.target.value} from {edge.source.value}"
        for edge in entries
        if not (edge.source in _SYN_SENT and edge.event is Event.SEGMENT and _implies(edge, ACK_IS_GOOD))
        and not _implies(edge, CLOSE_BY_THE_LETTER)
    )
    scope = f"{len(entries)} edges into a synchronized state, but for reading 8 by the letter"
    return Shaped("z3", scope, len(entries), time.perf_counter() - started, faults)


#: The states in which a SYN has been sent and is not acknowledged yet.
_SYN_SENT = (State.SYN_SENT, State.SYN_RECEIVED)


def _implies(edge: Edge, condition: Term) -> bool:
    """Whether the guard, in its state, implies this condition, by Z3 on integers."""
    translate, solver = Translation(Integers()), z3.Solver()
    known = STATE_SAYS.get(edge.source, TRUE)
    solver.add(translate(known), translate(edge.guard), z3.Not(translate(condition)))
    return bool(solver.check() == z3.unsat)


def _exclusive_and_exhaustive(graph: Graph) -> Shaped:
    """For each state and input event exactly one guard holds: on integers and on words (see totality.py)."""
    verdicts = [check_totality(graph, domain) for domain in (Integers(), Words(32))]
    faults = tuple(str(fault) for verdict in verdicts for fault in verdict.faults)
    queries = sum(verdict.queries for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    return Shaped("z3", f"{verdicts[0].pairs} pairs of state and event, all profiles", queries, seconds, faults)


SHAPES: dict[str, Callable[[Graph], Shaped]] = {
    "independent directions": _independent_directions,
    "entries need an acknowledged SYN": _entries,
    "exclusive and exhaustive": _exclusive_and_exhaustive,
}

"""Why no state can take a step: the switch that would enable it, or a reason that is known.

What is proved of a step that nobody can take says nothing.  So every such step is named, and needs an explanation:
another profile enables it, or honest peers never let it be taken (`NEVER_TAKEN`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import of_one_edge
from halfclose.checks.prove.solvers import Z3
from halfclose.spec.claims.agreement import never_taken
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import SWITCHES, Profile
from halfclose.spec.language.terms import Kind, Var, variables
from halfclose.spec.tcp.graph import TCP, Graph


@dataclass(frozen=True)
class Vacuous:
    """A step that nobody can take in a profile.  proof: a key of OBLIGATIONS, "" where the profile has no such edge.

    enabled_by: the switches that would have to be turned, as "+name" (on) or "-name" (off).  reason: why no honest peer
    lets it be taken.  Both are empty where nothing explains it, which is a fault.
    """

    proof: str
    step: str
    enabled_by: tuple[str, ...] = ()
    reason: str = ""

    @property
    def explained(self) -> bool:
        return bool(self.enabled_by or self.reason)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "explained": self.explained}


def left_out(profile: Profile, graph: Graph = TCP) -> Iterator[Vacuous]:
    """The edges that a profile leaves out.  graph: the declaration with its switches open, or a mutant of it."""
    kept = {edge.name for edge in graph.under(profile).edges}
    possible = _Possible("one end")
    for edge in (edge for edge in graph.edges if edge.name not in kept):
        yield Vacuous("", edge.name, possible.enabling(edge, profile, _choices(edge)))


def vacuous(name: str, proof: Proof, profile: Profile | None = None, graph: Graph = TCP) -> Iterator[Vacuous]:
    """The vacuous steps of one proof.  name: a key of OBLIGATIONS.  profile: the one proved; None for all of them."""
    possible = _Possible(name)
    edges = {edge.name: edge for edge in graph.edges}
    for step in proof.vacuous:
        reason = never_taken(step)
        turned: tuple[str, ...] = ()
        if profile is not None and step in edges:
            turned = possible.enabling(edges[step], profile, _choices(edges[step], few=bool(reason)))
        yield Vacuous(name, step, turned, reason)


class _Possible:
    """Asks whether some state of the invariant can take an edge in a profile."""

    def __init__(self, proof: str):
        self._proof = proof
        self._known: dict[Profile, tuple[Any, Z3]] = {}

    def __call__(self, edge: Edge, profile: Profile) -> bool:
        if profile not in self._known:
            self._known[profile] = of_one_edge(profile)[self._proof], Z3()
        obligation, solver = self._known[profile]
        solver.load(obligation(edge))
        return solver.possible()

    def enabling(self, edge: Edge, profile: Profile, choices: Iterable[tuple[Var, ...]]) -> tuple[str, ...]:
        """The first of these choices of switches which, if turned, make the edge possible; empty where none does."""
        for turned in choices:
            if self(edge, Profile(profile.on ^ {var.name for var in turned})):
                return tuple(f"{'-' if var in profile else '+'}{var.name}" for var in turned)
        return ()


def _choices(edge: Edge, few: bool = False) -> Iterator[tuple[Var, ...]]:
    """Switches to turn: those that the guard reads, one and then two of them; then, unless few are enough, any one."""
    read = sorted((var for var in variables(edge.guard) if var.kind is Kind.SWITCH), key=lambda var: var.name)
    yield from ((var,) for var in read)
    yield from combinations(read, 2)
    if not few:
        yield from ((var,) for var in SWITCHES.values() if var not in frozenset(read))

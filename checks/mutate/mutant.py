"""A mechanical mutant: one part of one edge, or one term that several edges share, changed in the smallest way.

The mutants of `spec/mutants` are defects that somebody thought of, each with the claims that it must break.  These here
nobody thought of: they are made from the declaration itself (see `make`), so that what no claim speaks of comes to
light as a mutant that survives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from halfclose.spec.language.edge import Edge, Rule
from halfclose.spec.language.terms import show
from halfclose.spec.tcp.graph import RULES, Graph


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change.

    where: the name of the edge, or a shared term (`term:...`).  part: what is changed of it, e.g. `guard.2`, `SND.UNA`,
    `out.WND`, `target`, `signal`.  change: what is done to it.  was, now: the part before and after in the RFC's
    notation; empty where there is none.  edges: the changed edges by the names of the right ones.
    """

    where: str
    part: str
    change: str
    was: str
    now: str
    edges: Mapping[str, Edge]

    @property
    def id(self) -> str:
        """Its name, which stays the same as long as the edge does."""
        return "/".join(part for part in (self.where, self.part, self.change) if part)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, with the changed ones in the place of the right ones."""
        return tuple(one for rule in RULES for one in self._instead(rule))

    @cached_property
    def changed(self) -> Graph:
        """The changed edges alone; only they can break a proof that holds."""
        return Graph(tuple(edge.rule for edge in self.edges.values()))

    def _instead(self, rule: Rule) -> tuple[Rule, ...]:
        edges = tuple(rule.edges())
        if self.edges.keys().isdisjoint(edge.name for edge in edges):
            return (rule,)
        return tuple(self.edges[edge.name].rule if edge.name in self.edges else alone(edge) for edge in edges)

    @cached_property
    def meaning(self) -> tuple[tuple[str, ...], ...]:
        """What distinguishes mutants: two with the same meaning are one."""
        return tuple(meaning(edge) for _, edge in sorted(self.edges.items()))


def alone(edge: Edge) -> Rule:
    """The rule of one edge, without its other states."""
    return replace(edge.rule, name=edge.name, states=(edge.source,), target=edge.target)


def edge_of(rule: Rule) -> Edge:
    """The only edge of a rule."""
    (edge,) = rule.edges()
    return edge


def meaning(edge: Edge) -> tuple[str, ...]:
    """An edge in words that are the same for the same edge, however its terms came about."""
    rule = edge.rule
    emission = edge.emission()
    return (
        edge.name,
        edge.target.value,
        rule.signal,
        *sorted(show(conjunct, named_too=False) for conjunct in rule.guard),
        "; ",
        *sorted(f"{a.var.name} <- {show(a.value, named_too=False)}" for a in rule.updates if a.value is not a.var),
        "; ",
        *(() if emission is None else (f"{v.name}={show(t, named_too=False)}" for v, t in emission.items())),
    )

"""The whole of TCP's life cycle as one labelled graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import networkx as nx

from ..language.edge import Edge, Event, Rule
from ..language.profile import SWITCHES, Profile
from ..language.states import State
from ..language.terms import FALSE, TRUE, Assignment, Term, Var, substitute
from . import arrives, calls, output, synchronized, text, timeouts

#: Every rule, in the order of RFC 9293 3.10.
RULES: tuple[Rule, ...] = (
    *calls.RULES,
    *arrives.RULES,
    *synchronized.RULES,
    *text.RULES,
    *output.RULES,
    *timeouts.RULES,
)


@dataclass(frozen=True)
class Graph:
    """The transition graph that some rules make."""

    rules: tuple[Rule, ...]

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(edge for rule in self.rules for edge in rule.edges())

    @cached_property
    def networkx(self) -> nx.MultiDiGraph[State]:
        """One node a state, one arrow an edge, keyed by the edge's name, with the edge itself as an attribute."""
        graph: nx.MultiDiGraph[State] = nx.MultiDiGraph(name="TCP, RFC 9293")
        graph.add_nodes_from(State)
        for edge in self.edges:
            graph.add_edge(edge.source, edge.target, key=edge.name, edge=edge)
        return graph

    def at(self, state: State, event: Event) -> tuple[Edge, ...]:
        """The edges that leave a state on an event."""
        return tuple(edge for edge in self.edges if edge.source is state and edge.event is event)

    def named(self, name: str) -> Edge:
        """One edge by its name; KeyError where there is none."""
        for edge in self.edges:
            if edge.name == name:
                return edge
        raise KeyError(name)

    def under(self, profile: Profile) -> Graph:
        """The graph of one profile: every switch is decided, and edges whose guard that makes false are gone."""
        values = decided(profile)
        rules = (_decide(rule, values) for rule in self.rules)
        return Graph(tuple(rule for rule in rules if not any(c is FALSE for c in rule.guard)))


#: The declaration, all switches still open; `TCP.under(profile)` decides them.
TCP = Graph(RULES)


def tcp(profile: Profile, rules: tuple[Rule, ...] = RULES) -> Graph:
    """The graph that these rules make under one profile."""
    return Graph(rules).under(profile)


def decided(profile: Profile) -> dict[Var, Term]:
    """What every switch is under a profile."""
    return {var: TRUE if var in profile else FALSE for var in SWITCHES.values()}


def _decide(rule: Rule, values: dict[Var, Term]) -> Rule:
    def assignments(group: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        return tuple(Assignment(a.var, substitute(a.value, values)) for a in group)

    return replace(
        rule,
        guard=tuple(substitute(condition, values) for condition in rule.guard),
        updates=assignments(rule.updates),
        ghosts=assignments(rule.ghosts),
        emits=rule.emits and rule.emits.substitute(values),
    )

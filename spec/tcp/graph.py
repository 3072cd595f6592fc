"""The whole of TCP's life cycle as one labelled graph.

The graph has the eleven states of figure 5 as nodes, and one arrow for everything that can happen in a state: about
340 edges, where figure 5 draws 20.  Most of them lead back to where they start (a segment is refused, a call fails),
because a state machine that says nothing of such an event would leave its reader to guess.

For a call and for an arriving segment, the guards of the edges that leave a state are exclusive and exhaustive:
exactly one of them holds (claim G2 proves it for every profile at once).  So the answer to an input is determined, but
for the choices that the RFC leaves open (see `variables`).  Timers and OUTPUT are no inputs: such an edge may be taken
whenever its guard holds, which stands for any timing and any way of cutting text into segments.

The declaration TCP still has its switches in it, as variables of the guards.  A profile decides them: they become
true or false, and edges whose guard becomes false disappear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ..language.edge import Edge, Event, Rule
from ..language.profile import SWITCHES, Profile
from ..language.states import State
from ..language.terms import FALSE, TRUE, Assignment, Term, Var, substitute
from . import arrives, calls, output, synchronized, text, timeouts

if TYPE_CHECKING:
    import networkx as nx

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
        return tuple(edge for rule in self.rules for edge in _edges(rule))

    @cached_property
    def networkx(self) -> nx.MultiDiGraph[State]:
        """One node a state, one arrow an edge, keyed by the edge's name, with the edge itself as an attribute."""
        import networkx as nx  # only here: it takes longer to import than all of this package, and few need it

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
        rules = (_decide(rule, profile) for rule in self.rules)
        return Graph(tuple(rule for rule in rules if not any(c is FALSE for c in rule.guard)))


#: The declaration, all switches still open; `TCP.under(profile)` decides them.
TCP = Graph(RULES)


def tcp(profile: Profile, rules: tuple[Rule, ...] = RULES) -> Graph:
    """The graph that these rules make under one profile."""
    return Graph(rules).under(profile)


def decided(profile: Profile) -> dict[Var, Term]:
    """What every switch is under a profile."""
    return {var: TRUE if var in profile else FALSE for var in SWITCHES.values()}


@cache
def _edges(rule: Rule) -> tuple[Edge, ...]:
    """The edges of a rule; the same objects each time, so that what was made of an edge can be looked up."""
    return tuple(rule.edges())


@cache
def _decide(rule: Rule, profile: Profile) -> Rule:
    """The rule under a profile; the same object each time, for mutants too share most of their rules."""
    values = decided(profile)

    def assignments(group: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        return tuple(Assignment(a.var, substitute(a.value, values)) for a in group)

    return replace(
        rule,
        guard=tuple(substitute(condition, values) for condition in rule.guard),
        updates=assignments(rule.updates),
        ghosts=assignments(rule.ghosts),
        emits=rule.emits and rule.emits.substitute(values),
    )

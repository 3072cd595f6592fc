"""The graph, piece by piece: edges, events and states."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.figure5 import place
from halfclose.checks.explain.uses import assignments, base
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import definitions, show
from halfclose.spec.tcp.graph import RULES, TCP


def edges() -> Iterator[Entry]:
    """One entry for each rule, which stands for an edge in each of its states."""
    for rule in RULES:
        names = {edge.name for edge in rule.edges()} | {base(rule.name)}
        yield Entry("edge", rule.name, _says(rule), partial(_rule, rule), rule.cite, tuple(names - {rule.name}))


def _says(rule: Rule) -> str:
    return rule.why or rule.signal or f"On {rule.event.value}: {'; '.join(map(_arrow, rule.edges()))}."


def _arrow(edge: Edge) -> str:
    return f"{edge.source.value} -> {edge.target.value}"


def _rule(rule: Rule) -> Facts:
    meanings = definitions(*rule.guard, *(a.value for a in rule.updates))
    return {
        "on": [rule.event.value],
        "from and to": [_arrow(edge) for edge in rule.edges()],
        "when": [show(condition) for condition in rule.guard],
        "then": list(assignments(rule.updates)),
        "sends": [str(rule.emits)] if rule.emits else [],
        "tells the user": [rule.signal] if rule.signal else [],
        "notes for the claims (ghosts)": list(assignments(rule.ghosts)),
        "where": [f"{name}: {text}" for name, text in meanings.items()],
    }


def events() -> Iterator[Entry]:
    """Everything that can happen to an endpoint."""
    for event in Event:
        yield Entry("event", event.value, event.means, partial(_event, event), also=(event.name,))


def _event(event: Event) -> Facts:
    """The edges on an event, state by state."""
    return {f"in {state.value}": _moves(TCP.at(state, event)) for state in State}


def states() -> Iterator[Entry]:
    """The eleven states, each with its neighbours in figure 5 and all that can happen in it."""
    for state in State:
        yield Entry("state", state.value, state.means, partial(_state, state), ("3.3.2",), (state.name,))


def _state(state: State) -> Facts:
    arriving: dict[str, list[str]] = {}
    for edge in TCP.edges:
        if edge.target is state is not edge.source:
            arriving.setdefault(edge.source.value, []).append(edge.name)
    return {
        "its place in figure 5": place(state),
        **{f"on {event.value}": _moves(TCP.at(state, event)) for event in Event},
        "entered by": [f"from {source}: {', '.join(names)}" for source, names in arriving.items()],
    }


def _moves(edges: tuple[Edge, ...]) -> list[str]:
    """Where these edges lead: one line for each state that they enter, then one for those that stay."""
    names: dict[str, list[str]] = {}
    for edge in edges:
        names.setdefault("stays" if edge.target is edge.source else f"to {edge.target.value}", []).append(edge.name)
    stays = names.pop("stays", [])
    lines = [f"{where}: {', '.join(found)}" for where, found in names.items()]
    return lines + [f"stays: {', '.join(stays)}"] * bool(stays)

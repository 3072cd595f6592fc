"""Replays a figure of the RFC in the model, line by line, and says which line the model cannot follow, if any."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from halfclose.checks.explore.system import Action, Item, System
from halfclose.checks.explore.trace import Step, Trace, step_of
from halfclose.checks.readers.notation import parse_segment, show_segment
from halfclose.spec.claims.figures import Figure, Line
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import STATE
from halfclose.spec.tcp.graph import Graph

_STATES = tuple(State)
_LINE = re.compile(r"(?P<end>[AB]) (?:gets (?P<gets>\S+)|(?P<edge>\S+))(?: sends (?P<sends>\S+))?")


@dataclass(frozen=True)
class Replayed:
    """A figure replayed.  failed: the line that the model cannot follow, if any.  trace: the steps up to there."""

    figure: Figure
    failed: Line | None
    trace: Trace
    seconds: float


def replay(figure: Figure, graph: Graph) -> Replayed:
    """Take the figure's lines one by one, until one fails."""
    started = time.perf_counter()
    system = System(figure.scope, graph, frozenset((STATE,)))
    key = system.initial
    for end, text in figure.planted:
        key = system.plant(key, "AB".index(end), parse_segment(text))
    steps: list[Step] = []
    failed = None
    for line in figure.lines:
        taken = _take(system, key, line)
        if taken is None:
            failed = line
            break
        key, action = taken
        steps.append(step_of(system, action, key))
    return Replayed(figure, failed, Trace(tuple(steps), figure.scope.bits), time.perf_counter() - started)


def _take(system: System, key: int, line: Line) -> tuple[int, Action] | None:
    """The state after the line and what happened; None where the model has no such step."""
    parts = _LINE.fullmatch(line.do)
    if parts is None:
        raise ValueError(f"not a figure's line: {line.do!r}")
    states = tuple(line.states.split(" / "))
    for after, item in system.successors(key):
        if _matches(system, item, parts) and tuple(_state(system, after, side) for side in (0, 1)) == states:
            return after, item.action
    return None


def _matches(system: System, item: Item, parts: re.Match[str]) -> bool:
    action = item.action
    by_id = system.shared.by_id
    if action.side != "AB".index(parts["end"]) or action.dropped:
        return False
    sent = None if action.sent < 0 else show_segment(by_id[action.sent])
    if parts["sends"] != sent:
        return False
    if parts["gets"] is not None:
        return action.kind == "deliver" and show_segment(by_id[action.received]) == parts["gets"]
    if action.kind not in ("own", "crash"):
        return False
    return system.graph.edges[action.edge].name.partition("@")[0] == parts["edge"]


def _state(system: System, key: int, side: int) -> str:
    return _STATES[system.local(key, side)[0]].value

"""Replay a figure in the model, line by line, and say at which line the model does something else."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from halfclose.checks.explore.compiled import FIELD, Segment
from halfclose.checks.explore.system import Action, Item, System
from halfclose.checks.explore.trace import Step, Trace, step_of
from halfclose.spec.figures import Figure, Line
from halfclose.spec.graph import Graph
from halfclose.spec.states import State
from halfclose.spec.variables import CTL, SEG, STATE

_STATES = tuple(State)
_LINE = re.compile(r"(?P<end>[AB]) (?:gets (?P<gets>\S+)|(?P<edge>\S+))(?: sends (?P<sends>\S+))?")
_SEGMENT = re.compile(r"<SEQ=(?P<seq>\d+)>(?:<ACK=(?P<ack>\d+)>)?(?:<DATA=(?P<text>\d+)>)?<CTL=(?P<bits>[A-Z,]+)>")
_BITS = (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK)


@dataclass(frozen=True)
class Replayed:
    """failed: None where every line happened, else the line that could not; trace: what did happen."""

    figure: Figure
    failed: Line | None
    trace: Trace
    seconds: float


def replay(figure: Figure, graph: Graph) -> Replayed:
    """Take the figure's lines one by one."""
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
    """The state after the line and what happened, or None where the model has no such step."""
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


def show_segment(segment: Segment) -> str:
    """The segment as the RFC's figures write it, with real numbers."""
    bits = ",".join(var.name for var in _BITS if segment[FIELD[var]])
    ack = f"<ACK={segment[FIELD[SEG.ACK]]}>" if segment[FIELD[CTL.ACK]] else ""
    text = f"<DATA={segment[FIELD[SEG.TEXT]]}>" if segment[FIELD[SEG.TEXT]] else ""
    return f"<SEQ={segment[FIELD[SEG.SEQ]]}>{ack}{text}<CTL={bits}>"


def parse_segment(text: str) -> Segment:
    """The segment of a figure; it belongs to no incarnation of this scope."""
    parts = _SEGMENT.fullmatch(text)
    if parts is None:
        raise ValueError(f"not a segment: {text!r}")
    fields = dict.fromkeys(FIELD, 0)
    names = parts["bits"].split(",")
    for var in _BITS:
        fields[var] = int(var.name in names)
    fields[SEG.SEQ], fields[SEG.ACK], fields[SEG.TEXT] = (int(parts[name] or 0) for name in ("seq", "ack", "text"))
    return tuple(fields.values())

"""A path through a scope as data, and as a sequence diagram with two lifelines.

The diagram shows SEQ and ACK relative to the initial sequence number of the incarnation that they belong to: <SEQ=1> is
the first octet after the SYN.  Where an end has had more than one incarnation, its number comes first: <SEQ=2'0> is the
ISS of the second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from halfclose.checks.explore.exploration import Exploration, Finding
from halfclose.checks.explore.system import Action, System
from halfclose.checks.readers.python import AT, FIELD, Local, Segment
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import CTL, GHOST, ISS, SEG, STATE

_STATES = tuple(State)
_ARROW_WIDTH = 46


@dataclass(frozen=True)
class Step:
    """One step of a trace: what happened, by which edge, and both ends afterwards."""

    action: Action
    edge: str
    cite: tuple[str, ...]
    received: Segment | None
    sent: Segment | None
    ends: tuple[Local, Local]

    @property
    def states(self) -> tuple[State, State]:
        a, b = (_STATES[end[AT[STATE]]] for end in self.ends)
        return a, b


@dataclass(frozen=True)
class Trace:
    """Steps from the initial state of a scope.  bits: the width of its sequence numbers."""

    steps: tuple[Step, ...]
    bits: int

    def to_json(self) -> list[dict[str, object]]:
        """One object a step, with absolute (not relative) sequence numbers."""
        return [_step_json(number, step) for number, step in enumerate(self.steps, 1)]

    def diagram(self) -> str:
        """The trace as text: one line for each departure, arrival or loss."""
        return "\n".join(self.lines(Names(self.bits)))

    def lines(self, names: Names) -> Iterator[str]:
        """The lines of the diagram.  names: the initial sequence numbers met before; it is added to."""
        yield f"{'':3}  {'A':<13}{'':{_ARROW_WIDTH}}  {'B':<13}  step"
        for number, step in enumerate(self.steps, 1):
            yield from _lines(number, step, names)


@dataclass(frozen=True)
class Lasso:
    """A behaviour that goes on for ever: the path to a cycle (the stem), and one turn of the cycle.

    Where the cycle has no steps, nothing happens any more.
    """

    stem: Trace
    cycle: Trace

    def diagram(self) -> str:
        """The stem and one turn of the cycle, one after the other."""
        names = Names(self.stem.bits)
        stem = list(self.stem.lines(names))
        turn = self.cycle.lines(names) if self.cycle.steps else ("     nothing: nobody has anything left to do",)
        return "\n".join([*stem, "and from here on again and again:", *turn])

    @property
    def steps(self) -> tuple[Step, ...]:
        """The stem and one turn of the cycle."""
        return (*self.stem.steps, *self.cycle.steps)

    def to_json(self) -> dict[str, object]:
        """Both, each a list of steps."""
        return {"stem": self.stem.to_json(), "cycle": self.cycle.to_json()}


def trace_of(result: Exploration, finding: Finding) -> Trace:
    """The path to a finding; no path to it is shorter."""
    keys = result.path(finding.state)
    system = result.system
    steps = [step_of(system, _between(system, a, b), b) for a, b in pairwise(keys)]
    if finding.action is not None and finding.reached is not None:
        steps.append(step_of(system, finding.action, finding.reached))
    return Trace(tuple(steps), system.scope.bits)


def _between(system: System, before: int, after: int) -> Action:
    return next(item.action for key, item in system.successors(before) if key == after)


def step_of(system: System, action: Action, after: int) -> Step:
    """One step of a trace.  action: what happened; after: the key of the state that it led to."""
    by_id = system.shared.by_id
    edge = system.shared.labels[action.edge] if action.edge >= 0 else None
    return Step(
        action,
        edge.name if edge else "lost",
        edge.cite if edge else (),
        by_id[action.received] if action.received >= 0 else None,
        by_id[action.sent] if action.sent >= 0 else None,
        (system.local(after, 0), system.local(after, 1)),
    )


# ---- drawing -------------------------------------------------------------------------------------------------


class Names:
    """The initial sequence numbers met so far, by end and incarnation, from which others are counted."""

    def __init__(self, bits: int):
        self._mask = (1 << bits) - 1
        self._iss: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def meet(self, ends: tuple[Local, Local]) -> None:
        for side, end in enumerate(ends):
            if end[AT[STATE]] > State.LISTEN.index:
                self._iss[side].setdefault(end[AT[GHOST.LIFE]], end[AT[ISS]])

    def relative(self, side: int, number: int, life: int | None = None) -> str:
        """A sequence number of the octets that this end sends, relative to the ISS of its incarnation.

        life: the incarnation; without it, the latest one whose ISS does not lie ahead of the number.
        """
        lives = self._iss[side]
        if life not in lives:
            life = next((k for k in reversed(lives) if (number - lives[k]) & self._mask <= self._mask // 2), None)
        if life is None:
            return str(number)
        offset = (number - lives[life]) & self._mask
        mark = f"{life}'" if len(lives) > 1 or life > 1 else ""
        return f"{mark}{offset if offset <= self._mask // 2 else offset - self._mask - 1}"

    def segment(self, sender: int, segment: Segment) -> str:
        bits = [var.name for var in (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK) if segment[FIELD[var]]]
        life = segment[FIELD[SEG.LIFE]] if not segment[FIELD[CTL.RST]] else None
        parts = [f"<SEQ={self.relative(sender, segment[FIELD[SEG.SEQ]], life)}>"]
        if segment[FIELD[CTL.ACK]]:
            parts.append(f"<ACK={self.relative(1 - sender, segment[FIELD[SEG.ACK]])}>")
        if segment[FIELD[SEG.TEXT]]:
            parts.append(f"<DATA={segment[FIELD[SEG.TEXT]]}>")
        return "".join((*parts, f"<CTL={','.join(bits)}>"))


def _lines(number: int, step: Step, names: Names) -> Iterator[str]:
    names.meet(step.ends)
    who = "AB"[step.action.side]
    a, b = (state.value for state in step.states)
    label = "the network loses it" if step.action.kind == "lose" else f"{who}: {step.edge}"
    if step.received is not None:
        note = " (a copy stays under way)" if step.action.kind == "duplicate" else ""
        arrow = _arrow(names.segment(1 - step.action.side, step.received), 1 - step.action.side, arriving=True)
        if step.action.kind == "lose":
            arrow = arrow.replace("-->", "--x").replace("<--", "x--")
        yield f"{number:>3}  {a:<13}{arrow:^{_ARROW_WIDTH}}  {b:<13}  {label}{note}"
    if step.sent is not None:
        arrow = _arrow(names.segment(step.action.side, step.sent), step.action.side, arriving=False)
        note = " (lost: the network is full)" if step.action.dropped else ""
        if step.received is not None:
            yield f"{'':3}  {'':<13}{arrow:^{_ARROW_WIDTH}}  {'':<13}  {who}: replies{note}"
        else:
            yield f"{number:>3}  {a:<13}{arrow:^{_ARROW_WIDTH}}  {b:<13}  {label}{note}"
    if step.received is None and step.sent is None:
        yield f"{number:>3}  {a:<13}{'':{_ARROW_WIDTH}}  {b:<13}  {label}"


def _arrow(text: str, sender: int, arriving: bool) -> str:
    """A segment with its arrow; as in the RFC's figures, an ellipsis stands for the network."""
    if sender == 0:
        return f"... {text} -->" if arriving else f"--> {text} ..."
    return f"<-- {text} ..." if arriving else f"... {text} <--"


def _step_json(number: int, step: Step) -> dict[str, object]:
    def fields(segment: Segment | None) -> dict[str, object] | None:
        return None if segment is None else {var.name: value for var, value in zip(FIELD, segment, strict=True)}

    return {
        "step": number,
        "end": "AB"[step.action.side],
        "kind": step.action.kind,
        "edge": step.edge,
        "cite": list(step.cite),
        "received": fields(step.received),
        "sent": fields(step.sent),
        "dropped": step.action.dropped,
        "states": [state.value for state in step.states],
    }

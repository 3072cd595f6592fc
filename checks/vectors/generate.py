"""Vectors from the graph: for every edge a shortest script that takes it in its last step.

The search is breadth first over the states of one endpoint at 32-bit numbers.  States that offer the same choices
are explored once (`_outline`), from the one that was reached first.  It goes in two passes: the endpoint sends
everything it may at once, which any stack will do; then, for the edges still missing, it may put its sending off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from halfclose.checks.explore.compiled import Local
from halfclose.checks.explore.compiled import Segment as Fields
from halfclose.checks.oracle import AT, STATES, distance
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.format import Call, Deliver, Expect, Fill, Step, Timeout, Vector, VectorSet
from halfclose.checks.vectors.model import Model, Moved
from halfclose.checks.vectors.scenarios import scenarios, wrapping
from halfclose.checks.vectors.stimuli import NEAR, TEXT, Tester, menu
from halfclose.reference.wire import ACK, FIN
from halfclose.spec.edge import Edge, Event
from halfclose.spec.profile import Profile
from halfclose.spec.states import State
from halfclose.spec.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    DETACHED,
    HELD,
    IRS,
    ISS,
    PASSIVE,
    RCV,
    SND,
    STATE,
)

#: Nominal initial sequence numbers of the stack and of its peer: those of the worked example.
ISS_NOMINAL, IRS_NOMINAL = 15_000, 8000
_DEEPEST = 9  # steps
_NO_VECTOR = (Event.STATUS, Event.CRASH)


@dataclass(frozen=True)
class Taken:
    """One step of a path: the input, if there was one, and what came of it.  first: before anything spontaneous."""

    step: Step | None
    first: Moved
    moved: Moved


@dataclass(frozen=True)
class Node:
    """A state and the path that leads there."""

    local: Local
    path: tuple[Taken, ...] = ()


def generate(profile: Profile) -> VectorSet:
    """Vectors for one profile: groups `edges`, `scenarios` and `wrap`."""
    model = Model(profile, ISS_NOMINAL, IRS_NOMINAL)
    search = _Search(model)
    edges = [*search.run(eager=True), *search.run(eager=False)]
    unreachable = {name: "no script of this search leads there" for name in search.missing}
    groups = {"edges": tuple(edges), "scenarios": scenarios(profile), "wrap": wrapping(profile)}
    return VectorSet(str(profile), groups, unreachable)


class _Search:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.missing = {edge.name: edge for edge in model.code.graph.edges if edge.event not in _NO_VECTOR}

    def run(self, *, eager: bool) -> Iterator[Vector]:
        """Vectors for edges that have none yet; eager: the endpoint sends whatever it may at once."""
        seen: set[tuple[int, ...]] = set()
        level = [Node(self.model.initial)]
        for _ in range(_DEEPEST if eager else 2 * _DEEPEST):
            following: list[Node] = []
            for node in level:
                for taken in self._steps(node.local, eager):
                    reached = Node(taken.moved.local, (*node.path, taken))
                    new = [edge for edge in taken.moved.edges if edge.name in self.missing]
                    if new:
                        yield self._vector(reached, new, eager)
                    outline = _outline(reached.local)
                    if outline not in seen:
                        seen.add(outline)
                        following.append(reached)
            level = following

    def _steps(self, local: Local, eager: bool) -> Iterator[Taken]:
        for step in menu(self.model, local):
            for moved in self.model.react(local, step):
                yield Taken(step, moved, self.model.settle(moved) if eager else moved)
        if not eager:
            for edge, after, sent in self.model.spontaneous(local):
                moved = Moved(local).then(edge, after, sent)
                yield Taken(None, moved, moved)

    def _vector(self, node: Node, new: list[Edge], eager: bool) -> Vector:
        for edge in new:
            del self.missing[edge.name]
        steps = render(self.model, node.path)
        flags = set(() if eager else ("choice",)) | flags_of(steps)
        if new[0].event in _INTERFACE and new[0].rule.signal:
            flags.add("interface")
        probes = render(self.model, probe(self.model, self.model.settle(Moved(node.local)).local))
        cites = dict.fromkeys(cite for edge in new for cite in edge.rule.cite)
        covers = tuple(dict.fromkeys(edge.name for edge in new))
        return Vector(
            id=slug(covers[0]),
            name=_title(node.path[-1], new[0]),
            covers=covers,
            cites=tuple(cites),
            flags=tuple(sorted(flags | flags_of(probes))),
            iss=self.model.iss,
            irs=self.model.irs,
            steps=(*steps, *probes),
        )


_INTERFACE = (
    Event.OPEN_ACTIVE,
    Event.OPEN_PASSIVE,
    Event.SEND,
    Event.RECEIVE,
    Event.CLOSE,
    Event.FULL_CLOSE,
    Event.ABORT,
)


def _outline(local: Local) -> tuple[int, ...]:
    """What decides which edges are open: states alike in this are explored once."""
    una, nxt, end, iss = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END, ISS))
    usable = (local[AT[SND.WND]] > 0) + (local[AT[SND.WND]] > NEAR)
    room = (local[AT[RCV.WND]] > 0) + (local[AT[RCV.WND]] > NEAR) + (local[AT[RCV.WND]] > TEXT)
    return (
        *(local[AT[var]] for var in (STATE, PASSIVE, CLOSE_CALLED, DETACHED, ACK_OWED, HELD.SET, HELD.FIN)),
        usable,
        room,
        local[AT[RCV.USER]] > 0,
        una == iss,
        min(max(distance(una, nxt), 0), 2),
        min(max(distance(nxt, end), -1), 1),
        distance(local[AT[IRS]], local[AT[RCV.NXT]]) > TEXT,
        bool(local[AT[HELD.SET]]) and distance(local[AT[HELD.SEQ]], local[AT[RCV.NXT]]) >= 0,
        una != (iss + 1) & 0xFFFF_FFFF,
    )


# ---- from paths to steps -------------------------------------------------------------------------------------


def render(model: Model, path: Iterable[Taken]) -> tuple[Step, ...]:
    """The inputs of a path, each followed by what the endpoint may send until the next."""
    steps: list[Step] = []
    sent: tuple[Fields, ...] = ()
    first = Moved(model.initial)
    for taken in path:
        if taken.step is None:
            sent += taken.moved.sent
            continue
        _expect(model, steps, first, sent)
        steps.append(_with_result(taken.step, taken.first.returns))
        sent, first = taken.moved.sent, taken.first
    _expect(model, steps, first, sent)
    return tuple(steps)


def _expect(model: Model, steps: list[Step], first: Moved, sent: tuple[Fields, ...]) -> None:
    if not steps or isinstance(steps[-1], Fill):
        return
    outcomes = dict.fromkeys((sent, *model.outcomes(first)))
    steps.append(Expect(tuple(tuple(map(model.packet, outcome)) for outcome in outcomes)))


def _with_result(step: Step, returns: str) -> Step:
    return replace(step, returns=returns) if isinstance(step, Call) else step


def take(model: Model, local: Local, step: Step) -> Taken:
    """One input to an endpoint that sends everything it may at once."""
    (first, *_) = model.react(local, step) or [Moved(local)]
    return Taken(step, first, model.settle(first))


def probe(model: Model, local: Local) -> tuple[Taken, ...]:
    """Steps that show which state the endpoint is in: reading, an old octet, the peer's FIN, an old octet again."""
    path: list[Taken] = []
    state = STATES[local[AT[STATE]]]
    if state in (State.CLOSED, State.LISTEN, State.SYN_SENT):
        path.append(take(model, local, Tester(model, local).segment(ACK, octets=TEXT)))
        return tuple(path)
    for _ in range(2):
        path.append(take(model, local, Call(Verb.RECEIVE, 10 * TEXT)))
        local = path[-1].moved.local
    for bits, offset in ((ACK, -1), (ACK | FIN, 0), (ACK, -1)):
        step = Tester(model, local).segment(bits, offset, octets=0 if bits & FIN else 1)
        path.append(take(model, local, step))
        local = path[-1].moved.local
    return tuple(path)


def flags_of(steps: Iterable[Step]) -> set[str]:
    """The flags that follow from the steps themselves."""
    flags = set()
    for step in steps:
        if isinstance(step, Timeout):
            flags.add("timer")
        if isinstance(step, Fill) or (isinstance(step, Deliver) and step.packet.edge is not None):
            flags.add("advertised-window")
    return flags


def slug(name: str) -> str:
    """An identifier from an edge's name."""
    return name.lower().replace("@", ".")


def _title(taken: Taken, edge: Edge) -> str:
    where = edge.source.value
    what = edge.rule.why or edge.rule.signal or edge.event.value
    return f"{edge.event.value} in {where}: {what}"

"""A search for a vector that tells a mutant from the right specification, where none of the generated ones does.

The generated vectors lead to many states.  From those in which the changed edge might be taken, everything that a
tester may try (`vectors/stimuli`) is tried on the right specification and on the mutant.  If their answers differ, the
path and this input are the vector.  If only their states differ, one or two inputs more are tried, to show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from halfclose.checks.mutate.mutant import Mutant
from halfclose.checks.oracle.endpoint import EVENTS, STATES
from halfclose.checks.oracle.sequence import wrap
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.vectors.generate import IRS_NOMINAL, ISS_NOMINAL
from halfclose.checks.vectors.script import (
    PEER_WINDOW,
    TIMERS,
    Call,
    Deliver,
    Fill,
    Packet,
    Timeout,
    Vector,
    VectorStep,
)
from halfclose.checks.vectors.stimuli import TEXT, menu
from halfclose.checks.vectors.tester import Taken, Tester
from halfclose.reference.wire import ACK, FIN, RST, SYN
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import OTHER, State
from halfclose.spec.language.variables import RCV, SND, STATE
from halfclose.spec.tcp.graph import tcp

_STATE = AT[STATE]
_MOST_NODES, _MOST_PAIRS = 25, 4
_ODD = (SYN | RST, SYN | FIN, SYN | FIN | ACK, SYN | RST | ACK, RST | FIN, RST | FIN | ACK, FIN, 0, SYN | ACK)
_UNSEEN = (Event.OUTPUT, Event.REASSEMBLE)


@dataclass(frozen=True)
class _Node:
    """A state of the right specification, and the inputs that lead there."""

    local: Local
    path: tuple[VectorStep, ...]


@dataclass(frozen=True)
class _Pair:
    """Two states after the same inputs: of the right specification and of the mutant."""

    right: Local
    wrong: Local
    path: tuple[VectorStep, ...]


class Search:
    """Searches among the states that these vectors lead to, under one profile."""

    def __init__(self, profile: Profile, vectors: Iterable[Vector]) -> None:
        self._profile = profile
        self._tester = Tester(profile, ISS_NOMINAL, IRS_NOMINAL)
        self._edges = {edge.name: edge for edge in self._tester.endpoint.graph.edges}
        self._dead = dead_variables(self._edges.values(), frozenset())
        self._vectors = tuple(vectors)
        self._tried: dict[tuple[Local, VectorStep], Taken] = {}

    @cached_property
    def _nodes(self) -> dict[int, tuple[_Node, ...]]:
        """The states by the number of their connection state; those with short paths first."""
        found = {self._tester.initial: self._start}
        for vector in self._vectors:
            if vector.iss != self._tester.iss or "choice" in vector.flags:
                continue
            for node in self._way(vector):
                found.setdefault(node.local, node)
        by_state: dict[int, list[_Node]] = {}
        for node in sorted(found.values(), key=lambda node: len(node.path)):
            by_state.setdefault(node.local[_STATE], []).append(node)
        return {state: tuple(nodes) for state, nodes in by_state.items()}

    @cached_property
    def _covering(self) -> dict[str, tuple[_Node, ...]]:
        """The states on the way of the vectors that cover an edge."""
        found: dict[str, tuple[_Node, ...]] = {}
        for vector in self._vectors:
            if vector.iss == self._tester.iss:
                way = tuple(self._way(vector))
                found |= {name: (*found.get(name, ()), *way) for name in vector.covers if len(found.get(name, ())) < 20}
        return found

    @property
    def _start(self) -> _Node:
        return _Node(self._tester.initial, ())

    def _way(self, vector: Vector) -> Iterator[_Node]:
        node = self._start
        for step in (step for step in vector.steps if isinstance(step, Call | Deliver | Fill | Timeout)):
            node = _Node(self._right(node.local, step).in_all.local, (*node.path, step))
            yield node

    def telling(self, mutant: Mutant) -> tuple[VectorStep, ...]:
        """The inputs of a vector that tells the mutant; none where the search finds none."""
        wrong = tcp(self._profile, mutant.changed.rules).edges
        right = [self._edges[name] for name in mutant.edges if name in self._edges]
        if not (wrong or right):
            return ()
        tester = copy(self._tester)
        tester.endpoint = self._tester.endpoint.changed(right, wrong)
        pairs: list[_Pair] = []
        for node, step in self._tries((*right, *wrong)):
            pair = self._step(tester, _Pair(node.local, node.local, node.path), step)
            if pair is None:
                return (*node.path, step)
            if pair.right != pair.wrong and len(pairs) < _MOST_PAIRS:
                pairs.append(pair)
        return next((told for pair in pairs for told in self._behind(tester, pair)), ())

    def _tries(self, edges: Iterable[Edge]) -> Iterator[tuple[_Node, VectorStep]]:
        """Where the edges might be taken, and the inputs that might take them."""
        asked = {(edge.source, edge.event): edge.name for edge in edges}
        for (source, event), name in asked.items():
            on_the_way = (node for node in self._covering.get(name, ()) if node.local[_STATE] == source.index)
            nodes = dict.fromkeys((*on_the_way, *self._nodes.get(source.index, ())[:_MOST_NODES]))
            for node in nodes:
                steps = (*menu(self._tester, node.local), *self._odd(node.local))
                yield from ((node, step) for step in steps if event in _UNSEEN or _is(step, event))
            if event in _UNSEEN:
                yield from self._leading(source)

    def _odd(self, local: Local) -> Iterator[Deliver]:
        """Segments with any combination of control bits, which a tester would hardly send for their own sake."""
        expected, sent = (local[AT[var]] for var in (RCV.NXT, SND.NXT))
        for bits in _ODD:
            for ack in (sent, wrap(sent - 1), wrap(sent + 1)) if bits & ACK else (0,):
                for seq in (expected, wrap(expected - 1)):
                    for octets in (0, TEXT):
                        at = self._tester.stream_index(local, seq)
                        yield Deliver(Packet(bits, seq, ack, PEER_WINDOW, octets, at))

    def _leading(self, source: State) -> Iterator[tuple[_Node, VectorStep]]:
        """The last inputs of paths that lead into a state: what is done there by itself is done at once."""
        for node in self._nodes.get(source.index, ())[:_MOST_NODES]:
            local = self._tester.initial
            for i, step in enumerate(node.path):
                if i == len(node.path) - 1:
                    yield _Node(local, node.path[:-1]), step
                local = self._right(local, step).in_all.local

    def _behind(self, tester: Tester, pair: _Pair, deeper: bool = True) -> Iterator[tuple[VectorStep, ...]]:
        """Inputs that show the difference of two states."""
        further: list[_Pair] = []
        for step in self._showing(pair):
            after = self._step(tester, pair, step)
            if after is None:
                yield (*pair.path, step)
                return
            if after.right != after.wrong and len(further) < _MOST_PAIRS and step not in pair.path:
                further.append(after)
        if deeper:
            for after in further:
                yield from self._behind(tester, after, deeper=False)

    def _showing(self, pair: _Pair) -> Iterator[VectorStep]:
        """What may show how two states differ: calls first, then segments with the numbers of either of them."""
        usual = tuple(menu(self._tester, pair.right))
        yield from (step for step in usual if isinstance(step, Call))
        if STATES[pair.right[_STATE]] in OTHER:
            yield from self._with_their_numbers(pair)
        yield from (step for step in usual if not isinstance(step, Call))

    def _with_their_numbers(self, pair: _Pair) -> Iterator[Deliver]:
        both = (pair.right, pair.wrong)
        sequence = dict.fromkeys(
            wrap(local[AT[var]] + n) for var in (RCV.NXT, SND.WL1) for local in both for n in (0, 1)
        )
        acknowledge = dict.fromkeys(
            wrap(local[AT[var]] + n) for var in (SND.UNA, SND.NXT, SND.WL2) for local in both for n in (0, 1)
        )
        for seq in sequence:
            at = self._tester.stream_index(pair.right, seq)
            for ack in acknowledge:
                for window in (PEER_WINDOW, 0):
                    yield Deliver(Packet(ACK, seq, ack, window, TEXT, at))

    def _step(self, tester: Tester, pair: _Pair, step: VectorStep) -> _Pair | None:
        """Both after one input more; None where their answers differ."""
        right, wrong = self._right(pair.right, step), tester.take(pair.wrong, step)
        if right.at_once.returns != wrong.at_once.returns or right.in_all.sent != wrong.in_all.sent:
            return None
        return _Pair(self._live(right.in_all.local), self._live(wrong.in_all.local), (*pair.path, step))

    def _right(self, local: Local, step: VectorStep) -> Taken:
        key = local, step
        if key not in self._tried:
            self._tried[key] = self._tester.take(local, step)
        return self._tried[key]

    def _live(self, local: Local) -> Local:
        """The state without what nothing depends on any more."""
        dead = self._dead[STATES[local[_STATE]]]
        return tuple(0 if var in dead else value for var, value in zip(AT, local, strict=True))


def _is(step: VectorStep, event: Event) -> bool:
    """Whether a step of a script causes this event."""
    match step:
        case Call():
            return EVENTS[step.verb] is event
        case Deliver() | Fill():
            return event is Event.SEGMENT
        case Timeout():
            return TIMERS[step.timer] is event
    return False

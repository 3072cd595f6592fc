"""One endpoint and its application inside a scope: what it can do by itself, and what a segment does to it.

Everything is interned: a local state, a segment and an edge are small integers, and each pair of local state and
segment is evaluated once, when it first occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import NamedTuple

from halfclose.checks.explore.compiled import (
    Arithmetic,
    Choice,
    Local,
    Segment,
    StepFunction,
    compile_source,
    edge_source,
)
from halfclose.checks.explore.liveness import dead_variables
from halfclose.spec.application import Action, Application, Free, Program, Step
from halfclose.spec.edge import Event
from halfclose.spec.graph import Graph, decided
from halfclose.spec.network import Scope, Wait
from halfclose.spec.states import SYNCHRONIZED, State
from halfclose.spec.tcb import NEXT_ISN
from halfclose.spec.terms import Var, substitute
from halfclose.spec.variables import (
    CLOCK,
    CLOSE_CALLED,
    GHOST,
    RCV,
    SEGMENT,
    SND,
    STATE,
    TCB,
    Fate,
)

NO_SEGMENT = -1
AT = {var: i for i, var in enumerate(TCB)}
FIELD = {var: i for i, var in enumerate(SEGMENT)}
#: Looked up once: these are read at every step.
_AT_STATE, _AT_CLOCK, _AT_LIFE, _TIME_WAIT = AT[STATE], AT[CLOCK], AT[GHOST.LIFE], State.TIME_WAIT.index
_SYNCHRONIZED = frozenset(state.index for state in SYNCHRONIZED)
_MAY_SEND = frozenset((State.ESTABLISHED.index, State.CLOSE_WAIT.index))
_BLANK_SEGMENT: Segment = (0,) * len(SEGMENT)


class Move(NamedTuple):
    """One step an endpoint can take: the edge, the new local state, the segment it sends, and what must have happened
    before it (the assumption at the end of TIME-WAIT)."""

    edge: int
    local: int
    segment: int
    wait: Wait = Wait.NOTHING


@dataclass
class Interned:
    """What both ends of a system share: the edges with their code, by source and event, and the segments."""

    code: dict[tuple[int, Event], list[tuple[int, StepFunction]]]
    fingerprint: str  # of all that the exploration depends on
    segments: dict[Segment, int] = field(default_factory=dict)
    by_id: list[Segment] = field(default_factory=list)

    def segment(self, segment: Segment | None) -> int:
        if segment is None:
            return NO_SEGMENT
        known = self.segments.get(segment)
        if known is None:
            known = self.segments[segment] = len(self.by_id)
            self.by_id.append(segment)
        return known


def compiled(scope: Scope, graph: Graph, watched: frozenset[Var]) -> Interned:
    """The edges as functions, keeping the variables that are watched, and no segment yet."""
    numbers = arithmetic(scope)
    dead = dead_variables(graph.edges, watched | _APPLICATION_READS)
    code: dict[tuple[int, Event], list[tuple[int, StepFunction]]] = {}
    digest = sha256("; ".join(f"{bound.name}={getattr(scope, bound.name)}" for bound in fields(scope)).encode())
    for number, edge in enumerate(graph.edges):
        if edge.event is not Event.STATUS:
            source = edge_source(edge, numbers, dead[edge.target])
            digest.update(source.encode())
            code.setdefault((edge.source.index, edge.event), []).append((number, compile_source(source)))
    return Interned(code, digest.hexdigest())


class Machine:
    """One end of a scope."""

    def __init__(self, scope: Scope, app: Application, iss: int, shared: Interned):
        self.scope, self.app, self.shared = scope, app, shared
        self.lives = scope.lives_of(app)
        self.octets = scope.octets_of(app)
        numbers = arithmetic(scope)
        self.locals: list[tuple[Local, int]] = []
        self._ids: dict[tuple[Local, int], int] = {}
        self._moves: dict[int, tuple[Move, ...]] = {}
        self._arrivals: dict[tuple[int, int], tuple[Move, ...]] = {}
        self._crashes: dict[int, tuple[Move, ...]] = {}
        blank = [0] * len(TCB)
        blank[AT[CLOCK]] = iss & numbers.mask
        for ghost in (GHOST.GOOD, GHOST.WHOLE, GHOST.FRESH, GHOST.BOUND):
            blank[AT[ghost]] = 1
        self._next_isn = numbers.function("L", substitute(NEXT_ISN, decided(scope.profile)))
        self.initial = self._intern(tuple(blank), 0)

    def _intern(self, local: Local, counter: int) -> int:
        key = local, counter
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = len(self.locals)
            self.locals.append(key)
        return known

    def restore(self, locals_: Iterable[tuple[int, ...]]) -> None:
        """Give every local state (with the counter behind it) the index that it had."""
        self.locals = [(local[:-1], local[-1]) for local in locals_]
        self._ids = {key: index for index, key in enumerate(self.locals)}

    # ---- steps -----------------------------------------------------------------------------------------------

    def moves(self, local: int) -> tuple[Move, ...]:
        """Every step the end can take by itself: its user's calls, its timers, its output."""
        known = self._moves.get(local)
        if known is None:
            known = self._moves[local] = tuple(dict.fromkeys(self._own(*self.locals[local])))
        return known

    def arrive(self, local: int, segment: int) -> tuple[Move, ...]:
        """What the segment does: one step, or several where a mutant lets guards overlap; none beyond the scope."""
        known = self._arrivals.get((local, segment))
        if known is None:
            tcb, counter = self.locals[local]
            moves = self._fire(tcb, counter, Event.SEGMENT, self.shared.by_id[segment], self._choice(tcb))
            known = self._arrivals[local, segment] = tuple(moves)
        return known

    def crash(self, local: int) -> tuple[Move, ...]:
        """Loss of memory; a program starts again from its beginning."""
        known = self._crashes.get(local)
        if known is None:
            tcb, _ = self.locals[local]
            known = self._crashes[local] = tuple(self._fire(tcb, 0, Event.CRASH))
        return known

    def _own(self, tcb: Local, counter: int) -> Iterator[Move]:
        for event, count, after in self._calls(tcb, counter):
            yield from self._fire(tcb, after, event, choice=self._choice(tcb, count))
        yield from self._fire(tcb, counter, Event.REASSEMBLE)
        if self.scope.user_timeout:
            yield from self._fire(tcb, counter, Event.USER_TIMEOUT)
        for move in self._fire(tcb, counter, Event.TIME_WAIT_TIMEOUT):
            yield move._replace(wait=self.scope.wait)
        yield from self._fire(tcb, counter, Event.PROBE_TIMEOUT)
        for count in range(min(self.scope.mss, self.octets) + 1):
            yield from self._fire(tcb, counter, Event.OUTPUT, choice=self._choice(tcb, count))
            for with_fin in (0, 1):
                choice = self._choice(tcb, count, with_fin)
                yield from self._fire(tcb, counter, Event.RETRANSMISSION_TIMEOUT, choice=choice)

    def _fire(
        self, tcb: Local, counter: int, event: Event, segment: Segment = _BLANK_SEGMENT, choice: Choice = (0, 0, 0)
    ) -> Iterator[Move]:
        for number, function in self.shared.code.get((tcb[_AT_STATE], event), ()):
            result = function(tcb, segment, choice)
            if result is None:
                continue
            after, sent = result
            if after[_AT_LIFE] <= self.lives:
                yield Move(number, self._intern(after, counter), self.shared.segment(sent))

    def _choice(self, tcb: Local, count: int = 0, with_fin: int = 0) -> Choice:
        """The least initial sequence number that is allowed stands for all of them."""
        replaces = tcb[_AT_STATE] == _TIME_WAIT
        return count, with_fin, self._next_isn(tcb) if replaces else tcb[_AT_CLOCK]

    # ---- the application -------------------------------------------------------------------------------------

    def _calls(self, tcb: Local, counter: int) -> Iterator[tuple[Event, int, int]]:
        """Calls the application may make now: the event, its octets, and the program counter afterwards."""
        if isinstance(self.app, Free):
            for event, count in self._free_calls(tcb, self.app):
                yield event, count, 0
        elif counter < len(self.app.steps):
            yield from self._program_call(tcb, counter, self.app)

    def _free_calls(self, tcb: Local, app: Free) -> Iterator[tuple[Event, int]]:
        closed = tcb[AT[STATE]] == State.CLOSED.index
        fresh = tcb[AT[GHOST.LIFE]] < self.lives and not tcb[AT[RCV.USER]]
        if fresh and app.uses(Action.OPEN) and (closed or tcb[AT[STATE]] == State.LISTEN.index):
            yield Event.OPEN_ACTIVE, 0
        if fresh and closed and app.uses(Action.LISTEN):
            yield Event.OPEN_PASSIVE, 0
        if app.uses(Action.SEND) and tcb[AT[GHOST.SENT]] < self.octets:
            yield Event.SEND, 1
        if app.uses(Action.READ) and not tcb[AT[GHOST.EOF]]:
            yield Event.RECEIVE, 1
        if app.uses(Action.SHUTDOWN) and not tcb[AT[CLOSE_CALLED]]:
            yield Event.CLOSE, 0
        if app.uses(Action.CLOSE):
            yield Event.FULL_CLOSE, 0
        if app.uses(Action.ABORT) and not closed:
            yield Event.ABORT, 0

    def _program_call(self, tcb: Local, counter: int, app: Program) -> Iterator[tuple[Event, int, int]]:
        step = app.steps[counter]
        state = tcb[AT[STATE]]
        if step.action in (Action.OPEN, Action.LISTEN):
            if state == State.CLOSED.index and tcb[AT[GHOST.LIFE]] < self.lives:
                yield _OPENS[step.action], 0, counter + 1
        elif not self._connected(tcb, step):
            return
        elif step.action is Action.SEND:
            if state in _MAY_SEND:
                yield Event.SEND, step.count or 0, counter + 1
        elif step.action is Action.READ:
            yield from self._read(tcb, counter, app, step)
        else:
            yield _GIVES_UP[step.action], 0, counter + 1

    def _read(self, tcb: Local, counter: int, app: Program, step: Step) -> Iterator[tuple[Event, int, int]]:
        """Read what is there; a counted read is done when enough has come, an open one at the end of file."""
        on_hand = tcb[AT[RCV.USER]]
        if step.count is None:
            yield Event.RECEIVE, max(on_hand, 1), counter + (not on_hand and self._at_end(tcb))
        elif on_hand:
            missing = _read_by(app, counter) - tcb[AT[GHOST.READ]]
            count = min(on_hand, missing)
            yield Event.RECEIVE, count, counter + (count == missing)

    def _at_end(self, tcb: Local) -> bool:
        return tcb[AT[STATE]] in _AT_END

    def _connected(self, tcb: Local, step: Step) -> bool:
        """Whether a call on the connection can be made: it is up, or it is over and there is something left to read."""
        state = tcb[AT[STATE]]
        if state == State.CLOSED.index and tcb[AT[GHOST.JOINED]]:
            return tcb[AT[GHOST.FATE]] == Fate.CLOSED or tcb[AT[RCV.USER]] > 0
        return state in _SYNCHRONIZED


_OPENS = {Action.OPEN: Event.OPEN_ACTIVE, Action.LISTEN: Event.OPEN_PASSIVE}
_GIVES_UP = {Action.SHUTDOWN: Event.CLOSE, Action.CLOSE: Event.FULL_CLOSE, Action.ABORT: Event.ABORT}
_AT_END = frozenset(
    state.index for state in (State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT, State.CLOSED)
)
#: Applications look at these, so they are never dead.
_APPLICATION_READS = frozenset(
    (GHOST.LIFE, GHOST.SENT, GHOST.READ, GHOST.EOF, GHOST.FATE, GHOST.JOINED, RCV.USER, CLOSE_CALLED)
)


def _read_by(app: Program, counter: int) -> int:
    """Octets of this incarnation that are read when the step at `counter` is done."""
    total = 0
    for step in app.steps[: counter + 1]:
        if step.action in (Action.OPEN, Action.LISTEN):
            total = 0
        elif step.action is Action.READ:
            total += step.count or 0
    return total


def arithmetic(scope: Scope) -> Arithmetic:
    """The numbers of a scope."""
    constants: dict[Var, int] = {
        SND.BUFF: scope.send_buffer,
        SND.MSS: scope.mss,
        SND.MAX_WND: scope.buffer,
        RCV.BUFF: scope.buffer,
    }
    return Arithmetic(scope.bits, constants)

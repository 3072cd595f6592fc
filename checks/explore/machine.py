"""One endpoint and its application inside a scope: what it can do by itself, and what a segment does to it.

An endpoint is a state machine over local states: the values of its variables (the TCB and the ghosts) and the counter
of its program.  An edge of the specification is compiled to a Python function from a local state, a segment and the
choices of the event to the next local state and the segment sent, or to None where the guard fails (readers/python).

Local states and segments are *interned*: each different one gets a small integer, its index, when it first occurs.  So
a state of the whole system is a few small integers.  Its steps are combined from answers that each machine gives once:
the moves of a local state, and those of a local state on the arrival of a segment.  The choices need few values: a SEND
and an output are tried with every count that the scope allows, and so are as many initial sequence numbers, from the
least that is allowed on, as the scope says (usually that one alone).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import NamedTuple, Protocol

from halfclose.checks.explore.caller import Caller
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.checks.readers.python import (
    AT,
    Arithmetic,
    Choice,
    Local,
    Segment,
    StepFunction,
    edge_source,
    initial,
)
from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Var, substitute
from halfclose.spec.language.variables import (
    CLOCK,
    GHOST,
    RCV,
    SEGMENT,
    SND,
    STATE,
)
from halfclose.spec.tcp.graph import Graph, decided
from halfclose.spec.tcp.updates import NEXT_ISN
from halfclose.spec.world.application import Application
from halfclose.spec.world.calls import Notice, application_reads
from halfclose.spec.world.network import Scope, Wait

NO_SEGMENT = -1
#: Looked up once, because every step reads them.
_AT_STATE, _AT_CLOCK, _AT_LIFE, _TIME_WAIT = AT[STATE], AT[CLOCK], AT[GHOST.LIFE], State.TIME_WAIT.index
_BLANK_SEGMENT: Segment = (0,) * len(SEGMENT)


class Move(NamedTuple):
    """One step that an endpoint can take.

    edge: the number of its label.  local, segment: indices of the local state that it leads to and of the segment that
    it sends (NO_SEGMENT: none).  wait: what must have happened before it, which is the scope's assumption about the end
    of TIME-WAIT.
    """

    edge: int
    local: int
    segment: int
    wait: Wait = Wait.NOTHING


class Label(Protocol):
    """What a step is called in traces; usually this is an edge."""

    @property
    def name(self) -> str: ...

    @property
    def cite(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Noticed:
    """The label of a step in which a program finds something out, and its end does nothing."""

    notice: Notice
    cite: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.notice.value


#: Edges as functions, each with its number, by the index of the source state and the event.
Code = dict[tuple[int, Event], list[tuple[int, StepFunction]]]


@dataclass
class Interned:
    """What both ends of a system share: the labels of their steps, and the interned segments."""

    labels: Sequence[Label]
    fingerprint: str  # a hash of everything that the exploration depends on
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


def compiled(scope: Scope, graph: Graph, watched: frozenset[Var]) -> tuple[Code, Interned]:
    """The edges as functions, and an empty table of segments.  watched: variables that are stored even where dead."""
    numbers = arithmetic(scope)
    dead = dead_variables(graph.edges, watched | application_reads(scope))
    code: Code = {}
    digest = sha256("; ".join(f"{bound.name}={getattr(scope, bound.name)}" for bound in fields(scope)).encode())
    for number, edge in enumerate(graph.edges):
        if edge.event is not Event.STATUS:
            source = edge_source(edge, dead[edge.target])
            digest.update(source.encode())
            code.setdefault((edge.source.index, edge.event), []).append((number, numbers.compiled(source)))
    return code, Interned((*graph.edges, *map(Noticed, Notice)), digest.hexdigest())


class End(Protocol):
    """One end of a scope: a Machine, or other code that is explored in its place, such as the reference."""

    caller: Caller
    locals: list[tuple[Local, int]]  # by index: the variables, and the program's counter
    initial: int

    @property
    def shared(self) -> Interned: ...

    def moves(self, local: int) -> tuple[Move, ...]: ...

    def arrive(self, local: int, segment: int) -> tuple[Move, ...]: ...

    def crash(self, local: int) -> tuple[Move, ...]: ...

    def restore(self, locals_: Iterable[tuple[int, ...]]) -> None: ...


class Machine:
    """One end of a scope, as the specification defines it."""

    def __init__(self, scope: Scope, app: Application, iss: int, code: Code, shared: Interned):
        self.scope, self.shared = scope, shared
        self._code = code
        numbers = arithmetic(scope)
        self.caller = Caller(app, scope.lives_of(app), scope.octets_of(app), numbers)
        self._notices = {label.notice: n for n, label in enumerate(shared.labels) if isinstance(label, Noticed)}
        self.locals: list[tuple[Local, int]] = []
        self._ids: dict[tuple[Local, int], int] = {}
        self._moves: dict[int, tuple[Move, ...]] = {}
        self._arrivals: dict[tuple[int, int], tuple[Move, ...]] = {}
        self._crashes: dict[int, tuple[Move, ...]] = {}
        self._next_isn = numbers.function("L", substitute(NEXT_ISN, decided(scope.profile)))
        self._mask = numbers.mask
        self.initial = self._intern(initial(iss & numbers.mask), 0)

    def _intern(self, local: Local, counter: int) -> int:
        key = local, counter
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = len(self.locals)
            self.locals.append(key)
        return known

    def restore(self, locals_: Iterable[tuple[int, ...]]) -> None:
        """Give every local state the index that it had in a saved search; each ends with its program's counter."""
        self.locals = [(local[:-1], local[-1]) for local in locals_]
        self._ids = {key: index for index, key in enumerate(self.locals)}

    # ---- steps -----------------------------------------------------------------------------------------------

    def moves(self, local: int) -> tuple[Move, ...]:
        """Every step that the end can take by itself: its user's calls, its timers, its output."""
        known = self._moves.get(local)
        if known is None:
            known = self._moves[local] = tuple(dict.fromkeys(self._own(*self.locals[local])))
        return known

    def arrive(self, local: int, segment: int) -> tuple[Move, ...]:
        """What the segment does: one step; several where a mutant's guards overlap; none where it leaves the scope."""
        known = self._arrivals.get((local, segment))
        if known is None:
            tcb, counter = self.locals[local]
            arriving = self.shared.by_id[segment]
            moves = [m for c in self._choices(tcb) for m in self._fire(tcb, counter, Event.SEGMENT, arriving, c)]
            known = self._arrivals[local, segment] = tuple(dict.fromkeys(moves))
        return known

    def crash(self, local: int) -> tuple[Move, ...]:
        """Loss of memory; a program starts again from its beginning."""
        known = self._crashes.get(local)
        if known is None:
            tcb, _ = self.locals[local]
            known = self._crashes[local] = tuple(self._fire(tcb, 0, Event.CRASH))
        return known

    def _own(self, tcb: Local, counter: int) -> Iterator[Move]:
        for does, count, after in self.caller.calls(tcb, counter):
            if isinstance(does, Notice):
                yield Move(self._notices[does], self._intern(tcb, after), NO_SEGMENT)
                continue
            for choice in self._choices(tcb, count):
                yield from self._fire(tcb, after, does, choice=choice)
        yield from self._fire(tcb, counter, Event.REASSEMBLE)
        if self.scope.user_timeout:
            yield from self._fire(tcb, counter, Event.USER_TIMEOUT)
        for move in self._fire(tcb, counter, Event.TIME_WAIT_TIMEOUT):
            yield move._replace(wait=self.scope.wait)
        yield from self._fire(tcb, counter, Event.PROBE_TIMEOUT)
        for count in range(min(self.scope.mss, self.caller.octets) + 1):
            yield from self._fire(tcb, counter, Event.OUTPUT, choice=(count, 0, 0))
            for with_fin in (0, 1):
                yield from self._fire(tcb, counter, Event.RETRANSMISSION_TIMEOUT, choice=(count, with_fin, 0))

    def _fire(
        self, tcb: Local, counter: int, event: Event, segment: Segment = _BLANK_SEGMENT, choice: Choice = (0, 0, 0)
    ) -> Iterator[Move]:
        for number, function in self._code.get((tcb[_AT_STATE], event), ()):
            result = function(tcb, segment, choice)
            if result is None:
                continue
            after, sent = result
            if after[_AT_LIFE] <= self.caller.lives:
                yield Move(number, self._intern(after, counter), self.shared.segment(sent))

    def _choices(self, tcb: Local, count: int = 0) -> Iterator[Choice]:
        """The choices of a call or an arrival: its octets, and each initial sequence number that the scope tries."""
        least = self._next_isn(tcb) if tcb[_AT_STATE] == _TIME_WAIT else tcb[_AT_CLOCK]
        return ((count, 0, (least + further) & self._mask) for further in range(self.scope.isns))


def arithmetic(scope: Scope) -> Arithmetic:
    """The numbers of a scope."""
    constants: dict[Var, int] = {
        SND.BUFF: scope.send_buffer,
        SND.MSS: scope.mss,
        SND.MAX_WND: scope.buffer,
        RCV.BUFF: scope.buffer,
    }
    return Arithmetic(scope.bits, constants)

"""What an application may do in each state of its connection, as terms: explored and exported from this one place.

A program is a list of *places*, numbered from 0 on; its counter is the place where it stands.  At each place it may
make some calls, each under a condition on its own end, and every call leads to a place.  The number behind the last
place is the end of the program.  A free application has one place and no end.

An application sees of its end only what a real program can see; the ghosts stand for what it remembers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from ..language.edge import Event
from ..language.states import FIN_RECEIVED, SYNCHRONIZED, State
from ..language.terms import NONE, TRUE, Term, Var, ite, num, one_if, variables
from ..language.variables import CLOSE_CALLED, GHOST, RCV, SND, Fate, in_state
from .application import FREE_CALLS, OPENING, Action, Application, Free, Occasion, Program, Step, Steps
from .network import Scope

_CLOSED = in_state(State.CLOSED)
_UP = in_state(*SYNCHRONIZED)
_ON_HAND = num(1) <= RCV.USER

#: A call on the connection can be made: it is up, or it is over and there is something left to read or to be told.
CONNECTED = _UP | (_CLOSED & GHOST.JOINED & ((GHOST.FATE == Fate.CLOSED) | _ON_HAND))

#: The peer's end of file has not been reached.
MORE_TO_READ = _ON_HAND | ~in_state(*FIN_RECEIVED, State.CLOSED)
_MAY_SEND = in_state(State.ESTABLISHED, State.CLOSE_WAIT)

#: The connection is gone, and the next call on it says so: it was reset or refused, or has timed out.
BROKEN = _CLOSED & ((GHOST.FATE == Fate.RESET) | (GHOST.FATE == Fate.REFUSED) | (GHOST.FATE == Fate.TIMED_OUT))
_OVER = _CLOSED & ~(GHOST.FATE == Fate.ALIVE)

#: Everything that was sent is acknowledged, and the FIN where there is one.
_ACKNOWLEDGED = SND.UNA == SND.END + one_if(CLOSE_CALLED)
_DRAINED = (_UP & _ACKNOWLEDGED) | (_CLOSED & GHOST.JOINED & (GHOST.FATE == Fate.CLOSED))


class Notice(Enum):
    """What a program finds out without a call that changes anything; the value is what a trace says."""

    CONNECTED = "is connected"
    NOTHING_THERE = "finds nothing to read"
    ACKNOWLEDGED = "sees that all is acknowledged"
    TIME_OVER = "has waited long enough"
    FAILED = "sees that the connection is gone"


_EVENTS = {
    Action.OPEN: Event.OPEN_ACTIVE,
    Action.LISTEN: Event.OPEN_PASSIVE,
    Action.SEND: Event.SEND,
    Action.READ: Event.RECEIVE,
    Action.SHUTDOWN: Event.CLOSE,
    Action.CLOSE: Event.FULL_CLOSE,
    Action.ABORT: Event.ABORT,
}


@dataclass(frozen=True, eq=False)
class Call:
    """One call that an application may make.

    step: what the program says there.  does: the event, or what it notices.  counter, after: its place before and
    after the call; 0 for a free application.  may: the condition under which it is made.  octets: how many it names.
    """

    step: Step
    does: Event | Notice
    counter: int
    after: int
    may: Term
    octets: Term = NONE


@dataclass(frozen=True)
class Calls:
    """Everything that an application may do.  end: the number behind its last place; -1 where it has no end."""

    calls: tuple[Call, ...]
    steps: tuple[Step, ...]  # by place
    end: int

    @cached_property
    def read_on(self) -> frozenset[int]:
        """The places from which the application may still read on the connection that it has there."""
        opens = {call.counter for call in self.calls if call.does in (Event.OPEN_ACTIVE, Event.OPEN_PASSIVE)}
        reading = {call.counter for call in self.calls if call.does is Event.RECEIVE}
        while True:
            more = {call.counter for call in self.calls if call.after in reading} - opens - reading
            if not more:
                return frozenset(reading)
            reading |= more

    @cached_property
    def opened(self) -> dict[int, tuple[Step, ...]]:
        """By place: the calls that lead there and open a connection, so that they wait there until it is up."""
        opens = [call for call in self.calls if call.does in (Event.OPEN_ACTIVE, Event.OPEN_PASSIVE)]
        return {place: tuple(call.step for call in opens if call.after == place) for place in {c.after for c in opens}}

    @property
    def reads(self) -> frozenset[Var]:
        """The variables of its end that it sees."""
        return variables(*(term for call in self.calls for term in (call.may, call.octets)))


def calls(app: Application, lives: int, octets: int) -> Calls:
    """Every call of this application, in the order of its program or of RFC 9293 3.10.

    lives: the most connections that it opens.  octets: the most that a free application sends on one of them.
    """
    if isinstance(app, Free):
        may = _free(lives, octets)
        return Calls(
            tuple(
                Call(Step(action), _EVENTS[action], 0, 0, may[action], num(int(action in (Action.SEND, Action.READ))))
                for action in FREE_CALLS
                if app.uses(action)
            ),
            (),
            -1,
        )
    return _Compiled(app, lives).calls


def _free(lives: int, octets: int) -> dict[Action, Term]:
    """The condition under which a free application makes each call."""
    fresh = (GHOST.LIFE < num(lives)) & ~_ON_HAND
    return {
        Action.OPEN: fresh & in_state(State.CLOSED, State.LISTEN),
        Action.LISTEN: fresh & _CLOSED,
        Action.SEND: GHOST.SENT < num(octets),
        Action.READ: ~GHOST.EOF,
        Action.SHUTDOWN: ~CLOSE_CALLED,
        Action.CLOSE: TRUE,
        Action.ABORT: ~_CLOSED,
    }


# ---- programs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Passage:
    """A run of calls: the program itself, or one of its answers.  linger: the option that is set when it begins."""

    answers: Occasion | None
    linger: int | None


class _Compiled:
    """A program laid out in places: first the program itself, then each of its answers that something can lead to.

    An answer that is reached under two settings of `linger` is laid out twice.
    """

    def __init__(self, app: Program, lives: int):
        self._app, self._lives = app, lives
        self._first: dict[_Passage, int] = {}
        waiting, end = [_Passage(None, None)], 0
        for passage in waiting:
            self._first[passage] = end
            for step, linger in _with_linger(self._steps(passage), passage.linger):
                end += _places(step, linger)
                waiting += (answer for answer in self._answers(passage, linger).values() if answer not in waiting)
        self._end = end

    def _steps(self, passage: _Passage) -> Steps:
        return self._app.steps if passage.answers is None else dict(self._app.answers)[passage.answers]

    def _answers(self, passage: _Passage, linger: int | None) -> dict[Occasion, _Passage]:
        """What is done on each occasion in this passage; within an answer nothing is."""
        if passage.answers is not None:
            return {}
        return {occasion: _Passage(occasion, linger) for occasion, _ in self._app.answers}

    @cached_property
    def calls(self) -> Calls:
        made = tuple(call for passage in self._first for call in self._passage(passage))
        steps = {call.counter: call.step for call in made}
        return Calls(made, tuple(steps[place] for place in range(self._end)), self._end)

    def _passage(self, passage: _Passage) -> Iterator[Call]:
        steps = tuple(_with_linger(self._steps(passage), passage.linger))
        place, early, read = self._first[passage], passage.answers is not None, 0
        for number, (step, linger) in enumerate(steps):
            last = all(not _places(*later) for later in steps[number + 1 :])
            after = self._end if last else place + _places(step, linger)
            where = {on: self._first[answer] for on, answer in self._answers(passage, linger).items()}
            if step.action in OPENING:
                early, read = step.bounded, 0
            elif step.action is Action.READ:
                read += step.count or 0
            yield from _At(step, linger, place, after, where, early, read, self._lives, self._end).calls()
            place += _places(step, linger)


def _with_linger(steps: Steps, linger: int | None) -> Iterator[tuple[Step, int | None]]:
    """Each call with the option that is set when it is made."""
    for step in steps:
        linger = step.count if step.action is Action.LINGER else linger
        yield step, linger


def _places(step: Step, linger: int | None) -> int:
    """How many places a call takes: two where it first does something and then waits."""
    if step.action is Action.LINGER:
        return 0
    waits = step.bounded if step.action in OPENING else step.action is Action.CLOSE and bool(linger)
    return 1 + waits


@dataclass(frozen=True)
class _At:
    """One call of a program where it stands.

    after: the place that follows.  answers: the place where the program answers each occasion.  early: the connection
    may not be up yet, or is gone, so that it can be closed whatever its state.  read: octets of this connection that
    are read when it is over.
    """

    step: Step
    linger: int | None
    place: int
    after: int
    answers: dict[Occasion, int]
    early: bool
    read: int
    lives: int
    end: int

    def calls(self) -> Iterator[Call]:
        match self.step.action:
            case Action.LINGER:
                return
            case Action.OPEN | Action.LISTEN:
                yield from self._opens()
            case Action.SEND:
                yield self._call(Event.SEND, _MAY_SEND, octets=num(self.step.count or 0))
            case Action.READ:
                yield from self._reads_all() if self.step.count is None else self._reads_some()
            case Action.POLL:
                yield self._call(Event.RECEIVE, CONNECTED & _ON_HAND, octets=RCV.USER)
                yield self._call(Notice.NOTHING_THERE, CONNECTED & MORE_TO_READ & ~_ON_HAND)
                yield self._call(Event.RECEIVE, CONNECTED & ~MORE_TO_READ, self._on(Occasion.EOF), num(1))
            case Action.DRAIN:
                yield self._call(Notice.ACKNOWLEDGED, _DRAINED)
            case Action.SHUTDOWN:
                yield self._call(Event.CLOSE, CONNECTED)
            case Action.CLOSE | Action.ABORT:
                yield from self._closes()
            case Action.EXIT:
                event = Event.ABORT if self.linger == 0 else Event.FULL_CLOSE
                yield self._call(event, TRUE if self.early else CONNECTED | _OVER, self.end)
        if self.step.bounded and self.step.action not in OPENING:
            yield self._call(Notice.TIME_OVER, TRUE, self._on(Occasion.TIMEOUT))
        if self.step.action not in (*OPENING, Action.EXIT):
            yield from self._fails(self.place)

    def _call(
        self, does: Event | Notice, may: Term, after: int | None = None, octets: Term = NONE, place: int | None = None
    ) -> Call:
        there = self.place if place is None else place
        return Call(self.step, does, there, self.after if after is None else after, may, octets)

    def _on(self, occasion: Occasion) -> int:
        """Where the program goes on, on an occasion on which it can also go on as if nothing were."""
        return self.answers.get(occasion, self.after)

    def _fails(self, place: int) -> Iterator[Call]:
        if Occasion.ERROR in self.answers:
            reads = self.step.action in (Action.READ, Action.POLL)
            may = BROKEN & ~_ON_HAND if reads else BROKEN
            yield self._call(Notice.FAILED, may, self.answers[Occasion.ERROR], place=place)

    def _opens(self) -> Iterator[Call]:
        wait = self.place + 1
        may = _CLOSED & (GHOST.LIFE < num(self.lives))
        yield self._call(_EVENTS[self.step.action], may, wait if self.step.bounded else self.after)
        if self.step.bounded:
            yield self._call(Notice.CONNECTED, CONNECTED, place=wait)
            yield self._call(Notice.TIME_OVER, ~CONNECTED, self._on(Occasion.TIMEOUT), place=wait)
            yield from self._fails(wait)

    def _closes(self) -> Iterator[Call]:
        aborts = self.step.action is Action.ABORT or self.linger == 0
        waits = self.step.action is Action.CLOSE and bool(self.linger)
        wait = self.place + 1
        may = TRUE if self.early else CONNECTED
        yield self._call(Event.ABORT if aborts else Event.FULL_CLOSE, may, wait if waits else self.after)
        if waits:
            yield self._call(Notice.ACKNOWLEDGED, _CLOSED | (_UP & _ACKNOWLEDGED), place=wait)
            yield self._call(Event.ABORT, ~_CLOSED, place=wait)

    def _reads_all(self) -> Iterator[Call]:
        """Read what is there until the end of file; without a bound, also ask when there is nothing."""
        asks = _ON_HAND if self.step.bounded else MORE_TO_READ
        yield self._call(Event.RECEIVE, CONNECTED & asks, self.place, ite(_ON_HAND, RCV.USER, 1))
        yield self._call(Event.RECEIVE, CONNECTED & ~MORE_TO_READ, octets=num(1))

    def _reads_some(self) -> Iterator[Call]:
        """Read what is there until so much has come; in an answer no call counts on what was read before it."""
        missing = num(self.read) - GHOST.READ
        on_hand = CONNECTED & _ON_HAND
        yield self._call(Event.RECEIVE, on_hand & (RCV.USER < missing), self.place, RCV.USER)
        yield self._call(Event.RECEIVE, on_hand & (missing <= RCV.USER), octets=missing)
        if Occasion.EOF in self.answers:
            yield self._call(Event.RECEIVE, CONNECTED & ~MORE_TO_READ, self.answers[Occasion.EOF], num(1))


# ---- what the explorer remembers --------------------------------------------------------------------------------


def _plain() -> Program:
    """Every call that takes no more than one event of TCP."""
    return Program(tuple(Step(action, count) for action in FREE_CALLS for count in (None, 1)))


#: The explorer never forgets these, whatever calls the applications of the scope make: so a scope has the same states
#: whichever of the plain calls its programs use.
_ALWAYS = calls(_plain(), 1, 1).reads | calls(Free(frozenset(FREE_CALLS)), 1, 1).reads


def application_reads(scope: Scope) -> frozenset[Var]:
    """The variables that the applications of a scope see, and those of every plain call."""
    both = (calls(app, scope.lives_of(app), scope.octets_of(app)) for app in (scope.app_a, scope.app_b))
    return _ALWAYS.union(*(made.reads for made in both))

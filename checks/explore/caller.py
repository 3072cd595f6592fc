"""The application above one end of a scope: the calls that it may make in a local state.

A program makes its calls in their order and waits until the next one is possible; a free application may make any call
at any time.  Either sees of its end only what a real program can see; the ghosts stand for what it remembers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.checks.readers.python import AT, Local
from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import SYNCHRONIZED, State
from halfclose.spec.language.variables import CLOSE_CALLED, GHOST, RCV, STATE, Fate
from halfclose.spec.world.application import Action, Application, Free, Program, Step

_SYNCHRONIZED = frozenset(state.index for state in SYNCHRONIZED)
_MAY_SEND = frozenset((State.ESTABLISHED.index, State.CLOSE_WAIT.index))


@dataclass(frozen=True)
class Caller:
    """An application.  lives: how many incarnations it may open.  octets: the most that it sends in one of them."""

    app: Application
    lives: int
    octets: int

    def calls(self, tcb: Local, counter: int) -> Iterator[tuple[Event, int, int]]:
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
        """Read what is there; a read with a count is over when so much has come, one without at the end of file."""
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
#: Applications read these variables, so they are never dead (see readers/dead_variables.py).
APPLICATION_READS = frozenset(
    (GHOST.LIFE, GHOST.SENT, GHOST.READ, GHOST.EOF, GHOST.FATE, GHOST.JOINED, RCV.USER, CLOSE_CALLED)
)


def _read_by(app: Program, counter: int) -> int:
    """How many octets of this incarnation the program has read when the step at `counter` is over."""
    total = 0
    for step in app.steps[: counter + 1]:
        if step.action in (Action.OPEN, Action.LISTEN):
            total = 0
        elif step.action is Action.READ:
            total += step.count or 0
    return total

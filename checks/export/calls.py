"""The calls that the applications of a scope may make, as terms, so that they are printed like the guards of edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import FIN_RECEIVED, SYNCHRONIZED, State
from halfclose.spec.language.terms import NONE, TRUE, Term, Var, ite, num, variables
from halfclose.spec.language.variables import CLOSE_CALLED, GHOST, RCV, Fate, in_state
from halfclose.spec.world.application import Action, Application, Free, Program, Step
from halfclose.spec.world.network import Scope

_CLOSED = in_state(State.CLOSED)
_ON_HAND = num(1) <= RCV.USER

#: A call on the connection can be made: it is up, or it is over and there is something left to read or to be told.
CONNECTED = in_state(*SYNCHRONIZED) | (_CLOSED & GHOST.JOINED & ((GHOST.FATE == Fate.CLOSED) | _ON_HAND))

#: The peer's end of file has not been reached.
MORE_TO_READ = _ON_HAND | ~in_state(*FIN_RECEIVED, State.CLOSED)
_MAY_SEND = in_state(State.ESTABLISHED, State.CLOSE_WAIT)

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

    counter, after: where the application's program stands before and after it; 0 for a free application, which has no
    program.  may: the condition under which the call is made.  octets: how many it names.
    """

    step: str
    event: Event
    counter: int
    after: int
    may: Term
    octets: Term = NONE


def calls(scope: Scope, app: Application) -> tuple[Call, ...]:
    """Every call of this application, in the order of its program or of RFC 9293 3.10."""
    if isinstance(app, Free):
        may = _free(scope.lives_of(app), scope.octets_of(app))
        return tuple(
            Call(action.value, _EVENTS[action], 0, 0, may[action], num(int(action in (Action.SEND, Action.READ))))
            for action in Action
            if app.uses(action)
        )
    return tuple(call for counter in range(len(app.steps)) for call in _of_program(app, counter, scope.lives_of(app)))


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


def _of_program(app: Program, counter: int, lives: int) -> Iterator[Call]:
    step = app.steps[counter]

    def call(may: Term, octets: Term = NONE, done: bool = True) -> Call:
        return Call(str(step), _EVENTS[step.action], counter, counter + done, may, octets)

    if step.action in (Action.OPEN, Action.LISTEN):
        yield call(_CLOSED & (GHOST.LIFE < num(lives)))
    elif step.action is Action.SEND:
        yield call(_MAY_SEND, num(step.count or 0))
    elif step.action is not Action.READ:
        yield call(CONNECTED)
    elif step.count is None:
        yield call(CONNECTED & MORE_TO_READ, ite(_ON_HAND, RCV.USER, 1), done=False)
        yield call(CONNECTED & ~MORE_TO_READ, num(1))
    else:
        missing = num(_read_by(app.steps[: counter + 1])) - GHOST.READ
        yield call(CONNECTED & _ON_HAND & (RCV.USER < missing), RCV.USER, done=False)
        yield call(CONNECTED & _ON_HAND & (missing <= RCV.USER), missing)


def _read_by(steps: tuple[Step, ...]) -> int:
    """Octets of the present incarnation that are read when these steps are done."""
    total = 0
    for step in steps:
        if step.action in (Action.OPEN, Action.LISTEN):
            total = 0
        elif step.action is Action.READ:
            total += step.count or 0
    return total


def _read_by_any() -> frozenset[Var]:
    """The variables that an application may read, in any scope."""
    every = Program(tuple(Step(action, count) for action in Action for count in (None, 1)))
    terms = [*_free(1, 1).values()]
    for counter in range(len(every.steps)):
        terms += [term for call in _of_program(every, counter, 1) for term in (call.may, call.octets)]
    return variables(*terms)


#: The explorer never forgets these, whatever calls the applications of the scope make.
APPLICATION_READS = _read_by_any()

"""The application above one end of a scope: the calls that it may make in a local state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from halfclose.checks.readers.python import AT, Arithmetic, Local
from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import GHOST, STATE, Fate
from halfclose.spec.world.application import OPENING, Action, Application, Step
from halfclose.spec.world.calls import Notice, calls


@dataclass(frozen=True)
class _Compiled:
    """A call whose condition and number of octets are functions of the local state."""

    does: Event | Notice
    after: int
    may: Callable[[Local], bool]
    octets: Callable[[Local], int]


class Caller:
    """An application whose calls are compiled.  octets: the most that it sends on one connection."""

    def __init__(self, app: Application, lives: int, octets: int, numbers: Arithmetic):
        """lives: how many incarnations it may open.  numbers: those of its end."""
        made = calls(app, lives, octets)
        self.app, self.lives, self.octets = app, lives, octets
        self.steps, self.end, self.read_on, self._opened = made.steps, made.end, made.read_on, made.opened
        self._calls: dict[int, list[_Compiled]] = {}
        for call in made.calls:
            may, count = (numbers.function("L", term) for term in (call.may, call.octets))
            self._calls.setdefault(call.counter, []).append(_Compiled(call.does, call.after, may, count))

    def at_end(self, counter: int) -> bool:
        """Whether the application has no calls left to make; a free one always has."""
        return counter == self.end

    def call(self, tcb: Local, counter: int) -> Step | None:
        """The call in which a program stands; None at its end, and for a free application.

        Its counter is past an `open` or a `listen` as soon as that has begun; the program stands there until it is
        connected, or told that it will not be.
        """
        if self.end < 0:
            return None
        for step in self._opened.get(counter, ()):
            if step.action in _opening(tcb):
                return step
        return None if self.at_end(counter) else self.steps[counter]

    def calls(self, tcb: Local, counter: int) -> Iterator[tuple[Event | Notice, int, int]]:
        """Calls the application may make now: what it does, its octets, and the program counter afterwards."""
        for call in self._calls.get(counter, ()):
            if call.may(tcb):
                yield call.does, call.octets(tcb), call.after


_OPENING = {
    State.LISTEN.index: (Action.LISTEN,),
    State.SYN_SENT.index: (Action.OPEN,),
    State.SYN_RECEIVED.index: OPENING,
}
_IN_VAIN = (Fate.RESET, Fate.REFUSED, Fate.TIMED_OUT)


def _opening(tcb: Local) -> tuple[Action, ...]:
    """The calls that can be at work on a connection that is not up yet, or that was told it will not be."""
    if tcb[AT[STATE]] == State.CLOSED.index and tcb[AT[GHOST.FATE]] in _IN_VAIN and not tcb[AT[GHOST.JOINED]]:
        return OPENING
    return _OPENING.get(tcb[AT[STATE]], ())

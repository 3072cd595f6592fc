"""The application above one end of a scope: the calls that it may make in a local state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from halfclose.checks.readers.python import Arithmetic, Local
from halfclose.spec.language.edge import Event
from halfclose.spec.world.application import Application
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
        self.steps, self.end, self.read_on = made.steps, made.end, made.read_on
        self._calls: dict[int, list[_Compiled]] = {}
        for call in made.calls:
            may, count = (numbers.function("L", term) for term in (call.may, call.octets))
            self._calls.setdefault(call.counter, []).append(_Compiled(call.does, call.after, may, count))

    def at_end(self, counter: int) -> bool:
        """Whether the application has no calls left to make; a free one always has."""
        return counter == self.end

    def calls(self, tcb: Local, counter: int) -> Iterator[tuple[Event | Notice, int, int]]:
        """Calls the application may make now: what it does, its octets, and the program counter afterwards."""
        for call in self._calls.get(counter, ()):
            if call.may(tcb):
                yield call.does, call.octets(tcb), call.after

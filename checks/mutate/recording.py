"""What the right specification did in a vector: each call of the tester with its answer, and each input of an edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from halfclose.checks.mutate.stack import SpecStack
from halfclose.checks.oracle.endpoint import NO_CHOICE, Endpoint, Fired
from halfclose.checks.oracle.segments import NO_FIELDS
from halfclose.checks.readers.python import Choice, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.wire import Segment
from halfclose.spec.language.edge import Event

#: What an edge is asked: the local state, the event, the segment and the choices.
Asked = tuple[Local, Event, Fields, Choice]


class Recorder:
    """A stack that notes what is asked of it and what it answers.

    answers: each call of the tester, as a function of a stack, with the answer.  asked: what its edges were asked.
    """

    name, version, virtual_clock = SpecStack.name, SpecStack.version, True

    def __init__(self, endpoint: Endpoint) -> None:
        self.answers: list[tuple[Callable[[SpecStack], Any], Any]] = []
        self.asked: set[Asked] = set()
        self._stack = SpecStack(edges=_noting(endpoint, self.asked))

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        self._do(lambda stack: stack.start(peer_port=peer_port, local_port=local_port, iss=iss))

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        result: Result = self._do(lambda stack: stack.call(verb, text=text, count=count))
        return result

    def deliver(self, segment: Segment) -> None:
        self._do(lambda stack: stack.deliver(segment))

    def segments(self) -> list[Segment]:
        sent: list[Segment] = self._do(lambda stack: stack.segments())
        return sent

    def advance(self, seconds: float) -> None:
        self._do(lambda stack: stack.advance(seconds))

    def user_timeout(self) -> None:
        self._do(lambda stack: stack.user_timeout())

    def close(self) -> None:
        self._stack.close()

    def _do(self, call: Callable[[SpecStack], Any]) -> Any:
        answer = call(self._stack)
        self.answers.append((call, answer))
        return answer


def _noting(endpoint: Endpoint, asked: set[Asked]) -> Endpoint:
    """The same endpoint; what its edges are asked is noted."""
    noting = copy(endpoint)

    def fire(local: Local, event: Event, fields: Fields = NO_FIELDS, choice: Choice = NO_CHOICE) -> Iterator[Fired]:
        asked.add((local, event, fields, choice))
        return endpoint.fire(local, event, fields, choice)

    noting.fire = fire  # type: ignore[method-assign]
    return noting

"""The user above each endpoint: a program of blocking calls, or a free application.

A program is written as a socket programmer would say it, e.g. `open; send 3; shutdown; read; close`.  `CALLS` below
says what each word means.  Behind its calls a program may say what it does instead of what was to come:

    listen; read 2; send 1; close; on eof: close; on error: exit

`ANSWERS` says when each of these takes the place of the rest; inside an answer none does.  A program stops at a call
that can never be completed.  One that has come to its end leaves its connection as it is; `exit` ends the process, and
the system closes what is open.

A free application is every program at once: at any time it may make any call that changes anything.  `free` alone means
open, listen, send, read and shutdown; `free: open send` makes only these calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..language.names import near


class BadProgram(ValueError):
    """The text is not a program; the message says which word is wrong and what would be right."""


class Action(Enum):
    """A call as programs name it."""

    OPEN = "open"
    LISTEN = "listen"
    SEND = "send"
    READ = "read"
    SHUTDOWN = "shutdown"
    CLOSE = "close"
    ABORT = "abort"
    POLL = "poll"
    DRAIN = "drain"
    LINGER = "linger"
    EXIT = "exit"


#: Every call as it is written, and what it does.
CALLS: dict[str, str] = {
    "open": "connect, and wait until connected",
    "listen": "accept one connection, and wait for it",
    "send N": "send N octets",
    "read": "read until the peer's end of file",
    "read N": "read until N more octets have come",
    "poll": "read what is there, without waiting",
    "drain": "wait until everything that was sent is acknowledged, and the FIN where there is one",
    "shutdown": "no more data to send (the RFC's CLOSE)",
    "close": "the socket API's close(): no reading either (MAY-1)",
    "abort": "reset the connection",
    "linger 0": "from here on close and exit reset the connection (SO_LINGER with no time)",
    "linger N": "from here on close waits until all is acknowledged, or for N seconds at most, and then resets",
    "exit": "the process ends, and the system closes its connection",
    "... in time": "behind open, listen, read or drain: wait, but only for some time",
}


class Occasion(Enum):
    """What a program may answer with calls of its own."""

    EOF = "eof"
    ERROR = "error"
    TIMEOUT = "timeout"


#: Every answer as it is written, behind the program's calls, and when it takes their place.
ANSWERS: dict[str, str] = {
    "on eof: ...": "when a read of N octets, or a poll, meets the peer's end of file; else a read of N stops there",
    "on error: ...": "when a call fails as the connection was reset or refused, or has timed out; else it stops there",
    "on timeout: ...": "when what is done in time takes too long; else the next call follows",
}


@dataclass(frozen=True)
class Step:
    """One call.

    count: how many octets to send or to read, None for a read until the end of file; the time of a linger in seconds.
    bounded: it waits only for some time.
    """

    action: Action
    count: int | None = None
    bounded: bool = False

    def __str__(self) -> str:
        words = self.action.value if self.count is None else f"{self.action.value} {self.count}"
        return f"{words} in time" if self.bounded else words


Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Program:
    """Calls in order; each waits until it is completed.  answers: what it does instead on each occasion."""

    steps: Steps
    answers: tuple[tuple[Occasion, Steps], ...] = ()

    def octets(self) -> int:
        """The most octets that it sends in all."""
        return self._most(lambda step: (step.count or 0) * (step.action is Action.SEND))

    def lives(self) -> int:
        """The most connections that it opens, one after the other."""
        return self._most(lambda step: int(step.action in OPENING))

    def _most(self, weight: Callable[[Step], int]) -> int:
        """The sum over its calls and those of one answer: it gives one at most."""
        return sum(map(weight, self.steps)) + max((sum(map(weight, steps)) for _, steps in self.answers), default=0)

    def uses(self, *actions: Action) -> bool:
        return any(step.action in actions for step in self.all_steps())

    def all_steps(self) -> Iterator[Step]:
        yield from self.steps
        for _, steps in self.answers:
            yield from steps

    def __str__(self) -> str:
        answers = (f"on {occasion.value}: {_written(steps)}" for occasion, steps in self.answers)
        return "; ".join((_written(self.steps), *answers))


@dataclass(frozen=True)
class Free:
    """Any of these calls, at any time.  Octets are sent and read one by one; larger calls are several of these."""

    actions: frozenset[Action]

    def uses(self, *actions: Action) -> bool:
        return any(action in self.actions for action in actions)

    def __str__(self) -> str:
        return "free: " + " ".join(a.value for a in Action if a in self.actions)


Application = Program | Free

#: What a free application may call: everything that is a single call to TCP.
FREE_CALLS = tuple(Action)[: tuple(Action).index(Action.ABORT) + 1]
#: What `free` alone means: everything that RFC 9293 3.10 offers except giving up.
_FREE = frozenset((Action.OPEN, Action.LISTEN, Action.SEND, Action.READ, Action.SHUTDOWN))
OPENING = (Action.OPEN, Action.LISTEN)
#: Calls that may wait, so that the time for it may be bounded.
_WAITING = (*OPENING, Action.READ, Action.DRAIN)
#: No program sends or reads more than a number of so many digits says.
_MOST_DIGITS = 9
_ANSWER = re.compile(r"on\s+([^\s:]+)\s*:(.*)", re.IGNORECASE | re.DOTALL)
_EXAMPLE = "a program needs at least one call, e.g. 'open; send 3; shutdown; read'"


def _written(steps: Steps) -> str:
    return "; ".join(map(str, steps))


# ---- reading a program ------------------------------------------------------------------------------------------


def parse_application(text: str) -> Application:
    """Read `free`, `free: CALLS` or a program; raises BadProgram."""
    head, colon, rest = text.partition(":")
    if head.strip().lower() == "free":
        names = rest.replace(",", " ").split()
        if colon and not names:
            raise BadProgram("'free:' needs at least one call behind it")
        return Free(frozenset(_action(name, "in 'free:'", FREE_CALLS) for name in names) or _FREE)
    steps, passages = _passages([part.strip() for part in re.split(r"[;,\n]", text) if part.strip()])
    if not steps:
        raise BadProgram(_EXAMPLE)
    _must_be_in_order(steps)
    first = len(steps) + 1
    for answer in passages.values():
        _must_be_in_order(answer, first, answering=True)
        first += len(answer)
    return Program(steps, tuple((on, passages[on]) for on in Occasion if on in passages))


def _passages(parts: list[str]) -> tuple[Steps, dict[Occasion, Steps]]:
    """The calls of the program, and those of its answers in the order in which they are written."""
    steps: list[Step] = []
    answers: dict[Occasion, list[Step]] = {}
    here = steps
    for number, part in enumerate(parts, 1):
        answer = _ANSWER.fullmatch(part)
        if answer is not None:
            on, part = _occasion(answer[1], number), answer[2].strip()
            if on in answers:
                raise BadProgram(f"call {number}: 'on {on.value}:' stands there twice")
            if not part:
                raise BadProgram(f"call {number}: 'on {on.value}:' needs a call behind it, e.g. 'exit'")
            here = answers[on] = []
        elif (meant := _without_colon(part)) is not None:
            says = "an answer is written with 'on' and a colon"
            raise BadProgram(f"call {number}, {part!r:.60}: {says}, e.g. {meant!r:.60}")
        here.append(_step(part, number))
    return tuple(steps), {on: tuple(answer) for on, answer in answers.items()}


def _without_colon(part: str) -> str | None:
    """What was meant by an answer that lacks its 'on' or its colon; None where a text is no such answer."""
    first, *rest = part.replace(":", " ").lower().split() or [""]
    known = [occasion.value for occasion in Occasion]
    if first != "on":
        return f"on {first}: {' '.join(rest) or 'close'}" if first in known else None
    occasion, *calls = rest if rest and rest[0] in known else [known[0], "close"]
    return f"on {occasion}: {' '.join(calls) or 'close'}"


def _occasion(word: str, number: int) -> Occasion:
    try:
        return Occasion(word.lower())
    except ValueError:
        known = ", ".join(f"'on {occasion.value}:'" for occasion in Occasion)
        raise BadProgram(f"call {number}: unknown occasion {word!r:.40}; a program may say {known}") from None


def _action(word: str, where: str, known: tuple[Action, ...] = tuple(Action)) -> Action:
    try:
        action = Action(word.strip().lower())
    except ValueError:
        names = [action.value for action in known]
        like = near(word.strip(), names)
        advice = f"did you mean {' or '.join(map(repr, like))}? " if like else ""
        raise BadProgram(f"{where}: unknown call {word.strip()!r:.40}; {advice}calls are {', '.join(names)}") from None
    if action not in known:
        raise BadProgram(
            f"{where}: a free application does not {action.value}; it may {', '.join(a.value for a in known)}"
        )
    return action


def _step(text: str, number: int) -> Step:
    where = f"call {number}, {text!r:.60}"
    words = text.split()
    action = _action(words[0], f"call {number}")
    bounded = [word.lower() for word in words[-2:]] == ["in", "time"] and len(words) > 2
    if bounded:
        words = words[:-2]
        if action not in _WAITING:
            raise BadProgram(f"{where}: only {', '.join(a.value for a in _WAITING)} can wait 'in time'")
    if action in (Action.SEND, Action.LINGER) and len(words) == 1:
        needs = "octets, e.g. 'send 3'" if action is Action.SEND else "seconds, e.g. 'linger 0'"
        raise BadProgram(f"{where}: {action.value} needs a number of {needs}")
    countable = action in (Action.SEND, Action.READ, Action.LINGER)
    if len(words) > (2 if countable else 1):
        raise BadProgram(f"{where}: too many words; the program's calls are parted by ';'")
    count = _count(action, words[1], where) if len(words) == 2 else None
    return Step(action, count, bounded)


def _count(action: Action, word: str, where: str) -> int:
    least = 0 if action is Action.LINGER else 1
    if not word.isascii() or not word.isdecimal() or len(word) > _MOST_DIGITS or int(word) < least:
        what = "number of seconds, 0 or more," if action is Action.LINGER else "positive number of octets"
        raise BadProgram(f"{where}: {action.value} takes a {what} of at most {_MOST_DIGITS} digits, not {word!r:.20}")
    return int(word)


def _must_be_in_order(steps: Steps, first: int = 1, answering: bool = False) -> None:
    """Refuse calls that can never be made where they stand.

    first: the number of the first one.  answering: they answer a call that did not end well.
    """
    opened, given_up, counted = answering, "", not answering
    for number, step in enumerate(steps, first):
        where, action = f"call {number}, '{step}'", step.action
        if given_up == "exit":
            raise BadProgram(f"{where}: nothing can be called after 'exit'")
        if action in OPENING:
            opened, given_up, counted = True, "", True
        elif action is not Action.LINGER and not opened:
            raise BadProgram(f"{where}: there is no connection yet; a program begins with 'open' or 'listen'")
        elif action in _DONE and (given_up in ("close", "abort") or (given_up and action in _ENDED_BY_SHUTDOWN)):
            raise BadProgram(f"{where}: nothing can be {_DONE[action]} after '{given_up}'")
        if action is Action.READ and step.count is not None and not counted:
            raise BadProgram(f"{where}: how much was read before is not known here; say 'read' or 'poll'")
        if action in (Action.SHUTDOWN, Action.CLOSE, Action.ABORT, Action.EXIT):
            given_up = action.value
        if action is Action.POLL or (action is Action.READ and step.bounded):
            counted = False


_ENDED_BY_SHUTDOWN = (Action.SEND, Action.SHUTDOWN)
_DONE = {
    Action.SEND: "sent",
    Action.READ: "read",
    Action.POLL: "read",
    Action.DRAIN: "waited for",
    Action.SHUTDOWN: "shut down",
    Action.CLOSE: "closed",
    Action.ABORT: "aborted",
}

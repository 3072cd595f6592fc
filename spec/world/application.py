"""The user above each endpoint: a program of blocking calls, or a free application.

A program is written as a socket programmer would say it, e.g. `open; send 3; shutdown; read; close`:

open      connect, and wait until connected        shutdown  no more data to send (the RFC's CLOSE)
listen    accept one connection, and wait for it   close     the socket API's close(): no reading either (MAY-1)
send N    send N octets                            abort     reset the connection
read N    read until N more octets have come       read      read until the peer's end of file

A program stops at a call that can never be completed.

A free application is every program at once: at any time it may make any call that changes anything.  `free` alone means
open, listen, send, read and shutdown; `free: open send` makes only these calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True)
class Step:
    """One call.  count: how many octets to send or to read; None for a read until the end of file."""

    action: Action
    count: int | None = None

    def __str__(self) -> str:
        return self.action.value if self.count is None else f"{self.action.value} {self.count}"


@dataclass(frozen=True)
class Program:
    """Calls in order; each waits until it is completed."""

    steps: tuple[Step, ...]

    def octets(self) -> int:
        """How many octets it sends in all."""
        return sum(step.count or 0 for step in self.steps if step.action is Action.SEND)

    def lives(self) -> int:
        """How many connections it opens, one after the other."""
        return sum(step.action in (Action.OPEN, Action.LISTEN) for step in self.steps)

    def uses(self, action: Action) -> bool:
        return any(step.action is action for step in self.steps)

    def __str__(self) -> str:
        return "; ".join(map(str, self.steps))


@dataclass(frozen=True)
class Free:
    """Any of these calls, at any time.  Octets are sent and read one by one; larger calls are several of these."""

    actions: frozenset[Action]

    def uses(self, action: Action) -> bool:
        return action in self.actions

    def __str__(self) -> str:
        return "free: " + " ".join(a.value for a in Action if a in self.actions)


Application = Program | Free

#: What `free` alone means: everything that RFC 9293 3.10 offers except giving up.
_FREE = frozenset((Action.OPEN, Action.LISTEN, Action.SEND, Action.READ, Action.SHUTDOWN))
#: No program sends or reads more than a number of so many digits says.
_MOST_DIGITS = 9
_WORDS = ", ".join(action.value for action in Action)


def parse_application(text: str) -> Application:
    """Read `free`, `free: CALLS` or a program; raises BadProgram."""
    head, colon, rest = text.partition(":")
    if head.strip().lower() == "free":
        names = rest.replace(",", " ").split()
        if colon and not names:
            raise BadProgram("'free:' needs at least one call behind it")
        return Free(frozenset(_action(name) for name in names) or _FREE)
    steps = tuple(_step(part) for part in re.split(r"[;,\n]", text) if part.strip())
    if not steps:
        raise BadProgram("a program needs at least one call, e.g. 'open; send 3; shutdown; read'")
    return Program(steps)


def _action(word: str) -> Action:
    try:
        return Action(word.strip().lower())
    except ValueError:
        raise BadProgram(f"unknown call {word.strip()!r}; calls are {_WORDS}") from None


def _step(text: str) -> Step:
    words = text.split()
    action = _action(words[0])
    countable = action in (Action.SEND, Action.READ)
    if len(words) > (2 if countable else 1):
        raise BadProgram(f"too many words in {text.strip()!r}")
    if len(words) == 1:
        if action is Action.SEND:
            raise BadProgram("send needs a number of octets, e.g. 'send 3'")
        return Step(action)
    if not words[1].isdecimal() or len(words[1]) > _MOST_DIGITS or int(words[1]) == 0:
        raise BadProgram(
            f"{action.value} takes a positive number of octets of at most {_MOST_DIGITS} digits, not {words[1]!r:.20}"
        )
    return Step(action, int(words[1]))

"""The code under judgment: one connection of the reference, driven by one event at a time.

A subject can be copied and compared, so that it can be explored.  The exploration abstracts from time, as the model
does: the clock stands still, and a timer that runs may expire at any moment.
"""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from typing import Any

from halfclose.checks.stacks.reference import perform
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.config import Config
from halfclose.reference.congestion import Congestion
from halfclose.reference.connection import Connection
from halfclose.reference.rto import RetransmissionTimeout
from halfclose.reference.tcb import Notice, Tcb, Timer
from halfclose.reference.wire import Segment


@dataclass(frozen=True)
class Called:
    """The user calls.  octets: how many to SEND, or the most to RECEIVE."""

    verb: Verb
    octets: int = 0

    def __str__(self) -> str:
        return f"{self.verb.name} {self.octets}" if self.octets else self.verb.name


@dataclass(frozen=True)
class Arrived:
    """A segment arrives."""

    segment: Segment

    def __str__(self) -> str:
        return "SEGMENT ARRIVES"


@dataclass(frozen=True)
class Expired:
    """These timers expire, at one moment."""

    timers: tuple[Timer, ...]

    def __str__(self) -> str:
        return f"{' and '.join(timer.value for timer in self.timers)} timer"


Stimulus = Called | Arrived | Expired


@dataclass(frozen=True)
class Observed:
    """What the code did: the result of the call, the segments it sent, and the notices to its user."""

    result: Result | None
    segments: tuple[Segment, ...]
    notices: tuple[Notice, ...]


class IsnClock:
    """The host's clock of initial sequence numbers (3.4.1), which outlives every connection."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, now: float) -> int:
        return self.number


class Subject:
    """One connection.  Its timers run on a clock of its own, which `take` moves on to the expiry of a timer."""

    def __init__(self, config: Config, clock: IsnClock) -> None:
        self.clock = clock
        self.connection = Connection(config, isn=clock)

    @property
    def tcb(self) -> Tcb:
        return self.connection.tcb

    def take(self, stimulus: Stimulus, text: bytes = b"") -> Observed:
        """Let one thing happen.  text: what SEND sends."""
        result = None
        match stimulus:
            case Called(verb, octets):
                count = octets if verb is Verb.RECEIVE else 0
                result = perform(self.connection, self.tcb.now, verb, text, count)
            case Arrived(segment):
                self.connection.segment_arrives(segment, self.tcb.now)
            case Expired(timers):
                self.connection.tick(max(self.tcb.timers[timer] for timer in timers))
        return Observed(result, tuple(self.connection.segments()), tuple(self.connection.notices()))

    # ---- without time ----------------------------------------------------------------------------------------

    def copy(self) -> Subject:
        """An independent one in the same state."""
        twin = Subject(self.tcb.config, self.clock)
        shared = (self.tcb.config, self.clock)
        twin.connection.tcb = deepcopy(self.tcb, {id(one): one for one in shared})
        return twin

    def forget_time(self) -> None:
        """Keep only which timers run; drop round trips, and congestion control where it is off."""
        tcb = self.tcb
        tcb.timers = dict.fromkeys(sorted(tcb.timers, key=lambda timer: timer.value), _LATER)
        tcb.rto, tcb.timed = RetransmissionTimeout(tcb.config), None
        if not tcb.congestion.on:
            tcb.congestion = Congestion(on=False)
        tcb.now = tcb.last_sent = tcb.timed_out = 0.0

    def bring_forward(self, timer: Timer) -> None:
        """Make this timer the next one to expire."""
        self.tcb.timers[timer] = 0.0

    def key(self) -> Hashable:
        """Equal for two subjects that behave alike, once time is forgotten."""
        return _frozen(self.tcb)


_LATER = 1.0
#: No part of the state: shared by all copies.
_CONSTANT = (Config, IsnClock)


def _frozen(value: Any) -> Hashable:
    match value:
        case None | int() | float() | str() | bytes() | Enum():
            return value
        case bytearray():
            return bytes(value)
        case list() | tuple():
            return tuple(map(_frozen, value))
        case dict():
            return tuple((_frozen(name), _frozen(item)) for name, item in value.items())
    if isinstance(value, _CONSTANT):
        return None
    state = value.__reduce_ex__(2)[2]
    return _frozen(state)

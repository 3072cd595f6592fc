"""What a vector is: a script for the peer and the user of one endpoint, with what it may send after each step.

A script begins in CLOSED.  Sequence numbers are nominal: the stack's initial sequence number is taken to be
`Vector.iss`, and whoever replays a vector adds the difference to the actual one to every ACK number it delivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from halfclose.checks.stacks.stack import Verb
from halfclose.spec.language.edge import Event

#: The window that the tester offers, in octets.
PEER_WINDOW = 8000

#: The timers that a script may let run out, and the event of 3.10.8 that follows.
TIMERS = {
    "retransmission": Event.RETRANSMISSION_TIMEOUT,
    "probe": Event.PROBE_TIMEOUT,
    "user": Event.USER_TIMEOUT,
    "time-wait": Event.TIME_WAIT_TIMEOUT,
}


@dataclass(frozen=True)
class Packet:
    """One segment of a vector.

    flags: the control bits, as in `reference.wire`.  octets: how much text it holds.  at: the index in its sender's
    stream of the first of these octets.  edge: where given, SEG.SEQ is not seq but lies this far beyond the right edge
    of the window that the stack has advertised last.
    """

    flags: int
    seq: int
    ack: int = 0
    wnd: int = 0
    octets: int = 0
    at: int = 0
    mss: int | None = None
    edge: int | None = None


@dataclass(frozen=True)
class Call:
    """A user call.  octets: how many to SEND, or at most to RECEIVE.  returns: what the specification answers."""

    verb: Verb
    octets: int = 0
    returns: str = "ok"


@dataclass(frozen=True)
class Deliver:
    """A segment arrives."""

    packet: Packet


@dataclass(frozen=True)
class Fill:
    """Text arrives in order, in segments of at most `octets`, until the stack advertises a window of `leave` octets.

    total: how many octets that takes with the window of the specification's own endpoint.  A stack with another window
    takes more or fewer; then every later sequence number of the peer is shifted by the difference.
    """

    leave: int
    octets: int
    total: int = 0


@dataclass(frozen=True)
class Timeout:
    """Time passes until this timer runs out: a name among TIMERS."""

    timer: str


@dataclass(frozen=True)
class Expect:
    """What the stack may send now, before anything else happens: sequences of segments, the plainest first."""

    outcomes: tuple[tuple[Packet, ...], ...]


VectorStep = Call | Deliver | Fill | Timeout | Expect


@dataclass(frozen=True)
class Vector:
    """One script from CLOSED.

    covers: the names of the edges that it tests.  cites: where RFC 9293 speaks of them.  flags: see NOTES.
    iss, irs: nominal initial sequence numbers of the stack and its peer.  subject: the step that takes those edges,
    counted from 1; the steps before it lead to it, and the steps after it show the state that it has led to.  0 where
    the script as a whole is the subject.
    """

    id: str
    name: str
    covers: tuple[str, ...]
    cites: tuple[str, ...]
    flags: tuple[str, ...]
    iss: int
    irs: int
    subject: int
    steps: tuple[VectorStep, ...]


@dataclass(frozen=True, repr=False)
class VectorSet:
    """The vectors of one profile by group (a file each), and the edges that no vector reaches, each with the reason."""

    profile: str
    groups: Mapping[str, tuple[Vector, ...]]
    unreachable: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<VectorSet {self.profile}: {len(self.vectors)} vectors>"

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """All vectors, in the order of their files."""
        return tuple(vector for name in sorted(self.groups) for vector in self.groups[name])

    @cached_property
    def covered(self) -> frozenset[str]:
        """The names of the edges that at least one vector tests."""
        return frozenset(edge for vector in self.vectors for edge in vector.covers)


#: What the flags of a vector mean.
NOTES: dict[str, str] = {
    "timer": "needs a stack whose clock the tester moves",
    "advertised-window": "places a segment by the window that the stack advertised: see `edge` and `fill`",
    "choice": "the state is reached only by a stack that puts off what it may send; another one passes as well",
    "chosen-iss": "the stack's initial sequence number has to be the nominal one, or the vector shows nothing",
    "wrap": "sequence numbers pass 4294967295",
    "interface": "the subject is the answer to a user call; a stack may have no such call (3.9.1)",
}

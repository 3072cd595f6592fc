"""The interface of every implementation under test: calls and segments in, segments out.

A driver hides how a stack is reached (sockets, a library, a pipe) and nothing else: it does not know the
specification, keeps no expectations and never retries.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from halfclose.reference.wire import Segment


class StackError(Exception):
    """The stack cannot be had on this machine; the message says what is missing, in one line."""


class NotApplicable(Exception):
    """This stack's interface cannot express the step; the message says why, in a few words."""


class Verb(Enum):
    """User calls of RFC 9293 3.9.1, with the socket API's full close beside the RFC's CLOSE."""

    OPEN = "open"  # active OPEN
    LISTEN = "listen"  # passive OPEN
    SEND = "send"
    RECEIVE = "receive"
    SHUTDOWN = "shutdown"  # the RFC's CLOSE: no more data to send, reading goes on
    CLOSE = "close"  # the socket API's close(): MAY-1, the user reads no more
    ABORT = "abort"


@dataclass(frozen=True)
class Result:
    """What a user call returned.

    status: "ok"; "blocked" (nothing to read yet, or not connected yet); "eof" (RECEIVE after the peer's FIN);
    "reset", "refused" or "timeout" (the connection is gone); "error: ..." (any other error, in words).
    text: the octets RECEIVE returned.  accepted: the octets SEND took.
    """

    status: str
    text: bytes = b""
    accepted: int = 0


#: The status of a SEND that there is no room for (3.10.2), where the stack says so; "blocked" is as good.
NO_ROOM = "error: insufficient resources"


@dataclass(frozen=True)
class Known:
    """What is known of a stack besides its answers; None where it is not known, or differs from time to time.

    receive_buffer: the octets that it keeps for its user, and may offer to its peer.  msl: the seconds of its MSL.
    ack_delay: the most seconds for which it delays an ACK (MUST-40).
    """

    receive_buffer: int | None = None
    msl: float | None = None
    ack_delay: float = 0.5


NOTHING_KNOWN = Known()


class Stack(Protocol):
    """One endpoint of a real TCP, with the tester as its peer and its network.

    It may have an attribute `known`, of type Known: with it the stack is judged in more respects.
    """

    name: str
    version: str
    virtual_clock: bool

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        """Forget the previous connection and prepare a fresh one between these two ports.

        iss asks for this initial send sequence number on an active OPEN; a stack that cannot choose raises
        NotApplicable.  Segments of earlier connections are never returned by `segments` again.
        """

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        """Perform one user call without blocking.  text: what SEND sends.  count: at most this much to RECEIVE."""

    def deliver(self, segment: Segment) -> None:
        """Hand one segment from the peer to the stack."""

    def segments(self) -> list[Segment]:
        """Every segment the stack sent on this connection since the last call, oldest first, no waiting."""

    def advance(self, seconds: float) -> None:
        """Let this much time pass on the stack's virtual clock; NotApplicable where its clock is real."""

    def user_timeout(self) -> None:
        """Let the USER TIMEOUT of 3.10.8 happen now; NotApplicable where the interface has none, or not at will."""

    def close(self) -> None:
        """Give back every resource."""


def known(stack: Stack) -> Known:
    """What is known of the stack."""
    found: Known = getattr(stack, "known", NOTHING_KNOWN)
    return found

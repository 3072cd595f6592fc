"""The project's own reference as a stack under test, on a virtual clock; it can follow every profile's options.

Nagle's algorithm is off, as the tester acknowledges only what it wants to.  The clock stands in every call; timers run
in `advance`, at the moment they are due.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

from halfclose.checks.stacks.stack import Known, NotApplicable, Result, Verb
from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.tcb import Notice
from halfclose.reference.wire import Segment

__all__ = ["OFFERED", "ReferenceStack", "following", "perform"]

_DEFAULT_ISS = 1_000_000
_DEFAULT = Config(nagle=False)
#: The switches of a profile that the reference has, and how its configuration calls them.
OFFERED = {
    "hold-out-of-order": "hold_early_segments",
    "reopen-from-time-wait": "reopen_from_time_wait",
    "reset-before-sequence": "reset_before_sequence",
    "reset-by-reach": "reset_by_reach",
    "reset-keeps-unread": "reset_keeps_unread",
    "reset-while-closing-silent": "reset_while_closing_silent",
    "rfc1337": "rfc1337",
    "rfc5961-ack": "rfc5961_ack",
    "rfc5961-rst": "rfc5961_rst",
    "rfc5961-syn": "rfc5961_syn",
    "right-edge-acceptable": "right_edge_acceptable",
    "syn-ack-completes": "syn_ack_completes",
    "syn-text-refused": "syn_text_refused",
    "text-on-syn": "text_on_syn",
    "user-timeout-in-time-wait": "user_timeout_in_time_wait",
}
_STATUS = {Notice.RESET: "reset", Notice.REFUSED: "refused", Notice.TIMEOUT: "timeout"}
_NO_ROOM = "insufficient resources"


class ReferenceStack:
    """One connection of the reference.

    full_close: whether the user has the call of MAY-1.  remote_specified: whether a passive OPEN names the peer.
    """

    name = "reference"
    virtual_clock = True

    def __init__(self, config: Config = _DEFAULT, *, full_close: bool = False, remote_specified: bool = False) -> None:
        self.version = f"halfclose {version('halfclose')}"
        self._config, self._full_close, self._remote_specified = config, full_close, remote_specified

    @classmethod
    def following(cls, switches: frozenset[str]) -> ReferenceStack:
        """The reference with these switches of a profile on, and those off that it has and that are not named.

        Readings that the reference does not offer are left at its own.
        """
        return cls(
            following(_DEFAULT, switches),
            full_close="half-duplex-close" in switches,
            remote_specified="remote-specified" in switches,
        )

    @property
    def known(self) -> Known:
        """What its configuration says."""
        return Known(receive_buffer=self._config.receive_buffer, msl=self._config.msl)

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        """A new connection, with the clock at 0.  The ports are not used: there is no network."""
        chosen = _DEFAULT_ISS if iss is None else iss
        self._now = 0.0
        self._connection = Connection(self._config, isn=lambda now: chosen)

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        """Perform one user call."""
        if verb is Verb.CLOSE and not self._full_close:
            raise NotApplicable("this profile has no full close (MAY-1)")
        return perform(self._connection, self._now, verb, text, count, remote_specified=self._remote_specified)

    def deliver(self, segment: Segment) -> None:
        """Hand one segment to the connection, which has answered when this returns."""
        self._connection.segment_arrives(segment, self._now)

    def segments(self) -> list[Segment]:
        """What the connection sent since the last call, oldest first."""
        return self._connection.segments()

    def advance(self, seconds: float) -> None:
        """Let seconds pass, every timer at its time."""
        until = self._now + seconds
        while (deadline := self._connection.deadline) is not None and deadline <= until:
            self._now = max(self._now, deadline)
            self._connection.tick(self._now)
        self._now = until

    def user_timeout(self) -> None:
        """The user's own time limit is over."""
        self._connection.user_timeout(self._now)

    def state(self) -> str:
        """The connection's state in the RFC's words."""
        return str(self._connection.state)

    def close(self) -> None:
        """There is nothing to give back."""


def following(config: Config, switches: frozenset[str]) -> Config:
    """The configuration with these switches of a profile on, and those off that it has and that are not named."""
    options = {field: switch in switches for switch, field in OFFERED.items()}
    return replace(config, **options)


def perform(
    connection: Connection, now: float, verb: Verb, text: bytes, count: int, *, remote_specified: bool = False
) -> Result:
    """One user call, and what it returned in the words of a socket interface.

    remote_specified: whether a passive OPEN names the peer.
    """
    try:
        if verb is Verb.LISTEN:
            connection.listen(now, remote_specified=remote_specified)
            return Result("ok")
        return _perform(connection, now, verb, text, count)
    except CallError as error:
        ended = connection.tcb.ended
        if verb is Verb.RECEIVE and ended in _STATUS:
            return Result(_STATUS[ended])
        return Result("blocked" if str(error) == _NO_ROOM else f"error: {error}")


def _perform(connection: Connection, now: float, verb: Verb, text: bytes, count: int) -> Result:
    match verb:
        case Verb.OPEN:
            connection.open(now)
        case Verb.SEND:
            return Result("ok", accepted=connection.send(text, now))
        case Verb.RECEIVE:
            received = connection.receive(count, now)
            if received is None:
                return Result("blocked")
            return Result("ok", text=received) if received else Result("eof")
        case Verb.SHUTDOWN:
            connection.shutdown(now)
        case Verb.CLOSE:
            connection.close(now)
        case Verb.ABORT:
            connection.abort(now)
    return Result("ok")

"""One connection, sans-IO: it computes what TCP does, and leaves it to its user to send, to receive and to wait.

The theory is RFC 9293 3.3: a connection is a set of variables, the transmission control block (`tcb.Tcb`), and a state
machine that events drive.  An event is a user call (3.10.1 to 3.10.6, `calls`), a segment that arrives (3.10.7,
`arrives`) or a time-out (3.10.8, `timers`).  Each event changes the TCB.  After each, `output.transmit` sends whatever
the TCB now allows to be sent, because that depends on the variables alone and not on the event.

Calls, segments and the time go in; results, segments, notices to the user and the next deadline come out.  So the same
code runs over a real network, over a simulated one, and under a model checker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from halfclose.reference import calls, icmp, timers
from halfclose.reference.arrives import begins_anew, segment_arrives
from halfclose.reference.config import Config
from halfclose.reference.icmp import Report
from halfclose.reference.output import transmit
from halfclose.reference.tcb import Notice, State, Tcb, Timer
from halfclose.reference.wire import Segment

_DEFAULT = Config()


class Connection:
    """A TCP endpoint between two fixed sockets.

    Every event takes `now`, the time in seconds on a clock that never goes back.  After each event collect `segments`
    and `notices`, and call `tick` no later than at `deadline`.  User calls raise CallError with the RFC's words.
    """

    __slots__ = ("_called", "tcb")

    def __init__(
        self,
        config: Config = _DEFAULT,
        *,
        isn: Callable[[float], int],
        least_iss: int | None = None,
        called: Callable[[Connection], object] | None = None,
    ) -> None:
        """isn: the initial sequence number for a time in seconds (see isn.isn_generator).  least_iss: the lowest number
        that may be used, None for no bound.  called: is called with this connection before each of its events.
        """
        self.tcb = Tcb(config, isn)
        self.tcb.least_iss = least_iss
        self._called = called

    def __str__(self) -> str:
        """The state and the RFC's variables on one line (see Tcb)."""
        return str(self.tcb)

    # ---- user calls, 3.10.1 to 3.10.6 ------------------------------------------------------------------------

    def open(self, now: float, *, remote_specified: bool = True) -> None:
        """Active OPEN; in LISTEN too.  remote_specified: the call names the peer, without which it fails."""
        self._at(now)
        calls.open_active(self.tcb, remote_specified=remote_specified)

    def listen(self, now: float, *, remote_specified: bool = False) -> None:
        """Passive OPEN.  remote_specified: the peer is known, so that SEND may turn it into an active one."""
        self._at(now)
        calls.open_passive(self.tcb, remote_specified=remote_specified)

    def send(self, text: bytes, now: float) -> int:
        """SEND; returns how many octets were accepted, all or the first of them."""
        self._at(now)
        accepted = calls.send(self.tcb, text)
        transmit(self.tcb)
        return accepted

    def receive(self, count: int, now: float) -> bytes | None:
        """RECEIVE up to count octets; b"" is the end of file, None says that nothing is there yet."""
        self._at(now)
        text = calls.receive(self.tcb, count)
        transmit(self.tcb)
        return text

    def shutdown(self, now: float) -> None:
        """The RFC's CLOSE: nothing more to send; reading goes on."""
        self._at(now)
        calls.close(self.tcb)
        transmit(self.tcb)

    def close(self, now: float, *, linger: float | None = None) -> None:
        """A full close, as the socket API's (MAY-1): nothing more to send or to read.

        linger: after so many seconds ABORT, where the peer has not acknowledged everything; 0 is ABORT at once.
        """
        self._at(now)
        calls.close_fully(self.tcb, linger=linger)
        transmit(self.tcb)

    def abort(self, now: float) -> None:
        """ABORT."""
        self._at(now)
        calls.abort(self.tcb)

    def configure(self, now: float, *, user_timeout: float | None = None, keep_alive: bool | None = None) -> None:
        """Set the user timeout in seconds (R2, MUST-21), from now on where it runs, and keep-alives (MUST-24)."""
        self._at(now)
        tcb = self.tcb
        if user_timeout is not None:
            tcb.config = replace(tcb.config, user_timeout=user_timeout)
            if tcb.outstanding:
                tcb.start(Timer.USER, user_timeout)
        if keep_alive is not None:
            tcb.config = replace(tcb.config, keep_alive=keep_alive)
            timers.watch_peer(tcb)

    @property
    def state(self) -> State:
        """STATUS."""
        return calls.status(self.tcb)

    @property
    def room(self) -> int:
        """How many octets the send buffer has room for."""
        return max(0, self.tcb.config.send_buffer - len(self.tcb.text))

    @property
    def unacknowledged(self) -> int:
        """How many octets SEND accepted and the peer has not acknowledged; at 0 every SEND is "ok" (3.10.7.4 step 5).

        Without a connection it is 0; whether all arrived is then known from how the connection ended.
        """
        return len(self.tcb.text)

    @property
    def close_acknowledged(self) -> bool:
        """Whether the peer has acknowledged the FIN, and with it everything: the "ok" for CLOSE."""
        return self.tcb.fin_acknowledged

    # ---- segments and time, 3.10.7 and 3.10.8 ----------------------------------------------------------------

    def segment_arrives(self, segment: Segment, now: float) -> None:
        """SEGMENT ARRIVES."""
        self._at(now)
        segment_arrives(self.tcb, segment)
        transmit(self.tcb)

    def give_way(self, segment: Segment, now: float) -> bool:
        """3.6.1, MAY-2: end TIME-WAIT if the segment is a SYN that opens the next connection; returns whether it is.

        The ISS of the next connection must be tcb.least_iss or beyond.
        """
        if not begins_anew(self.tcb, segment):
            return False
        self._at(now)
        self.tcb.delete(Notice.CLOSED)
        return True

    def tick(self, now: float) -> None:
        """Process the time-outs that are due."""
        self._at(now)
        timers.expire(self.tcb)
        transmit(self.tcb)

    def user_timeout(self, now: float) -> None:
        """USER TIMEOUT (3.10.8), where the user has a time limit of its own beside Config.user_timeout."""
        self._at(now)
        timers.user_timeout(self.tcb)

    def error_arrives(self, report: Report, now: float) -> None:
        """An ICMP error message about a segment of this connection (3.9.2.2)."""
        self._at(now)
        icmp.error_arrives(self.tcb, report)

    @property
    def deadline(self) -> float | None:
        """When to call `tick` next, at the latest; None where no timer runs."""
        return min(self.tcb.timers.values(), default=None)

    # ---- what comes out --------------------------------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """The segments to be sent now, oldest first; each segment is returned once."""
        sent, self.tcb.outbox = self.tcb.outbox, []
        return sent

    def notices(self) -> list[Notice]:
        """What the user has not been told yet, oldest first."""
        told, self.tcb.notices = self.tcb.notices, []
        return told

    def _at(self, now: float) -> None:
        self.tcb.now = max(now, self.tcb.now)
        if self._called is not None:
            self._called(self)

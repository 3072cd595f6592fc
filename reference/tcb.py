"""The transmission control block: every variable of one connection, named as in RFC 9293 3.3.1."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum

from halfclose.reference.config import Config
from halfclose.reference.congestion import Congestion
from halfclose.reference.reassembly import Reassembly
from halfclose.reference.rto import RetransmissionTimeout
from halfclose.reference.sequence import add, distance, lt
from halfclose.reference.wire import Segment

UNSCALED_WINDOW = 65_535


class State(StrEnum):
    """3.3.2."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"


class Timer(StrEnum):
    """What a connection may be waiting for."""

    RETRANSMISSION = "retransmission"
    PROBE = "probe"  # of a zero window
    OVERRIDE = "override"  # of silly window avoidance
    DELAYED_ACK = "delayed ACK"
    TIME_WAIT = "time-wait"
    USER = "user"
    KEEP_ALIVE = "keep-alive"
    LINGER = "linger"  # of a full close
    FIN_WAIT_2 = "fin-wait-2"  # after a full close


class Notice(Enum):
    """What the user is told without having asked."""

    CONNECTED = "connected"
    TEXT = "text to receive"
    CLOSING = "connection closing"  # the peer has sent its FIN
    RESET = "connection reset"
    REFUSED = "connection refused"
    TIMEOUT = "connection aborted due to user timeout"
    CLOSED = "connection closed"
    TROUBLE = "excessive retransmissions"  # R1 is reached (3.8.3)
    UNDELIVERED = "ICMP error message arrived"  # a soft one (3.9.2.2): Tcb.reported says which
    UNREACHABLE = "destination unreachable"  # a hard one: the connection is aborted


#: What the user is told only once, however often it happens before the user looks.
_TOLD_ONCE = (Notice.TEXT, Notice.TROUBLE, Notice.UNDELIVERED)


class SendSequence:
    """The variables of the sending direction; windows in octets, after scaling."""

    __slots__ = ("MAX_WND", "MSS", "NXT", "SCALE", "UNA", "WL1", "WL2", "WND")

    def __init__(self) -> None:
        self.UNA = 0  # oldest number that is not acknowledged
        self.NXT = 0  # next number to send for the first time; it never goes back
        self.WND = 0  # the peer's window, counted from UNA
        self.WL1 = 0  # SEG.SEQ of the last window update
        self.WL2 = 0  # SEG.ACK of the last window update
        self.MAX_WND = 0  # the largest window the peer has offered
        self.MSS = 0  # the most text for one segment: Eff.snd.MSS of 3.7.1
        self.SCALE = 0  # shift of the windows that arrive


class ReceiveSequence:
    """The variables of the receiving direction."""

    __slots__ = ("NXT", "SCALE", "WND")

    def __init__(self) -> None:
        self.NXT = 0  # next number expected
        self.WND = 0  # room offered to the peer, counted from NXT
        self.SCALE = 0  # shift of the windows that leave


class Timestamps:
    """RFC 7323 3 and 4.3.  on: both SYNs carried the option."""

    __slots__ = ("LAST_ACK", "RECENT", "on")

    def __init__(self) -> None:
        self.on = False
        self.RECENT = 0  # TS.Recent: what the next segment echoes
        self.LAST_ACK = 0  # Last.ACK.sent


class Tcb:
    """One connection.  Events change it; segments leave by `outbox`, notices to the user by `notices`, oldest first."""

    # Hosts hold thousands: without a dictionary each, they take half the memory.
    # fmt: off
    __slots__ = (
        "IRS", "ISS", "RCV", "SND", "TS", "ack_now", "close_called", "config", "congestion", "detached", "early",
        "ended", "fin_received", "isn", "keep_alives", "last_sent", "least_iss", "notices", "now", "outbox",
        "passive", "peer_permits_sack", "peer_scales", "received", "remote_specified", "reported", "resend", "rto",
        "state", "text", "text_seq", "timed", "timed_out", "timers", "unacknowledged",
    )
    # fmt: on

    def __init__(self, config: Config, isn: Callable[[float], int]) -> None:
        self.config = config
        self.isn = isn
        self.now = 0.0  # of the event being processed, in seconds
        self.outbox: list[Segment] = []
        self.notices: list[Notice] = []
        self.least_iss: int | None = None  # beyond all numbers that the previous incarnation may have under way
        self.clear()

    def clear(self) -> None:
        """Forget the incarnation: every variable as in a TCB that does not exist."""
        self.state = State.CLOSED
        self.passive = False  # came from LISTEN
        self.remote_specified = False
        self.SND, self.RCV = SendSequence(), ReceiveSequence()
        self.TS = Timestamps()
        self.peer_scales = False  # its SYN offered RFC 7323 window scaling
        self.peer_permits_sack = False  # its SYN carried SACK-permitted (RFC 2018 2)
        self.ISS = self.IRS = 0
        self.timers: dict[Timer, float] = {}  # when each one expires

        # The sending direction.
        self.text = bytearray()  # text not acknowledged, whether sent or not, from `text_seq` on
        self.text_seq = 0
        self.close_called = False
        self.resend: int | None = None  # after a time-out: next number to send again, before SND.NXT
        self.rto = RetransmissionTimeout(self.config)
        self.timed: tuple[int, float] | None = None  # the number whose ACK gives a round trip, and when it was sent
        self.timed_out = self.now  # when the retransmission timer expired last; at first, when the TCB was made
        self.congestion = Congestion(self.config.congestion_control)
        self.last_sent = 0.0  # when text or a FIN was

        # The receiving direction.
        self.received = bytearray()  # what the user may read
        self.early = Reassembly()
        self.fin_received = False
        self.detached = False  # the user has closed both directions (3.6.1, MAY-1)
        self.ack_now = False
        self.unacknowledged = 0  # octets taken since the last ACK
        self.ended: Notice | None = None  # why there is no connection any more
        self.keep_alives = 0  # probes that nobody has answered
        self.reported: str | None = None  # the last ICMP error, in words

    def __str__(self) -> str:
        """The state and the variables that have a value in it, on one line: SYN-SENT ISS=100 SND.UNA=100 ..."""
        send = {"ISS": self.ISS, "SND.UNA": self.SND.UNA, "SND.NXT": self.SND.NXT}
        window = {"SND.WND": self.SND.WND, "SND.WL1": self.SND.WL1, "SND.WL2": self.SND.WL2}
        receive = {"IRS": self.IRS, "RCV.NXT": self.RCV.NXT, "RCV.WND": self.RCV.WND}
        match self.state:
            case State.CLOSED | State.LISTEN:
                values = {}
            case State.SYN_SENT:
                values = send
            case _:
                values = send | window | receive
        return " ".join((self.state, *(f"{name}={value}" for name, value in values.items())))

    # ---- what follows from the variables ---------------------------------------------------------------------

    @property
    def end(self) -> int:
        """The number that the FIN has, once CLOSE is called."""
        return add(self.text_seq, len(self.text))

    @property
    def outstanding(self) -> int:
        """How many numbers are sent and not acknowledged."""
        return distance(self.SND.UNA, self.SND.NXT)

    @property
    def fin_sent(self) -> bool:
        """Whether the FIN has left."""
        return self.close_called and distance(self.end, self.SND.NXT) == 1

    @property
    def fin_acknowledged(self) -> bool:
        """Whether the peer has everything, the FIN included."""
        return self.fin_sent and self.SND.UNA == self.SND.NXT

    # ---- what several events do ------------------------------------------------------------------------------

    def start(self, timer: Timer, seconds: float) -> None:
        """Let the timer expire so many seconds from now."""
        self.timers[timer] = self.now + seconds

    def stop(self, *timers: Timer) -> None:
        """Turn timers off."""
        for timer in timers:
            self.timers.pop(timer, None)

    def notify(self, notice: Notice) -> None:
        """Tell the user."""
        if notice not in _TOLD_ONCE or notice not in self.notices:
            self.notices.append(notice)

    def choose_iss(self) -> None:
        """Set ISS, SND.UNA and SND.NXT, beyond everything that the previous incarnation may have under way (3.4.1)."""
        iss, least = self.isn(self.now), self.least_iss
        if least is not None and lt(iss, least):
            iss = least
        self.ISS = self.SND.UNA = iss
        self.SND.NXT = self.text_seq = add(iss, 1)

    def delete(self, why: Notice, *, keeps_unread: bool = False) -> None:
        """Delete the TCB and enter CLOSED.

        Text may still be read if the connection has ended with both FINs, or with keeps_unread, unless the user has
        closed both directions.
        """
        received, ended_well = self.received, self.fin_received and why is Notice.CLOSED
        readable = (ended_well or keeps_unread) and not self.detached
        self._forget()
        if readable:
            self.received, self.fin_received = received, ended_well
        self.ended = why
        self.notify(why)

    def return_to_listen(self) -> None:
        """3.10.7.4 steps 2 and 4, for a passive OPEN."""
        specified = self.remote_specified
        self._forget()
        self.state, self.passive, self.remote_specified = State.LISTEN, True, specified

    def _forget(self) -> None:
        if self.state not in (State.CLOSED, State.LISTEN):
            self.least_iss = add(self.SND.NXT, max(UNSCALED_WINDOW, self.SND.MAX_WND) + 1)
        self.clear()

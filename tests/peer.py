"""A connection of the reference, and the tester as its peer."""

from __future__ import annotations

from dataclasses import replace

from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.sequence import add, distance
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, FIN, PSH, SYN, Segment

ISS, IRS = 0xFFFF_FFF0, 0xFFFF_FF00  # both directions wrap soon
WND, MSS = 8000, 1000
PLAIN = Config(delayed_ack=None, nagle=False, window_scale=None, timestamps=False)


class Peer:
    """A connection, and the tester as its peer; numbers are offsets from ISS and IRS."""

    def __init__(self, config: Config = PLAIN) -> None:
        self.tcp = Connection(config, isn=lambda now: ISS)
        self.now = 0.0

    def deliver(self, flags: int, seq: int, ack: int = 0, text: bytes = b"", wnd: int = WND) -> list[Segment]:
        mss = MSS if flags & SYN else None
        segment = Segment(add(IRS, seq), add(ISS, ack) if flags & ACK else 0, flags, wnd, text, mss)
        self.tcp.segment_arrives(segment, self.now)
        return self.sent()

    def sent(self) -> list[Segment]:
        """What was sent, in offsets."""
        return [
            replace(s, seq=distance(ISS, s.seq), ack=distance(IRS, s.ack) if s.flags & ACK else 0)
            for s in self.tcp.segments()
        ]

    def wait(self, seconds: float) -> list[Segment]:
        until = self.now + seconds
        while (deadline := self.tcp.deadline) is not None and deadline <= until:
            self.now = deadline
            self.tcp.tick(self.now)
        self.now = until
        return self.sent()

    def send(self, text: bytes) -> list[Segment]:
        self.tcp.send(text, self.now)
        return self.sent()

    def shutdown(self) -> list[Segment]:
        self.tcp.shutdown(self.now)
        return self.sent()

    def expected(self) -> int:
        """RCV.NXT."""
        return distance(IRS, self.tcp.tcb.RCV.NXT)

    def state(self) -> State:
        return self.tcp.state

    def read(self) -> bytes | None:
        return self.tcp.receive(1 << 20, self.now)


def connected(config: Config = PLAIN, wnd: int = WND) -> Peer:
    peer = Peer(config)
    peer.tcp.open(0.0)
    peer.deliver(SYN | ACK, 0, 1, wnd=wnd)
    assert peer.state() is State.ESTABLISHED
    peer.tcp.notices()
    return peer


SYNCHRONIZED = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
)


def in_state(state: State, *, unread: bytes = b"", sent: bytes = b"", acknowledged: bool = True) -> Peer:
    """A connection in this synchronized state.

    unread: text from the peer that the user has not read.  sent: the user's, whose acknowledgment is acknowledged.
    """
    peer = connected()
    if unread:
        peer.deliver(ACK, 1, 1, unread)
    if sent:
        peer.send(sent)
    ours, theirs = 1 + len(sent) * acknowledged, 1 + len(unread)
    if acknowledged:
        peer.deliver(ACK, theirs, ours)
    if state in (State.CLOSE_WAIT, State.LAST_ACK):
        peer.deliver(ACK | FIN, theirs, ours)
    if state not in (State.ESTABLISHED, State.CLOSE_WAIT):
        peer.shutdown()
    match state:
        case State.FIN_WAIT_2:
            peer.deliver(ACK, theirs, ours + 1)
        case State.CLOSING:
            peer.deliver(ACK | FIN, theirs, ours)
        case State.TIME_WAIT:
            peer.deliver(ACK | FIN, theirs, ours + 1)
    assert peer.state() is state
    return peer


def brief(segments: list[Segment]) -> list[tuple[int, int, int, int]]:
    """Flags without PSH, SEQ, ACK, octets."""
    return [(s.flags & ~PSH, s.seq, s.ack, len(s.text)) for s in segments]

"""What a tester tries in a state: the user calls, segments and time-outs that tell one edge from another."""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.checks.oracle.endpoint import STATES
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.script import PEER_WINDOW, Call, Deliver, Fill, Packet, Timeout, VectorStep
from halfclose.checks.vectors.tester import Tester
from halfclose.reference.wire import ACK, FIN, RST, SYN
from halfclose.spec.language.states import OTHER, RECEIVING, State
from halfclose.spec.language.variables import CLOSE_CALLED, HELD, IRS, ISS, RCV, SND, STATE

#: Octets: of an ordinary text, of one that no send buffer can hold, and distances in the sequence space.
TEXT, TOO_MUCH = 10, 4_000_000
NEAR, FAR, VERY_FAR = 5, 1000, 100_000
SMALL_WINDOW = 5
FILL_WITH = 1000
MSS = 2000
_OLDER_THAN_ANY_WINDOW = 65_535 + FAR

_CALLS = (
    Call(Verb.OPEN),
    Call(Verb.LISTEN),
    Call(Verb.SEND, TEXT),
    Call(Verb.RECEIVE, NEAR),
    Call(Verb.RECEIVE, 10 * FAR),
    Call(Verb.SHUTDOWN),
    Call(Verb.CLOSE),
    Call(Verb.ABORT),
    Call(Verb.SEND, TOO_MUCH),
)
_TIMERS = tuple(Timeout(timer) for timer in ("retransmission", "probe", "time-wait", "user"))


class Peer:
    """The tester's segments in one state of the endpoint: their numbers are relative to that state."""

    def __init__(self, tester: Tester, local: Local) -> None:
        self.tester, self.local = tester, local
        self.state = STATES[local[AT[STATE]]]
        heard = self.state in OTHER
        self.next = local[AT[RCV.NXT]] if heard else tester.irs
        self.una, self.sent, self.end = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END))
        if self.state in (State.CLOSED, State.LISTEN):
            self.una = self.sent = wrap(tester.iss + 1)

    def segment(
        self,
        flags: int,
        offset: int = 0,
        *,
        ack: int | None = None,
        octets: int = 0,
        wnd: int = PEER_WINDOW,
        edge: int | None = None,
    ) -> Deliver:
        """A segment `offset` beyond the peer's next number (or `edge` beyond the window), by default acknowledging
        everything the endpoint has sent."""
        seq = wrap(self.next + offset)
        if edge is not None:
            seq = wrap(self.next + self.local[AT[RCV.WND]] + edge)
        acknowledge = (self.sent if ack is None else wrap(ack)) if flags & ACK else 0
        at = self.tester.stream_index(self.local, wrap(seq + bool(flags & SYN))) if octets else 0
        mss = MSS if flags & SYN else None
        return Deliver(Packet(flags, seq, acknowledge, wnd, octets, at, mss, edge))


def menu(tester: Tester, local: Local) -> Iterator[VectorStep]:
    """Everything worth trying in a state."""
    peer = Peer(tester, local)
    if peer.state in OTHER:
        yield from _segments(peer)
    elif peer.state is State.SYN_SENT:
        yield from _answers_to_syn(peer)
    else:
        yield from _first_segments(peer)
    yield from _CALLS
    if peer.state in RECEIVING and local[AT[RCV.WND]] > FILL_WITH and not local[AT[HELD.SET]]:
        yield Fill(0, FILL_WITH)
        yield Fill(SMALL_WINDOW, FILL_WITH)
    yield from _TIMERS


def _first_segments(peer: Peer) -> Iterator[VectorStep]:
    yield peer.segment(SYN)
    yield peer.segment(SYN, wnd=0)
    yield from _with_syn(peer, SYN)
    yield peer.segment(ACK)
    yield peer.segment(FIN)
    yield peer.segment(RST)
    yield peer.segment(RST | ACK)
    yield peer.segment(SYN | ACK)
    yield peer.segment(ACK, octets=TEXT)


def _answers_to_syn(peer: Peer) -> Iterator[VectorStep]:
    iss = peer.local[AT[ISS]]
    yield peer.segment(SYN | ACK)
    yield peer.segment(SYN | ACK, wnd=0)
    yield peer.segment(SYN)
    yield peer.segment(SYN, wnd=0)
    yield from _with_syn(peer, SYN | ACK)
    yield from _with_syn(peer, SYN)
    for ack in (iss, iss + FAR):
        yield peer.segment(SYN | ACK, ack=ack)
        yield peer.segment(RST | ACK, ack=ack)
        yield peer.segment(ACK, ack=ack)
    yield peer.segment(RST | ACK)
    yield peer.segment(RST)
    yield peer.segment(ACK)
    yield peer.segment(FIN)


def _with_syn(peer: Peer, bits: int, offset: int = 0) -> Iterator[VectorStep]:
    """Text behind a SYN, a FIN behind it, and both."""
    yield peer.segment(bits, offset, octets=TEXT)
    yield peer.segment(bits | FIN, offset)
    yield peer.segment(bits | FIN, offset, octets=TEXT)


def _segments(peer: Peer) -> Iterator[VectorStep]:
    for ack in _acknowledgments(peer):
        yield peer.segment(ACK, ack=ack)
        yield peer.segment(ACK, ack=ack, octets=TEXT)
        yield peer.segment(ACK | FIN, ack=ack)
        yield peer.segment(ACK | FIN, ack=ack, octets=TEXT)
        yield peer.segment(ACK, TEXT, ack=ack, octets=TEXT)
        yield peer.segment(ACK | FIN, TEXT, ack=ack)
        yield peer.segment(ACK | FIN, TEXT, ack=ack, octets=TEXT)
    yield from _windows(peer)
    yield from _bad_acknowledgments(peer)
    yield from _resets(peer)
    yield from _syns(peer)


def _acknowledgments(peer: Peer) -> Iterator[int]:
    """Acknowledgments of all that was sent, of nothing new, of all but the FIN, and of a part of the text."""
    known = [peer.sent, peer.una]
    if peer.local[AT[CLOSE_CALLED]] and distance(peer.end, peer.sent) == 1:
        known.append(peer.end)
    if distance(peer.una, peer.sent) > NEAR:
        known.append(wrap(peer.una + NEAR))
    yield from dict.fromkeys(known)


def _windows(peer: Peer) -> Iterator[VectorStep]:
    room = peer.local[AT[RCV.WND]]
    received = distance(peer.local[AT[IRS]], peer.next) - 1
    yield peer.segment(ACK, wnd=0)
    yield peer.segment(ACK, wnd=SMALL_WINDOW)
    if received >= TEXT:
        yield peer.segment(ACK, -NEAR, octets=TEXT)
        yield peer.segment(ACK, -TEXT, octets=TEXT)
    if received >= 0:
        yield peer.segment(ACK | FIN, -1)
    if room > FILL_WITH:
        yield peer.segment(ACK, edge=-NEAR, octets=TEXT)
    if peer.local[AT[HELD.SET]]:
        for ack in (peer.sent, peer.una):
            yield peer.segment(ACK, ack=ack, octets=3 * TEXT)
    yield peer.segment(ACK, edge=0, octets=TEXT)
    yield peer.segment(ACK, edge=FAR, octets=TEXT)
    yield peer.segment(ACK | FIN, edge=FAR)


def _bad_acknowledgments(peer: Peer) -> Iterator[VectorStep]:
    for octets in (TEXT, 0):
        yield peer.segment(ACK, ack=peer.sent + 1, octets=octets)
        yield peer.segment(ACK, ack=peer.una - _OLDER_THAN_ANY_WINDOW, octets=octets)
    yield peer.segment(ACK, ack=peer.local[AT[ISS]])
    yield peer.segment(0, octets=TEXT)
    yield peer.segment(FIN)


def _resets(peer: Peer) -> Iterator[VectorStep]:
    for bits in (RST, RST | ACK):
        yield peer.segment(bits)
        yield peer.segment(bits, NEAR)
        yield peer.segment(bits, -FAR)
        yield peer.segment(bits, edge=FAR)
        yield peer.segment(bits, -NEAR, octets=TEXT)


def _syns(peer: Peer) -> Iterator[VectorStep]:
    for bits in (SYN, SYN | ACK):
        yield peer.segment(bits)
        yield peer.segment(bits, NEAR)
        yield peer.segment(bits, -FAR)
        yield peer.segment(bits, VERY_FAR)
        yield from _with_syn(peer, bits, -1)
    yield peer.segment(SYN | ACK, distance(peer.next, peer.local[AT[IRS]]))

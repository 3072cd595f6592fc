"""What a tester tries in a state: the user calls, segments and time-outs that tell one edge from another."""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.checks.oracle.endpoint import STATES, distance
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.model import Model
from halfclose.checks.vectors.script import PEER_WINDOW, Call, Deliver, Fill, Packet, Timeout, VectorStep
from halfclose.reference.wire import ACK, FIN, RST, SYN
from halfclose.spec.language.states import OTHER, RECEIVING, State
from halfclose.spec.language.variables import CLOSE_CALLED, HELD, IRS, ISS, RCV, SND, STATE

#: Octets of an ordinary text; more than any stack's send buffer holds; distances in the sequence space.
TEXT, TOO_MUCH = 10, 4_000_000
NEAR, FAR, VERY_FAR = 5, 1000, 100_000
SMALL_WINDOW = 5
FILL_WITH = 1000
MSS = 2000
_OLDER_THAN_ANY_WINDOW = 65_535 + FAR
_MASK = 0xFFFF_FFFF

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


class Tester:
    """The peer: makes segments relative to the endpoint's present state."""

    def __init__(self, model: Model, local: Local) -> None:
        self.model, self.local = model, local
        self.state = STATES[local[AT[STATE]]]
        heard = self.state in OTHER
        self.next = local[AT[RCV.NXT]] if heard else model.irs
        self.una, self.sent, self.end = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END))
        if self.state in (State.CLOSED, State.LISTEN):
            self.una = self.sent = (model.iss + 1) & _MASK

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
        seq = (self.next + offset) & _MASK
        if edge is not None:
            seq = (self.next + self.local[AT[RCV.WND]] + edge) & _MASK
        acknowledge = (self.sent if ack is None else ack & _MASK) if flags & ACK else 0
        at = self.model.stream_index(self.local, seq) if octets else 0
        mss = MSS if flags & SYN else None
        return Deliver(Packet(flags, seq, acknowledge, wnd, octets, at, mss, edge))


def menu(model: Model, local: Local) -> Iterator[VectorStep]:
    """Everything worth trying in a state."""
    tester = Tester(model, local)
    if tester.state in OTHER:
        yield from _segments(tester)
    elif tester.state is State.SYN_SENT:
        yield from _answers_to_syn(tester)
    else:
        yield from _first_segments(tester)
    yield from _CALLS
    if tester.state in RECEIVING and local[AT[RCV.WND]] > FILL_WITH and not local[AT[HELD.SET]]:
        yield Fill(0, FILL_WITH)
        yield Fill(SMALL_WINDOW, FILL_WITH)
    yield from _TIMERS


def _first_segments(t: Tester) -> Iterator[VectorStep]:
    yield t.segment(SYN)
    yield t.segment(SYN, wnd=0)
    yield t.segment(ACK)
    yield t.segment(FIN)
    yield t.segment(RST)
    yield t.segment(RST | ACK)
    yield t.segment(SYN | ACK)
    yield t.segment(ACK, octets=TEXT)


def _answers_to_syn(t: Tester) -> Iterator[VectorStep]:
    iss = t.local[AT[ISS]]
    yield t.segment(SYN | ACK)
    yield t.segment(SYN | ACK, wnd=0)
    yield t.segment(SYN)
    yield t.segment(SYN, wnd=0)
    for ack in (iss, iss + FAR):
        yield t.segment(SYN | ACK, ack=ack)
        yield t.segment(RST | ACK, ack=ack)
        yield t.segment(ACK, ack=ack)
    yield t.segment(RST | ACK)
    yield t.segment(RST)
    yield t.segment(ACK)
    yield t.segment(FIN)


def _segments(t: Tester) -> Iterator[VectorStep]:
    for ack in _acknowledgments(t):
        yield t.segment(ACK, ack=ack)
        yield t.segment(ACK, ack=ack, octets=TEXT)
        yield t.segment(ACK | FIN, ack=ack)
        yield t.segment(ACK | FIN, ack=ack, octets=TEXT)
        yield t.segment(ACK, TEXT, ack=ack, octets=TEXT)
        yield t.segment(ACK | FIN, TEXT, ack=ack)
        yield t.segment(ACK | FIN, TEXT, ack=ack, octets=TEXT)
    yield from _windows(t)
    yield from _bad_acknowledgments(t)
    yield from _resets(t)
    yield from _syns(t)


def _acknowledgments(t: Tester) -> Iterator[int]:
    """All that was sent; nothing new; all but the FIN; a part of the text."""
    known = [t.sent, t.una]
    if t.local[AT[CLOSE_CALLED]] and distance(t.end, t.sent) == 1:
        known.append(t.end)
    if distance(t.una, t.sent) > NEAR:
        known.append((t.una + NEAR) & _MASK)
    yield from dict.fromkeys(known)


def _windows(t: Tester) -> Iterator[VectorStep]:
    room = t.local[AT[RCV.WND]]
    received = distance(t.local[AT[IRS]], t.next) - 1
    yield t.segment(ACK, wnd=0)
    yield t.segment(ACK, wnd=SMALL_WINDOW)
    if received >= TEXT:
        yield t.segment(ACK, -NEAR, octets=TEXT)
        yield t.segment(ACK, -TEXT, octets=TEXT)
    if received >= 0:
        yield t.segment(ACK | FIN, -1)
    if room > FILL_WITH:
        yield t.segment(ACK, edge=-NEAR, octets=TEXT)
    if t.local[AT[HELD.SET]]:
        for ack in (t.sent, t.una):
            yield t.segment(ACK, ack=ack, octets=3 * TEXT)
    yield t.segment(ACK, edge=0, octets=TEXT)
    yield t.segment(ACK, edge=FAR, octets=TEXT)
    yield t.segment(ACK | FIN, edge=FAR)


def _bad_acknowledgments(t: Tester) -> Iterator[VectorStep]:
    for octets in (TEXT, 0):
        yield t.segment(ACK, ack=t.sent + 1, octets=octets)
        yield t.segment(ACK, ack=t.una - _OLDER_THAN_ANY_WINDOW, octets=octets)
    yield t.segment(ACK, ack=t.local[AT[ISS]])
    yield t.segment(0, octets=TEXT)
    yield t.segment(FIN)


def _resets(t: Tester) -> Iterator[VectorStep]:
    for bits in (RST, RST | ACK):
        yield t.segment(bits)
        yield t.segment(bits, NEAR)
        yield t.segment(bits, -FAR)
        yield t.segment(bits, edge=FAR)


def _syns(t: Tester) -> Iterator[VectorStep]:
    for bits in (SYN, SYN | ACK):
        yield t.segment(bits)
        yield t.segment(bits, NEAR)
        yield t.segment(bits, -FAR)
        yield t.segment(bits, VERY_FAR)
    yield t.segment(SYN | ACK, distance(t.next, t.local[AT[IRS]]))

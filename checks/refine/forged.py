"""Forged segments and untimely calls: what no honest peer and no sensible user would do in a state.

The forged segments lie around every edge of what a state accepts: RCV.NXT, the right edge of the receive window,
SND.UNA, SND.NXT; with every combination of control bits that has a meaning, and some that have none.
"""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.sequence import SPACE, distance, pattern, wrap
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, URG, Segment
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import IRS, ISS, RCV, SND

FLAGS = (0, ACK, ACK | PSH, FIN, FIN | ACK, SYN, SYN | ACK, SYN | FIN, RST, RST | ACK)
ALL_FLAGS = SYN | ACK | FIN | RST | PSH | URG
#: Every user call, with one octet where it takes a count.
UNTIMELY_CALLS = (
    (Verb.OPEN, 0),
    (Verb.LISTEN, 0),
    (Verb.SEND, 1),
    (Verb.RECEIVE, 1),
    (Verb.SHUTDOWN, 0),
    (Verb.CLOSE, 0),
    (Verb.ABORT, 0),
)
#: The sequence number of a peer that has not been heard of yet.
_ANY_NUMBER = SPACE // 2
_UNHEARD = (State.CLOSED, State.LISTEN, State.SYN_SENT)


def forged_segments(h: Hypothesis, wnd: int) -> Iterator[Segment]:
    """Every forged segment for one state, with the right octets as text.  wnd: the window that they offer."""
    for flags in (*FLAGS, ALL_FLAGS):
        for seq in _numbers(h):
            for ack in _acknowledgments(h) if flags & ACK else (0,):
                for octets in (0, 1):
                    yield Segment(seq, ack, flags, wnd, pattern(place_in_stream(h, seq, flags), octets))


def place_in_stream(h: Hypothesis, seq: int, flags: int) -> int:
    """Which octet of the peer's stream a segment's text begins with; that of its first SYN begins the stream."""
    irs = seq if h.state in _UNHEARD else h[IRS]
    return distance(irs, seq) - 1 + bool(flags & SYN)


def _numbers(h: Hypothesis) -> tuple[int, ...]:
    if h.state in _UNHEARD:
        return (_ANY_NUMBER,)
    edge = h[RCV.NXT] + h[RCV.WND]
    return tuple({wrap(number) for number in (h[IRS], h[RCV.NXT] - 1, h[RCV.NXT], h[RCV.NXT] + 1, edge - 1, edge)})


def _acknowledgments(h: Hypothesis) -> tuple[int, ...]:
    numbers = (h[ISS], h[SND.UNA] - 1, h[SND.UNA], h[SND.UNA] + 1, h[SND.NXT], h[SND.NXT] + 1)
    return tuple({wrap(number) for number in numbers})

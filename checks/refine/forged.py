"""What nobody expects: segments that no honest peer need have sent, calls that make no sense there.

Around each edge of what a state accepts: RCV.NXT, the right edge of its window, SND.UNA, SND.NXT; every combination of
control bits that means something, and some that do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.checks.oracle.endpoint import distance, pattern
from halfclose.checks.oracle.freedoms import Hypothesis
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, URG, Segment
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import IRS, ISS, RCV, SND

_MASK = 0xFFFF_FFFF
FLAGS = (0, ACK, ACK | PSH, FIN, FIN | ACK, SYN, SYN | ACK, SYN | FIN, RST, RST | ACK)
EVERYTHING = SYN | ACK | FIN | RST | PSH | URG
#: What an impatient user may call at any moment.
CALLS = (
    (Verb.OPEN, 0),
    (Verb.LISTEN, 0),
    (Verb.SEND, 1),
    (Verb.RECEIVE, 1),
    (Verb.SHUTDOWN, 0),
    (Verb.CLOSE, 0),
    (Verb.ABORT, 0),
)
#: A number of the peer's, where it has none yet.
_SOMEWHERE = 1 << 31


def forged(h: Hypothesis, wnd: int) -> Iterator[Segment]:
    """Every one of them for one state, its text the right octets; wnd: the window that they offer."""
    for flags in (*FLAGS, EVERYTHING):
        for seq in _numbers(h):
            for ack in _acknowledgments(h) if flags & ACK else (0,):
                for octets in (0, 1):
                    yield Segment(seq, ack, flags, wnd, pattern(distance(h[IRS], seq) - 1, octets))


def _numbers(h: Hypothesis) -> tuple[int, ...]:
    if h.state in (State.CLOSED, State.LISTEN, State.SYN_SENT):
        return (_SOMEWHERE,)
    edge = h[RCV.NXT] + h[RCV.WND]
    return tuple({number & _MASK for number in (h[IRS], h[RCV.NXT] - 1, h[RCV.NXT], h[RCV.NXT] + 1, edge - 1, edge)})


def _acknowledgments(h: Hypothesis) -> tuple[int, ...]:
    numbers = (h[ISS], h[SND.UNA] - 1, h[SND.UNA], h[SND.UNA] + 1, h[SND.NXT], h[SND.NXT] + 1)
    return tuple({number & _MASK for number in numbers})

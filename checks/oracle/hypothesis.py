"""A hypothesis of the oracle: one state that the endpoint may be in after what was observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from halfclose.checks.oracle.endpoint import OFFERED_MSS, STATES, most_text, put
from halfclose.checks.oracle.freedoms import Freedom
from halfclose.checks.oracle.possible import NOTHING, Possible
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, FIELD, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.states import FIN_RECEIVED, RECEIVING, SENDING, State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import CLOSE_CALLED, CTL, HELD, ISS, RCV, SEG, SND, STATE

_STATE = AT[STATE]
#: The place of each variable by its identity, which is its hash as well: hypotheses are asked for variables very often.
_PLACES = {id(var): place for var, place in AT.items()}


@dataclass(frozen=True)
class Held:
    """An early segment behind the one in HELD."""

    seq: int
    text: int
    fin: int


@dataclass(frozen=True)
class Hypothesis:
    """One state that the endpoint may be in.

    due: a segment it has to send before anything else.  rest: the segment whose text and FIN are still to be
    processed.  waiting: early segments behind the one in HELD, the nearest first, all of them held for certain.
    possible: what it may hold besides.  told_end: the peer's FIN has been processed, so that RECEIVE may return the end
    of file even when the connection is gone.  told_over: the user has been told that the connection failed.
    challenged: it has sent a challenge ACK (RFC 5961).  mss: the MSS that the peer's SYN offers.  largest: the largest
    send window so far.  since, perhaps: when 2 MSL began to run last, for certain and perhaps.  taken: the freedoms
    that led here.  path: the edges that led here.
    """

    local: Local
    due: Fields | None = None
    rest: Fields | None = None
    waiting: tuple[Held, ...] = ()
    possible: Possible = NOTHING
    told_end: bool = False
    told_over: bool = False
    challenged: bool = False
    mss: int = OFFERED_MSS
    largest: int = 0
    since: float = 0.0
    perhaps: float = 0.0
    taken: tuple[Freedom, ...] = field(default=(), compare=False)
    path: tuple[Edge, ...] = field(default=(), compare=False)

    @property
    def state(self) -> State:
        return STATES[self.local[_STATE]]

    @property
    def departures(self) -> tuple[Freedom, ...]:
        """What it did although RFC 9293 says SHOULD NOT, each once."""
        if not self.taken:
            return ()
        return tuple(dict.fromkeys(freedom for freedom in self.taken if freedom.departs))

    def but(self, **changes: Any) -> Hypothesis:
        """The hypothesis with these fields replaced; faster than `dataclasses.replace`."""
        return Hypothesis(**(self.__dict__ | changes))

    def by(self, edge: Edge, local: Local, **changes: Any) -> Hypothesis:
        """The hypothesis after this edge."""
        return self.but(local=local, path=(*self.path, edge), **changes)

    def taking(self, freedom: Freedom, **changes: Any) -> Hypothesis:
        """The hypothesis after this freedom was used."""
        return self.but(taken=(*self.taken, freedom), **changes)

    def __getitem__(self, var: Var) -> int:
        return self.local[_PLACES[id(var)]]


ACKNOWLEDGING = frozenset((*RECEIVING, *FIN_RECEIVED))
_FIN_PENDING = frozenset((State.FIN_WAIT_1, State.CLOSING, State.CLOSE_WAIT))


def must_send(h: Hypothesis) -> bool:
    """3.8.6.2.1: with nothing outstanding, text that fits the window as a whole, or fills a segment, goes out.

    So does the FIN, if there is room for it (freedom fin-waits-for-room).
    """
    if h.state not in SENDING or h[SND.UNA] == h[ISS]:
        return False
    if h.state is State.ESTABLISHED and h[CLOSE_CALLED]:
        return True
    if h[SND.UNA] != h[SND.NXT]:
        return False
    unsent = distance(h[SND.NXT], h[SND.END])
    if unsent > 0:
        return most_text(h.local, h.mss) >= min(unsent, h.mss)
    return bool(h[CLOSE_CALLED] and h[SND.WND]) and unsent == 0 and h.state in _FIN_PENDING


# ---- early segments that are held for certain ------------------------------------------------------------------


def early(h: Hypothesis, fields: Fields) -> Held:
    """What fits the window of a segment that came early."""
    seq, text = fields[FIELD[SEG.SEQ]], fields[FIELD[SEG.TEXT]]
    room = max(0, distance(seq, wrap(h[RCV.NXT] + h[RCV.WND])))
    return Held(seq, min(text, room), int(fields[FIELD[CTL.FIN]] and text < room))


def kept(h: Hypothesis, more: tuple[Held, ...]) -> Hypothesis:
    """The hypothesis that holds these early segments too: the nearest of all in HELD, the others waiting."""
    of_spec = (Held(h[HELD.SEQ], h[HELD.TEXT], h[HELD.FIN]),) if h[HELD.SET] else ()
    nearest, *others = sorted({*of_spec, *h.waiting, *more}, key=lambda held: distance(h[RCV.NXT], held.seq))
    local = put(h.local, HELD=1, HELD_SEQ=nearest.seq, HELD_TEXT=nearest.text, HELD_FIN=nearest.fin)
    return h.but(local=local, waiting=tuple(others))


def refilled(h: Hypothesis) -> Hypothesis:
    """The hypothesis with its next early segment in HELD, where HELD has become free."""
    return kept(h, ()) if h.waiting and not h[HELD.SET] and h.state in RECEIVING else h

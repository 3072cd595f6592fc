"""Words that the claims on steps are made of: how a step moves an end, what it sends, how a segment lies to the window.

They are formed from the general sentences of RFC 9293 and not from the guards of the edges, which they are to judge: so
table 6 and the trimming of text stand here a second time, in other words.
"""

from __future__ import annotations

from ..language.edge import Event
from ..language.states import FIN_RECEIVED, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.step import on
from ..language.terms import Term, all_of, any_of, later, num
from ..language.variables import (
    CLOSE_CALLED,
    CTL,
    EMITS,
    ISS,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    STATE,
    after,
    in_state,
    out,
)
from .properties import Law

S = State


def law(name: str, broken_by: tuple[str, ...], holds: Term) -> Law:
    """A claim on every step of one end, whoever its peer is."""
    return Law(name, "one end", broken_by, holds)


def keeps(*terms: Term) -> Term:
    """The step leaves each of these as it is."""
    return all_of(*(after(term) == term for term in terms))


def moves(*pairs: tuple[State, State]) -> Term:
    """The step leads from the first to the second state of one of these pairs."""
    return any_of(*(in_state(one) & after(in_state(other)) for one, other in pairs))


#: Segments that the step sends: all but resets, and resets.
SENDS = EMITS & ~out(CTL.RST)
RESETS = EMITS & out(CTL.RST)

STAYS = after(STATE) == STATE
_LIVING = (S.SYN_SENT, *OTHER)

#: The step opens a new incarnation: by an OPEN, by a SEND in LISTEN, or by the peer's SYN in LISTEN or TIME-WAIT.
OPENS = (in_state(S.CLOSED, S.LISTEN) & after(in_state(*_LIVING))) | moves((S.TIME_WAIT, S.SYN_RECEIVED))

#: The same incarnation lives before and after the step.
LIVES_ON = in_state(*_LIVING) & after(in_state(*_LIVING)) & ~OPENS

#: The step deletes a TCB that has sent something.
DELETES = in_state(*_LIVING) & after(in_state(S.CLOSED, S.LISTEN))

ARRIVES = on(Event.SEGMENT)

#: The peer's FIN is taken with this step.
TAKES_FIN = in_state(S.SYN_SENT, S.SYN_RECEIVED, *RECEIVING) & after(in_state(*FIN_RECEIVED))

#: The whole segment begins at RCV.NXT and fits into the window, so it is acceptable however table 6 is read.
FITS = (SEG.SEQ == RCV.NXT) & (SEG.SEQ + SEG.LEN <= RIGHT_EDGE)

#: No number of the segment lies in the window; an empty segment counts as its number, a window of zero as RCV.NXT.
OUTSIDE = (SEG.SEQ + later(SEG.LEN, num(1)) <= RCV.NXT) | (RCV.NXT + later(RCV.WND, num(1)) <= SEG.SEQ)

#: The segment is text in the window, but behind a gap.
EARLY = (RCV.NXT < SEG.SEQ) & (SEG.SEQ + SEG.LEN <= RIGHT_EDGE) & (num(1) <= SEG.LEN)

#: "If the RCV.WND is zero ... special allowance should be made to accept valid ACKs".
AT_A_CLOSED_WINDOW = (RCV.WND == 0) & (SEG.SEQ == RCV.NXT)

#: Neither of the bits that end or restart a connection.
PLAIN = ~CTL.SYN & ~CTL.RST
ACK_IN_RANGE = CTL.ACK & (SND.UNA <= SEG.ACK) & (SEG.ACK <= SND.NXT)
ACK_OF_SYN = CTL.ACK & (ISS < SEG.ACK) & (SEG.ACK <= SND.NXT)

#: The segment acknowledges our FIN.
ENDS_OURS = CLOSE_CALLED & CTL.ACK & (SEG.ACK == SND.END + 1) & (SND.NXT == SND.END + 1)

#: What is there before a connection is confirmed, and after.
UP = in_state(*SYNCHRONIZED)
SOME_TEXT = num(1) <= out(SEG.TEXT)

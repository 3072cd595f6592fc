"""What is true of one end at every moment, whoever its peer is and whatever it is sent.

An exploration visits every state of a scope, and a scope has bounds.  An *inductive invariant* has none.  It is a
condition on the variables of an end for which two things can be proved:

    it holds at the beginning                         of a closed end
    no edge breaks it                                 if it holds before an edge is taken, it holds after it

Then it holds at every moment, however long an end has lived and however many octets it has sent.  The second proof
looks at one edge at a time, with any values of the variables and any segment that might arrive; a solver does it
(`halfclose prove`).

Most true conditions are not inductive by themselves: the values before the edge may be such as never occur, and from
there the edge breaks the condition.  What excludes those values has to be stated as well.  That is why the invariant is
a conjunction of many small conditions, which are proved together.

The conjuncts say nothing of the peer, so they hold against forged segments too.  They are proved for every profile at
once, and the claims on steps (`OnStep`) rest on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.profile import (
    CLOSE_BY_THE_LETTER,
    RECEIVE_BY_THE_LETTER,
    SECOND_FIN_ADVANCES,
    TEXT_ON_SYN,
)
from ..language.states import FIN_RECEIVED, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.terms import Term, all_of, num, one_if
from ..language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    DETACHED,
    GHOST,
    HELD,
    IRS,
    ISS,
    RCV,
    RIGHT_EDGE,
    SND,
    in_state,
)
from .properties import implies


@dataclass(frozen=True, eq=False)
class Conjunct:
    """One named part of an invariant, why it is there, and the mutants that break its proof."""

    name: str
    holds: Term
    why: str
    broken_by: tuple[str, ...]


S = State
_SENT_A_SYN = in_state(S.SYN_SENT, *OTHER)
_UP = in_state(*SYNCHRONIZED)
_GOT_FIN = in_state(*FIN_RECEIVED)

INVARIANT: tuple[Conjunct, ...] = (
    Conjunct(
        "send numbers in order",
        implies(_SENT_A_SYN, (ISS <= SND.UNA) & (SND.UNA <= SND.NXT) & (ISS < SND.NXT)),
        "3.3.1 figure 3: acknowledged, then sent, then free; and the SYN is sent.",
        ("ack-beyond-sent-taken",),
    ),
    Conjunct(
        "nothing sent that the user did not send",
        implies(_SENT_A_SYN, (ISS + 1 <= SND.END) & (SND.NXT <= SND.END + one_if(CLOSE_CALLED))),
        "SND.NXT passes the user's last octet by at most the FIN, and only after CLOSE.",
        ("fin-sent-twice",),
    ),
    Conjunct(
        "only the SYN before the handshake, and text that goes with it",
        implies(
            in_state(S.SYN_SENT, S.SYN_RECEIVED),
            (SND.UNA == ISS) & (SND.NXT <= SND.END) & (TEXT_ON_SYN | (SND.NXT == ISS + 1)),
        ),
        "No FIN before ESTABLISHED, and text only behind the SYN; the totality of SYN-SENT's guards rests on it.",
        ("syn-takes-no-number",),
    ),
    Conjunct(
        "the SYN is acknowledged after it",
        implies(_UP & ~(CLOSE_BY_THE_LETTER & in_state(S.FIN_WAIT_1, S.CLOSING)), ISS < SND.UNA),
        "The other reading 8 breaks it, so its two states are excepted.",
        ("close-by-the-letter",),
    ),
    Conjunct(
        "window updates are acknowledged",
        implies(_UP & ~CLOSE_BY_THE_LETTER, SND.WL2 <= SND.UNA),
        "The segment that brought the window moved SND.UNA too; with the other reading 8 SND.WL2 is never set.",
        ("window-of-tomorrow",),
    ),
    Conjunct(
        "the state knows of CLOSE",
        implies(in_state(S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.LAST_ACK, S.TIME_WAIT), CLOSE_CALLED)
        & implies(in_state(S.SYN_SENT), ~CLOSE_CALLED),
        "These states are entered by the user's CLOSE only.",
        ("closes-by-itself",),
    ),
    Conjunct(
        "FIN acknowledged",
        implies(in_state(S.FIN_WAIT_2, S.TIME_WAIT), (SND.UNA == SND.END + 1) & (SND.NXT == SND.UNA)),
        "FIN-WAIT-2 and TIME-WAIT mean that the peer has everything, the FIN included.",
        ("any-ack-acknowledges-fin",),
    ),
    Conjunct(
        "FIN sent in LAST-ACK",
        implies(in_state(S.LAST_ACK), SND.NXT == SND.END + 1),
        "Reading 14: LAST-ACK is entered when the FIN is sent.",
        ("fin-takes-no-number",),
    ),
    Conjunct(
        "the receive buffer is never overdrawn",
        all_of(num(0) <= RCV.USER, num(0) <= RCV.WND, RCV.USER + RCV.WND <= RCV.BUFF),
        "What is offered and what is waiting fit the buffer together (3.8.6.2.2).",
        ("text-beyond-window", "no-trimming"),
    ),
    Conjunct(
        "octets received are numbered from IRS",
        implies(_UP & ~SECOND_FIN_ADVANCES, RCV.NXT == IRS + 1 + GHOST.GOT + one_if(_GOT_FIN))
        & implies(in_state(S.SYN_RECEIVED), (RCV.NXT == IRS + 1) & (GHOST.GOT == 0)),
        "The SYN and the FIN take one number each, every octet one; a second FIN (reading 5) would take more.",
        ("received-fin-takes-no-number", "early-text-acknowledged"),
    ),
    Conjunct(
        "nothing received before the handshake",
        implies(in_state(S.SYN_SENT, S.SYN_RECEIVED), (GHOST.GOT == 0) & (GHOST.READ == 0) & (RCV.USER == 0)),
        "Text is taken from ESTABLISHED on.",
        ("text-before-handshake",),
    ),
    Conjunct(
        "joined by the handshake alone",
        implies(in_state(S.SYN_SENT, S.SYN_RECEIVED), ~GHOST.JOINED),
        "JOINED says that this incarnation was confirmed; it is set when the handshake is over, not before.",
        ("joined-by-a-syn",),
    ),
    Conjunct(
        "octets sent are numbered from ISS",
        implies(_SENT_A_SYN, SND.END == ISS + 1 + GHOST.SENT),
        "SND.END is the number behind the last octet of the user's stream.",
        ("syn-takes-no-number",),
    ),
    Conjunct(
        "octets received are read or waiting",
        implies(_UP, GHOST.GOT == GHOST.READ + RCV.USER) & (GHOST.READ + RCV.USER <= GHOST.GOT),
        "Nothing that was acknowledged disappears while the connection lasts, and no more is read than was received.",
        ("half-close-discards",),
    ),
    Conjunct(
        "end of file after the last octet",
        implies(_UP & GHOST.EOF & ~RECEIVE_BY_THE_LETTER, _GOT_FIN & (RCV.USER == 0))
        & implies(in_state(S.SYN_SENT, S.SYN_RECEIVED), ~GHOST.EOF),
        "The other reading 7 breaks it, so it is excepted.",
        ("eof-shown-early",),
    ),
    Conjunct(
        "a segment is held only where text is taken",
        implies(HELD.SET, in_state(S.SYN_RECEIVED, *RECEIVING)),
        "A FIN ends the stream: what was held beyond it is forgotten. In SYN-RECEIVED it came with the SYN.",
        ("fin-out-of-order",),
    ),
    Conjunct(
        "a held segment lies within the window",
        implies(HELD.SET, (num(0) <= HELD.TEXT) & (HELD.SEQ + HELD.TEXT + one_if(HELD.FIN) <= RIGHT_EDGE)),
        "The right edge never moves back (SHLD-14), so what fitted once still fits.",
        ("ack-moves-rcv-nxt",),
    ),
    Conjunct(
        "the whole buffer is offered before the handshake is over",
        implies(in_state(S.LISTEN, S.SYN_SENT, S.SYN_RECEIVED), RCV.WND == RCV.BUFF),
        "What is queued with a SYN has not been received yet, so it takes no room from the window.",
        ("syn-text-narrows-the-window",),
    ),
    Conjunct(
        "text held before the handshake is over came with the SYN",
        implies(HELD.SET & in_state(S.SYN_RECEIVED), HELD.SEQ == IRS + 1),
        "So nothing of it is delivered before the peer has confirmed the connection (3.5).",
        ("syn-text-queued-at-the-syn",),
    ),
    Conjunct(
        "flags of a connection die with it",
        implies(in_state(S.CLOSED, S.LISTEN, S.SYN_SENT), ~CLOSE_CALLED & ~DETACHED & ~ACK_OWED),
        "The totality of CLOSED's guards rests on it.",
        ("detached-survives",),
    ),
    Conjunct(
        "a full close is a close",
        implies(DETACHED, CLOSE_CALLED),
        "MAY-1: no reading on means no sending on.",
        ("detached-survives",),
    ),
)

#: What follows from the state alone: a deleted TCB has no flags, and until the handshake is over the SYN has been sent,
#: with text behind it at most.  The proof that guards are exclusive and exhaustive assumes it; all of it is part of the
#: invariant.
_SYN_ONLY = (SND.UNA == ISS) & (ISS + 1 <= SND.NXT) & (TEXT_ON_SYN | (SND.NXT == ISS + 1))
STATE_SAYS: dict[State, Term] = {
    State.CLOSED: ~DETACHED,
    State.SYN_SENT: _SYN_ONLY & ~CLOSE_CALLED,
    State.SYN_RECEIVED: _SYN_ONLY,
}

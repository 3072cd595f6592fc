"""What several rules share: the updates that create and delete a TCB, and segments of the RFC's fixed forms."""

from __future__ import annotations

from ..language.edge import Emission
from ..language.profile import (
    CLOSE_BY_THE_LETTER,
    ISN_REUSED,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    RESET_KEEPS_UNREAD,
    TEXT_ON_SYN,
)
from ..language.terms import FALSE, TRUE, Assignment, Kind, Sort, Term, earlier, ite, num
from ..language.variables import (
    ACK_OWED,
    CLOCK,
    GHOST,
    IRS,
    ISN,
    ISS,
    PASSIVE,
    RCV,
    SEG,
    SND,
    STATE,
    TCB,
    Fate,
    N,
)

Assignments = tuple[Assignment, ...]

_OUTLIVES = frozenset((STATE, CLOCK, RCV.USER))
_BLANK: Assignments = tuple(
    var.becomes(FALSE if var.sort is Sort.BOOL else 0) for var in TCB if var.kind is Kind.TCB and var not in _OUTLIVES
)

#: 3.4.1: once a connection is gone, the ISN clock is past every number of it that may still be in the network.
NEXT_ISN = SND.NXT + ite(ISN_WITHOUT_GAP, num(0), SND.MAX_WND + 1)

#: After TIME-WAIT has kept the old numbers out of use, a clock that has wrapped may give the same ISS again (S10).
AFTER_TIME_WAIT = ite(ISN_REUSED, ISS, NEXT_ISN)

#: A number the clock can give for a new connection, and one for a connection that replaces this one.
CLOCK_ALLOWS = CLOCK <= ISN
BEYOND_THIS = NEXT_ISN <= ISN


def _blank_but(*updates: Assignment) -> Assignments:
    changed = {update.var for update in updates}
    return (*(blank for blank in _BLANK if blank.var not in changed), *updates)


def delete_tcb() -> Assignments:
    """ "Delete the TCB": only the ISN clock is left.  All queues are flushed, and unread octets with them."""
    return (*_BLANK, RCV.USER.becomes(0), CLOCK.becomes(NEXT_ISN))


def delete_tcb_in_order(next_isn: Term = NEXT_ISN) -> Assignments:
    """Delete the TCB at the end of a normal close.

    Octets that were received and acknowledged belong to the user and can still be read (reading 7), unless RECEIVE
    goes by the letter of 3.10.3.
    """
    return (*_BLANK, RCV.USER.becomes(ite(RECEIVE_BY_THE_LETTER, num(0), RCV.USER)), CLOCK.becomes(next_isn))


def delete_tcb_by_reset() -> Assignments:
    """Delete the TCB because of a reset.

    "All segment queues should be flushed" (3.10.7.4 step 2), so unread octets are gone, unless they are kept for the
    user to read before the error, as deployed stacks do (reading 35).
    """
    return (*_BLANK, RCV.USER.becomes(ite(RESET_KEEPS_UNREAD, RCV.USER, num(0))), CLOCK.becomes(NEXT_ISN))


def delete_listen() -> Assignments:
    """Delete a TCB that has sent nothing: the ISN clock stays where it is."""
    return (*_BLANK, RCV.USER.becomes(0))


def listen() -> Assignments:
    return (*_BLANK, RCV.USER.becomes(0), RCV.WND.becomes(RCV.BUFF))


def back_to_listen() -> Assignments:
    """The TCB of a passive OPEN, as it was before the SYN arrived (3.10.7.4 step 2)."""
    return (*_blank_but(RCV.WND.becomes(RCV.BUFF)), RCV.USER.becomes(0), CLOCK.becomes(NEXT_ISN))


_NEW_SEQUENCE = (
    ISS.becomes(ISN),
    SND.UNA.becomes(ISN),
    RCV.WND.becomes(RCV.BUFF),
)


def open_active(queued: Term | int = 0, sent: Term | int = 0) -> Assignments:
    """3.10.1: "Set SND.UNA to ISS, SND.NXT to ISS+1"; queued octets of a SEND wait behind the SYN, or go with it."""
    buffer = SND.END.becomes(ISN + 1 + queued)
    return (*_blank_but(*_NEW_SEQUENCE, SND.NXT.becomes(ISN + 1 + sent), buffer), RCV.USER.becomes(0))


def open_on_syn(queued: Assignments = ()) -> Assignments:
    """3.10.7.2 third: the variables of a connection that begins with the peer's SYN, and of what is queued with it."""
    heard = (RCV.NXT.becomes(SEG.SEQ + 1), IRS.becomes(SEG.SEQ), PASSIVE.becomes(TRUE), *queued)
    numbers = (*_NEW_SEQUENCE, SND.NXT.becomes(ISN + 1), SND.END.becomes(ISN + 1))
    return (*_blank_but(*numbers, *heard), RCV.USER.becomes(0))


def new_life(peer: Term | int, sent: Term | int = 0) -> Assignments:
    """Ghosts of a new incarnation; peer is the incarnation whose SYN opened it, 0 while unknown."""
    return (
        GHOST.LIFE.becomes(GHOST.LIFE + 1),
        GHOST.PEER.becomes(peer),
        GHOST.SENT.becomes(sent),
        GHOST.READ.becomes(0),
        GHOST.GOT.becomes(0),
        GHOST.GOOD.becomes(TRUE),
        GHOST.WHOLE.becomes(TRUE),
        GHOST.EOF.becomes(FALSE),
        GHOST.JOINED.becomes(FALSE),
        GHOST.FATE.becomes(Fate.ALIVE),
    )


def join(peer: Term) -> Assignments:
    """Ghosts of an incarnation that becomes ESTABLISHED; peer is the peer's incarnation that confirmed it."""
    return (
        GHOST.JOINED.becomes(TRUE),
        GHOST.PEER.becomes(peer),
        GHOST.FRESH.becomes(GHOST.FRESH & (GHOST.LAST < peer)),
        GHOST.LAST.becomes(peer),
        GHOST.BOUND.becomes(GHOST.BOUND & (peer == SEG.LIFE)),
    )


def fate(how: int) -> Assignments:
    return (GHOST.FATE.becomes(how),)


# ---- segments of the RFC's fixed forms -----------------------------------------------------------------------

#: <SEQ=ISS><CTL=SYN>, where the ISS is only just chosen
FIRST_SYN = Emission(syn=True, seq=ISN, wnd=RCV.BUFF)

#: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, where both come from the SYN that arrives
FIRST_SYN_ACK = Emission(syn=True, ack=True, seq=ISN, acknowledge=SEG.SEQ + 1, wnd=RCV.BUFF)

#: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
ACK_SEGMENT = Emission(ack=True, seq=SND.NXT, acknowledge=RCV.NXT, wnd=RCV.WND)

#: 3.5.2: the reset for a segment that carries an ACK, and for one that does not.
RESET_WITH_ACK = Emission(rst=True, seq=SEG.ACK)
RESET_WITHOUT_ACK = Emission(rst=True, ack=True, acknowledge=SEG.SEQ + SEG.LEN)


def text_segment(first: Term, octets: Term, fin: bool = False) -> Emission:
    """Text from sequence number `first`, with a piggybacked acknowledgment (3.10.2)."""
    index = first - (ISS + 1)
    return Emission(ack=True, fin=fin, seq=first, acknowledge=RCV.NXT, wnd=RCV.WND, text=octets, at=index)


#: The peer has our SYN.  In every state that sends this is certain, except with the switch of reading 8, so it is
#: tested only then.  `ISS < SND.UNA` would not do: modulo 2^32 it holds for the first 2^31 octets of a stream only.
HANDSHAKE_OVER = ~(CLOSE_BY_THE_LETTER & (SND.UNA == ISS))

#: Text with the SYN, before the peer has offered any window: no more than a segment holds, and no more, with the SYN,
#: than the largest window there is.
_MOST_WITH_SYN = earlier(SND.MSS, SND.MAX_WND - 1)
MAY_GO_WITH_SYN = TEXT_ON_SYN & (num(1) <= N) & (num(1) <= _MOST_WITH_SYN)
GOES_WITH_FIRST_SYN = earlier(N, _MOST_WITH_SYN)
TEXT_WITH_OUR_SYN = (TEXT_ON_SYN, num(1) <= N, N <= _MOST_WITH_SYN, ISS + 1 + N <= SND.END)

#: Whatever segment carries an ACK field, it is the acknowledgment that was owed (3.8.6.3).
ACKNOWLEDGED: Assignments = (ACK_OWED.becomes(FALSE),)

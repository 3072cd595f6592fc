"""SEGMENT ARRIVES in CLOSED, LISTEN and SYN-SENT: RFC 9293 3.10.7.1 to 3.10.7.3.

Security and precedence are left out.  Text and a FIN may come with a SYN; 3.5 calls this "perfectly legitimate, so long
as the receiving TCP endpoint doesn't deliver the data to the user until it is clear the data is valid".  Where the
handshake is not over yet they are queued in HELD, and processed as soon as ESTABLISHED is reached; where the SYN,ACK
completes it they are processed at once (reading 22).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..language.edge import Emission, Event, Rule
from ..language.states import State
from ..language.variables import CTL, GHOST, IRS, ISS, RCV, SEG, SND, Fate
from .taking import (
    BEHIND_FIN_WITH_SYN,
    BEHIND_TEXT_WITH_SYN,
    FIN_WITH_SYN,
    LEFT_BY_TEXT_WITH_SYN,
    QUEUE_WITH_SYN,
    TAKE_FIN_WITH_SYN,
    TAKE_TEXT_WITH_SYN,
    TEXT_WITH_SYN,
    queue_ghosts,
    with_queue,
)
from .updates import (
    CLOCK_ALLOWS,
    FIRST_SYN_ACK,
    RESET_WITH_ACK,
    RESET_WITHOUT_ACK,
    delete_tcb,
    fate,
    join,
    new_life,
    open_on_syn,
)

S = State
_ARRIVES = Event.SEGMENT

# 3.10.7.1 CLOSED -----------------------------------------------------------------------------------------------

CLOSED = (
    Rule(
        "closed.rst",
        _ARRIVES,
        (S.CLOSED,),
        None,
        ("3.10.7.1",),
        guard=(CTL.RST,),
        why="An incoming segment containing a RST is discarded.",
    ),
    Rule(
        "closed.ack",
        _ARRIVES,
        (S.CLOSED,),
        None,
        ("3.10.7.1", "3.5.2"),
        guard=(~CTL.RST, CTL.ACK),
        emits=RESET_WITH_ACK,
        why="Anything else causes a RST, at the number that its sender expects.",
    ),
    Rule(
        "closed.no-ack",
        _ARRIVES,
        (S.CLOSED,),
        None,
        ("3.10.7.1", "3.5.2"),
        guard=(~CTL.RST, ~CTL.ACK),
        emits=RESET_WITHOUT_ACK,
        why="If the ACK bit is off, sequence number zero is used.",
    ),
)

# 3.10.7.2 LISTEN -----------------------------------------------------------------------------------------------

LISTEN = (
    Rule(
        "listen.rst",
        _ARRIVES,
        (S.LISTEN,),
        None,
        ("3.10.7.2 first",),
        guard=(CTL.RST,),
        why="An incoming RST should be ignored.",
    ),
    Rule(
        "listen.ack",
        _ARRIVES,
        (S.LISTEN,),
        None,
        ("3.10.7.2 second",),
        guard=(~CTL.RST, CTL.ACK),
        emits=RESET_WITH_ACK,
        why="Any acknowledgment is bad if it arrives on a connection still in the LISTEN state.",
    ),
    *with_queue(
        Rule(
            "listen.syn",
            _ARRIVES,
            (S.LISTEN,),
            S.SYN_RECEIVED,
            ("3.10.7.2 third", "3.4.1", "MUST-8"),
            guard=(~CTL.RST, ~CTL.ACK, CTL.SYN, CLOCK_ALLOWS),
            updates=open_on_syn(),
            ghosts=new_life(peer=SEG.LIFE),
            emits=FIRST_SYN_ACK,
            why="ISS is selected and <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> is sent.",
        ),
        open_on_syn(QUEUE_WITH_SYN),
        queue_ghosts(GHOST.LIFE + 1),
    ),
    Rule(
        "listen.other",
        _ARRIVES,
        (S.LISTEN,),
        None,
        ("3.10.7.2 fourth",),
        guard=(~CTL.RST, ~CTL.ACK, ~CTL.SYN),
        why="This should not be reached: drop the segment.",
    ),
)

# 3.10.7.3 SYN-SENT ---------------------------------------------------------------------------------------------

#: First: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT".  The RFC's "If SND.UNA < SEG.ACK =< SND.NXT, then the ACK is
#: acceptable" is the opposite, for SND.UNA is ISS here.
_OUT_OF_RANGE = (SEG.ACK <= ISS) | (SEG.ACK > SND.NXT)
_ACK_IS_BAD = CTL.ACK & _OUT_OF_RANGE
SYN_SENT_ACK_IS_GOOD = CTL.ACK & ~_OUT_OF_RANGE

#: Fourth: "RCV.NXT is set to SEG.SEQ+1, IRS is set to SEG.SEQ".
_HEARD = (RCV.NXT.becomes(SEG.SEQ + 1), IRS.becomes(SEG.SEQ))

#: Reading 16: on this path to ESTABLISHED the RFC never sets these, nor SND.WL2.  On the path through SYN-RECEIVED it
#: sets SND.WL2 from the ACK field of a segment that has none.
_WINDOW = (SND.WND.becomes(SEG.WND), SND.WL1.becomes(SEG.SEQ))


def _connected() -> Iterator[Rule]:
    """The peer's SYN,ACK: alone, with text, or with a FIN behind everything.

    "If there are other controls or text in the segment, then continue processing at the sixth step".  The ACK is formed
    after that, for all of it, "saving this extra acknowledgment of the SYN from being sent".
    """
    connects = (SYN_SENT_ACK_IS_GOOD, ~CTL.RST, CTL.SYN)
    begin = (IRS.becomes(SEG.SEQ), SND.UNA.becomes(SEG.ACK), *_WINDOW, SND.WL2.becomes(SEG.ACK))
    cite = ("3.10.7.3 fourth",)
    yield Rule(
        "syn-sent.syn-ack",
        _ARRIVES,
        (S.SYN_SENT,),
        S.ESTABLISHED,
        cite,
        guard=(*connects, ~TEXT_WITH_SYN, ~FIN_WITH_SYN),
        updates=(RCV.NXT.becomes(SEG.SEQ + 1), *begin),
        ghosts=join(SEG.LIFE),
        emits=Emission(ack=True, seq=SND.NXT, acknowledge=SEG.SEQ + 1, wnd=RCV.WND),
        why="Our SYN is acknowledged and the peer's is here: ESTABLISHED, form an ACK segment.",
    )
    for name, guard, target, (updates, ghosts), behind, signal in (
        ("text", (TEXT_WITH_SYN, ~FIN_WITH_SYN), S.ESTABLISHED, TAKE_TEXT_WITH_SYN, BEHIND_TEXT_WITH_SYN, ""),
        ("fin", (FIN_WITH_SYN,), S.CLOSE_WAIT, TAKE_FIN_WITH_SYN, BEHIND_FIN_WITH_SYN, "connection closing"),
    ):
        yield Rule(
            f"syn-sent.syn-ack.{name}",
            _ARRIVES,
            (S.SYN_SENT,),
            target,
            (*cite, "3.10.7.4 step 7" if name == "text" else "3.10.7.4 step 8"),
            guard=(*connects, *guard),
            updates=(*updates, *begin),
            ghosts=(*join(SEG.LIFE), *ghosts),
            emits=Emission(ack=True, seq=SND.NXT, acknowledge=behind, wnd=LEFT_BY_TEXT_WITH_SYN),
            signal=signal,
            why="What comes with the SYN,ACK is processed at once, and the ACK is for all of it.",
        )


SYN_SENT = (
    Rule(
        "syn-sent.bad-ack",
        _ARRIVES,
        (S.SYN_SENT,),
        None,
        ("3.10.7.3 first", "3.5.2"),
        guard=(_ACK_IS_BAD, ~CTL.RST),
        emits=RESET_WITH_ACK,
        why="The segment acknowledges something never sent: reset its sender.",
    ),
    Rule(
        "syn-sent.bad-ack.rst",
        _ARRIVES,
        (S.SYN_SENT,),
        None,
        ("3.10.7.3 first",),
        guard=(_ACK_IS_BAD, CTL.RST),
        why="Unless the RST bit is set: then drop the segment.",
    ),
    Rule(
        "syn-sent.rst",
        _ARRIVES,
        (S.SYN_SENT,),
        S.CLOSED,
        ("3.10.7.3 second", "MUST-12"),
        guard=(SYN_SENT_ACK_IS_GOOD, CTL.RST),
        updates=delete_tcb(),
        ghosts=fate(Fate.REFUSED),
        signal="error: connection reset",
        why="The ACK was acceptable: the peer refuses.",
    ),
    Rule(
        "syn-sent.rst.no-ack",
        _ARRIVES,
        (S.SYN_SENT,),
        None,
        ("3.10.7.3 second",),
        guard=(~CTL.ACK, CTL.RST),
        why="A RST without an ACK proves nothing: drop it.",
    ),
    *_connected(),
    *with_queue(
        Rule(
            "syn-sent.syn",
            _ARRIVES,
            (S.SYN_SENT,),
            S.SYN_RECEIVED,
            ("3.10.7.3 fourth", "3.5", "MUST-10"),
            guard=(~CTL.ACK, ~CTL.RST, CTL.SYN),
            updates=(*_HEARD, *_WINDOW),
            ghosts=(GHOST.PEER.becomes(SEG.LIFE),),
            emits=Emission(syn=True, ack=True, seq=ISS, acknowledge=SEG.SEQ + 1, wnd=RCV.WND),
            why="Simultaneous open: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>.",
        ),
        (*_HEARD, *_WINDOW, *QUEUE_WITH_SYN),
        queue_ghosts(GHOST.LIFE),
    ),
    Rule(
        "syn-sent.other",
        _ARRIVES,
        (S.SYN_SENT,),
        None,
        ("3.10.7.3 fifth",),
        guard=(SYN_SENT_ACK_IS_GOOD | ~CTL.ACK, ~CTL.RST, ~CTL.SYN),
        why="Neither SYN nor RST: drop the segment.",
    ),
)

RULES: tuple[Rule, ...] = (*CLOSED, *LISTEN, *SYN_SENT)

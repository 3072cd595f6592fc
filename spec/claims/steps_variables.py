"""G11 to G13: what an arriving segment moves, what nothing moves, and what is left of a connection."""

from __future__ import annotations

from ..language.edge import Event
from ..language.profile import (
    HOLD,
    ISN_REUSED,
    ISN_REUSED_EARLY,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    RESET_KEEPS_UNREAD,
    RIGHT_EDGE_ACCEPTABLE,
    SECOND_FIN_ADVANCES,
    SYN_TEXT_REFUSED,
)
from ..language.states import ALIVE, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.step import on
from ..language.terms import Term, earlier, ite, num, one_if
from ..language.variables import (
    ACK_OWED,
    CLOCK,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    EMITS,
    HELD,
    IRS,
    ISN,
    ISS,
    PASSIVE,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    TEXT_END,
    N,
    after,
    in_state,
)
from .properties import Claim, implies
from .step_words import (
    ACK_IN_RANGE,
    ARRIVES,
    AT_A_CLOSED_WINDOW,
    DELETES,
    FITS,
    LIVES_ON,
    OPENS,
    PLAIN,
    TAKES_FIN,
    UP,
    keeps,
    law,
)

S = State
_REASSEMBLE = on(Event.REASSEMBLE)


# ---- what an arriving segment moves --------------------------------------------------------------------------

#: "If SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)": the segment is newer than the last one.
_NEWER = CTL.ACK & (SND.UNA <= SEG.ACK) & ((SND.WL1 < SEG.SEQ) | ((SND.WL1 == SEG.SEQ) & (SND.WL2 <= SEG.ACK)))
_ITS_WINDOW = (after(SND.WND) == SEG.WND) & (after(SND.WL1) == SEG.SEQ) & (after(SND.WL2) == SEG.ACK)
_WINDOW = (SND.WND, SND.WL1, SND.WL2)

#: The octets that the step takes into the receive buffer, as a sum on either side.
_BUFFERED = after(RCV.USER) + after(RCV.WND) == RCV.USER + RCV.WND

#: The text that there is room for begins at RCV.NXT or before, and the segment is acceptable by any reading.
_BRINGS_TEXT = (SEG.SEQ <= RCV.NXT) & (RCV.NXT < TEXT_END) & (RCV.NXT < RIGHT_EDGE) & PLAIN
_ACCEPTED = (SEG.SEQ == RCV.NXT) | (SEG.SEQ + SEG.LEN <= RIGHT_EDGE)
_EARLY = (RCV.NXT < SEG.SEQ) & (SEG.SEQ < RIGHT_EDGE) & (num(1) <= SEG.LEN) & PLAIN
_PROCESSED = (
    FITS | AT_A_CLOSED_WINDOW | (RIGHT_EDGE_ACCEPTABLE & (num(1) <= RCV.WND) & (SEG.LEN == 0) & (SEG.SEQ == RIGHT_EDGE))
)
_KEEPS_HELD = keeps(HELD.SET, HELD.SEQ, HELD.TEXT, HELD.FIN)

ARRIVALS = Claim(
    "G11",
    "What arrives moves only what it should",
    ("3.4", "3.8.6", "3.10.7.4 step 5", "3.10.7.4 step 7", "SHLD-14"),
    "SND.UNA by an acknowledgment of what was sent, the send window by a newer segment and then to what that says, "
    "RCV.NXT over text that is there, trimmed to the window; the right edge of the own window is never taken back.",
    (
        law(
            "SND.UNA moves to SEG.ACK, forwards, and not beyond SND.NXT",
            ("ack-beyond-sent-taken", "old-ack-moves-una-back"),
            implies(LIVES_ON, keeps(SND.UNA) | (ARRIVES & CTL.ACK & (SND.UNA < SEG.ACK) & (after(SND.UNA) == SEG.ACK)))
            & implies(LIVES_ON & ~keeps(SND.UNA), SEG.ACK <= SND.NXT)
            & implies(
                ARRIVES & LIVES_ON & in_state(*OTHER) & _PROCESSED & PLAIN & ACK_IN_RANGE & ~in_state(S.TIME_WAIT),
                after(SND.UNA) == SEG.ACK,
            ),
        ),
        law(
            "only newer segments move the send window, by exactly SEG.WND",
            ("window-adds-up", "window-of-old-segments"),
            implies(LIVES_ON & UP, keeps(*_WINDOW) | (ARRIVES & _NEWER & _ITS_WINDOW))
            & implies(
                ARRIVES & LIVES_ON & in_state(*SYNCHRONIZED[:-1]) & FITS & PLAIN & ACK_IN_RANGE & _NEWER, _ITS_WINDOW
            ),
        ),
        law(
            "the handshake brings the first window",
            ("no-first-window",),
            implies(ARRIVES & ~UP & after(UP), _ITS_WINDOW)
            & implies(
                ARRIVES & in_state(S.SYN_SENT) & after(in_state(S.SYN_RECEIVED)),
                (after(SND.WND) == SEG.WND) & (after(SND.WL1) == SEG.SEQ) & keeps(SND.WL2),
            )
            & implies(in_state(S.SYN_SENT, S.SYN_RECEIVED) & LIVES_ON & ~after(UP) & ~ARRIVES, keeps(*_WINDOW)),
        ),
        law(
            "the right edge is never taken back",
            ("window-shrinks",),
            implies(LIVES_ON & in_state(*OTHER), RIGHT_EDGE <= after(RIGHT_EDGE)),
        ),
        law(
            "what is taken fills the buffer, octet by octet",
            ("text-fills-no-window",),
            implies(
                (ARRIVES | _REASSEMBLE) & LIVES_ON & in_state(*OTHER),
                _BUFFERED
                & (SECOND_FIN_ADVANCES | (RCV.NXT + after(RCV.USER) + one_if(TAKES_FIN) == after(RCV.NXT) + RCV.USER)),
            ),
        ),
        law(
            "no more is taken than is there",
            ("no-trimming-of-early-text",),
            implies(
                ARRIVES & LIVES_ON & in_state(*OTHER) & ~keeps(RCV.NXT),
                (SEG.SEQ <= RCV.NXT) & (after(RCV.NXT) <= SEG.SEQ + SEG.LEN),
            )
            & implies(
                _REASSEMBLE & ~keeps(RCV.NXT) & after(in_state(*OTHER)),
                HELD.SET & (HELD.SEQ <= RCV.NXT) & (after(RCV.NXT) <= HELD.SEQ + HELD.TEXT + one_if(TAKES_FIN)),
            ),
        ),
        law(
            "what is there is taken, as far as the window goes",
            ("text-ignored",),
            implies(
                ARRIVES & in_state(*RECEIVING) & LIVES_ON & _BRINGS_TEXT & _ACCEPTED & ACK_IN_RANGE,
                earlier(TEXT_END, RIGHT_EDGE) <= after(RCV.NXT),
            ),
        ),
        law(
            "text beyond RCV.NXT is held, if anything is, as it came and as far as the window goes",
            ("held-text-displaced",),
            implies(
                ARRIVES & LIVES_ON & in_state(*RECEIVING) & ~TAKES_FIN,
                _KEEPS_HELD
                | (
                    HOLD
                    & ~HELD.SET
                    & _EARLY
                    & after(HELD.SET)
                    & (after(HELD.SEQ) == SEG.SEQ)
                    & (after(HELD.SEQ) + after(HELD.TEXT) == earlier(TEXT_END, RIGHT_EDGE))
                    & (after(HELD.FIN) == (CTL.FIN & (TEXT_END < RIGHT_EDGE)))
                ),
            )
            & implies(
                ARRIVES
                & LIVES_ON
                & in_state(S.SYN_RECEIVED, *RECEIVING)
                & (ISS < SEG.ACK)
                & _EARLY
                & (SEG.SEQ + SEG.LEN <= RIGHT_EDGE)
                & ACK_IN_RANGE
                & HOLD
                & ~DETACHED,
                after(HELD.SET),
            ),
        ),
        law(
            "held text leaves when its turn comes",
            ("held-text-stays",),
            implies(
                _REASSEMBLE,
                HELD.SET
                & (HELD.SEQ <= RCV.NXT)
                & ~after(HELD.SET)
                & implies(LIVES_ON & (RCV.NXT < HELD.SEQ + HELD.TEXT), HELD.SEQ + HELD.TEXT <= after(RCV.NXT))
                & implies(LIVES_ON & HELD.FIN & (RCV.NXT <= HELD.SEQ + HELD.TEXT), TAKES_FIN),
            )
            & implies(ARRIVES & TAKES_FIN & in_state(*RECEIVING), ~after(HELD.SET)),
        ),
    ),
)

# ---- what nothing moves --------------------------------------------------------------------------------------

_RECEIVE_SIDE = (IRS, RCV.NXT, RCV.WND, RCV.USER, HELD.SET, HELD.SEQ, HELD.TEXT, HELD.FIN)
_SEND_SIDE = (ISS, SND.UNA, SND.NXT, SND.END, *_WINDOW)
_CALLED = (PASSIVE, CLOSE_CALLED, DETACHED)


def _only(event: Event, *changed: Term) -> Term:
    """What a step on this event leaves as it is: all but these."""
    stored = (*_SEND_SIDE, *_RECEIVE_SIDE, *_CALLED, ACK_OWED, CLOCK)
    kept = (var for var in stored if all(var is not other for other in changed))
    return implies(LIVES_ON & on(event), keeps(*kept))


FRAME = Claim(
    "G12",
    "Nothing else changes",
    ("3.3.1", "3.4.1", "3.10"),
    "Each event touches the variables that it is about. The initial numbers stay while a connection lives, and the ISN "
    "clock moves only when it ends.",
    (
        law(
            "the initial numbers stay while a connection lives",
            ("another-syn-moves-irs",),
            implies(LIVES_ON, keeps(ISS, CLOCK)) & implies(LIVES_ON & in_state(*OTHER), keeps(IRS, PASSIVE)),
        ),
        law(
            "a call touches what it is about",
            ("send-moves-snd-nxt",),
            _only(Event.SEND, SND.END)
            & _only(Event.RECEIVE, RCV.USER, RCV.WND, ACK_OWED)
            & _only(Event.CLOSE, CLOSE_CALLED, SND.NXT)
            & _only(Event.FULL_CLOSE, CLOSE_CALLED, DETACHED, SND.NXT)
            & _only(Event.STATUS)
            & _only(Event.OPEN_ACTIVE)
            & _only(Event.OPEN_PASSIVE),
        ),
        law(
            "output and timers touch SND.NXT and the ACK that is owed",
            ("probe-moves-una",),
            _only(Event.OUTPUT, SND.NXT, ACK_OWED)
            & _only(Event.PROBE_TIMEOUT, SND.NXT, ACK_OWED)
            & _only(Event.RETRANSMISSION_TIMEOUT, SND.NXT, ACK_OWED),
        ),
        law(
            "held text touches the receive side",
            ("held-text-moves-una",),
            _only(Event.REASSEMBLE, *_RECEIVE_SIDE[1:], ACK_OWED),
        ),
        law(
            "what arrives does not touch what the user did",
            ("fin-closes-our-side",),
            implies(LIVES_ON & ARRIVES, keeps(CLOSE_CALLED, DETACHED, SND.END, SND.NXT)),
        ),
        law(
            "a TCB that does not exist does not change",
            ("reset-of-nothing-moves-the-clock",),
            implies(
                in_state(S.CLOSED) & after(in_state(S.CLOSED)), keeps(CLOCK, CLOSE_CALLED, DETACHED, ACK_OWED, HELD.SET)
            )
            & implies(in_state(S.CLOSED) & after(in_state(S.CLOSED)) & ~on(Event.RECEIVE), keeps(RCV.USER))
            & implies(
                in_state(S.LISTEN) & after(in_state(S.LISTEN)), keeps(CLOCK, RCV.WND, RCV.USER, PASSIVE, CLOSE_CALLED)
            ),
        ),
    ),
)

# ---- the beginning and the end -------------------------------------------------------------------------------

#: The connection ends in order: TIME-WAIT is over or was cut short, or the acknowledgment of our FIN is here.
_IN_ORDER = (in_state(S.CLOSING, S.LAST_ACK, S.TIME_WAIT) & ARRIVES & ~EMITS) | (
    in_state(S.TIME_WAIT) & on(Event.TIME_WAIT_TIMEOUT, Event.USER_TIMEOUT)
)
_BY_RESET = in_state(*RECEIVING, S.CLOSE_WAIT) & ARRIVES & ~EMITS
_NEVER_SENT = in_state(S.LISTEN)

LIFE = Claim(
    "G13",
    "A connection begins anew and leaves nothing behind",
    ("3.4.1", "3.10.1", "3.10.7.2 third", "3.10.8"),
    "A new incarnation has an ISS that the clock gives, and everything else follows from it and from the peer's SYN. "
    "When it is gone, the clock is past all its numbers and a whole window more, and only octets in order remain.",
    (
        law(
            "a new incarnation counts from its ISS",
            ("una-begins-behind-the-syn",),
            implies(
                OPENS,
                (after(ISS) == ISN)
                & (after(SND.UNA) == ISN)
                & (ISN + 1 <= after(SND.NXT))
                & (after(SND.NXT) <= after(SND.END))
                & (after(SND.END) == ISN + 1 + ite(on(Event.SEND), N, num(0)))
                & (after(RCV.WND) == RCV.BUFF)
                & (after(RCV.USER) == 0)
                & ~after(CLOSE_CALLED)
                & ~after(DETACHED)
                & ~after(ACK_OWED)
                & (after(PASSIVE) == ARRIVES)
                & (after(SND.WND) == 0)
                & implies(after(HELD.SET), ARRIVES & (num(2) <= SEG.LEN)),
            ),
        ),
        law(
            "what comes with a SYN waits for the end of the handshake, unless it is refused",
            ("text-of-a-syn-forgotten",),
            implies(
                ARRIVES
                & (OPENS | (in_state(S.SYN_SENT) & LIVES_ON))
                & after(in_state(S.SYN_RECEIVED))
                & (num(2) <= SEG.LEN)
                & (num(1) <= RCV.BUFF),
                ite(
                    SYN_TEXT_REFUSED,
                    ~after(HELD.SET),
                    after(HELD.SET)
                    & (after(HELD.SEQ) == SEG.SEQ + 1)
                    & (after(HELD.TEXT) == earlier(SEG.TEXT, RCV.BUFF))
                    & (after(HELD.FIN) == (CTL.FIN & (SEG.TEXT < RCV.BUFF))),
                ),
            ),
        ),
        law(
            "the peer's SYN gives IRS and RCV.NXT",
            ("irs-is-the-next-number",),
            implies(
                ARRIVES & ((OPENS) | (in_state(S.SYN_SENT) & LIVES_ON & after(in_state(*OTHER)))),
                (after(IRS) == SEG.SEQ) & (SEG.SEQ + 1 <= after(RCV.NXT)),
            )
            & implies(
                ARRIVES & (OPENS | (in_state(S.SYN_SENT) & LIVES_ON)) & after(in_state(S.SYN_RECEIVED)),
                after(RCV.NXT) == SEG.SEQ + 1,
            )
            & implies(
                ARRIVES & in_state(S.SYN_SENT) & after(UP),
                (after(SND.UNA) == SEG.ACK) & (after(RCV.NXT) <= SEG.SEQ + SEG.LEN),
            )
            & implies(
                in_state(S.SYN_SENT) & after(in_state(S.SYN_SENT)),
                keeps(IRS, RCV.NXT, RCV.WND, RCV.USER, ACK_OWED, *_CALLED),
            ),
        ),
        law(
            "the clock passes what was used, and a whole window",
            ("clock-stands-still-at-a-reset",),
            implies(
                DELETES & ~ISN_REUSED & ~ISN_REUSED_EARLY,
                after(CLOCK) == SND.NXT + ite(ISN_WITHOUT_GAP, num(0), SND.MAX_WND + 1),
            )
            & implies((in_state(S.CLOSED) | _NEVER_SENT) & after(in_state(*ALIVE, S.CLOSED)) & ~ARRIVES, keeps(CLOCK))
            & implies(DELETES & on(Event.ABORT, Event.USER_TIMEOUT, Event.CRASH), SND.NXT <= after(CLOCK)),
        ),
        law(
            "unread octets outlive an end in order, and nothing else",
            ("unread-dies-with-tcb", "unread-outlives-an-abort"),
            implies(
                DELETES & after(in_state(S.CLOSED)),
                ite(
                    _IN_ORDER,
                    after(RCV.USER) == ite(RECEIVE_BY_THE_LETTER, num(0), RCV.USER),
                    after(RCV.USER) == ite(_BY_RESET & RESET_KEEPS_UNREAD, RCV.USER, num(0)),
                ),
            )
            & implies(after(in_state(S.LISTEN)), after(RCV.USER) == 0)
            & implies(_NEVER_SENT & after(in_state(S.CLOSED)), after(RCV.USER) == 0),
        ),
        law(
            "a listener has no part of a connection",
            ("listener-without-a-window",),
            implies(
                after(in_state(S.LISTEN)) & ~in_state(S.LISTEN),
                (after(RCV.WND) == RCV.BUFF)
                & ~after(CLOSE_CALLED)
                & ~after(DETACHED)
                & ~after(ACK_OWED)
                & ~after(PASSIVE)
                & ~after(HELD.SET),
            )
            & implies(after(in_state(S.CLOSED)) & ~in_state(S.CLOSED), ~after(HELD.SET) & ~after(ACK_OWED)),
        ),
    ),
)

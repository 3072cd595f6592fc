"""G7: what a step sends says what is so, whatever the step is."""

from __future__ import annotations

from ..language.edge import Event
from ..language.profile import (
    FIN_AT_ZERO_WINDOW,
    REOPEN,
    RESET_FIRST,
    RFC5961_ACK,
    RFC5961_RST,
    RIGHT_EDGE_ACCEPTABLE,
    SYN_ACK_COMPLETES,
    TIME_WAIT_ACKS_ALL,
)
from ..language.states import OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.step import on
from ..language.terms import ite, num, one_if
from ..language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    EMITS,
    HELD,
    ISS,
    RCV,
    SEG,
    SND,
    after,
    in_state,
    out,
)
from .properties import Claim, implies
from .step_words import (
    ACK_IN_RANGE,
    ACK_OF_SYN,
    ARRIVES,
    EARLY,
    FITS,
    LIVES_ON,
    OPENS,
    OUTSIDE,
    PLAIN,
    RESETS,
    SENDS,
    SOME_TEXT,
    STAYS,
    TAKES_FIN,
    UP,
    keeps,
    law,
    moves,
)

S = State
_FULL_CLOSE, _ABORT, _REASSEMBLE = Event.FULL_CLOSE, Event.ABORT, Event.REASSEMBLE
_RETRANSMISSION, _PROBE, _OUTPUT = Event.RETRANSMISSION_TIMEOUT, Event.PROBE_TIMEOUT, Event.OUTPUT
_AHEAD_OF_TEXT = one_if(out(CTL.SYN))
_TEXT_END = out(SEG.SEQ) + _AHEAD_OF_TEXT + out(SEG.TEXT)


FIELDS = Claim(
    "G7",
    "What is sent is so",
    ("3.1", "3.4", "3.5.2", "3.8.1", "3.8.6", "3.10"),
    "The window field says RCV.WND, the ACK field RCV.NXT (S7), and the number of a segment where it belongs: at ISS, "
    "at SND.NXT, or, sent again, at SND.UNA. A reset has one of the three forms of 3.5.2 and 3.10.5.",
    (
        law(
            "the window field is RCV.WND",
            ("text-offers-the-whole-buffer", "every-ack-offers-the-whole-buffer"),
            implies(SENDS, out(SEG.WND) == after(RCV.WND)),
        ),
        law(
            "a reset has no SYN, no FIN and no text",
            ("reset-with-fin",),
            implies(RESETS, ~out(CTL.SYN) & ~out(CTL.FIN) & (out(SEG.TEXT) == 0)),
        ),
        law(
            "a reset that answers a segment has its number from there",
            ("listen-reset-with-own-number",),
            implies(
                RESETS & ARRIVES,
                ite(
                    CTL.ACK,
                    ~out(CTL.ACK) & (out(SEG.SEQ) == SEG.ACK),
                    out(CTL.ACK) & (out(SEG.SEQ) == 0) & (out(SEG.ACK) == SEG.SEQ + SEG.LEN),
                ),
            ),
        ),
        law(
            "any other reset has SND.NXT, and ends the connection",
            ("reset-of-held-text-from-una",),
            implies(
                RESETS & ~ARRIVES,
                ~out(CTL.ACK) & (out(SEG.SEQ) == SND.NXT) & in_state(*OTHER) & after(in_state(S.CLOSED)),
            ),
        ),
        law(
            "a reset is sent by these only",
            ("resets-answer-resets",),
            implies(RESETS, on(_ABORT, _FULL_CLOSE, _REASSEMBLE) | (ARRIVES & ~CTL.RST)),
        ),
        law(
            "every segment but the first SYN has an ACK",
            ("syn-ack-without-ack",),
            implies(SENDS, ite(after(in_state(S.SYN_SENT)), out(CTL.SYN) & ~out(CTL.ACK), out(CTL.ACK))),
        ),
        law(
            "a SYN has ISS, and is sent until it is acknowledged",
            ("syn-sent-again-with-a-new-number",),
            implies(SENDS & out(CTL.SYN), (out(SEG.SEQ) == after(ISS)) & (after(SND.UNA) == after(ISS)))
            & implies(on(_RETRANSMISSION) & in_state(S.SYN_SENT, S.SYN_RECEIVED), out(CTL.SYN)),
        ),
        law(
            "other segments have SND.NXT, or sent again SND.UNA",
            ("challenge-from-una",),
            implies(
                SENDS & ~out(CTL.SYN),
                (out(SEG.SEQ) == SND.NXT) | (on(_RETRANSMISSION) & (out(SEG.SEQ) == SND.UNA)),
            ),
        ),
        law(
            "text is what the user gave, no more than a segment holds",
            ("text-beyond-the-end",),
            implies(SENDS & SOME_TEXT, _TEXT_END <= after(SND.END))
            & implies(SENDS & ~on(_PROBE), out(SEG.TEXT) <= SND.MSS),
        ),
        law(
            "text is the part of the stream that its number names",
            ("retransmission-misaligned",),
            implies(SENDS & SOME_TEXT, out(SEG.AT) == out(SEG.SEQ) + _AHEAD_OF_TEXT - (after(ISS) + 1)),
        ),
        law(
            "a FIN follows the last octet, after CLOSE",
            ("fin-before-the-last-octet",),
            implies(SENDS & out(CTL.FIN), after(CLOSE_CALLED) & (_TEXT_END == SND.END)),
        ),
        law(
            "SND.NXT moves over what is sent, and over nothing else",
            ("fin-numbered-but-not-sent",),
            implies(
                LIVES_ON,
                (after(SND.NXT) == SND.NXT) | (SENDS & (after(SND.NXT) == out(SEG.SEQ) + out(SEG.LEN))),
            )
            & implies(LIVES_ON & SENDS & (num(1) <= out(SEG.LEN)), out(SEG.SEQ) + out(SEG.LEN) <= after(SND.NXT)),
        ),
        law(
            "what is sent again was sent before",
            ("retransmission-of-what-was-not-sent",),
            implies(
                SENDS & on(_RETRANSMISSION) & ~out(CTL.SYN),
                (out(SEG.SEQ) + out(SEG.LEN) <= SND.NXT) & (SND.UNA < out(SEG.SEQ) + out(SEG.LEN)),
            ),
        ),
        law(
            "new text stays within the window",
            ("text-beyond-the-send-window",),
            implies(SENDS & on(_OUTPUT) & SOME_TEXT, _TEXT_END <= SND.UNA + SND.WND),
        ),
        law(
            "a window of zero is probed with one octet, nothing else being under way",
            ("probe-of-an-open-window",),
            implies(
                on(_PROBE),
                SENDS & (SND.WND == 0) & (SND.UNA == SND.NXT) & (out(SEG.TEXT) == 1) & ~out(CTL.FIN) & ~out(CTL.SYN),
            ),
        ),
        law(
            "what is due is sent",
            ("retransmission-of-nothing",),
            implies(on(_RETRANSMISSION), SENDS & (num(1) <= out(SEG.LEN)))
            & implies(on(_OUTPUT), SENDS | moves((S.ESTABLISHED, S.FIN_WAIT_1)))
            & implies(on(_OUTPUT) & SENDS & (out(SEG.LEN) == 0), ACK_OWED)
            & implies(OPENS | moves((S.SYN_SENT, S.SYN_RECEIVED)), SENDS & out(CTL.SYN))
            & implies(on(Event.TIME_WAIT_TIMEOUT), ~ACK_OWED),
        ),
        law(
            "nothing is sent on these events",
            ("receive-acknowledges",),
            implies(
                on(
                    Event.STATUS,
                    Event.RECEIVE,
                    Event.OPEN_PASSIVE,
                    Event.USER_TIMEOUT,
                    Event.TIME_WAIT_TIMEOUT,
                    Event.CRASH,
                ),
                ~EMITS,
            )
            & implies(on(Event.OPEN_ACTIVE, Event.SEND), OPENS | ~EMITS)
            & implies(on(_REASSEMBLE), ~SENDS)
            & implies(on(Event.CLOSE, _FULL_CLOSE) & SENDS, out(CTL.FIN) & moves((S.SYN_RECEIVED, S.FIN_WAIT_1))),
        ),
        law(
            "an ACK that was owed is sent, or still owed",
            ("ack-forgotten",),
            implies(LIVES_ON & UP & ACK_OWED & ~EMITS, after(ACK_OWED))
            & implies(LIVES_ON & UP & SENDS & ~out(CTL.SYN), ~after(ACK_OWED)),
        ),
        law(
            "an ACK is owed for what occupies numbers, and for a window that opens",
            ("fin-not-acknowledged",),
            implies(LIVES_ON & after(UP) & ~keeps(RCV.NXT), after(ACK_OWED) | SENDS)
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED, *RECEIVING) & LIVES_ON & ~CTL.RST & CTL.ACK & (num(1) <= SEG.LEN),
                SENDS | after(ACK_OWED) | after(in_state(S.SYN_RECEIVED)),
            )
            & implies(after(in_state(S.SYN_RECEIVED)) & ~ACK_OWED, ~after(ACK_OWED))
            & implies(
                LIVES_ON & in_state(*OTHER) & after(UP) & after(ACK_OWED) & ~ACK_OWED,
                on(Event.RECEIVE, _REASSEMBLE) | (ARRIVES & (num(1) <= SEG.LEN)),
            ),
        ),
    ),
)

_KEEPS_ALL = keeps(SND.UNA, SND.WND, SND.WL1, SND.WL2, RCV.NXT, RCV.WND, RCV.USER, HELD.SET, HELD.SEQ, HELD.TEXT)
_INEXACT = (RCV.NXT < SEG.SEQ) & (SEG.SEQ < RCV.NXT + RCV.WND) & ((SEG.LEN == 0) | EARLY) & ~CTL.SYN
_QUICK = (*RECEIVING, S.CLOSE_WAIT, S.CLOSING, S.LAST_ACK)

ANSWERS = Claim(
    "G8",
    "What a segment is answered with",
    ("3.5.2", "3.10.7"),
    "A reset where there is no connection or none of this kind, an ACK to what is not acceptable, and nothing at once "
    "to what is taken: its acknowledgment is owed (MUST-58).",
    (
        law(
            "without a connection: a reset",
            ("closed-sends-no-reset", "listen-ignores-ack"),
            implies(ARRIVES & in_state(S.CLOSED), ite(CTL.RST, ~EMITS, RESETS))
            & implies(ARRIVES & in_state(S.LISTEN) & ~OPENS, ite(CTL.ACK & ~CTL.RST, RESETS, ~EMITS)),
        ),
        law(
            "before the handshake is over: a reset to whoever acknowledges what was not sent",
            ("bad-ack-of-syn-ignored",),
            implies(
                ARRIVES & in_state(S.SYN_SENT) & ~CTL.RST & CTL.ACK,
                ite(ACK_OF_SYN, ~RESETS, RESETS),
            )
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & FITS & PLAIN & CTL.ACK & ~ACK_IN_RANGE,
                ite(RFC5961_ACK, EMITS, RESETS),
            ),
        ),
        law(
            "to a RST: nothing, or a challenge",
            ("resets-answer-resets",),
            implies(ARRIVES & CTL.RST & EMITS, SENDS & RFC5961_RST & in_state(*OTHER))
            & implies(
                ARRIVES & in_state(*OTHER[:-1]) & CTL.RST & RFC5961_RST & _INEXACT,
                SENDS & STAYS & _KEEPS_ALL & ~after(ACK_OWED),
            ),
        ),
        law(
            "outside the window: an ACK, and nothing changes",
            ("step1-silent",),
            implies(
                ARRIVES
                & UP
                & OUTSIDE
                & ~CTL.RST
                & ~RIGHT_EDGE_ACCEPTABLE
                & ~(REOPEN & CTL.SYN & in_state(S.TIME_WAIT)),
                SENDS & (out(SEG.LEN) == 0) & _KEEPS_ALL & keeps(in_state(S.TIME_WAIT)),
            )
            & implies(
                ARRIVES
                & in_state(S.SYN_RECEIVED)
                & OUTSIDE
                & ~CTL.RST
                & ~RIGHT_EDGE_ACCEPTABLE
                & ~SYN_ACK_COMPLETES
                & ~RESET_FIRST,
                SENDS & (out(SEG.LEN) == 0) & _KEEPS_ALL & STAYS & ~after(ACK_OWED),
            ),
        ),
        law(
            "an ACK of what was not sent: an ACK, and nothing changes",
            ("ack-beyond-sent-ignored",),
            implies(
                ARRIVES & in_state(*SYNCHRONIZED[:-1]) & FITS & PLAIN & CTL.ACK & (SND.NXT < SEG.ACK),
                SENDS & (out(SEG.LEN) == 0) & _KEEPS_ALL,
            )
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED, S.TIME_WAIT) & FITS & PLAIN & CTL.ACK & (SND.NXT < SEG.ACK),
                ite(RFC5961_ACK & ~RESET_FIRST, SENDS & _KEEPS_ALL, in_state(S.TIME_WAIT) | RESETS),
            )
            & implies(
                ARRIVES & in_state(*_QUICK) & FITS & PLAIN & CTL.ACK & (SEG.ACK <= SND.NXT),
                SENDS == (RFC5961_ACK & (SEG.ACK < SND.UNA - SND.MAX_WND)),
            ),
        ),
        law(
            "a closed window accepts nothing but what begins at RCV.NXT",
            ("closed-window-takes-old-text",),
            implies(
                ARRIVES
                & UP
                & PLAIN
                & (RCV.WND == 0)
                & ~(SEG.SEQ == RCV.NXT)
                & ~FIN_AT_ZERO_WINDOW
                & ~RIGHT_EDGE_ACCEPTABLE,
                SENDS & _KEEPS_ALL,
            ),
        ),
        law(
            "what is taken is not answered at once, and what is answered at once is not taken",
            ("text-answered-at-once",),
            implies(
                ARRIVES & in_state(S.SYN_RECEIVED, *_QUICK) & FITS & PLAIN & ACK_IN_RANGE & (ISS < SEG.ACK),
                ~SENDS,
            )
            & implies(ARRIVES & in_state(S.SYN_RECEIVED, *_QUICK) & SENDS, _KEEPS_ALL)
            & implies(
                ARRIVES & in_state(*OTHER) & FITS & PLAIN & ~CTL.ACK, STAYS & ~EMITS & _KEEPS_ALL & keeps(ACK_OWED)
            )
            & implies(
                ARRIVES & in_state(S.TIME_WAIT) & FITS & PLAIN & ACK_IN_RANGE & (SEG.LEN == 0) & ~TIME_WAIT_ACKS_ALL,
                ~EMITS,
            )
            & implies(
                ARRIVES & in_state(S.TIME_WAIT) & FITS & PLAIN & ACK_IN_RANGE & (num(1) <= SEG.LEN), SENDS & STAYS
            ),
        ),
        law(
            "a connection is reset for a SYN, for an ACK of nothing, or for text that nobody will read",
            ("reset-for-a-fin",),
            implies(
                ARRIVES & in_state(*OTHER) & RESETS,
                CTL.SYN
                | (in_state(S.SYN_RECEIVED) & CTL.ACK & ~(ACK_IN_RANGE & (ISS < SEG.ACK)))
                | (DETACHED & (num(1) <= SEG.TEXT) & after(in_state(S.CLOSED))),
            )
            & implies(ARRIVES & TAKES_FIN, ~RESETS)
            & implies(
                ARRIVES & in_state(*OTHER) & RESETS, after(in_state(S.CLOSED)) | (STAYS & in_state(S.SYN_RECEIVED))
            ),
        ),
    ),
)

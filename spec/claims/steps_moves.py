"""G9: every state is left as figure 5 draws, with the notes of 3.3.2, and for the reason that is given there."""

from __future__ import annotations

from ..language.edge import Event
from ..language.profile import (
    FIN_AT_ZERO_WINDOW,
    REOPEN,
    RESET_BY_REACH,
    RESET_FIRST,
    RFC1337,
    RFC5961_SYN,
    RIGHT_EDGE_ACCEPTABLE,
    SYN_ACK_COMPLETES,
    SYN_TEXT_REFUSED,
    USER_TIMEOUT_IN_TIME_WAIT,
)
from ..language.states import ALIVE, FIN_RECEIVED, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.step import on, told
from ..language.terms import any_of, earlier, ite, num
from ..language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    EMITS,
    HELD,
    ISS,
    PASSIVE,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    TEXT_END,
    TEXT_START,
    after,
    in_state,
    out,
)
from .properties import Claim, implies
from .step_words import (
    ACK_IN_RANGE,
    ACK_OF_SYN,
    ARRIVES,
    AT_A_CLOSED_WINDOW,
    ENDS_OURS,
    FITS,
    LIVES_ON,
    OUTSIDE,
    PLAIN,
    RESETS,
    SENDS,
    STAYS,
    TAKES_FIN,
    keeps,
    law,
    moves,
)

S = State
_REASSEMBLE = Event.REASSEMBLE


def _to(target: State, *sources: State) -> tuple[tuple[State, State], ...]:
    return tuple((source, target) for source in sources)


_FIN_TAKEN = ((S.ESTABLISHED, S.CLOSE_WAIT), (S.FIN_WAIT_1, S.CLOSING), (S.FIN_WAIT_2, S.TIME_WAIT))

#: The arrows of figure 5 by event.  Its notes add the resets, and that a passive end goes back to LISTEN.
FIGURE_5: dict[Event, tuple[tuple[State, State], ...]] = {
    Event.OPEN_PASSIVE: _to(S.LISTEN, S.CLOSED),
    Event.OPEN_ACTIVE: _to(S.SYN_SENT, S.CLOSED, S.LISTEN),
    Event.SEND: _to(S.SYN_SENT, S.LISTEN),
    Event.CLOSE: (*_to(S.CLOSED, S.LISTEN, S.SYN_SENT), *_to(S.FIN_WAIT_1, S.SYN_RECEIVED, S.ESTABLISHED)),
    Event.FULL_CLOSE: (*_to(S.CLOSED, *ALIVE), *_to(S.FIN_WAIT_1, S.SYN_RECEIVED, S.ESTABLISHED)),
    Event.ABORT: _to(S.CLOSED, *ALIVE),
    Event.OUTPUT: ((S.ESTABLISHED, S.FIN_WAIT_1), (S.CLOSE_WAIT, S.LAST_ACK)),
    Event.REASSEMBLE: (*_FIN_TAKEN, *_to(S.CLOSED, *RECEIVING)),
    Event.USER_TIMEOUT: _to(S.CLOSED, *ALIVE),
    Event.CRASH: _to(S.CLOSED, *ALIVE),
    Event.TIME_WAIT_TIMEOUT: _to(S.CLOSED, S.TIME_WAIT),
    Event.SEGMENT: (
        *_to(S.SYN_RECEIVED, S.LISTEN, S.SYN_SENT, S.TIME_WAIT),
        *_to(S.ESTABLISHED, S.SYN_SENT, S.SYN_RECEIVED),
        *_to(S.CLOSE_WAIT, S.SYN_SENT, S.SYN_RECEIVED),
        *_FIN_TAKEN,
        (S.FIN_WAIT_1, S.FIN_WAIT_2),
        (S.FIN_WAIT_1, S.TIME_WAIT),
        (S.CLOSING, S.TIME_WAIT),
        (S.SYN_RECEIVED, S.LISTEN),
        *_to(S.CLOSED, S.SYN_SENT, *OTHER),
    ),
}
_BACK_TO_LISTEN = PASSIVE & ~CLOSE_CALLED
_UNWANTED = DETACHED & (num(1) <= SEG.TEXT) & (RCV.NXT < TEXT_END)

#: A SYN below RCV.NXT: it was received before, and step 1 trims it off.
_OLD_SYN = SEG.SEQ < RCV.NXT

#: A RST that is valid however 3.5.3 and RFC 5961 are read, and one that is not.
_VALID_RST = CTL.RST & (FITS | AT_A_CLOSED_WINDOW)
_INVALID_RST = CTL.RST & (
    (OUTSIDE & ~(RIGHT_EDGE_ACCEPTABLE & RESET_BY_REACH)) | ((SEG.SEQ < RCV.NXT) & ~RESET_BY_REACH)
)

MOVES = Claim(
    "G9",
    "States change as figure 5 draws",
    ("3.3.2 figure 5", "3.5.3", "3.6", "3.10"),
    "Each arrow is taken on its event and for its reason; what must end a connection ends it.",
    (
        law(
            "only along the arrows of figure 5",
            ("fin-wait-1-wrong-state", "status-moves"),
            STAYS | any_of(*(on(event) & moves(*pairs) for event, pairs in FIGURE_5.items())),
        ),
        law(
            "ABORT, the user time-out, a crash and the end of TIME-WAIT end a connection",
            ("user-timeout-goes-on",),
            implies(
                on(Event.ABORT, Event.USER_TIMEOUT, Event.CRASH, Event.TIME_WAIT_TIMEOUT), after(in_state(S.CLOSED))
            )
            & implies(on(Event.USER_TIMEOUT) & in_state(S.TIME_WAIT), USER_TIMEOUT_IN_TIME_WAIT),
        ),
        law(
            "OPEN opens",
            ("open-passive-stays-closed",),
            implies(on(Event.OPEN_PASSIVE) & in_state(S.CLOSED), after(in_state(S.LISTEN)))
            & implies(on(Event.OPEN_ACTIVE) & in_state(S.CLOSED, S.LISTEN) & told(""), after(in_state(S.SYN_SENT))),
        ),
        law(
            "CLOSE ends what is not connected yet, and begins to close what is",
            ("close-of-established-stays",),
            implies(
                on(Event.CLOSE, Event.FULL_CLOSE),
                implies(in_state(S.LISTEN, S.SYN_SENT), after(in_state(S.CLOSED)))
                & implies(in_state(S.ESTABLISHED) & ~CLOSE_CALLED, after(in_state(S.FIN_WAIT_1, S.CLOSED)))
                & implies(~in_state(S.CLOSED, S.LISTEN, S.SYN_SENT) & ~RESETS, after(CLOSE_CALLED) & LIVES_ON)
                & implies(CLOSE_CALLED & LIVES_ON, STAYS),
            )
            & implies(on(Event.OUTPUT) & moves((S.ESTABLISHED, S.FIN_WAIT_1)), CLOSE_CALLED),
        ),
        law(
            "a full close resets where unread octets are lost, and only there",
            ("full-close-resets-without-loss",),
            implies(
                on(Event.FULL_CLOSE) & in_state(*SYNCHRONIZED),
                (RESETS & after(in_state(S.CLOSED)) & ~DETACHED & (num(1) <= RCV.USER))
                | (~EMITS & LIVES_ON & (DETACHED | (RCV.USER == 0))),
            ),
        ),
        law(
            "a FIN from CLOSE-WAIT leads to LAST-ACK",
            ("last-ack-without-fin",),
            implies(in_state(S.CLOSE_WAIT) & SENDS & out(CTL.FIN), after(in_state(S.LAST_ACK)))
            & implies(moves((S.CLOSE_WAIT, S.LAST_ACK)), SENDS & out(CTL.FIN)),
        ),
        law(
            "the acknowledgment of our FIN, and only it, leaves FIN-WAIT-1, CLOSING and LAST-ACK",
            ("fin-wait-1-ignores-ack", "any-ack-acknowledges-fin", "last-ack-leaves-early"),
            implies(
                ARRIVES & in_state(S.FIN_WAIT_1, S.CLOSING) & LIVES_ON & (SND.UNA <= SND.END),
                (after(SND.UNA) == SND.END + 1) == after(in_state(S.FIN_WAIT_2, S.TIME_WAIT)),
            )
            & implies(ARRIVES & in_state(S.LAST_ACK) & FITS & PLAIN & ENDS_OURS, after(in_state(S.CLOSED)))
            & implies(ARRIVES & moves((S.LAST_ACK, S.CLOSED)) & PLAIN, ENDS_OURS),
        ),
        law(
            "the peer's FIN is taken when it is in order, and only then",
            ("fin-out-of-order",),
            implies(ARRIVES & TAKES_FIN, CTL.FIN & (after(RCV.NXT) == SEG.SEQ + SEG.LEN))
            & implies(
                ARRIVES & TAKES_FIN & in_state(*OTHER),
                (SEG.SEQ <= RCV.NXT) & (FIN_AT_ZERO_WINDOW | (SEG.SEQ + SEG.LEN <= RIGHT_EDGE)),
            )
            & implies(on(_REASSEMBLE) & TAKES_FIN, HELD.FIN & (after(RCV.NXT) == HELD.SEQ + HELD.TEXT + 1))
            & implies(
                ARRIVES & in_state(*RECEIVING) & LIVES_ON & FITS & PLAIN & CTL.FIN & ACK_IN_RANGE,
                after(in_state(*FIN_RECEIVED)),
            )
            & implies(
                ARRIVES
                & in_state(*RECEIVING)
                & LIVES_ON
                & PLAIN
                & CTL.FIN
                & ACK_IN_RANGE
                & FIN_AT_ZERO_WINDOW
                & (SEG.SEQ <= RCV.NXT)
                & (SEG.SEQ + SEG.TEXT == RCV.NXT),
                after(in_state(*FIN_RECEIVED)),
            ),
        ),
        law(
            "LISTEN is left for a SYN alone",
            ("listener-deaf-to-syn",),
            implies(
                ARRIVES & in_state(S.LISTEN),
                after(in_state(S.SYN_RECEIVED)) == (CTL.SYN & ~CTL.RST & ~CTL.ACK),
            ),
        ),
        law(
            "TIME-WAIT is left for a new SYN alone, where the option is taken and nothing is unread",
            ("old-syn-reopens",),
            implies(
                ARRIVES & in_state(S.TIME_WAIT),
                after(in_state(S.SYN_RECEIVED))
                == (REOPEN & CTL.SYN & ~CTL.RST & ~CTL.ACK & (RCV.NXT < SEG.SEQ) & (RCV.USER == 0)),
            ),
        ),
        law(
            "SYN-SENT is left for a SYN, or for a RST that acknowledges ours",
            ("rst-without-ack-refuses",),
            implies(
                ARRIVES & in_state(S.SYN_SENT),
                (after(in_state(S.ESTABLISHED, S.CLOSE_WAIT)) == (CTL.SYN & ~CTL.RST & ACK_OF_SYN))
                & (after(in_state(S.SYN_RECEIVED)) == (CTL.SYN & ~CTL.RST & ~CTL.ACK))
                & (after(in_state(S.CLOSED)) == (CTL.RST & ACK_OF_SYN)),
            ),
        ),
        law(
            "SYN-RECEIVED becomes connected when our SYN is acknowledged",
            ("syn-received-ack-unchecked",),
            implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & after(in_state(*SYNCHRONIZED)),
                ACK_OF_SYN & (after(SND.UNA) == SEG.ACK),
            )
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & FITS & PLAIN & ACK_OF_SYN,
                after(in_state(S.ESTABLISHED, S.CLOSE_WAIT)) | (_UNWANTED & after(in_state(S.CLOSED))),
            )
            & implies(in_state(S.SYN_RECEIVED) & LIVES_ON & after(in_state(S.SYN_RECEIVED)), after(SND.UNA) == ISS)
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & after(in_state(*SYNCHRONIZED)) & CTL.SYN & (SEG.LEN == 1),
                ~PASSIVE & SYN_ACK_COMPLETES,
            ),
        ),
        law(
            "a RST in the window ends the connection, and a passive OPEN goes back to LISTEN",
            ("rst-of-an-active-open-to-listen", "rst-ignored"),
            implies(ARRIVES & in_state(*OTHER[:-1]) & _VALID_RST, ~LIVES_ON & ~EMITS)
            & implies(ARRIVES & in_state(S.TIME_WAIT) & _VALID_RST & ~RFC1337, after(in_state(S.CLOSED)))
            & implies(ARRIVES & in_state(S.TIME_WAIT) & CTL.RST & RFC1337, STAYS)
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & ~LIVES_ON & CTL.RST, after(in_state(S.LISTEN)) == _BACK_TO_LISTEN
            )
            & implies(moves((S.SYN_RECEIVED, S.LISTEN)), _BACK_TO_LISTEN & (CTL.RST | CTL.SYN)),
        ),
        law(
            "a RST outside the window changes nothing",
            ("rst-anywhere",),
            implies(
                ARRIVES & in_state(*OTHER) & _INVALID_RST,
                STAYS
                & ~EMITS
                & keeps(SND.UNA, SND.WND, SND.WL1, SND.WL2, RCV.NXT, RCV.WND, RCV.USER, HELD.SET, CLOSE_CALLED),
            ),
        ),
        law(
            "a SYN in the window is challenged, or ends the connection",
            ("syn-in-the-window-ignored",),
            implies(
                ARRIVES & in_state(*SYNCHRONIZED[:-1]) & CTL.SYN & ~CTL.RST & (RCV.WND == 0) & (SEG.SEQ == RCV.NXT),
                SENDS & STAYS,
            )
            & implies(
                ARRIVES & in_state(*SYNCHRONIZED) & CTL.SYN & ~CTL.RST & FITS & ~REOPEN,
                (SENDS & STAYS & RFC5961_SYN) | (RESETS & after(in_state(S.CLOSED)) & ~RFC5961_SYN),
            )
            & implies(
                ARRIVES & in_state(S.SYN_RECEIVED) & CTL.SYN & ~CTL.RST & FITS & ~_BACK_TO_LISTEN & ~RESET_FIRST,
                (SENDS & STAYS & RFC5961_SYN & ~after(ACK_OWED))
                | (RESETS & after(in_state(S.CLOSED)) & ~RFC5961_SYN)
                | SYN_ACK_COMPLETES,
            ),
        ),
        law(
            "nothing else that arrives ends a connection",
            ("old-ack-ends-close-wait",),
            implies(
                ARRIVES & in_state(*OTHER) & ~LIVES_ON & ~CTL.RST & (~CTL.SYN | _OLD_SYN),
                (RESETS & _UNWANTED) | (in_state(S.LAST_ACK) & ENDS_OURS),
            ),
        ),
        law(
            "an old SYN ends nothing, and starts nothing again",
            ("old-syn-not-trimmed", "old-syn-to-listen"),
            implies(
                ARRIVES & in_state(*OTHER) & ~CTL.RST & CTL.SYN & _OLD_SYN & ~after(in_state(*SYNCHRONIZED)),
                STAYS | (RESETS & _UNWANTED) | (in_state(S.LAST_ACK) & ENDS_OURS),
            ),
        ),
        law(
            "text and a FIN that come with the SYN,ACK are taken as far as they fit, or refused as a whole",
            ("syn-ack-text-ignored", "syn-ack-fin-ignored"),
            implies(
                ARRIVES & in_state(S.SYN_SENT) & after(in_state(S.ESTABLISHED, S.CLOSE_WAIT)),
                ite(
                    SYN_TEXT_REFUSED,
                    after(RCV.NXT) == SEG.SEQ + 1,
                    (SEG.SEQ + 1 + earlier(SEG.TEXT, RCV.BUFF) <= after(RCV.NXT))
                    & (after(RCV.NXT) <= SEG.SEQ + SEG.LEN)
                    & implies(SEG.LEN <= RCV.BUFF + 1, after(RCV.NXT) == SEG.SEQ + SEG.LEN),
                ),
            ),
        ),
        law(
            "text and a FIN that complete the handshake, or stand behind an old SYN, are taken",
            ("handshake-text-ignored", "handshake-fin-ignored"),
            implies(
                ARRIVES
                & in_state(S.SYN_RECEIVED, *RECEIVING)
                & after(in_state(*SYNCHRONIZED))
                & ~CTL.RST
                & (~CTL.SYN | (_OLD_SYN & ~RFC5961_SYN))
                & ACK_IN_RANGE
                & implies(in_state(S.SYN_RECEIVED), ACK_OF_SYN)
                & (TEXT_START <= RCV.NXT)
                & (RCV.NXT < SEG.SEQ + SEG.LEN)
                & (SEG.SEQ + SEG.LEN <= RIGHT_EDGE),
                after(RCV.NXT) == SEG.SEQ + SEG.LEN,
            ),
        ),
        law(
            "text that nobody will read ends the connection, and nothing else a receiver takes does",
            ("unwanted-text-taken",),
            implies(
                ARRIVES
                & in_state(*RECEIVING)
                & FITS
                & PLAIN
                & ACK_IN_RANGE
                & (num(1) <= SEG.TEXT)
                & (RCV.NXT < RIGHT_EDGE),
                after(in_state(S.CLOSED)) == DETACHED,
            )
            & implies(
                on(_REASSEMBLE) & after(in_state(S.CLOSED)), DETACHED & RESETS & (RCV.NXT < HELD.SEQ + HELD.TEXT)
            ),
        ),
    ),
)

"""G10: what the user is told, and when; and what a call does to the octets that it is about."""

from __future__ import annotations

from ..language.edge import CALLS, Event
from ..language.profile import RECEIVE_BY_THE_LETTER, REMOTE_SPECIFIED, RESET_WHILE_CLOSING_SILENT
from ..language.states import ALIVE, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.step import on, told
from ..language.terms import ite, later, num
from ..language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    ISS,
    RCV,
    SEG,
    SND,
    STATE,
    N,
    after,
    in_state,
)
from .properties import Claim, implies
from .step_words import ARRIVES, DELETES, LIVES_ON, OPENS, RESETS, STAYS, TAKES_FIN, keeps, law

S = State
_CLOSING = (S.CLOSING, S.LAST_ACK, S.TIME_WAIT)
_MAY_SEND = (S.SYN_SENT, S.SYN_RECEIVED, S.ESTABLISHED, S.CLOSE_WAIT)
_NO_CONNECTION = told("error: connection does not exist")
_NOTHING, _CLOSED, _QUEUED = told(""), in_state(S.CLOSED), told("queued")
_OPEN = on(Event.OPEN_ACTIVE, Event.OPEN_PASSIVE)
_CALL = on(*CALLS)
_EVERYTHING = (
    STATE,
    ISS,
    SND.UNA,
    SND.NXT,
    SND.END,
    SND.WND,
    RCV.NXT,
    RCV.WND,
    RCV.USER,
    CLOSE_CALLED,
    DETACHED,
    ACK_OWED,
)

#: Text that SEND has accepted and nobody has acknowledged; the SYN is not text.
_UNACKNOWLEDGED = SND.END - later(SND.UNA, ISS + 1)

#: A RST, or a SYN in the window, has ended the connection.
_ENDED_BY_PEER = ARRIVES & DELETES & after(_CLOSED) & (CTL.RST | (CTL.SYN & (RCV.NXT <= SEG.SEQ)))


USERS = Claim(
    "G10",
    "Users are told what happened",
    ("3.9.1", "3.10.1", "3.10.2", "3.10.3", "3.10.4", "3.10.5", "3.10.6", "MUST-12"),
    "A call that cannot be done gets the error that 3.10 names and changes nothing; one that can be done does what it "
    "says; and a user hears of the end of a connection, with its reason, and of the end of the peer's stream.",
    (
        law(
            "without a connection",
            ("abort-of-nothing-succeeds",),
            implies(_CLOSED & on(Event.SEND, Event.CLOSE, Event.FULL_CLOSE, Event.ABORT, Event.STATUS), _NO_CONNECTION)
            & implies(
                _CLOSED & on(Event.RECEIVE),
                ite(RECEIVE_BY_THE_LETTER | (RCV.USER == 0), _NO_CONNECTION, told("", "part")),
            ),
        ),
        law(
            "OPEN of a connection that exists",
            ("second-open-succeeds",),
            implies(
                (on(Event.OPEN_ACTIVE) & in_state(S.SYN_SENT, *OTHER)) | (on(Event.OPEN_PASSIVE) & in_state(*ALIVE)),
                told("error: connection already exists"),
            )
            & implies(_OPEN & (OPENS | (_CLOSED & after(in_state(S.LISTEN)))), _NOTHING)
            & implies(
                on(Event.OPEN_ACTIVE) & STAYS & in_state(S.CLOSED, S.LISTEN), told("error: remote socket unspecified")
            ),
        ),
        law(
            "SEND",
            ("send-without-room-queued",),
            implies(
                on(Event.SEND),
                implies(
                    in_state(S.LISTEN),
                    ite(
                        REMOTE_SPECIFIED,
                        ite(N <= SND.BUFF, OPENS & _NOTHING, told("error: insufficient resources")),
                        told("error: remote socket unspecified"),
                    ),
                )
                & implies(
                    in_state(*_MAY_SEND) & ~CLOSE_CALLED,
                    ite(
                        _UNACKNOWLEDGED + N <= SND.BUFF,
                        _NOTHING & (after(SND.END) == SND.END + N),
                        told("error: insufficient resources"),
                    ),
                )
                & implies(in_state(*OTHER) & (CLOSE_CALLED | ~in_state(*_MAY_SEND)), told("error: connection closing")),
            ),
        ),
        law(
            "RECEIVE",
            ("receive-waits-with-octets-on-hand",),
            implies(
                on(Event.RECEIVE),
                implies(in_state(S.LISTEN, S.SYN_SENT, S.SYN_RECEIVED), _QUEUED)
                & implies(in_state(*SYNCHRONIZED) & DETACHED, told("error: connection not open"))
                & implies(
                    in_state(*SYNCHRONIZED) & ~DETACHED & (RCV.USER < N) & (num(1) <= RCV.USER),
                    told("part", "error: connection closing"),
                )
                & implies(in_state(*RECEIVING) & ~DETACHED & (RCV.USER == 0), _QUEUED)
                & implies(
                    in_state(S.CLOSE_WAIT, *_CLOSING) & ~DETACHED & (RCV.USER == 0), told("error: connection closing")
                )
                & implies(
                    told("error: connection closing"),
                    in_state(S.CLOSE_WAIT, *_CLOSING) & (RECEIVE_BY_THE_LETTER | (RCV.USER == 0)),
                )
                & implies(_NOTHING, (num(1) <= RCV.USER) & (N <= RCV.USER))
                & implies(told("part"), (num(1) <= RCV.USER) & (RCV.USER < N)),
            ),
        ),
        law(
            "RECEIVE takes what it returns, and the window opens by as much",
            ("receive-opens-no-window",),
            implies(
                on(Event.RECEIVE),
                ite(
                    _NOTHING,
                    (RCV.USER == after(RCV.USER) + N)
                    & implies(~_CLOSED, after(RCV.USER) + after(RCV.WND) == RCV.BUFF)
                    & implies(in_state(*RECEIVING), after(ACK_OWED)),
                    keeps(RCV.USER, RCV.WND, ACK_OWED),
                ),
            ),
        ),
        law(
            "CLOSE",
            ("second-close-unnoticed",),
            implies(
                on(Event.CLOSE, Event.FULL_CLOSE) & ~_CLOSED,
                ite(
                    in_state(S.LISTEN, S.SYN_SENT),
                    told("error: closing"),
                    ite(CLOSE_CALLED & on(Event.CLOSE), told("error: connection closing"), _NOTHING),
                ),
            )
            & implies(on(Event.FULL_CLOSE) & LIVES_ON, after(DETACHED)),
        ),
        law(
            "ABORT and STATUS",
            ("abort-says-ok",),
            implies(on(Event.ABORT) & ~_CLOSED, ite(in_state(*_CLOSING), told("ok"), told("error: connection reset")))
            & implies(
                on(Event.ABORT),
                RESETS == in_state(S.SYN_RECEIVED, *RECEIVING, S.CLOSE_WAIT),
            )
            & implies(on(Event.STATUS) & ~_CLOSED, told("state")),
        ),
        law(
            "a call that fails changes nothing",
            ("failed-send-moves",),
            implies(
                _CALL
                & ~told("", "ok")
                & ~(on(Event.CLOSE, Event.FULL_CLOSE, Event.ABORT) & in_state(*ALIVE) & after(_CLOSED)),
                keeps(*_EVERYTHING),
            ),
        ),
        law(
            "timers and output tell nothing, but the user time-out",
            ("user-timeout-untold",),
            ite(
                on(Event.USER_TIMEOUT),
                told("error: connection aborted due to user timeout"),
                implies(
                    on(
                        Event.OUTPUT,
                        Event.RETRANSMISSION_TIMEOUT,
                        Event.PROBE_TIMEOUT,
                        Event.TIME_WAIT_TIMEOUT,
                        Event.CRASH,
                    ),
                    _NOTHING,
                ),
            ),
        ),
        law(
            "the end of the peer's stream is told, once",
            ("fin-untold",),
            implies(ARRIVES | on(Event.REASSEMBLE), TAKES_FIN == told("connection closing")),
        ),
        law(
            "the end of a connection by a reset is told",
            ("reset-untold",),
            implies(
                _ENDED_BY_PEER,
                implies(in_state(S.SYN_RECEIVED) & CTL.RST, told("error: connection refused"))
                & implies(
                    in_state(S.SYN_SENT, *RECEIVING, S.CLOSE_WAIT) | (CTL.SYN & ~CTL.RST),
                    told("error: connection reset"),
                )
                & implies(
                    in_state(S.CLOSING, S.LAST_ACK) & CTL.RST & ~RESET_WHILE_CLOSING_SILENT,
                    told("error: connection reset") == (SND.UNA < SND.END),
                ),
            ),
        ),
        law(
            "nothing is told of what is not an end",
            ("challenge-told",),
            implies(
                (ARRIVES | on(Event.REASSEMBLE)) & ~TAKES_FIN,
                _NOTHING | (_ENDED_BY_PEER & told("error: connection refused", "error: connection reset")),
            )
            & implies(ARRIVES & in_state(S.TIME_WAIT) & CTL.RST, _NOTHING),
        ),
    ),
)

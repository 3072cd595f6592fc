"""Defects of closing: CLOSE, FIN, TIME-WAIT, the full close and ABORT (RFC 9293 3.6)."""

from __future__ import annotations

from ..language.profile import (
    CLOSE_BY_THE_LETTER,
    ISN_REUSED,
    ISN_REUSED_EARLY,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    RESET_FIRST,
    TIME_WAIT_ACKS_ALL,
)
from ..language.states import State
from ..language.terms import FALSE, TRUE, ite
from ..language.variables import (
    ACKS_FIN,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    FIN_SENT,
    GHOST,
    RCV,
    SEG,
    SND,
    TEXT_END,
    Fate,
    N,
)
from ..tcp.output import LAST
from ..tcp.taking import NEW_TEXT
from ..tcp.updates import AFTER_TIME_WAIT, delete_tcb_in_order, fate
from .changes import answering, both, gone, instead, not_in, only_if, only_in, reading, setting, to, without
from .mutant import LESS, LOST, ONLY_FORGED, READING, Mutant, mutant

S = State

_TEXT_AFTER_FIN = (
    "close-wait.ack",
    setting(
        RCV.NXT.becomes(ite(NEW_TEXT, TEXT_END, RCV.NXT)),
        RCV.USER.becomes(ite(NEW_TEXT, RCV.USER + SEG.TEXT, RCV.USER)),
        GHOST.GOT.becomes(ite(NEW_TEXT, GHOST.GOT + SEG.TEXT, GHOST.GOT)),
    ),
)

CLOSING: tuple[Mutant, ...] = (
    mutant(
        "closes-by-itself",
        "an established end begins to close although its user has not called CLOSE",
        ("output.close", without(CLOSE_CALLED)),
    ),
    mutant(
        "close-by-the-letter",
        "reading 8 by the letter: CLOSE in SYN-RECEIVED sends the FIN before the handshake is finished",
        ("*", reading({CLOSE_BY_THE_LETTER: TRUE})),
    ),
    mutant(
        "fin-out-of-order",
        "a FIN counts although text before it is missing",
        (
            "established.early",
            both(
                to(S.CLOSE_WAIT),
                only_if(CTL.FIN),
                setting(RCV.NXT.becomes(TEXT_END + 1), GHOST.WHOLE.becomes(GHOST.WHOLE & (GHOST.GOT == SEG.SENT))),
            ),
        ),
    ),
    mutant(
        "close-discards-unsent",
        "CLOSE drops the octets that were not sent yet",
        ("close.established", setting(SND.END.becomes(SND.NXT))),
    ),
    mutant(
        "send-after-close",
        "SEND still works after CLOSE",
        (
            "send.closing",
            both(only_in(S.FIN_WAIT_1), setting(SND.END.becomes(SND.END + N), GHOST.SENT.becomes(GHOST.SENT + N))),
        ),
    ),
    mutant(
        "text-after-fin", "text behind the peer's FIN is taken in CLOSE-WAIT", _TEXT_AFTER_FIN, harmless=ONLY_FORGED
    ),
    mutant(
        "text-after-fin-both",
        "SEND still works after CLOSE, and text behind the peer's FIN is taken in CLOSE-WAIT",
        (
            "send.closing",
            both(only_in(S.FIN_WAIT_1), setting(SND.END.becomes(SND.END + N), GHOST.SENT.becomes(GHOST.SENT + N))),
        ),
        _TEXT_AFTER_FIN,
    ),
    mutant(
        "eof-shown-early",
        "RECEIVE reports the end of the stream where it should wait",
        ("receive.wait", setting(GHOST.EOF.becomes(TRUE))),
    ),
    mutant(
        "receive-by-the-letter",
        "reading 7 by the letter: RECEIVE fails in CLOSING, LAST-ACK and TIME-WAIT, data or no data",
        ("*", reading({RECEIVE_BY_THE_LETTER: TRUE})),
    ),
    mutant(
        "unread-dies-with-tcb",
        "octets that were acknowledged but not read are gone when the TCB is deleted",
        ("time-wait.timeout", setting(RCV.USER.becomes(0))),
    ),
    mutant(
        "half-close-discards",
        "received octets are discarded at the user's own CLOSE",
        ("close.established", setting(RCV.USER.becomes(0), RCV.WND.becomes(RCV.BUFF))),
    ),
    mutant(
        "half-close-deaf",
        "text is ignored in FIN-WAIT-2",
        ("fin-wait-2.text", gone),
        ("fin-wait-1.acked.text", gone),
        harmless=LESS,
    ),
    mutant(
        "close-wait-cannot-send",
        "after the peer's FIN no text is sent any more",
        ("output.text*", not_in(S.CLOSE_WAIT)),
        harmless=LESS,
    ),
    mutant(
        "fin-wait-1-ignores-ack",
        "the acknowledgment of our FIN does not lead to FIN-WAIT-2",
        ("fin-wait-1.acked.ack", to(S.FIN_WAIT_1)),
        harmless=LESS,
    ),
    mutant(
        "fin-wait-1-wrong-state",
        "a FIN in FIN-WAIT-1 leads to CLOSE-WAIT, or to FIN-WAIT-2 where it acknowledges ours",
        ("fin-wait-1.fin", to(S.CLOSE_WAIT)),
        ("fin-wait-1.acked.fin", to(S.FIN_WAIT_2)),
    ),
    mutant(
        "any-ack-acknowledges-fin",
        "any ACK in FIN-WAIT-1 is taken for the acknowledgment of our FIN",
        ("fin-wait-1.acked.ack", instead(ACKS_FIN, FIN_SENT)),
    ),
    mutant(
        "last-ack-leaves-early",
        "any ACK in LAST-ACK is taken for the acknowledgment of our FIN",
        ("last-ack.acked", without(ACKS_FIN)),
    ),
    mutant(
        "fin-sent-twice",
        "a second FIN is sent behind the first",
        ("output.fin", both(without(LAST), only_if(SND.NXT + N == SND.END + 1))),
    ),
    mutant(
        "fin-never-sent-in-closing",
        "an end that has got the peer's FIN before sending its own never sends it",
        ("output.fin", not_in(S.CLOSING)),
        ("output.text-fin", not_in(S.CLOSING)),
        harmless=LESS,
    ),
    mutant(
        "no-retransmission-in-last-ack",
        "no retransmission timer in LAST-ACK",
        ("retransmit*", not_in(S.LAST_ACK)),
        harmless=LESS,
    ),
    mutant(
        "no-retransmission-in-close-wait",
        "no retransmission timer in CLOSE-WAIT",
        ("retransmit*", not_in(S.CLOSE_WAIT)),
        harmless=LESS,
    ),
    mutant(
        "no-retransmission-in-closing",
        "no retransmission timer in CLOSING",
        ("retransmit*", not_in(S.CLOSING)),
        harmless=LESS,
    ),
    mutant(
        "no-time-wait",
        "the side that closes first deletes its TCB at once",
        *(
            (name, both(to(S.CLOSED), setting(*delete_tcb_in_order(AFTER_TIME_WAIT), *fate(Fate.CLOSED)), answering))
            for name in ("fin-wait-1.acked.fin", "fin-wait-2.fin")
        ),
    ),
    mutant(
        "isn-clock-moves-on",
        "no defect: the ISN clock never gives a number twice (so nothing is left for TIME-WAIT to prevent)",
        ("*", reading({ISN_REUSED: FALSE, ISN_REUSED_EARLY: FALSE})),
        harmless=READING,
    ),
    mutant(
        "isn-without-gap",
        "reading 9 the other way: a new ISS lies beyond SND.NXT, but not by a whole window",
        ("*", reading({ISN_WITHOUT_GAP: TRUE})),
    ),
    mutant(
        "time-wait-acks-all",
        "reading 2 by the letter: TIME-WAIT acknowledges every acceptable segment",
        ("*", reading({TIME_WAIT_ACKS_ALL: TRUE})),
        harmless=READING,
    ),
    mutant(
        "full-close-keeps-listening",
        "a full close is never answered with a reset, whatever is lost",
        ("full-close.unread", gone),
        ("established.unwanted", gone),
        ("fin-wait-1.unwanted", gone),
        ("fin-wait-1.acked.unwanted", gone),
        ("fin-wait-2.unwanted", gone),
        harmless=LOST,
    ),
    mutant(
        "full-close-ignores-unread",
        "a full close with octets unread is not answered with a reset",
        ("full-close.unread", gone),
        harmless=LOST,
    ),
    mutant(
        "detached-survives",
        "a flag of the old connection is left in a deleted TCB",
        ("fin-wait-1.unwanted", setting(DETACHED.becomes(DETACHED))),
    ),
    mutant(
        "reset-before-sequence",
        "no defect: reading 29 the other way, SYN-RECEIVED resets the sender of an unacceptable ACK before step 1",
        ("*", reading({RESET_FIRST: TRUE})),
        harmless=READING,
    ),
    mutant("abort-closes", "ABORT does nothing", ("abort.reset", gone), harmless=LESS),
)

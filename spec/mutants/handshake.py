"""Defects of the three-way handshake, and of what CLOSED and LISTEN answer (RFC 9293 3.5, 3.10.7.1 to 3.10.7.3)."""

from __future__ import annotations

from ..language.states import State
from ..language.terms import TRUE, earlier, ite
from ..language.variables import CTL, GHOST, HELD, IRS, ISN, ISS, RCV, SEG, SND
from ..tcp.arrives import SYN_SENT_ACK_IS_GOOD
from ..tcp.output import WINDOW_ALLOWS
from ..tcp.synchronized import ACCEPTABLE, ACK_IS_GOOD, SYN_IN_WINDOW
from ..tcp.taking import FORGET_HELD, FORGET_HELD_GHOSTS
from .changes import also_in, both, emitting_ack, gone, instead, only_if, setting, silent, to, without
from .mutant import LESS, ONLY_RESETS, Mutant, mutant

S = State

_ANY_ACK = both(without(ACK_IS_GOOD), setting(SND.UNA.becomes(ISS + 1)))
_ANOTHER_SYN = CTL.SYN & ~CTL.ACK

HANDSHAKE: tuple[Mutant, ...] = (
    mutant(
        "two-way-handshake",
        "a listener is ESTABLISHED as soon as it has answered a SYN",
        (
            "listen.syn",
            both(
                to(S.ESTABLISHED),
                setting(
                    SND.UNA.becomes(ISN + 1),
                    SND.WND.becomes(SEG.WND),
                    SND.WL1.becomes(SEG.SEQ),
                    SND.WL2.becomes(ISN + 1),
                    GHOST.JOINED.becomes(TRUE),
                    GHOST.LAST.becomes(SEG.LIFE),
                ),
            ),
        ),
    ),
    mutant(
        "syn-ack-unchecked",
        "in SYN-SENT any ACK field on a SYN is taken for the acknowledgment of ours",
        ("syn-sent.syn-ack", both(instead(SYN_SENT_ACK_IS_GOOD, CTL.ACK), setting(SND.UNA.becomes(ISS + 1)))),
        ("syn-sent.bad-ack*", only_if(~CTL.SYN)),
    ),
    mutant(
        "syn-received-ack-unchecked",
        "in SYN-RECEIVED any ACK field is taken for the acknowledgment of our SYN",
        ("syn-received.ack", _ANY_ACK),
        ("syn-received.text", _ANY_ACK),
        ("syn-received.fin", _ANY_ACK),
        ("step5.syn-received.bad", gone),
    ),
    mutant(
        "syn-received-any-window",
        "in SYN-RECEIVED the acknowledgment of our SYN may come with any sequence number",
        ("step1.ack@SYN-RECEIVED", only_if(~ACK_IS_GOOD)),
        ("syn-received.ack", without(ACCEPTABLE)),
    ),
    mutant(
        "syn-received-unconfirmed",
        "in SYN-RECEIVED text is taken with any ACK field, and our SYN stays unacknowledged",
        ("syn-received.text", both(without(ACK_IS_GOOD), setting(SND.UNA.becomes(SND.UNA)))),
        ("step5.syn-received.bad", gone),
    ),
    mutant(
        "syn-received-follows-any-syn",
        "in SYN-RECEIVED another SYN takes the place of the first one, whatever its number",
        (
            "step1.ack@SYN-RECEIVED",
            setting(
                IRS.becomes(ite(_ANOTHER_SYN, SEG.SEQ, IRS)),
                RCV.NXT.becomes(ite(_ANOTHER_SYN, SEG.SEQ + 1, RCV.NXT)),
                GHOST.PEER.becomes(ite(_ANOTHER_SYN, SEG.LIFE, GHOST.PEER)),
            ),
        ),
    ),
    mutant(
        "text-in-syn-received",
        "text is sent before our SYN is acknowledged, and whatever the window",
        ("output.text", both(also_in(S.SYN_RECEIVED), without(WINDOW_ALLOWS))),
    ),
    mutant(
        "syn-text-queued-at-the-syn",
        "text that comes with a SYN is queued as if it stood at the number of the SYN",
        ("listen.syn.queue", setting(HELD.SEQ.becomes(SEG.SEQ))),
    ),
    mutant(
        "syn-text-narrows-the-window",
        "text that is queued with a SYN takes its room from the window at once",
        ("listen.syn.queue", setting(RCV.WND.becomes(RCV.BUFF - earlier(SEG.TEXT, RCV.BUFF)))),
    ),
    mutant(
        "syn-text-delivered-at-once",
        "a listener delivers text that comes with a SYN without waiting for the handshake",
        (
            "listen.syn.queue",
            setting(RCV.NXT.becomes(SEG.SEQ + 1 + SEG.TEXT), GHOST.GOT.becomes(SEG.TEXT), RCV.USER.becomes(SEG.TEXT)),
        ),
    ),
    mutant(
        "syn-text-ignored",
        "text that comes with a SYN is ignored in SYN-SENT",
        ("syn-sent.syn.queue", setting(*FORGET_HELD, *FORGET_HELD_GHOSTS)),
        harmless=LESS,
    ),
    mutant(
        "old-syn-not-trimmed",
        "a SYN that was received before is an error as soon as text behind it reaches into the window",
        ("step4.reset*", without(SYN_IN_WINDOW)),
        harmless=ONLY_RESETS,
    ),
    mutant(
        "closed-answers-with-ack",
        "a closed end acknowledges what it should reset",
        ("closed.no-ack", emitting_ack),
    ),
    mutant("listener-deaf", "a listener ignores SYNs", ("listen.syn", gone), harmless=LESS),
    mutant("no-simultaneous-open", "a SYN without ACK is ignored in SYN-SENT", ("syn-sent.syn", gone), harmless=LESS),
    mutant(
        "listen-ignores-ack", "a listener does not reset the sender of an ACK", ("listen.ack", silent), harmless=LESS
    ),
    mutant(
        "closed-sends-no-reset",
        "a closed end is silent",
        ("closed.ack", silent),
        ("closed.no-ack", silent),
        harmless=LESS,
    ),
    mutant("step1-silent", "an unacceptable segment gets no acknowledgment", ("step1.ack@*", silent), harmless=LESS),
)

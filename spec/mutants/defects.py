"""Named defects of the specification: each changes a few rules, and each breaks the claims that name it.

Most are bugs that real stacks shipped. A mutant is a function from the rules to other rules; it is explored and
proved like the real thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..language.edge import Rule
from ..language.profile import (
    CLOSE_BY_THE_LETTER,
    ISN_REUSED,
    ISN_REUSED_EARLY,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    RESET_FIRST,
    RFC5961_ACK,
    TIME_WAIT_ACKS_ALL,
)
from ..language.states import State
from ..language.terms import FALSE, TRUE, ite, seq
from ..language.variables import (
    ACKS_FIN,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    FIN_SENT,
    GHOST,
    HELD,
    IRS,
    ISN,
    ISS,
    RCV,
    SEG,
    SND,
    TEXT_END,
    Fate,
    N,
)
from ..tcp.arrives import SYN_SENT_ACK_IS_GOOD
from ..tcp.graph import RULES
from ..tcp.output import LAST, WINDOW_ALLOWS
from ..tcp.synchronized import ACCEPTABLE, ACK_IS_GOOD, NO_ACK_BIT, NOT_BEYOND
from ..tcp.text import ITS_TURN, NEW_TEXT
from ..tcp.updates import AFTER_TIME_WAIT, delete_tcb_in_order, fate
from .changes import (
    Change,
    also_in,
    answering,
    both,
    emitting,
    emitting_ack,
    gone,
    instead,
    not_in,
    only_if,
    only_in,
    reading,
    setting,
    silent,
    to,
    window_of_any_new_ack,
    without,
)

S = State
Rules = tuple[Rule, ...]


class UnknownMutant(ValueError):
    """No mutant has this name; the message lists those that exist."""


@dataclass(frozen=True)
class Mutant:
    """A defect: what it is, and how it changes the rules.

    harmless: why nothing wrong comes of it, where that is so: the proof of both ends stands, or no trace can show it.
    """

    name: str
    what: str
    apply: Callable[[Rules], Rules]
    harmless: str = ""


MUTANTS: dict[str, Mutant] = {}


def mutated(name: str) -> Rules:
    """The rules with one defect; raises UnknownMutant."""
    if name not in MUTANTS:
        raise UnknownMutant(f"unknown mutant {name!r}; known are {', '.join(MUTANTS)}")
    return MUTANTS[name].apply(RULES)


def _mutant(name: str, what: str, *changes: tuple[str, Change], harmless: str = "") -> None:
    """Changes are (pattern of the rules' names, change); one that touches no rule is a mistake here."""

    def apply(rules: Rules) -> Rules:
        for pattern, change in changes:
            if not any(fnmatchcase(rule.name, pattern) for rule in rules):
                raise AssertionError(f"mutant {name}: no rule is called {pattern!r}")
            changed = (change(rule) if fnmatchcase(rule.name, pattern) else rule for rule in rules)
            rules = tuple(rule for rule in changed if rule is not None)
        return rules

    MUTANTS[name] = Mutant(name, what, apply, harmless)


#: Safety cannot see what is missing: these are found by claims of possibility and of progress.
_LESS = "it does less than it should and nothing else: what it does is right, the claims of possibility find the rest"
_LOST = "S12: octets are lost with or without it; what changes is whether the peer is told"
_READING = "the other reading, or none: it deceives nobody, what it costs is in the table of readings"
_ONLY_FORGED = "an honest peer never sends what it would take; proved, for the invariant of both ends stands"
_GHOST = "no defect of TCP: a ghost that the proof rests on, and that no trace shows"


# ---- the handshake -------------------------------------------------------------------------------------------

_mutant(
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
)
_mutant(
    "syn-ack-unchecked",
    "in SYN-SENT any ACK field on a SYN is taken for the acknowledgment of ours",
    ("syn-sent.syn-ack", both(instead(SYN_SENT_ACK_IS_GOOD, CTL.ACK), setting(SND.UNA.becomes(ISS + 1)))),
    ("syn-sent.bad-ack*", only_if(~CTL.SYN)),
)
_ANY_ACK = both(without(ACK_IS_GOOD), setting(SND.UNA.becomes(ISS + 1)))
_mutant(
    "syn-received-ack-unchecked",
    "in SYN-RECEIVED any ACK field is taken for the acknowledgment of our SYN",
    ("syn-received.ack", _ANY_ACK),
    ("syn-received.text", _ANY_ACK),
    ("syn-received.fin", _ANY_ACK),
    ("step5.syn-received.bad", gone),
)
_mutant(
    "syn-received-any-window",
    "in SYN-RECEIVED the acknowledgment of our SYN may come with any sequence number",
    ("step1.ack@SYN-RECEIVED", only_if(~ACK_IS_GOOD)),
    ("syn-received.ack", without(ACCEPTABLE)),
)
_mutant(
    "syn-received-unconfirmed",
    "in SYN-RECEIVED text is taken with any ACK field, and our SYN stays unacknowledged",
    ("syn-received.text", both(without(ACK_IS_GOOD), setting(SND.UNA.becomes(SND.UNA)))),
    ("step5.syn-received.bad", gone),
)
_ANOTHER_SYN = CTL.SYN & ~CTL.ACK
_mutant(
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
)
_mutant(
    "text-in-syn-received",
    "text is sent before our SYN is acknowledged, and whatever the window",
    ("output.text", both(also_in(S.SYN_RECEIVED), without(WINDOW_ALLOWS))),
)
_mutant(
    "closed-answers-with-ack",
    "a closed end acknowledges what it should reset",
    ("closed.no-ack", emitting_ack),
)
_mutant("listener-deaf", "a listener ignores SYNs", ("listen.syn", gone), harmless=_LESS)
_mutant("no-simultaneous-open", "a SYN without ACK is ignored in SYN-SENT", ("syn-sent.syn", gone), harmless=_LESS)
_mutant("listen-ignores-ack", "a listener does not reset the sender of an ACK", ("listen.ack", silent), harmless=_LESS)
_mutant(
    "closed-sends-no-reset",
    "a closed end is silent",
    ("closed.ack", silent),
    ("closed.no-ack", silent),
    harmless=_LESS,
)
_mutant("step1-silent", "an unacceptable segment gets no acknowledgment", ("step1.ack@*", silent), harmless=_LESS)

# ---- numbers -------------------------------------------------------------------------------------------------

_SYN_FREE = setting(SND.NXT.becomes(ISN), SND.END.becomes(ISN))
_FIN_RULES = ("established.fin", "fin-wait-1.fin", "fin-wait-1.acked.fin", "fin-wait-2.fin")
_mutant(
    "syn-takes-no-number",
    "the SYN occupies no sequence number",
    ("open.active", _SYN_FREE),
    ("listen.syn", _SYN_FREE),
)
_SAME_ISN = both(
    setting(ISS.becomes(0), SND.UNA.becomes(0), SND.NXT.becomes(1), SND.END.becomes(1)), emitting(seq=seq(0))
)
_mutant(
    "isn-always-zero",
    "every connection begins at the same initial sequence number",
    ("open.active", _SAME_ISN),
    ("listen.syn", _SAME_ISN),
)
_mutant(
    "any-old-ack",
    "RFC 5961's check refuses no old ACK",
    ("*", reading({RFC5961_ACK: FALSE})),
)
_mutant(
    "irs-is-the-next-number",
    "IRS is set to the number behind the peer's SYN",
    ("listen.syn", setting(IRS.becomes(SEG.SEQ + 1))),
)
_mutant(
    "syn-sent-again-with-a-new-number",
    "a retransmitted SYN,ACK takes the next sequence number",
    ("retransmit.syn-ack", emitting(seq=SND.NXT)),
)
_mutant(
    "fin-takes-no-number",
    "sending a FIN does not advance SND.NXT",
    ("output.fin*", setting(SND.NXT.becomes(SND.NXT + N))),
)
_mutant(
    "ack-takes-a-number",
    "an empty ACK advances SND.NXT",
    ("output.ack", setting(SND.NXT.becomes(SND.NXT + 1))),
)
_mutant(
    "received-fin-takes-no-number",
    "RCV.NXT does not advance over a FIN",
    *((name, setting(RCV.NXT.becomes(TEXT_END))) for name in _FIN_RULES),
)
_mutant(
    "received-fin-takes-two-numbers",
    "RCV.NXT advances by two over a FIN",
    *((name, setting(RCV.NXT.becomes(TEXT_END + 2))) for name in _FIN_RULES),
)
_mutant(
    "ack-moves-rcv-nxt",
    "an acknowledgment moves the receive direction too",
    ("established.ack", setting(RCV.NXT.becomes(RCV.NXT + (SEG.ACK - SND.UNA)))),
)
_mutant(
    "ack-names-last-octet",
    "the ACK field names the last octet received instead of the next one",
    ("output.ack", emitting(acknowledge=RCV.NXT - 1)),
)
_mutant(
    "no-ack-bit-unguarded",
    "a segment is dropped for want of an ACK bit, and processed too",
    ("step5.no-ack", without(NO_ACK_BIT)),
    harmless=_READING,
)
_mutant("step5-no-ack-gone", "nothing is said of a segment without an ACK bit", ("step5.no-ack", gone), harmless=_LESS)

_mutant(
    "ack-beyond-sent-taken",
    "an ACK of something never sent is taken (harmless with an honest peer, so only the proof finds it)",
    ("established.ack", without(NOT_BEYOND)),
    harmless=_ONLY_FORGED,
)

# ---- text ----------------------------------------------------------------------------------------------------

_ANY_TEXT = (
    RCV.NXT.becomes(TEXT_END),
    RCV.USER.becomes(RCV.USER + SEG.TEXT),
    GHOST.GOT.becomes(GHOST.GOT + SEG.TEXT),
    GHOST.GOOD.becomes(GHOST.GOOD & (SEG.LIFE == GHOST.PEER) & (SEG.TO == GHOST.LIFE) & (SEG.AT == GHOST.GOT)),
)
_mutant(
    "no-trimming",
    "text that overlaps what is already there is taken from its beginning again",
    ("established.text", setting(*_ANY_TEXT)),
)
_mutant(
    "early-text-delivered",
    "text beyond RCV.NXT is delivered at once",
    ("established.early", setting(*_ANY_TEXT)),
)
_mutant(
    "early-text-acknowledged",
    "text beyond RCV.NXT is acknowledged and not kept",
    ("established.early", setting(RCV.NXT.becomes(TEXT_END))),
)
_mutant(
    "no-window-check",
    "an established end takes text at whatever number it begins",
    ("step1.ack@ESTABLISHED", gone),
    (
        "established.text",
        both(without(ACCEPTABLE), instead(NEW_TEXT, ~(SEG.TEXT == 0)), setting(*_ANY_TEXT)),
    ),
)
_mutant(
    "text-beyond-window",
    "text is taken although the window is closed",
    (
        "established.ack",
        setting(RCV.USER.becomes(ite(SEG.SEQ == RCV.NXT, RCV.USER + SEG.TEXT, RCV.USER))),
    ),
)
_mutant(
    "held-text-at-once",
    "held text is delivered without waiting for the gap to be filled",
    ("reassemble.text", instead(ITS_TURN, HELD.SET)),
)
_mutant(
    "retransmission-misaligned",
    "a retransmission repeats the octets behind those its number names",
    ("retransmit.text", emitting(at=SND.UNA - ISS)),
)
_mutant(
    "window-adds-up",
    "each window update is added to the window that is there",
    ("established.ack", setting(SND.WND.becomes(SND.WND + SEG.WND))),
)
_mutant(
    "window-of-any-new-ack",
    "no defect: whatever acknowledges something new brings its window, as deployed stacks have it",
    ("*", window_of_any_new_ack),
    harmless=_READING,
)
_mutant(
    "window-of-tomorrow",
    "a window update counts as if it had acknowledged everything",
    ("established.ack", setting(SND.WL2.becomes(SND.NXT))),
)
_mutant(
    "offers-one-more",
    "one octet more is offered than the buffer holds",
    ("output.ack", emitting(wnd=RCV.WND + 1)),
)
_mutant("no-output", "text is never sent", ("output.text*", gone), harmless=_LESS)
_mutant("no-probe", "a closed window is never probed", ("probe", gone), harmless=_LESS)

_mutant(
    "text-before-handshake",
    "text that comes with the SYN of a simultaneous open is delivered at once",
    ("syn-sent.syn", setting(RCV.USER.becomes(SEG.TEXT), GHOST.GOT.becomes(SEG.TEXT))),
    harmless=_ONLY_FORGED,
)

# ---- closing -------------------------------------------------------------------------------------------------

_mutant(
    "closes-by-itself",
    "an established end begins to close although its user has not called CLOSE",
    ("output.close", without(CLOSE_CALLED)),
)
_mutant(
    "close-by-the-letter",
    "reading 8 by the letter: CLOSE in SYN-RECEIVED sends the FIN before the handshake is finished",
    ("*", reading({CLOSE_BY_THE_LETTER: TRUE})),
)
_mutant(
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
)
_mutant(
    "close-discards-unsent",
    "CLOSE drops the octets that were not sent yet",
    ("close.established", setting(SND.END.becomes(SND.NXT))),
)
_mutant(
    "send-after-close",
    "SEND still works after CLOSE",
    (
        "send.closing",
        both(only_in(S.FIN_WAIT_1), setting(SND.END.becomes(SND.END + N), GHOST.SENT.becomes(GHOST.SENT + N))),
    ),
)
_TEXT_AFTER_FIN = (
    "close-wait.ack",
    setting(
        RCV.NXT.becomes(ite(NEW_TEXT, TEXT_END, RCV.NXT)),
        RCV.USER.becomes(ite(NEW_TEXT, RCV.USER + SEG.TEXT, RCV.USER)),
        GHOST.GOT.becomes(ite(NEW_TEXT, GHOST.GOT + SEG.TEXT, GHOST.GOT)),
    ),
)
_mutant("text-after-fin", "text behind the peer's FIN is taken in CLOSE-WAIT", _TEXT_AFTER_FIN, harmless=_ONLY_FORGED)
_mutant(
    "text-after-fin-both",
    "SEND still works after CLOSE, and text behind the peer's FIN is taken in CLOSE-WAIT",
    (
        "send.closing",
        both(only_in(S.FIN_WAIT_1), setting(SND.END.becomes(SND.END + N), GHOST.SENT.becomes(GHOST.SENT + N))),
    ),
    _TEXT_AFTER_FIN,
)
_mutant(
    "eof-shown-early",
    "RECEIVE reports the end of the stream where it should wait",
    ("receive.wait", setting(GHOST.EOF.becomes(TRUE))),
)
_mutant(
    "receive-by-the-letter",
    "reading 7 by the letter: RECEIVE fails in CLOSING, LAST-ACK and TIME-WAIT, data or no data",
    ("*", reading({RECEIVE_BY_THE_LETTER: TRUE})),
)
_mutant(
    "unread-dies-with-tcb",
    "octets that were acknowledged but not read are gone when the TCB is deleted",
    ("time-wait.timeout", setting(RCV.USER.becomes(0))),
)
_mutant(
    "half-close-discards",
    "received octets are discarded at the user's own CLOSE",
    ("close.established", setting(RCV.USER.becomes(0), RCV.WND.becomes(RCV.BUFF))),
)
_mutant(
    "half-close-deaf",
    "text is ignored in FIN-WAIT-2",
    ("fin-wait-2.text", gone),
    ("fin-wait-1.acked.text", gone),
    harmless=_LESS,
)
_mutant(
    "close-wait-cannot-send",
    "after the peer's FIN no text is sent any more",
    ("output.text*", not_in(S.CLOSE_WAIT)),
    harmless=_LESS,
)
_mutant(
    "fin-wait-1-ignores-ack",
    "the acknowledgment of our FIN does not lead to FIN-WAIT-2",
    ("fin-wait-1.acked.ack", to(S.FIN_WAIT_1)),
    harmless=_LESS,
)
_mutant(
    "fin-wait-1-wrong-state",
    "a FIN in FIN-WAIT-1 leads to CLOSE-WAIT, or to FIN-WAIT-2 where it acknowledges ours",
    ("fin-wait-1.fin", to(S.CLOSE_WAIT)),
    ("fin-wait-1.acked.fin", to(S.FIN_WAIT_2)),
)
_mutant(
    "any-ack-acknowledges-fin",
    "any ACK in FIN-WAIT-1 is taken for the acknowledgment of our FIN",
    ("fin-wait-1.acked.ack", instead(ACKS_FIN, FIN_SENT)),
)
_mutant(
    "last-ack-leaves-early",
    "any ACK in LAST-ACK is taken for the acknowledgment of our FIN",
    ("last-ack.acked", without(ACKS_FIN)),
)
_mutant(
    "fin-sent-twice",
    "a second FIN is sent behind the first",
    ("output.fin", both(without(LAST), only_if(SND.NXT + N == SND.END + 1))),
)
_mutant(
    "fin-never-sent-in-closing",
    "an end that has got the peer's FIN before sending its own never sends it",
    ("output.fin", not_in(S.CLOSING)),
    ("output.text-fin", not_in(S.CLOSING)),
    harmless=_LESS,
)
_mutant(
    "no-retransmission-in-last-ack",
    "no retransmission timer in LAST-ACK",
    ("retransmit*", not_in(S.LAST_ACK)),
    harmless=_LESS,
)
_mutant(
    "no-retransmission-in-close-wait",
    "no retransmission timer in CLOSE-WAIT",
    ("retransmit*", not_in(S.CLOSE_WAIT)),
    harmless=_LESS,
)
_mutant(
    "no-retransmission-in-closing",
    "no retransmission timer in CLOSING",
    ("retransmit*", not_in(S.CLOSING)),
    harmless=_LESS,
)
_mutant(
    "no-time-wait",
    "the side that closes first deletes its TCB at once",
    *(
        (name, both(to(S.CLOSED), setting(*delete_tcb_in_order(AFTER_TIME_WAIT), *fate(Fate.CLOSED)), answering))
        for name in ("fin-wait-1.acked.fin", "fin-wait-2.fin")
    ),
)
_mutant(
    "isn-clock-moves-on",
    "no defect: the ISN clock never gives a number twice (so nothing is left for TIME-WAIT to prevent)",
    ("*", reading({ISN_REUSED: FALSE, ISN_REUSED_EARLY: FALSE})),
    harmless=_READING,
)
_mutant(
    "isn-without-gap",
    "reading 9 the other way: a new ISS lies beyond SND.NXT, but not by a whole window",
    ("*", reading({ISN_WITHOUT_GAP: TRUE})),
)
_mutant(
    "time-wait-acks-all",
    "reading 2 by the letter: TIME-WAIT acknowledges every acceptable segment",
    ("*", reading({TIME_WAIT_ACKS_ALL: TRUE})),
    harmless=_READING,
)
_mutant(
    "full-close-keeps-listening",
    "a full close is never answered with a reset, whatever is lost",
    ("full-close.unread", gone),
    ("established.unwanted", gone),
    ("fin-wait-1.unwanted", gone),
    ("fin-wait-1.acked.unwanted", gone),
    ("fin-wait-2.unwanted", gone),
    harmless=_LOST,
)
_mutant(
    "full-close-ignores-unread",
    "a full close with octets unread is not answered with a reset",
    ("full-close.unread", gone),
    harmless=_LOST,
)
_mutant(
    "detached-survives",
    "a flag of the old connection is left in a deleted TCB",
    ("fin-wait-1.unwanted", setting(DETACHED.becomes(DETACHED))),
)
_mutant(
    "reset-before-sequence",
    "no defect: reading 29 the other way, SYN-RECEIVED resets the sender of an unacceptable ACK before step 1",
    ("*", reading({RESET_FIRST: TRUE})),
    harmless=_READING,
)
_mutant("abort-closes", "ABORT does nothing", ("abort.reset", gone), harmless=_LESS)

# ---- mistakes in the bookkeeping: the ghosts are part of what is proved, so they must be able to be wrong -------

_mutant(
    "crash-forgets-the-count",
    "a crash resets the count of incarnations",
    ("crash", setting(GHOST.LIFE.becomes(0))),
    harmless=_GHOST,
)
_mutant(
    "syn-not-noted", "whose SYN it was is not noted", ("listen.syn", setting(GHOST.PEER.becomes(0))), harmless=_GHOST
)
_mutant(
    "peer-misnoted",
    "the SYN is taken for that of the incarnation to come",
    ("listen.syn", setting(GHOST.PEER.becomes(SEG.LIFE + 1))),
    harmless=_GHOST,
)
_mutant(
    "joined-by-a-syn",
    "a SYN counts as a confirmation",
    ("syn-sent.syn", setting(GHOST.JOINED.becomes(TRUE))),
    harmless=_GHOST,
)
_mutant(
    "joined-not-noted",
    "a confirmation is not noted",
    ("syn-received.ack", setting(GHOST.JOINED.becomes(FALSE))),
    harmless=_GHOST,
)

"""What is true of two honest ends and the network between them at every moment.

The claims that matter to users speak of two ends: what one delivers is what the other was given.  They follow from an
inductive invariant (see `invariant`) of both ends together.

*The network.*  For a proof without bounds the network is the worst there can be: it keeps every segment for ever and
delivers any of them at any time, any number of times.  That is loss, duplication, reordering and delay at once.

*The past.*  Both ends may crash and open again any number of times, and segments of all these incarnations may still
arrive.  So it is not enough to speak of the two ends as they are now: the invariant speaks of every incarnation that
there ever was, with the values that its variables have, or had when it ended.

The conjuncts come in families, by what they speak of:

ALONE    any incarnation of this end; now(...) is this end now, peer_now(...) the other end now
LIVES    any two incarnations of this end, one and a younger(...) one
PAIR     any incarnation of this end and any incarnation of its peer(...)
SENT     any segment without RST that was ever sent (SEG.*), and the incarnation that sent it
NOW      this end now
STEPS    this end before a step, now(...) after it, and any incarnation of its peer(...)

Each family holds with the two ends exchanged, too.  Nothing is said of a RST, so the proof holds for any RST: it can
end a connection, but it cannot make an end take a wrong octet.  `halfclose prove` shows that no edge of either end
breaks a conjunct, and that P1 to P6 follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.profile import (
    CLOSE_BY_THE_LETTER,
    ISN_REUSED,
    ISN_REUSED_EARLY,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    RESET_WHILE_CLOSING_SILENT,
    RFC5961_ACK,
)
from ..language.states import FIN_RECEIVED, OTHER, SYNCHRONIZED, State
from ..language.terms import TRUE, Term, named, num, one_if
from ..language.variables import (
    ACKS_FIN,
    CLOCK,
    CLOSE_CALLED,
    CTL,
    FIN_SENT,
    GHOST,
    HELD,
    IRS,
    ISS,
    RCV,
    SEG,
    SND,
    TEXT_END,
    TEXT_START,
    Fate,
    in_state,
    now,
    peer,
    peer_now,
    younger,
)
from ..tcp.synchronized import ACCEPTABLE
from .invariant import Conjunct
from .properties import Theorem, implies


@dataclass(frozen=True, eq=False)
class Premise:
    """Something that the proof takes for granted.

    holds: a condition on switches, or on the constants of each end; MAX.SND.WND is the same at both.
    """

    name: str
    says: str
    holds: Term


PREMISES: tuple[Premise, ...] = (
    Premise(
        "ISN clock",
        "the ISN clock is past every number that may still be in the network, and a whole window more (3.4.1)",
        ~ISN_REUSED & ~ISN_REUSED_EARLY & ~ISN_WITHOUT_GAP,
    ),
    Premise(
        "CLOSE after the handshake",
        "CLOSE waits for the end of the handshake, or old ACKs are refused (reading 8, MAY-12)",
        ~CLOSE_BY_THE_LETTER | RFC5961_ACK,
    ),
    Premise(
        "RECEIVE reads on",
        "RECEIVE hands over what is on hand before it reports the end (reading 7)",
        ~RECEIVE_BY_THE_LETTER,
    ),
    Premise(
        "largest window",
        "no window is larger than MAX.SND.WND, which is at least 1",
        (RCV.BUFF <= SND.MAX_WND) & (num(1) <= SND.MAX_WND),
    ),
    Premise(
        "honest ends",
        "whatever arrives was sent by the other end, which follows the same rules: only a RST may be forged or altered",
        TRUE,
    ),
)

#: The proofs treat sequence numbers as integers without bound; on the wire they have 32 bits.  This is what has to be
#: assumed for the one to stand for the other.
MSL = Premise(
    "MSL",
    "no segment outlives half of the sequence space (3.4.1), so that 32-bit words compare as unbounded numbers do; the "
    "exact bounds are those of `halfclose prove --bridge`",
    TRUE,
)

S = State
_GOT_FIN = in_state(*FIN_RECEIVED)
_DOWN = in_state(S.CLOSED, S.LISTEN)

#: The peer's incarnation is the one whose SYN gave IRS.
KNOWS = named("bound", (GHOST.PEER == peer(GHOST.LIFE)) & (num(1) <= GHOST.PEER))

#: The peer has acknowledged the SYN.
CONFIRMED = named("confirmed", in_state(*SYNCHRONIZED) & (ISS < SND.UNA))

ALONE: tuple[Conjunct, ...] = (
    Conjunct(
        "who is bound has heard a SYN",
        implies(in_state(S.SYN_SENT), GHOST.PEER == 0) & implies(in_state(*OTHER), num(1) <= GHOST.PEER),
        "From SYN-RECEIVED on an end knows from which incarnation of its peer IRS came.",
        ("syn-not-noted",),
    ),
    Conjunct(
        "nobody is bound to the future",
        GHOST.PEER <= peer_now(GHOST.LIFE),
        "An end hears of an incarnation only through a segment that this incarnation sent.",
        ("peer-misnoted",),
    ),
    Conjunct(
        "whoever was confirmed last confirmed in turn",
        implies(peer_now(GHOST.LAST) == GHOST.LIFE, num(1) <= GHOST.PEER),
        "The incarnation that the other end was bound to last had heard the other end's SYN.",
        (
            "two-way-handshake",
            "syn-received-any-window",
        ),
    ),
    Conjunct(
        "the clock is past every incarnation that is over",
        implies(now(_DOWN), SND.NXT + SND.MAX_WND + 1 <= now(CLOCK)),
        "3.4.1: the next ISS lies beyond everything that was sent, and beyond any window after it.",
        ("isn-without-gap",),
    ),
    Conjunct(
        "no window is larger than the largest",
        SND.WND <= SND.MAX_WND,
        "SND.WND is a window that the peer has offered.",
        ("window-adds-up",),
    ),
    Conjunct(
        "no more in flight than a window and a FIN",
        SND.NXT <= SND.UNA + SND.MAX_WND + one_if(FIN_SENT),
        "A FIN needs no window (reading 31); a probe sends one octet into a window of 0.",
        (
            "ack-takes-a-number",
            "fin-sent-twice",
        ),
    ),
    Conjunct(
        "octets received are numbered from IRS, FIN included",
        implies(in_state(*OTHER), RCV.NXT == IRS + 1 + GHOST.GOT + one_if(_GOT_FIN)),
        "A second FIN never comes, whatever reading 5 would do with it.",
        (
            "received-fin-takes-no-number",
            "early-text-acknowledged",
        ),
    ),
    Conjunct(
        "nothing is received before the own SYN is confirmed",
        implies(~CONFIRMED, GHOST.GOT == 0),
        "P5 rests on it; the other reading 8 breaks it.",
        ("syn-received-unconfirmed",),
    ),
    Conjunct(
        "what was received is what was sent",
        GHOST.GOOD & GHOST.WHOLE,
        "P1, and the half of P2 that can be checked when the FIN is taken.",
        (
            "no-trimming",
            "held-text-at-once",
        ),
    ),
    Conjunct(
        "what was received stays received",
        implies(
            now(_DOWN) & (GHOST.LIFE == now(GHOST.LIFE)),
            now(GHOST.GOOD) & (now(GHOST.GOT) == GHOST.GOT),
        ),
        "Reading 7: when an incarnation is over its user may still read, but no more than it received (P1).",
        ("crash-forgets-octets",),
    ),
)

LIVES: tuple[Conjunct, ...] = (
    Conjunct(
        "incarnations are a window apart",
        SND.NXT + SND.MAX_WND + 1 <= younger(ISS),
        "So no segment of an earlier incarnation is within any window of a later one (P6).",
        ("isn-always-zero",),
    ),
)

PAIR: tuple[Conjunct, ...] = (
    Conjunct(
        "IRS is the peer's ISS",
        implies(KNOWS, IRS == peer(ISS)),
        "It speaks of the incarnation whose SYN was heard, which may have ended long ago.",
        ("irs-is-the-next-number",),
    ),
    Conjunct(
        "no more received than sent",
        implies(KNOWS, RCV.NXT <= peer(SND.NXT)),
        "RCV.NXT never passes what the peer has sent, the FIN included.",
        (
            "received-fin-takes-two-numbers",
            "no-window-check",
        ),
    ),
    Conjunct(
        "the FIN comes last",
        implies(KNOWS & _GOT_FIN, peer(CLOSE_CALLED) & (RCV.NXT == peer(SND.END) + 1))
        & implies(KNOWS & ~_GOT_FIN, RCV.NXT <= peer(SND.END)),
        "It stands behind the last octet that the user sent before CLOSE (P2).",
        (
            "received-fin-takes-no-number",
            "fin-wait-1-wrong-state",
        ),
    ),
    Conjunct(
        "who is confirmed is known to its peer",
        implies(KNOWS & CONFIRMED, peer(GHOST.PEER) == GHOST.LIFE),
        "An ACK of this SYN can only come from an incarnation that heard it (P5).",
        (
            "two-way-handshake",
            "syn-received-ack-unchecked",
        ),
    ),
    Conjunct(
        "nothing acknowledged that the peer has not",
        implies(KNOWS & CONFIRMED, SND.UNA <= peer(RCV.NXT)),
        "SND.UNA is a RCV.NXT that the peer once had (P3, P4).",
        (
            "syn-ack-unchecked",
            "ack-moves-rcv-nxt",
        ),
    ),
    Conjunct(
        "what is held was sent",
        implies(
            KNOWS & HELD.SET,
            (CONFIRMED | (HELD.SEQ == IRS + 1))
            & (GHOST.HELD_LIFE == GHOST.PEER)
            & (GHOST.HELD_TO == GHOST.LIFE)
            & (HELD.SEQ + HELD.TEXT + one_if(HELD.FIN) <= peer(SND.NXT))
            & implies(
                num(1) <= HELD.TEXT,
                (GHOST.HELD_AT == HELD.SEQ - (IRS + 1)) & (HELD.SEQ + HELD.TEXT <= peer(SND.END)),
            )
            & implies(
                HELD.FIN,
                peer(CLOSE_CALLED) & (HELD.SEQ + HELD.TEXT == peer(SND.END)) & (GHOST.HELD_SENT == peer(GHOST.SENT)),
            ),
        ),
        "Everything that is true of a segment when it arrives stays true while it is held.",
        ("send-after-close",),
    ),
    Conjunct(
        "the last peer is older than a peer that waits to be confirmed",
        implies(
            KNOWS & (peer(GHOST.LIFE) == peer_now(GHOST.LIFE)) & ~peer(GHOST.JOINED),
            peer_now(GHOST.LAST) < GHOST.LIFE,
        ),
        "So the same incarnation of the peer never confirms two incarnations of this end (FRESH).",
        (
            "syn-received-follows-any-syn",
            "joined-not-noted",
        ),
    ),
)

SENT: tuple[Conjunct, ...] = (
    Conjunct(
        "segments have a sender",
        (num(1) <= SEG.LIFE) & (SEG.LIFE <= now(GHOST.LIFE)),
        "An end that has opened nothing can send a RST, and no other segment.",
        ("closed-answers-with-ack",),
    ),
    Conjunct(
        "a SYN is at ISS, and nothing else is",
        implies(CTL.SYN, SEG.SEQ == ISS) & implies(~CTL.SYN, ISS < SEG.SEQ),
        "A SYN takes the first number, whatever text and FIN come behind it.",
        ("syn-sent-again-with-a-new-number",),
    ),
    Conjunct(
        "everything in a segment was sent",
        SEG.SEQ + SEG.LEN <= SND.NXT,
        "Nothing lies beyond SND.NXT, and SND.NXT never goes back.",
        (
            "syn-takes-no-number",
            "fin-takes-no-number",
        ),
    ),
    Conjunct(
        "text is the user's",
        implies(num(1) <= SEG.TEXT, (TEXT_END <= SND.END) & (SEG.AT == TEXT_START - (ISS + 1))),
        "The octet at index i has the number ISS+1+i.",
        ("retransmission-misaligned",),
    ),
    Conjunct(
        "text follows the handshake, or goes with the SYN",
        implies((num(1) <= SEG.TEXT) & ~CTL.SYN, CONFIRMED),
        "Who sends text knows that the peer has its SYN, unless the text comes behind that SYN itself (P5).",
        ("text-in-syn-received",),
    ),
    Conjunct(
        "a FIN is behind the last octet",
        implies(CTL.FIN, CLOSE_CALLED & (TEXT_END == SND.END) & (SEG.SENT == GHOST.SENT)),
        "And after CLOSE the last octet stays the last.",
        (
            "send-after-close",
            "fin-sent-twice",
        ),
    ),
    Conjunct(
        "an ACK names what was received",
        implies(CTL.ACK, (num(1) <= GHOST.PEER) & (IRS + 1 <= SEG.ACK) & (SEG.ACK <= RCV.NXT)),
        "SEG.ACK is what RCV.NXT was when the segment was sent.",
        (
            "ack-names-last-octet",
            "no-time-wait",
        ),
    ),
    Conjunct(
        "an ACK is meant for the incarnation that it names",
        implies(CTL.ACK, SEG.TO == GHOST.PEER) & implies(~CTL.ACK, SEG.TO == 0),
        "It is meant for the incarnation that IRS came from; a SYN without ACK is meant for whoever hears it.",
        ("syn-received-follows-any-syn",),
    ),
    Conjunct(
        "no segment offers more than the buffer",
        SEG.WND <= RCV.BUFF,
        "RCV.WND is never larger than the buffer.",
        ("offers-one-more",),
    ),
)

NOW: tuple[Conjunct, ...] = (
    Conjunct(
        "whoever confirmed a connection had sent its SYN",
        GHOST.BOUND,
        "S1 claims it: an old SYN alone connects nobody.",
        ("syn-received-any-window",),
    ),
    Conjunct(
        "no incarnation of the peer counts twice",
        GHOST.FRESH & (GHOST.LAST <= peer_now(GHOST.LIFE)),
        "Together with P6: nothing of an old connection is taken for a new one (S10).",
        ("syn-ack-unchecked",),
    ),
)

#: A step that ends an incarnation normally, after both directions were closed.
_ENDS_NORMALLY = in_state(*SYNCHRONIZED) & now(in_state(S.CLOSED)) & (now(GHOST.FATE) == Fate.CLOSED)

STEPS: tuple[Conjunct, ...] = (
    Conjunct(
        "incarnations are counted one by one",
        implies(now(_DOWN), now(GHOST.LIFE) == GHOST.LIFE)
        & implies(
            now(~_DOWN),
            (GHOST.LIFE <= now(GHOST.LIFE)) & (now(GHOST.LIFE) <= GHOST.LIFE + 1) & (num(1) <= now(GHOST.LIFE)),
        ),
        "Every conjunct that speaks of incarnations rests on it: none is forgotten, and none counted that was not.",
        ("crash-forgets-the-count",),
    ),
    Conjunct(
        "who ends normally has delivered everything",
        implies(_ENDS_NORMALLY & KNOWS & ~RESET_WHILE_CLOSING_SILENT, peer(GHOST.GOT) == GHOST.SENT),
        "The TCB is deleted after our FIN was acknowledged, or by a reset after every octet was (reading 34).",
        ("last-ack-leaves-early",),
    ),
    Conjunct(
        "who ends normally can still read",
        implies(_ENDS_NORMALLY, now(RCV.USER) == RCV.USER),
        "Reading 7: what was acknowledged belongs to the user.",
        ("unread-dies-with-tcb",),
    ),
)

#: Every conjunct of the families.
AGREEMENT = (*ALONE, *LIVES, *PAIR, *SENT, *NOW, *STEPS)

# ---- what follows ---------------------------------------------------------------------------------------------

_BOTH = "both ends"
_FIN_ACKNOWLEDGED = (CONFIRMED & CLOSE_CALLED & (SND.UNA == SND.END + 1)) | (ACCEPTABLE & CTL.ACK & ACKS_FIN)

P1 = Theorem(
    "P1 what is delivered is a prefix of what was sent",
    _BOTH,
    (
        "no-trimming",
        "early-text-delivered",
        "retransmission-misaligned",
        "no-window-check",
    ),
    GHOST.GOOD
    & (GHOST.READ <= GHOST.GOT)
    & (GHOST.GOT <= peer(GHOST.SENT))
    & implies(now(_DOWN) & (GHOST.LIFE == now(GHOST.LIFE)), now(GHOST.READ) <= GHOST.GOT),
)
P2 = Theorem(
    "P2 end of file only after every octet submitted before CLOSE",
    _BOTH,
    (
        "eof-shown-early",
        "fin-out-of-order",
        "close-discards-unsent",
        "send-after-close",
    ),
    implies(GHOST.EOF, GHOST.WHOLE & peer(CLOSE_CALLED) & (GHOST.READ == peer(GHOST.SENT))),
)
P3 = Theorem(
    "P3 whose FIN is acknowledged has all its octets in the peer's buffer, or read",
    _BOTH,
    (
        "any-ack-acknowledges-fin",
        "early-text-acknowledged",
        "fin-takes-no-number",
    ),
    implies(_FIN_ACKNOWLEDGED, peer(_GOT_FIN) & (peer(GHOST.GOT) == GHOST.SENT)),
)
P4 = Theorem(
    "P4 the ends' numbers bracket each other",
    _BOTH,
    (
        "received-fin-takes-two-numbers",
        "syn-ack-unchecked",
    ),
    implies(CONFIRMED, (SND.UNA <= peer(RCV.NXT)) & (peer(RCV.NXT) <= SND.NXT)),
)
P5 = Theorem(
    "P5 no text is taken before both ends are bound to each other's ISN, nor sent but with a SYN",
    _BOTH,
    (
        "two-way-handshake",
        "syn-received-ack-unchecked",
    ),
    implies(
        CONFIRMED | (num(1) <= GHOST.GOT),
        (IRS == peer(ISS)) & (peer(IRS) == ISS) & (peer(GHOST.PEER) == GHOST.LIFE),
    )
    & implies((SEG.LIFE == GHOST.PEER) & (num(1) <= SEG.TEXT) & ~CTL.SYN, peer(CONFIRMED)),
)
P6 = Theorem(
    "P6 segments of other incarnations are never acceptable, resets excepted",
    _BOTH,
    (
        "isn-without-gap",
        "isn-always-zero",
    ),
    implies(ACCEPTABLE & in_state(*OTHER), SEG.LIFE == GHOST.PEER)
    & implies((SEG.LIFE == GHOST.PEER) & (SEG.TO == GHOST.LIFE), SEG.SEQ + SEG.LEN <= RCV.NXT + SND.MAX_WND + 1),
)
THEOREMS = (P1, P2, P3, P4, P5, P6)

_SYN_IN_WINDOW = "a SYN in the window is always forged: an old one lies below the window, a new one beyond it (P6)"

_NOTHING_BEHIND_FIN = "text behind an old SYN lies below the peer's FIN, which was received"

#: Edges that are never taken as long as the peer is honest, by the beginning of their names, and why.
NEVER_TAKEN: dict[str, str] = {
    "step5.beyond": "no honest peer acknowledges what was not sent",
    "step5.syn-received.bad": "RFC 5961's range check comes first",
    "receive.refused": "the other reading 7 is excluded by a premise",
    "step4.syn-received.passive": _SYN_IN_WINDOW,
    "step4.reset": _SYN_IN_WINDOW,
    **{f"step4.challenge@{state.value}": _NOTHING_BEHIND_FIN for state in FIN_RECEIVED},
}


def never_taken(edge: str) -> str:
    """Why no honest peer lets this edge be taken; empty where nothing is known that would prevent it."""
    return next((why for start, why in NEVER_TAKEN.items() if edge.startswith(start)), "")

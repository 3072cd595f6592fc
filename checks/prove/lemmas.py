"""The lemmas of the bridge: which terms agree on words and on integers, under which premises, with which exact bounds.

Each lemma lists terms of the declaration, and premises on how far apart their sequence numbers lie.  The distances in
the premises are constants (AGE, AHEAD, W, ...), to which the lemma's bounds give values, in terms of the width k.  The
simplest one says that a < b means the same on words of k bits and on integers if a lies less than half the space (2^k)
away from b.  bridge.py proves them, and that every bound is exact, unless it is `given`: with one more there is a
counterexample.
"""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.spec.claims.invariant import STATE_SAYS
from halfclose.spec.language.profile import RFC5961_ACK, RIGHT_EDGE_ACCEPTABLE
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind, Sort, Term, Var, num, variable
from halfclose.spec.language.variables import (
    ACKS_FIN,
    CLOCK,
    CTL,
    FIN_SENT,
    HELD,
    IRS,
    ISN,
    ISS,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    N,
)
from halfclose.spec.tcp.arrives import SYN_SENT_ACK_IS_GOOD
from halfclose.spec.tcp.graph import TCP
from halfclose.spec.tcp.synchronized import ACCEPTABLE, ACK_IS_GOOD, ACKNOWLEDGE, REFUSED_BY_RANGE, SYN_IN_WINDOW
from halfclose.spec.tcp.taking import EARLY, FIN_NOW, NEW_TEXT
from halfclose.spec.tcp.text import ITS_TURN
from halfclose.spec.tcp.updates import BEYOND_THIS, CLOCK_ALLOWS

# ---- bounds ---------------------------------------------------------------------------------------------------


def largest_window(bits: int) -> int:
    """65535 * 2^14 octets at 32 bits (RFC 7323 2.3), and as little short of a quarter of the space at other widths."""
    return (1 << bits - 2) - max(1, (1 << bits // 2) >> 2)


@dataclass(frozen=True)
class Size:
    """A number of octets that depends on the width k: quarters * 2^(k-2) + windows * W + plus."""

    quarters: int
    plus: int = 0
    windows: int = 0

    def at(self, bits: int) -> int:
        return (self.quarters << bits - 2) + self.windows * largest_window(bits) + self.plus

    def __str__(self) -> str:
        space = {0: "", 1: "2^(k-2)", 2: "2^(k-1)", 4: "2^k"}[self.quarters]
        windows = {0: "", 1: " + W"}.get(self.windows, f" - {-self.windows} W".replace(" 1 W", " W"))
        plus = f" {'-' if self.plus < 0 else '+'} {abs(self.plus)}" if self.plus else ""
        return (space + windows + plus).removeprefix(" + ")


@dataclass(frozen=True, eq=False)
class Bound:
    """The value of a constant in a lemma's premises, in octets; `given` where it is not claimed to be the largest."""

    var: Var
    size: Size
    given: bool = False


def _bound(name: str, means: str) -> Var:
    return variable(name, Sort.NUM, Kind.CONSTANT, means)


W = _bound("W", "largest window that either end ever offers, octets")
AGE = _bound("AGE", "octets by which a number may lie behind")
AHEAD = _bound("AHEAD", "octets by which a number may lie ahead")
TEXT = _bound("TEXT", "most octets of text in one segment")
QUEUE = _bound("QUEUE", "most octets the user has queued and not yet sent or acknowledged")
LIFE = _bound("LIFE", "octets sent in one connection, its SYN included")
ACK_AGE = _bound("ACK.AGE", "octets by which an acknowledgment may lie behind")

_HALF, _UNDER_HALF, _SPACE, _UNDER_SPACE = Size(2), Size(2, -1), Size(4), Size(4, -1)
_WINDOW = Bound(W, Size(0, windows=1), given=True)

# ---- premises -------------------------------------------------------------------------------------------------

#: Both are proved elsewhere: the first of one end whoever its peer is, the second where no window is larger than W.
_FLIGHT = (SND.UNA <= SND.NXT, SND.NXT <= SND.UNA + W + 1)
_WINDOWS = (RCV.WND <= W,)


def _near(a: Term, b: Term, behind: Term = AGE, ahead: Term = AHEAD) -> tuple[Term, Term]:
    """a lies at most so far behind b, and at most so far ahead of it."""
    return b <= a + behind, a <= b + ahead


@dataclass(frozen=True, eq=False)
class Lemma:
    """The terms have the same value on words as on integers, under the premises.

    A term given as text is the comparison in the declaration that `show` prints like this.
    """

    name: str
    says: str
    terms: tuple[Term | str, ...]
    premises: tuple[Term, ...]
    bounds: tuple[Bound, ...]
    source: str = ""


_A, _B = (variable(name, Sort.SEQ, Kind.SEGMENT, "any sequence number") for name in "ab")
_AGREE_AS_ORDER = (Bound(AHEAD, _UNDER_HALF), Bound(AGE, _HALF))
_AGREE_AS_EQUALITY = (Bound(AHEAD, _UNDER_SPACE), Bound(AGE, _UNDER_SPACE))
_ARRIVED = (*_WINDOWS, SEG.TEXT <= TEXT, RCV.NXT <= SEG.SEQ + AGE, SEG.SEQ + SEG.LEN <= RCV.NXT + AHEAD)
_INORDER = (*_WINDOWS, SEG.TEXT <= TEXT, ACCEPTABLE)
_TRIMMED = (*_INORDER, ~(CTL.SYN & SYN_IN_WINDOW))
_HELD = (*_WINDOWS, HELD.SET, HELD.SEQ + HELD.TEXT <= RIGHT_EDGE)
_QUEUED = (*_FLIGHT, SND.NXT <= SND.END + 1, SND.END <= SND.UNA + QUEUE)
_NEWS = ACKNOWLEDGE[1:]

LEMMAS: tuple[Lemma, ...] = (
    Lemma("order", "a < b and a =< b", (_A < _B, _A <= _B), _near(_B, _A), _AGREE_AS_ORDER),
    Lemma("equality", "a = b", (_A == _B,), _near(_B, _A), _AGREE_AS_EQUALITY),
    Lemma("difference", "b - a", (_B - _A,), (_A <= _B, _B <= _A + AHEAD), (Bound(AHEAD, _UNDER_SPACE),)),
    Lemma(
        "acceptable",
        "the acceptability test of table 6 with the allowances for a zero window",
        (ACCEPTABLE,),
        (~RIGHT_EDGE_ACCEPTABLE, *_ARRIVED),
        (Bound(AGE, Size(4, 0, -1)), Bound(AHEAD, _UNDER_SPACE), Bound(TEXT, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "acceptable-at-the-edge",
        "the same where the right edge is acceptable (reading 32)",
        (ACCEPTABLE,),
        (RIGHT_EDGE_ACCEPTABLE, *_ARRIVED),
        (Bound(AGE, Size(4, -1, -1)), Bound(AHEAD, _UNDER_SPACE), Bound(TEXT, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "reset",
        "step 2's exact match, in an acceptable segment",
        ("SEG.SEQ = RCV.NXT",),
        _INORDER,
        (Bound(TEXT, Size(4, -2)), _WINDOW),
    ),
    Lemma(
        "ack",
        "an ACK of something new",
        (ACK_IS_GOOD,),
        (*_FLIGHT, *_near(SEG.ACK, SND.UNA)),
        (Bound(AGE, Size(4, -2, -1)), Bound(AHEAD, _SPACE), _WINDOW),
    ),
    Lemma(
        "ack-beyond",
        "an ACK of something not yet sent",
        ("SND.NXT < SEG.ACK",),
        _near(SEG.ACK, SND.NXT),
        _AGREE_AS_ORDER,
    ),
    Lemma(
        "ack-range",
        "RFC 5961's range of acceptable ACKs",
        (REFUSED_BY_RANGE,),
        (
            RFC5961_ACK,
            *_FLIGHT,
            num(1) <= SND.MAX_WND,
            SND.MAX_WND <= W,
            SND.NXT <= SEG.ACK + AGE,
            SEG.ACK + SND.MAX_WND <= SND.UNA + AHEAD,
        ),
        (Bound(W, Size(1, -1)), Bound(AGE, _UNDER_SPACE), Bound(AHEAD, _UNDER_SPACE)),
    ),
    Lemma(
        "advance",
        "SND.UNA after an ACK of no more than SND.NXT",
        (ACKNOWLEDGE[0].value,),
        (*_FLIGHT, SND.UNA <= SEG.ACK + AGE, SEG.ACK <= SND.NXT),
        (Bound(AGE, _HALF), _WINDOW),
    ),
    Lemma(
        "window-update",
        "SND.WND, SND.WL1 and SND.WL2 after an ACK of no more than SND.NXT",
        tuple(update.value for update in _NEWS),
        (
            *_FLIGHT,
            SND.UNA <= SEG.ACK + ACK_AGE,
            SEG.ACK <= SND.NXT,
            *_near(SEG.SEQ, SND.WL1),
            SND.WL2 <= SND.UNA,
            SND.UNA <= SND.WL2 + LIFE,
        ),
        (Bound(ACK_AGE, _HALF), *_AGREE_AS_ORDER, Bound(LIFE, Size(2, -2, -1)), _WINDOW),
    ),
    Lemma(
        "text",
        "which text and FIN of an acceptable segment are new, early, unwanted",
        (NEW_TEXT, EARLY, FIN_NOW, "RCV.NXT < TEXT.END"),
        _INORDER,
        (Bound(TEXT, Size(2, -1, -1)), _WINDOW),
    ),
    Lemma(
        "trim",
        "the octets taken of new text",
        ("(TEXT.END if TEXT.END =< RCV.NXT+RCV.WND else RCV.NXT+RCV.WND)-RCV.NXT", "RCV.NXT-TEXT.START"),
        (*_TRIMMED, NEW_TEXT),
        (Bound(TEXT, Size(2, 1)), _WINDOW),
    ),
    Lemma(
        "trim-fin",
        "the octets taken ahead of a FIN",
        ("TEXT.END-RCV.NXT", "RCV.NXT-TEXT.START"),
        (*_TRIMMED, FIN_NOW),
        (Bound(TEXT, Size(4, -2), given=True), _WINDOW),
    ),
    Lemma(
        "trim-early",
        "the octets kept of early text",
        ("(TEXT.END if TEXT.END =< RCV.NXT+RCV.WND else RCV.NXT+RCV.WND)-SEG.SEQ",),
        (*_INORDER, EARLY),
        (Bound(TEXT, _HALF), _WINDOW),
    ),
    Lemma(
        "held",
        "whether a held segment's turn has come, and whether it is new",
        (ITS_TURN, "RCV.NXT < HELD.SEQ+HELD.TEXT", "RCV.NXT =< HELD.SEQ+HELD.TEXT"),
        (*_HELD, RCV.NXT <= HELD.SEQ + AGE),
        (Bound(AGE, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "trim-held",
        "the octets taken of held text",
        (
            "(HELD.SEQ+HELD.TEXT if HELD.SEQ+HELD.TEXT =< RCV.NXT+RCV.WND else RCV.NXT+RCV.WND)-RCV.NXT",
            "(HELD.SEQ+HELD.TEXT)-RCV.NXT",
            "RCV.NXT-HELD.SEQ",
        ),
        (*_HELD, HELD.SEQ <= RCV.NXT, RCV.NXT <= HELD.SEQ + HELD.TEXT),
        (Bound(W, _UNDER_HALF),),
    ),
    Lemma(
        "send-window",
        "whether the send window allows N octets",
        ("SND.NXT+N =< SND.UNA+SND.WND",),
        (*_FLIGHT, SND.WND <= W, N <= TEXT),
        (Bound(TEXT, Size(2, -1, -1)), _WINDOW),
    ),
    Lemma(
        "send-queue",
        "whether the user has sent N octets, and whether they are the last",
        ("SND.NXT+N =< SND.END", "SND.END = SND.NXT+N", "SND.NXT < SND.END", "SND.NXT =< SND.END"),
        (*_QUEUED, N <= TEXT),
        (Bound(QUEUE, _UNDER_HALF), Bound(TEXT, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "retransmit",
        "whether N octets are outstanding, and reach the FIN",
        ("SND.UNA+N =< (SND.NXT if SND.NXT =< SND.END else SND.END)", "SND.END = SND.UNA+N", "SND.UNA = SND.NXT"),
        (*_QUEUED, N <= TEXT),
        (Bound(QUEUE, _UNDER_HALF), Bound(TEXT, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "all-acknowledged",
        "whether everything that the user sent is acknowledged",
        ("SND.END =< SND.UNA",),
        _QUEUED,
        (Bound(QUEUE, _HALF), _WINDOW),
    ),
    Lemma(
        "text-with-our-syn",
        "whether the user has given N octets to go with the SYN, and whether they were sent before",
        ("ISS+1+N =< SND.END", "SND.NXT =< ISS+1+N"),
        (*_QUEUED, SND.UNA == ISS, ISS < SND.NXT, SND.NXT <= SND.END, N <= TEXT),
        (Bound(QUEUE, _HALF), Bound(TEXT, _UNDER_HALF), _WINDOW),
    ),
    Lemma(
        "fin-sent",
        "whether our FIN is sent",
        (FIN_SENT,),
        _QUEUED,
        (Bound(QUEUE, Size(4, -2)), _WINDOW),
    ),
    Lemma(
        "own-fin",
        "whether our FIN is acknowledged, by an ACK of no more than SND.NXT",
        (ACKS_FIN,),
        (*_QUEUED, SEG.ACK <= SND.NXT, SND.UNA <= SEG.ACK + AGE),
        (Bound(QUEUE, Size(4, -2)), Bound(AGE, Size(4, -2, -1)), _WINDOW),
    ),
    Lemma(
        "syn-unacknowledged",
        "whether nothing at all is acknowledged",
        ("SND.UNA = ISS",),
        (ISS <= SND.UNA, SND.UNA <= ISS + LIFE),
        (Bound(LIFE, _UNDER_SPACE),),
    ),
    Lemma(
        "buffered",
        "the octets in the send buffer",
        ("SND.END-SND.UNA",),
        (SND.UNA <= SND.END, SND.END <= SND.UNA + QUEUE),
        (Bound(QUEUE, _UNDER_SPACE),),
    ),
    Lemma(
        "nothing-queued",
        "whether the user has sent nothing",
        ("SND.END = ISS+1",),
        (ISS + 1 <= SND.END, SND.END <= ISS + QUEUE),
        (Bound(QUEUE, _SPACE),),
    ),
    Lemma(
        "index",
        "the stream index of sent text, which no wire carries",
        ("SND.NXT-(ISS+1)", "SND.UNA-(ISS+1)"),
        (ISS + 1 <= SND.UNA, SND.UNA <= SND.NXT, SND.NXT <= ISS + LIFE),
        (Bound(LIFE, _SPACE),),
    ),
    Lemma(
        "index-of-fin",
        "the stream index of a FIN without text",
        ("SND.NXT-(ISS+1)",),
        (ISS + 1 <= SND.NXT, SND.NXT <= ISS + LIFE),
        (Bound(LIFE, _SPACE),),
    ),
    Lemma(
        "syn-sent-ack",
        "the ACK test of SYN-SENT",
        (TCP.named("syn-sent.bad-ack").guard, SYN_SENT_ACK_IS_GOOD),
        (STATE_SAYS[State.SYN_SENT], *_FLIGHT, *_near(SEG.ACK, SND.NXT)),
        (Bound(AHEAD, Size(4, -1, -1)), Bound(AGE, _UNDER_SPACE), _WINDOW),
    ),
    Lemma("same-syn", "a repetition of the peer's SYN", ("SEG.SEQ = IRS",), _near(SEG.SEQ, IRS), _AGREE_AS_EQUALITY),
    Lemma(
        "reopen",
        "a SYN beyond everything received",
        ("RCV.NXT < SEG.SEQ",),
        _near(SEG.SEQ, RCV.NXT),
        _AGREE_AS_ORDER,
    ),
    Lemma("isn", "the ISN clock", (CLOCK_ALLOWS,), _near(ISN, CLOCK), _AGREE_AS_ORDER),
    Lemma(
        "isn-beyond",
        "an ISN beyond this connection",
        (BEYOND_THIS,),
        (SND.MAX_WND <= W, *_near(ISN, SND.NXT)),
        (Bound(AGE, Size(2, -1, -1)), Bound(AHEAD, _UNDER_HALF), _WINDOW),
    ),
)

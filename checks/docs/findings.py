"""docs/findings.md: what this project found, in RFC 9293 itself and in stacks, as data and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.checks.docs import markdown


@dataclass(frozen=True)
class InStandard:
    """Something that RFC 9293 says or allows.  shown_by: the command that shows it.  where: the scope or figure."""

    what: str
    shown_by: str
    where: str = ""


@dataclass(frozen=True)
class InStack:
    """A deviation of one stack.  vectors: their ids; one that ends in `*` stands for all that begin so."""

    stack: str
    vectors: tuple[str, ...]
    what: str


_LINUX, _LWIP = "Linux 6.18", "lwIP 2.1.3"

IN_STANDARD: tuple[InStandard, ...] = (
    InStandard(
        "Two ends can exchange ACKs for ever by step 1 alone: one in ESTABLISHED, the other in a SYN-RECEIVED that an "
        "old duplicate SYN brought about after a crash. 3.5.2 group 2 asks for a reset there, but 3.10.7.4 step 1 "
        "comes first (reading 29).",
        "halfclose verify G4 --traces",
        "ACK-war",
    ),
    InStandard(
        "Two healthy, connected ends can exchange ACKs for ever by step 1 alone, once each has sent a full window that "
        "was lost. Their ACKs carry SND.NXT, which is the right edge of the other's window, and table 6 does not "
        "accept it (12 steps). A retransmission ends the exchange where its text is new to its receiver. Linux accepts "
        "the right edge, and limits the rate of such answers (`tcp_invalid_ratelimit`) (reading 32).",
        "halfclose verify G4 --traces",
        "free",
    ),
    InStandard(
        "Where the retransmitted text is not new, two programs can wait for ever over a fair network: each sends one "
        "octet, shuts down and reads, with windows of one octet. Once both octets are read and neither FIN has got "
        "in, each retransmission brings text that was taken already, and each ACK in reply lies at the right edge, so "
        "that neither end learns what the other has (27 steps). `right-edge-acceptable` mends it (reading 32).",
        "halfclose explore --app-a 'open; send 1; shutdown; read' --app-b 'listen; send 1; shutdown; read' "
        "--buffer 1 --mss 1",
    ),
    InStandard(
        "TIME-WAIT protects only the end that waits. Its peer, deleted at the end of LAST-ACK, may listen again at "
        "once; old duplicates can take it through a whole old connection, if its ISS comes again.",
        "halfclose verify S10 --traces",
        "reuse-other-end",
    ),
    InStandard(
        "RECEIVE by the letter of 3.10.3 loses octets that were acknowledged (reading 7; 17 steps).",
        "halfclose verify S11 --profile receive-by-the-letter",
    ),
    InStandard(
        "If a new ISS lies only just beyond SND.NXT, as the text may be read, an old SYN in a simultaneous open makes "
        "an end ESTABLISHED with the wrong IRS (reading 9; 8 steps). A gap of one window prevents it.",
        "halfclose verify S1 --profile isn-without-gap",
    ),
    InStandard(
        "CLOSE in SYN-RECEIVED by the letter of 3.10.4 sends a FIN before the handshake is over. A duplicate ACK is "
        'then "ignored" instead of reset, and text of a dead incarnation is delivered (reading 8; 11 steps). With '
        "RFC 5961's check of old ACKs (MAY-12) this cannot happen: proved.",
        "halfclose prove --mutant close-by-the-letter",
        "early-close",
    ),
    InStandard(
        "By step 5's window rule, a retransmission that acknowledges something new moves SND.UNA but not SND.WND, so "
        "that a sender believes in a larger window than its peer has offered (14 steps). Deployed stacks take the "
        "window of every segment that acknowledges something new.",
        "halfclose verify S7 --traces",
        "exchange",
    ),
    InStandard(
        "A late ACK is enough to cut TIME-WAIT short: a closed end answers it with a RST (RFC 1337, which RFC 9293 "
        "does not cite; reading 12).",
        "halfclose verify S10 --traces",
        "reuse-rst",
    ),
)

IN_STACKS: tuple[InStack, ...] = (
    InStack(
        _LINUX,
        ("step5.syn-received.bad", "simultaneous-open-ack-of-nothing"),
        "in a simultaneous open an ACK of nothing (SEG.ACK = ISS) moves SYN-RECEIVED to ESTABLISHED; step 5 asks for a "
        "reset",
    ),
    InStack(
        _LINUX,
        ("old-segment-up-to-left-edge", "step1.ack.last-ack", "step1.ack.closing"),
        "a segment that ends exactly at RCV.NXT counts as acceptable: its window and its ACK are used, where step 1 "
        "acknowledges and drops it",
    ),
    InStack(
        _LINUX,
        ("step4.syn-received.passive",),
        "a SYN in the window is answered with a RST; step 4 returns to LISTEN in silence",
    ),
    InStack(
        _LINUX,
        ("fin-straddles-window",),
        "a segment that reaches beyond the window is dropped whole, and acknowledged; by table 6 it is acceptable, and "
        "the text that fits is taken",
    ),
    InStack(_LINUX, ("syn-fin",), "SYN with FIN is dropped in LISTEN; 3.10.7.2 answers the SYN (reading 22)"),
    InStack(
        _LINUX,
        ("step2.challenge.time-wait",),
        "in TIME-WAIT a RST that does not match exactly is ignored, not challenged (RFC 5961)",
    ),
    InStack(
        _LINUX,
        ("step2.outside.syn-received*",),
        "a RST that lies below the window, but whose text reaches into it, is challenged; by 3.5.3 it is dropped in "
        "silence (reading 33)",
    ),
    InStack(_LINUX, ("abort.closing.time-wait",), "once in TIME-WAIT, ABORT does not delete the TCB"),
    InStack(
        _LINUX,
        ("full-close.unread.time-wait",),
        "once in TIME-WAIT, a full close with unread octets sends no RST; this departs from advice only (SHLD-3)",
    ),
    InStack(_LWIP, ("syn-sent.syn",), "no simultaneous open (MUST-10); four scenarios show it too"),
    InStack(_LWIP, ("syn-sent.other",), "an acceptable ACK without SYN is answered with a RST; 3.10.7.3 drops it"),
    InStack(_LWIP, ("step5.no-ack.*",), "text without the ACK bit is taken"),
    InStack(
        _LWIP,
        ("step5.beyond.*", "output.text.fin-wait-1"),
        "text or FIN is taken although its ACK lies beyond SND.NXT",
    ),
    InStack(
        _LWIP,
        ("last-ack-old-segment", "step1.ack.last-ack", "window-update-of-old-segment", "old-segment-up-to-left-edge"),
        "ACK and window of segments below the window are used",
    ),
    InStack(
        _LWIP,
        ("window-before-older-window",),
        "a larger window is always taken for news, even that of an older segment",
    ),
    InStack(_LWIP, ("abort.syn-sent", "abort.closing.*"), "ABORT sends a RST where 3.10.5 sends none"),
    InStack(
        _LWIP,
        ("step4.syn-received.passive", "step4.challenge.time-wait", "time-wait-old-ack"),
        "a SYN in SYN-RECEIVED is ignored, one in TIME-WAIT reset; an old ACK in TIME-WAIT gets no answer",
    ),
    InStack(
        _LWIP,
        ("full-close.unread.*",),
        "no RST when a full close follows a shutdown with octets unread (SHLD-3)",
    ),
)

_STANDARD = """\
Each comes with a trace that the command draws; the last column names the scope or figure in which it happens."""

_STACKS = """\
As `halfclose conform` saw them (see [vectors-and-conform](vectors-and-conform.md)); every row was checked against the
RFC's text. A name that ends in `*` stands for every vector that begins so."""

_FREEDOMS = """\
What legitimately differs between correct stacks is granted, each freedom beside the passage that grants it
(`checks/oracle/freedoms.py`): when to acknowledge, how to cut text into segments, FIN with or without text, the
window's value, repeated output."""


def page() -> str:
    """The whole page."""
    return markdown.page(
        "# Findings",
        "## In RFC 9293 itself",
        _STANDARD,
        markdown.table(("finding", "shown by", "in"), map(_standard, IN_STANDARD)),
        "## In stacks",
        _STACKS,
        markdown.table(("stack", "vectors", "deviation"), _stacks()),
        _FREEDOMS,
    )


def _standard(one: InStandard) -> tuple[str, ...]:
    return one.what, f"`{one.shown_by}`", f"`{one.where}`" if one.where else ""


def _stacks() -> Iterator[tuple[str, ...]]:
    return ((one.stack, ", ".join(f"`{name}`" for name in one.vectors), one.what) for one in IN_STACKS)

"""Defects in how octets, SYN, FIN and acknowledgments are numbered (RFC 9293 3.4)."""

from __future__ import annotations

from ..language.profile import RFC5961_ACK
from ..language.terms import FALSE, seq
from ..language.variables import IRS, ISN, ISS, RCV, SEG, SND, TEXT_END, N
from ..tcp.synchronized import NO_ACK_BIT, NOT_BEYOND
from .changes import both, emitting, gone, reading, setting, without
from .mutant import LESS, ONLY_FORGED, READING, Mutant, mutant

_SYN_FREE = setting(SND.NXT.becomes(ISN), SND.END.becomes(ISN))
_FIN_RULES = ("established.fin", "fin-wait-1.fin", "fin-wait-1.acked.fin", "fin-wait-2.fin")
_SAME_ISN = both(
    setting(ISS.becomes(0), SND.UNA.becomes(0), SND.NXT.becomes(1), SND.END.becomes(1)), emitting(seq=seq(0))
)

NUMBERING: tuple[Mutant, ...] = (
    mutant(
        "syn-takes-no-number",
        "the SYN occupies no sequence number",
        ("open.active", _SYN_FREE),
        ("listen.syn", _SYN_FREE),
    ),
    mutant(
        "isn-always-zero",
        "every connection begins at the same initial sequence number",
        ("open.active", _SAME_ISN),
        ("listen.syn", _SAME_ISN),
    ),
    mutant(
        "any-old-ack",
        "RFC 5961's check refuses no old ACK",
        ("*", reading({RFC5961_ACK: FALSE})),
    ),
    mutant(
        "irs-is-the-next-number",
        "IRS is set to the number behind the peer's SYN",
        ("listen.syn", setting(IRS.becomes(SEG.SEQ + 1))),
    ),
    mutant(
        "syn-sent-again-with-a-new-number",
        "a retransmitted SYN,ACK takes the next sequence number",
        ("retransmit.syn-ack", emitting(seq=SND.NXT)),
    ),
    mutant(
        "fin-takes-no-number",
        "sending a FIN does not advance SND.NXT",
        ("output.fin*", setting(SND.NXT.becomes(SND.NXT + N))),
    ),
    mutant(
        "ack-takes-a-number",
        "an empty ACK advances SND.NXT",
        ("output.ack", setting(SND.NXT.becomes(SND.NXT + 1))),
    ),
    mutant(
        "received-fin-takes-no-number",
        "RCV.NXT does not advance over a FIN",
        *((name, setting(RCV.NXT.becomes(TEXT_END))) for name in _FIN_RULES),
    ),
    mutant(
        "received-fin-takes-two-numbers",
        "RCV.NXT advances by two over a FIN",
        *((name, setting(RCV.NXT.becomes(TEXT_END + 2))) for name in _FIN_RULES),
    ),
    mutant(
        "ack-moves-rcv-nxt",
        "an acknowledgment moves the receive direction too",
        ("established.ack", setting(RCV.NXT.becomes(RCV.NXT + (SEG.ACK - SND.UNA)))),
    ),
    mutant(
        "ack-names-last-octet",
        "the ACK field names the last octet received instead of the next one",
        ("output.ack", emitting(acknowledge=RCV.NXT - 1)),
    ),
    mutant(
        "no-ack-bit-unguarded",
        "a segment is dropped for want of an ACK bit, and processed too",
        ("step5.no-ack", without(NO_ACK_BIT)),
        harmless=READING,
    ),
    mutant(
        "step5-no-ack-gone", "nothing is said of a segment without an ACK bit", ("step5.no-ack", gone), harmless=LESS
    ),
    mutant(
        "ack-beyond-sent-taken",
        "an ACK of something never sent is taken (harmless with an honest peer, so only the proof finds it)",
        ("established.ack", without(NOT_BEYOND)),
        harmless=ONLY_FORGED,
    ),
)

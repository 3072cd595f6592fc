"""Defects in how text is sent, taken, held and bounded by windows (RFC 9293 3.8, 3.10.7.4 step 7)."""

from __future__ import annotations

from ..language.terms import ite
from ..language.variables import GHOST, HELD, ISS, RCV, SEG, SND, TEXT_END
from ..tcp.synchronized import ACCEPTABLE
from ..tcp.taking import NEW_TEXT
from ..tcp.text import ITS_TURN
from .changes import both, emitting, gone, instead, setting, window_of_any_new_ack, without
from .mutant import LESS, READING, Mutant, mutant

_ANY_TEXT = (
    RCV.NXT.becomes(TEXT_END),
    RCV.USER.becomes(RCV.USER + SEG.TEXT),
    GHOST.GOT.becomes(GHOST.GOT + SEG.TEXT),
    GHOST.GOOD.becomes(GHOST.GOOD & (SEG.LIFE == GHOST.PEER) & (SEG.TO == GHOST.LIFE) & (SEG.AT == GHOST.GOT)),
)

TEXT: tuple[Mutant, ...] = (
    mutant(
        "no-trimming",
        "text that overlaps what is already there is taken from its beginning again",
        ("established.text", setting(*_ANY_TEXT)),
    ),
    mutant(
        "early-text-delivered",
        "text beyond RCV.NXT is delivered at once",
        ("established.early", setting(*_ANY_TEXT)),
    ),
    mutant(
        "early-text-acknowledged",
        "text beyond RCV.NXT is acknowledged and not kept",
        ("established.early", setting(RCV.NXT.becomes(TEXT_END))),
    ),
    mutant(
        "no-window-check",
        "an established end takes text at whatever number it begins",
        ("step1.ack@ESTABLISHED", gone),
        (
            "established.text",
            both(without(ACCEPTABLE), instead(NEW_TEXT, ~(SEG.TEXT == 0)), setting(*_ANY_TEXT)),
        ),
    ),
    mutant(
        "text-beyond-window",
        "text is taken although the window is closed",
        (
            "established.ack",
            setting(RCV.USER.becomes(ite(SEG.SEQ == RCV.NXT, RCV.USER + SEG.TEXT, RCV.USER))),
        ),
    ),
    mutant(
        "held-text-at-once",
        "held text is delivered without waiting for the gap to be filled",
        ("reassemble.text", instead(ITS_TURN, HELD.SET)),
    ),
    mutant(
        "retransmission-misaligned",
        "a retransmission repeats the octets behind those its number names",
        ("retransmit.text", emitting(at=SND.UNA - ISS)),
    ),
    mutant(
        "window-adds-up",
        "each window update is added to the window that is there",
        ("established.ack", setting(SND.WND.becomes(SND.WND + SEG.WND))),
    ),
    mutant(
        "window-of-any-new-ack",
        "no defect: whatever acknowledges something new brings its window, as deployed stacks have it",
        ("*", window_of_any_new_ack),
        harmless=READING,
    ),
    mutant(
        "window-of-tomorrow",
        "a window update counts as if it had acknowledged everything",
        ("established.ack", setting(SND.WL2.becomes(SND.NXT))),
    ),
    mutant(
        "offers-one-more",
        "one octet more is offered than the buffer holds",
        ("output.ack", emitting(wnd=RCV.WND + 1)),
    ),
    mutant("no-output", "text is never sent", ("output.text*", gone), harmless=LESS),
    mutant("no-probe", "a closed window is never probed", ("probe", gone), harmless=LESS),
    mutant(
        "text-before-handshake",
        "text that comes with the SYN of a simultaneous open is delivered at once",
        ("syn-sent.syn.queue", setting(RCV.USER.becomes(SEG.TEXT), GHOST.GOT.becomes(SEG.TEXT))),
    ),
)

"""Defects of a single step: what it sends, where it leads, what it moves or says; the claims on steps find them.

Most of them deceive nobody who keeps to TCP, or not at once.  So the trace of what goes wrong may be long, or there is
none; but the step itself is wrong.
"""

from __future__ import annotations

from dataclasses import replace

from ..language.edge import Emission, Rule
from ..language.states import State
from ..language.terms import FALSE, TRUE, num
from ..language.variables import (
    ACK_OWED,
    CLOCK,
    CLOSE_CALLED,
    HELD,
    IRS,
    ISN,
    RCV,
    SEG,
    SND,
    TEXT_END,
    N,
)
from ..tcp.output import LAST, WINDOW_ALLOWS
from ..tcp.synchronized import ACCEPTABLE, SYN_IN_WINDOW
from ..tcp.updates import ACK_SEGMENT, back_to_listen
from .changes import Change, both, emitting, only_if, setting, silent, to, without
from .mutant import Mutant, mutant

S = State

#: Why there need not be a trace.
A_STEP = "the step itself breaks a claim on steps, for all values; what comes of it may be nothing, or come much later"


def _telling(signal: str) -> Change:
    return lambda rule: replace(rule, signal=signal)


def _sending(segment: Emission) -> Change:
    return lambda rule: replace(rule, emits=segment)


def _ignored(rule: Rule) -> Rule:
    """Drop the segment."""
    return replace(rule, target=None, updates=(), ghosts=(), emits=None, signal="")


def _with_bits(**bits: bool) -> Change:
    """Set or clear control bits of the segment that is sent."""

    def change(rule: Rule) -> Rule:
        assert rule.emits is not None
        return replace(rule, emits=replace(rule.emits, **bits))  # type: ignore[arg-type]

    return change


_WHOLE_BUFFER = emitting(wnd=RCV.BUFF)
_RESET = Emission(rst=True, seq=SND.NXT)


def _step(name: str, what: str, *changes: tuple[str, Change]) -> Mutant:
    return mutant(name, what, *changes, harmless=A_STEP)


SENT: tuple[Mutant, ...] = (
    _step("text-offers-the-whole-buffer", "text offers RCV.BUFF as window", ("output.text", _WHOLE_BUFFER)),
    _step("every-ack-offers-the-whole-buffer", "every ACK offers RCV.BUFF as window", ("output.ack", _WHOLE_BUFFER)),
    _step("reset-with-fin", "a RST has a FIN bit", ("abort.reset", _with_bits(fin=True))),
    _step("listen-reset-with-own-number", "LISTEN resets with SND.NXT", ("listen.ack", emitting(seq=SND.NXT))),
    _step(
        "reset-of-held-text-from-una",
        "the reset for unwanted text that was held has SND.UNA",
        ("reassemble.unwanted", emitting(seq=SND.UNA)),
    ),
    _step("resets-answer-resets", "a RST is answered with a RST", ("closed.rst", _sending(_RESET))),
    _step(
        "syn-ack-without-ack",
        "a SYN,ACK that is sent again has no ACK bit",
        ("retransmit.syn-ack", _with_bits(ack=False)),
    ),
    _step("challenge-from-una", "a challenge ACK has SND.UNA", ("step4.challenge@ESTABLISHED", emitting(seq=SND.UNA))),
    _step(
        "text-beyond-the-end",
        "text reaches one octet beyond what the user has given",
        ("output.text", emitting(text=N + 1)),
    ),
    _step("fin-before-the-last-octet", "a FIN is sent ahead of the last octets", ("output.fin", without(LAST))),
    _step("fin-numbered-but-not-sent", "a FIN is counted but not sent", ("output.fin", silent)),
    _step(
        "retransmission-of-what-was-not-sent",
        "one octet more is sent again than was sent",
        ("retransmit.text", emitting(text=N + 1)),
    ),
    _step(
        "text-beyond-the-send-window",
        "text is sent whatever the window of the peer",
        ("output.text", without(WINDOW_ALLOWS)),
    ),
    _step(
        "probe-of-an-open-window",
        "a probe sends two octets",
        ("probe", emitting(text=num(2))),
    ),
    _step("retransmission-of-nothing", "the SYN is not sent again", ("retransmit.syn", silent)),
    _step("receive-acknowledges", "every RECEIVE sends an ACK", ("receive.data", _sending(ACK_SEGMENT))),
    _step(
        "ack-forgotten", "an ACK that is owed is forgotten at a SEND", ("send.queue", setting(ACK_OWED.becomes(FALSE)))
    ),
    _step("fin-not-acknowledged", "no ACK is owed for a FIN", ("established.fin", setting(ACK_OWED.becomes(FALSE)))),
    _step(
        "closed-window-takes-old-text",
        "with a window of zero, old segments are processed",
        ("established.ack", both(without(ACCEPTABLE), only_if(RCV.WND == 0))),
    ),
    _step("bad-ack-of-syn-ignored", "SYN-SENT ignores an ACK of nothing", ("syn-sent.bad-ack", silent)),
    _step("ack-beyond-sent-ignored", "an ACK of what was not sent is ignored", ("step5.beyond", silent)),
    _step("text-answered-at-once", "text is answered before it is taken", ("established.text", _sending(ACK_SEGMENT))),
    _step("reset-for-a-fin", "a FIN is answered with a RST", ("established.fin", _sending(_RESET))),
)

MOVES: tuple[Mutant, ...] = (
    _step(
        "old-syn-to-listen",
        "an old SYN with new text sends a passive OPEN back to LISTEN",
        ("step4.syn-received.passive", without(SYN_IN_WINDOW)),
    ),
    _step(
        "syn-ack-text-ignored",
        "text that comes with the SYN,ACK is not taken",
        ("syn-sent.syn-ack.text", setting(RCV.NXT.becomes(SEG.SEQ + 1))),
    ),
    _step(
        "syn-ack-fin-ignored",
        "a FIN that comes with the SYN,ACK is not taken",
        ("syn-sent.syn-ack.fin", setting(RCV.NXT.becomes(SEG.SEQ + 1 + SEG.TEXT))),
    ),
    _step(
        "handshake-text-ignored",
        "text that completes the handshake is not taken",
        ("syn-received.text", setting(RCV.NXT.becomes(RCV.NXT))),
    ),
    _step(
        "handshake-fin-ignored",
        "a FIN that completes the handshake is not taken",
        ("syn-received.fin", setting(RCV.NXT.becomes(TEXT_END))),
    ),
    _step("old-syn-reopens", "a SYN is dropped in TIME-WAIT though it may reopen", ("reopen", to(S.TIME_WAIT))),
    _step("listener-deaf-to-syn", "LISTEN answers a SYN and stays", ("listen.syn", to(S.LISTEN))),
    _step("status-moves", "STATUS closes the connection", ("status", to(S.CLOSED))),
    _step("user-timeout-goes-on", "the user time-out leaves LISTEN as it is", ("user-timeout.listen", to(S.LISTEN))),
    _step("open-passive-stays-closed", "a passive OPEN leads nowhere", ("open.passive", to(S.CLOSED))),
    _step("close-of-established-stays", "CLOSE leaves ESTABLISHED as it is", ("close.established", to(S.ESTABLISHED))),
    _step(
        "full-close-resets-without-loss",
        "a full close resets though nothing is unread",
        ("full-close.closing", both(to(S.CLOSED), _sending(_RESET))),
    ),
    _step("last-ack-without-fin", "CLOSE-WAIT sends its FIN and stays", ("output.fin.close-wait", to(S.CLOSE_WAIT))),
    _step("rst-without-ack-refuses", "any RST refuses in SYN-SENT", ("syn-sent.rst.no-ack", to(S.CLOSED))),
    _step(
        "rst-of-an-active-open-to-listen",
        "a RST in a SYN-RECEIVED that was entered by an active OPEN leads to LISTEN",
        (
            "step2.syn-received.active",
            lambda rule: replace(rule, target=S.LISTEN, updates=back_to_listen(), signal=""),
        ),
    ),
    _step(
        "rst-ignored",
        "a RST in the window is ignored",
        ("step2.reset", _ignored),
    ),
    _step("rst-anywhere", "a RST may come with any number", ("step2.reset", without(ACCEPTABLE))),
    _step(
        "syn-in-the-window-ignored",
        "a SYN in the window is ignored",
        (
            "step4.reset@ESTABLISHED",
            _ignored,
        ),
    ),
    _step("old-ack-ends-close-wait", "an ACK ends CLOSE-WAIT", ("close-wait.ack", to(S.CLOSED))),
    _step(
        "unwanted-text-taken",
        "text that nobody will read is dropped without a word",
        ("established.unwanted", _ignored),
    ),
)

USERS: tuple[Mutant, ...] = (
    _step("abort-of-nothing-succeeds", "ABORT without a connection says ok", ("abort.closed", _telling("ok"))),
    _step("second-open-succeeds", "a second OPEN says ok", ("open.passive.exists", _telling("ok"))),
    _step("send-without-room-queued", "SEND without room says nothing", ("send.full", _telling(""))),
    _step("receive-waits-with-octets-on-hand", "RECEIVE waits for more", ("receive.part", _telling("queued"))),
    _step(
        "receive-opens-no-window",
        "RECEIVE takes octets and opens no window",
        ("receive.data", setting(RCV.WND.becomes(RCV.WND))),
    ),
    _step("second-close-unnoticed", "a second CLOSE says nothing", ("close.closing", _telling(""))),
    _step("abort-says-ok", "ABORT of a connection says ok", ("abort.reset", _telling("ok"))),
    _step("failed-send-moves", "a SEND that fails is counted", ("send.full", setting(SND.END.becomes(SND.END + N)))),
    _step("user-timeout-untold", "nobody hears of the user time-out", ("user-timeout", _telling(""))),
    _step("fin-untold", "nobody hears of the peer's FIN", ("established.fin", _telling(""))),
    _step("reset-untold", "nobody hears of a reset", ("step2.reset", _telling(""))),
    _step("challenge-told", "a challenge is told as a reset", ("step2.challenge", _telling("error: connection reset"))),
)

VARIABLES: tuple[Mutant, ...] = (
    _step(
        "text-of-a-syn-forgotten",
        "text that comes with a SYN is not kept",
        ("listen.syn.queue", setting(HELD.SET.becomes(FALSE))),
    ),
    _step(
        "old-ack-moves-una-back",
        "an old ACK moves SND.UNA back",
        ("established.ack", setting(SND.UNA.becomes(SEG.ACK))),
    ),
    _step(
        "window-of-old-segments",
        "an old segment moves the send window",
        (
            "established.ack",
            setting(SND.WND.becomes(SEG.WND), SND.WL1.becomes(SEG.SEQ), SND.WL2.becomes(SEG.ACK)),
        ),
    ),
    _step("no-first-window", "SYN-SENT ignores the first window", ("syn-sent.syn-ack", setting(SND.WND.becomes(0)))),
    _step("window-shrinks", "an ACK takes the window back", ("established.ack", setting(RCV.WND.becomes(0)))),
    _step(
        "text-fills-no-window",
        "text that is taken leaves the window as it is",
        ("established.text", setting(RCV.WND.becomes(RCV.WND))),
    ),
    _step(
        "no-trimming-of-early-text",
        "RCV.NXT passes text that is held",
        ("established.early", setting(RCV.NXT.becomes(TEXT_END))),
    ),
    _step(
        "text-ignored",
        "text in order is acknowledged as if it were nothing new",
        (
            "established.text",
            setting(RCV.NXT.becomes(RCV.NXT), RCV.WND.becomes(RCV.WND), RCV.USER.becomes(RCV.USER)),
        ),
    ),
    _step(
        "held-text-displaced",
        "text is held one number further on",
        ("established.early", setting(HELD.SEQ.becomes(SEG.SEQ + 1))),
    ),
    _step("held-text-stays", "held text is taken and stays", ("reassemble.text", setting(HELD.SET.becomes(TRUE)))),
    _step(
        "another-syn-moves-irs",
        "IRS follows any SYN",
        ("step4.challenge@ESTABLISHED", setting(IRS.becomes(SEG.SEQ))),
    ),
    _step("send-moves-snd-nxt", "SEND moves SND.NXT", ("send.queue", setting(SND.NXT.becomes(SND.NXT + N)))),
    _step("probe-moves-una", "a probe counts as acknowledged", ("probe", setting(SND.UNA.becomes(SND.NXT + 1)))),
    _step("held-text-moves-una", "held text acknowledges", ("reassemble.text", setting(SND.UNA.becomes(SND.NXT)))),
    _step(
        "fin-closes-our-side",
        "the peer's FIN closes our side",
        ("established.fin", setting(CLOSE_CALLED.becomes(TRUE))),
    ),
    _step(
        "reset-of-nothing-moves-the-clock",
        "a reset of what does not exist moves the ISN clock",
        ("closed.ack", setting(CLOCK.becomes(CLOCK + 1))),
    ),
    _step(
        "una-begins-behind-the-syn",
        "the SYN counts as acknowledged from the beginning",
        ("open.active", setting(SND.UNA.becomes(ISN + 1))),
    ),
    _step(
        "clock-stands-still-at-a-reset",
        "a reset leaves the ISN clock where it was",
        ("step2.reset", setting(CLOCK.becomes(CLOCK))),
    ),
    _step(
        "unread-outlives-an-abort", "ABORT leaves unread octets", ("abort.reset", setting(RCV.USER.becomes(RCV.USER)))
    ),
    _step(
        "listener-without-a-window",
        "back in LISTEN, nothing is offered",
        ("step2.syn-received.passive", setting(RCV.WND.becomes(0))),
    ),
)

STEPS: tuple[Mutant, ...] = (*SENT, *MOVES, *USERS, *VARIABLES)

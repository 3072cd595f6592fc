"""Faults to seed into the reference: shapes of bugs that real stacks have shipped, by the scenario that shows them."""

from __future__ import annotations

from halfclose.checks.refine.seeding import Fault

_A, _C, _O, _T = "arrives", "calls", "output", "tcb"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "fin-before-data",
        "a FIN that arrives ahead of missing text counts at once",
        _A,
        "tcb.early.hold(seq, text, fin)",
        "tcb.fin_received = fin",
    ),
    Fault(
        "fin-straddles-window",
        "a FIN is ignored where its segment begins before the window",
        _A,
        "len(segment.text) < room",
        "len(segment.text) < room and not start",
    ),
    Fault(
        "fin-psh-flags",
        "control bits are compared where they should be tested: PSH hides a FIN",
        _A,
        "bool(segment.flags & FIN)",
        "segment.flags == FIN | ACK",
    ),
    Fault(
        "data-then-fin-in-fin-wait-1",
        "text that arrives in FIN-WAIT-1 does not move RCV.NXT",
        _A,
        "tcb.RCV.NXT = add(tcb.RCV.NXT, len(text))",
        "tcb.RCV.NXT = add(tcb.RCV.NXT, len(text) * (tcb.state is not State.FIN_WAIT_1))",
    ),
    Fault(
        "data-acked-by-fin",
        "the acknowledgment in the peer's FIN is not looked at, so acknowledged text is sent again",
        _A,
        "if lt(tcb.SND.UNA, segment.ack):\n",
        "if lt(tcb.SND.UNA, segment.ack) and not segment.flags & FIN:\n",
    ),
    Fault(
        "last-ack-any-ack",
        "any ACK ends LAST-ACK",
        _A,
        "    if not tcb.fin_acknowledged:\n",
        "    if not tcb.fin_acknowledged and tcb.state is not State.LAST_ACK:\n",
    ),
    Fault(
        "fin-wait-1-old-ack",
        "an ACK of all the text counts as the ACK of the FIN",
        _T,
        "return self.fin_sent and self.SND.UNA == self.SND.NXT",
        "return self.fin_sent and self.SND.UNA in (self.end, self.SND.NXT)",
    ),
    Fault(
        "fin-queued-not-sent",
        "a FIN that waits behind a full window counts as sent",
        _T,
        "return self.close_called and distance(self.end, self.SND.NXT) == 1",
        "return self.close_called",
    ),
    Fault(
        "simultaneous-close-fin-never-sent",
        "CLOSING sends nothing, not even a FIN that was waiting",
        _O,
        "if tcb.state in _SENDING:",
        "if tcb.state in _SENDING and tcb.state is not State.CLOSING:",
    ),
    Fault(
        "closing-retransmit-fin",
        "what is sent again in CLOSING lacks its FIN bit",
        _O,
        "tcb.fin_sent and add(tcb.SND.UNA, octets) == tcb.end",
        "tcb.fin_sent and add(tcb.SND.UNA, octets) == tcb.end and tcb.state is not State.CLOSING",
    ),
    Fault(
        "closing-never-ends",
        "TIME-WAIT has no timer",
        _A,
        "    tcb.timers.clear()\n    _wait_two_msl(tcb)\n",
        "    tcb.timers.clear()\n",
    ),
    Fault(
        "fin-wait-1-wrong-state",
        "a FIN in FIN-WAIT-2 leads to LAST-ACK",
        _A,
        "case State.FIN_WAIT_2:\n            _enter_time_wait(tcb)",
        "case State.FIN_WAIT_2:\n            tcb.state = State.LAST_ACK",
    ),
    Fault(
        "close-wait-retransmit",
        "no retransmission timer in CLOSE-WAIT",
        _O,
        "if Timer.RETRANSMISSION not in tcb.timers:",
        "if Timer.RETRANSMISSION not in tcb.timers and tcb.state is not State.CLOSE_WAIT:",
    ),
    Fault(
        "last-ack-stuck",
        "the timer stops with the last FIN",
        _O,
        "        tcb.state = State.LAST_ACK",
        "        tcb.state = State.LAST_ACK\n        tcb.stop(Timer.RETRANSMISSION)",
    ),
    Fault(
        "data-retransmit-after-close",
        "CLOSE drops text that SEND has accepted and that has not left",
        _C,
        "    tcb.close_called = True\n",
        "    tcb.close_called = True\n    del tcb.text[tcb.outstanding :]\n",
    ),
    Fault(
        "time-wait-ended-early",
        "CLOSE in TIME-WAIT deletes the TCB",
        _C,
        "        case State.LISTEN | State.SYN_SENT:\n            tcb.delete(",
        "        case State.LISTEN | State.SYN_SENT | State.TIME_WAIT:\n            tcb.delete(",
    ),
    Fault(
        "time-wait-refin",
        "a retransmitted FIN is not acknowledged in TIME-WAIT",
        _A,
        "            _wait_two_msl(tcb)  # step 5: a retransmission of the remote FIN\n",
        "            return True\n",
    ),
    Fault(
        "time-wait-ack-storm",
        "every segment in TIME-WAIT is acknowledged",
        _A,
        "    if segment.length:\n        emit_ack(tcb)",
        "    if segment:\n        emit_ack(tcb)",
        escapes=(("vectors", "3.8.6.3 lets a stack acknowledge whenever it likes"),),
    ),
    Fault(
        "time-wait-syn",
        "a SYN ends TIME-WAIT, whatever its number",
        _A,
        "    if _repeats_syn(tcb, segment):",
        "    if tcb.state is State.TIME_WAIT and segment.flags & SYN:\n        tcb.delete(Notice.CLOSED)\n"
        "    elif _repeats_syn(tcb, segment):",
    ),
    Fault(
        "no-time-wait",
        "there is no TIME-WAIT",
        _A,
        "    tcb.state = State.TIME_WAIT\n    tcb.timers.clear()\n",
        "    emit_ack(tcb)\n    tcb.delete(Notice.CLOSED)\n    return\n",
    ),
    Fault(
        "half-close-fin-wait-2-ack",
        "text that arrives in FIN-WAIT-2 is not acknowledged",
        _O,
        "    tcb.unacknowledged += octets\n",
        "    if tcb.state is State.FIN_WAIT_2:\n        return\n    tcb.unacknowledged += octets\n",
    ),
    Fault(
        "half-close-send-in-close-wait",
        "nothing can be sent after the peer's FIN",
        _C,
        "        case State.FIN_WAIT_1 | State.FIN_WAIT_2 | State.CLOSING | State.LAST_ACK | State.TIME_WAIT:\n"
        "            raise CallError(_CLOSING)\n    if tcb.close_called:\n        raise CallError(_CLOSING)\n    taken",
        "        case State.CLOSE_WAIT | State.FIN_WAIT_1 | State.FIN_WAIT_2 | State.CLOSING | State.LAST_ACK:\n"
        "            raise CallError(_CLOSING)\n    if tcb.close_called:\n        raise CallError(_CLOSING)\n    taken",
    ),
    Fault(
        "half-close-receive-in-fin-wait",
        "nothing can be received after the own FIN",
        _C,
        "    if tcb.detached:\n        raise CallError(_CLOSING)",
        "    if tcb.detached or tcb.close_called:\n        raise CallError(_CLOSING)",
    ),
    Fault(
        "rst-on-data-after-close",
        "text that arrives after a full close is taken and acknowledged",
        _A,
        "    if tcb.detached and segment.text and",
        "    if not tcb and segment.text and",
    ),
    Fault(
        "out-of-window-ack-in-fin-wait-1",
        "an unacceptable segment gets no ACK in FIN-WAIT-1",
        _A,
        "    if not segment.flags & RST:\n        if",
        "    if not segment.flags & RST and tcb.state is not State.FIN_WAIT_1:\n        if",
    ),
    Fault(
        "rst-exact-sequence",
        "with RFC 5961, any RST in the window still resets",
        _A,
        "if tcb.config.rfc5961_rst and segment.seq != tcb.RCV.NXT:",
        "if tcb.config.rfc5961_rst and not segment:",
    ),
    Fault(
        "syn-received-lost-ack",
        "the SYN,ACK is sent only once",
        _O,
        "    _expect_acknowledgment(tcb)\n    if text or control:",
        "    if tcb.state is State.SYN_SENT:\n        _expect_acknowledgment(tcb)\n    else:\n"
        "        tcb.stop(Timer.RETRANSMISSION)\n    if text or control:",
    ),
    Fault(
        "rst-to-listen",
        "a RST in SYN-RECEIVED ends a passive OPEN",
        _A,
        "if tcb.passive and not tcb.close_called:\n            tcb.return_to_listen()",
        "if tcb.passive and not tcb.close_called:\n            tcb.delete(Notice.REFUSED)",
    ),
    Fault(
        "listen-rst-sequence",
        "the RST for an ACK that belongs to nothing has sequence number zero",
        _O,
        "return Segment(segment.ack, 0, RST, 0)",
        "return Segment(0, 0, RST, 0)",
    ),
    Fault(
        "syn-sent-failure-state",
        "a refused connect leaves the TCB in CLOSE-WAIT",
        _A,
        "        if acknowledges:\n            tcb.delete(Notice.REFUSED)",
        "        if acknowledges:\n            tcb.state = State.CLOSE_WAIT",
    ),
    Fault(
        "connect-close-race",
        "a CLOSE before the handshake is over is forgotten",
        _C,
        "    tcb.close_called = True\n    close_if",
        "    tcb.close_called = tcb.state is not State.SYN_RECEIVED\n    close_if",
    ),
    Fault(
        "zero-window-ack-war",
        "an ACK at a zero window is unacceptable",
        _A,
        "return offset == 0 and not segment.flags & SYN",
        "return False",
    ),
    Fault(
        "syn-fin",
        "a SYN with FIN leads straight to CLOSE-WAIT",
        _A,
        "    _take_syn(tcb, segment)\n    emit_syn(tcb)\n\n\ndef _take_syn",
        "    _take_syn(tcb, segment)\n    emit_syn(tcb)\n    if segment.flags & FIN:\n"
        "        tcb.state = State.CLOSE_WAIT\n\n\ndef _take_syn",
    ),
    Fault(
        "syn-with-text-again",
        "an old SYN with text is an error, as if it were in the window",
        _A,
        "(lt(segment.seq, tcb.RCV.NXT) and not challenged)",
        "(not segment and not challenged)",
    ),
    Fault(
        "syn-text-forgotten",
        "what came with a SYN is kept, and never looked at again",
        _A,
        "    if tcb.state not in _RECEIVING or not tcb.early.is_due(tcb.RCV.NXT):",
        "    if tcb.state is not State.SYN_RECEIVED or not tcb.early.is_due(tcb.RCV.NXT):",
        escapes=(("vectors", "a stack may refuse what comes with a SYN, and it is sent again (reading 22)"),),
    ),
    Fault(
        "rst-by-its-text",
        "a RST before the window resets if its text reaches in",
        _A,
        "if segment.flags & RST and not tcb.config.reset_by_reach:",
        "if segment.flags & RST and not segment:",
        escapes=(("vectors", "a stack may take a RST by its reach (reading 33)"),),
    ),
    Fault(
        "last-ack-reset-unnoticed",
        "a RST in LAST-ACK passes for a normal end, though text is not acknowledged",
        _A,
        "lost = bool(tcb.text) and",
        "lost = bool(tcb.text) and tcb.state is not State.LAST_ACK and",
        escapes=(("vectors", "a stack may be silent about it (reading 34)"),),
    ),
    Fault(
        "rst-answered-with-rst",
        "a RST for nothing is answered with a RST",
        _O,
        "    if segment.flags & RST:\n        return None\n",
        "",
    ),
    Fault(
        "ack-beyond-what-was-sent",
        "an ACK of what was never sent moves SND.UNA",
        _A,
        "    if lt(tcb.SND.NXT, segment.ack):\n",
        "    if lt(add(tcb.SND.NXT, 1), segment.ack):\n",
    ),
    Fault(
        "old-window",
        "the window of an old segment is taken for news",
        _A,
        "return lt(tcb.SND.WL1, segment.seq) or (tcb.SND.WL1 == segment.seq and le(tcb.SND.WL2, segment.ack))",
        "return True",
    ),
    Fault(
        "iss-too-early",
        "a new connection may begin among the numbers of the one before it",
        _T,
        "if least is not None and lt(iss, least):",
        "if least is not None and not lt(iss, add(least, 1 << 30)):",
    ),
)


class UnknownFault(ValueError):
    """No fault has this name; the message lists those that exist."""


def fault(name: str) -> Fault:
    """The fault with this name; raises UnknownFault."""
    for known in FAULTS:
        if known.name == name:
            return known
    raise UnknownFault(f"unknown fault {name!r}; faults are {', '.join(known.name for known in FAULTS)}")

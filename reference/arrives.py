"""3.10.7 SEGMENT ARRIVES, in the RFC's order.

Each step is a function that returns True where the RFC says "return": the later steps do not see the segment.  Security
and precedence (step 3) and urgent data (step 6) are left out: neither changes a state.
"""

from __future__ import annotations

from collections.abc import Callable

from halfclose.reference import output
from halfclose.reference.acknowledged import advance_una
from halfclose.reference.calls import close_if_queued, limit_wait_for_fin
from halfclose.reference.output import answer_with_reset, emit_ack, emit_syn
from halfclose.reference.sequence import add, distance, le, lt
from halfclose.reference.tcb import UNSCALED_WINDOW, Notice, State, Tcb, Timer
from halfclose.reference.timers import heard_from_peer
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment

_RECEIVING = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)
_LARGEST_SHIFT = 14  # RFC 7323 2.3


def segment_arrives(tcb: Tcb, segment: Segment) -> None:
    """Process one segment; the caller then sends what may be sent (`output.transmit`)."""
    match tcb.state:
        case State.CLOSED:
            answer_with_reset(tcb, segment)  # 3.10.7.1
        case State.LISTEN:
            _listen(tcb, segment)
        case State.SYN_SENT:
            _syn_sent(tcb, segment)
        case _:
            _other_states(tcb, segment)
    close_if_queued(tcb)  # in SYN-RECEIVED, "for processing after entering ESTABLISHED state" (3.10.4)


# ---- 3.10.7.2 LISTEN -----------------------------------------------------------------------------------------


def _listen(tcb: Tcb, segment: Segment) -> None:
    if segment.flags & RST:  # first
        return
    if segment.flags & ACK:  # second
        answer_with_reset(tcb, segment)
        return
    if segment.flags & SYN:  # third
        _accept_syn(tcb, segment)


def _accept_syn(tcb: Tcb, segment: Segment) -> None:
    tcb.choose_iss()
    tcb.RCV.WND = min(tcb.config.receive_buffer, UNSCALED_WINDOW)
    tcb.state = State.SYN_RECEIVED
    tcb.timed = (tcb.SND.NXT, tcb.now)
    _take_syn(tcb, segment)
    emit_syn(tcb)


def _take_syn(tcb: Tcb, segment: Segment) -> None:
    """Set IRS, RCV.NXT and the options, which hold only if both ends offer them; queue text and FIN for later."""
    tcb.IRS = segment.seq
    tcb.RCV.NXT = add(segment.seq, 1)
    tcb.SND.MAX_WND = segment.wnd
    offered = tcb.config.default_mss if segment.mss is None else segment.mss  # MUST-15
    tcb.SND.MSS = max(1, min(offered, tcb.config.send_mss))
    tcb.peer_scales = segment.scale is not None and tcb.config.window_scale is not None
    if tcb.peer_scales:
        tcb.SND.SCALE = min(segment.scale or 0, _LARGEST_SHIFT)
        tcb.RCV.SCALE = tcb.config.window_scale or 0
    if segment.timestamps is not None and tcb.config.timestamps:
        tcb.TS.on, tcb.TS.RECENT = True, segment.timestamps[0]
    tcb.peer_permits_sack = segment.sack_permitted
    if not tcb.config.syn_text_refused:
        tcb.early.hold(*_trimmed(tcb, segment))


# ---- 3.10.7.3 SYN-SENT ---------------------------------------------------------------------------------------


def _syn_sent(tcb: Tcb, segment: Segment) -> None:
    acknowledges = bool(segment.flags & ACK)
    # First, check the ACK bit.
    if acknowledges and not (lt(tcb.ISS, segment.ack) and le(segment.ack, tcb.SND.NXT)):
        answer_with_reset(tcb, segment)
        return
    # Second, check the RST bit.
    if segment.flags & RST:
        if acknowledges:
            tcb.delete(Notice.REFUSED)
        return
    # Fourth, check the SYN bit.
    if not segment.flags & SYN:
        return  # fifth
    _take_syn(tcb, segment)
    if acknowledges:
        _establish(tcb, segment)
        _update_send_window(tcb, segment)
        _process_queued(tcb, segment)  # "continue processing at the sixth step"
        tcb.ack_now = True
    else:
        _update_send_window(tcb, segment)
        tcb.state = State.SYN_RECEIVED
        tcb.timed = None
        emit_syn(tcb)


def _establish(tcb: Tcb, segment: Segment) -> None:
    """Our SYN is acknowledged: enter ESTABLISHED."""
    tcb.congestion.begin(output.segment_size(tcb), tcb.ISS, syn_was_lost=tcb.rto.backed_off > 0)
    tcb.state = State.ESTABLISHED
    tcb.notify(Notice.CONNECTED)
    tcb.rto.connected()
    advance_una(tcb, segment)
    heard_from_peer(tcb)


# ---- 3.10.7.4 Other states -----------------------------------------------------------------------------------


def _other_states(tcb: Tcb, segment: Segment) -> None:
    if _reopens(tcb, segment):
        return
    if _repeats_syn(tcb, segment):
        _remember_timestamp(tcb, segment)
        _follow(tcb, segment, _check_ack, _process_text)
        tcb.ack_now = True  # the peer may not know yet that its SYN has arrived
    else:
        _follow(tcb, segment, _check_sequence, _check_rst, _check_syn, _check_ack, _process_text, _check_fin)


def _follow(tcb: Tcb, segment: Segment, *steps: Callable[[Tcb, Segment], bool]) -> None:
    for step in steps:
        if step(tcb, segment):
            return


def begins_anew(tcb: Tcb, segment: Segment) -> bool:
    """Whether, in TIME-WAIT, the segment is a SYN beyond everything that the peer's old incarnation sent."""
    only_syn = segment.flags & (SYN | ACK | RST) == SYN
    return tcb.state is State.TIME_WAIT and only_syn and lt(tcb.RCV.NXT, segment.seq)


def _reopens(tcb: Tcb, segment: Segment) -> bool:
    """3.6.1, MAY-2: a new SYN beyond the old incarnation opens a connection out of TIME-WAIT."""
    if not (tcb.config.reopen_from_time_wait and begins_anew(tcb, segment)) or tcb.received:
        return False  # unread text belongs to the user of the old connection
    tcb.return_to_listen()
    _accept_syn(tcb, segment)
    return True


def _repeats_syn(tcb: Tcb, segment: Segment) -> bool:
    """Figure 7, line 6: whether the segment is the SYN,ACK of a simultaneous open, whose SYN has arrived before.

    One with text or FIN needs no allowance: step 1 accepts it for them, and trims off the SYN.
    """
    only_syn = segment.flags & (SYN | ACK | RST) == SYN | ACK and segment.length == 1
    repeated = only_syn and segment.seq == tcb.IRS
    simultaneous = tcb.state is State.SYN_RECEIVED and not tcb.passive
    return tcb.config.syn_ack_completes and simultaneous and repeated and not _is_bad_ack_of_syn(tcb, segment)


# First, check sequence number.


def _check_sequence(tcb: Tcb, segment: Segment) -> bool:
    if not segment.flags & RST:
        heard_from_peer(tcb)
    if tcb.config.reset_before_sequence and _is_bad_ack_of_syn(tcb, segment):
        answer_with_reset(tcb, segment)  # 3.5.2 group 2
        return True
    if _is_acceptable(tcb, segment) and not _is_too_old(tcb, segment):
        _remember_timestamp(tcb, segment)
        return False
    if not segment.flags & RST:
        if tcb.state is State.TIME_WAIT and _is_fin_again(tcb, segment):
            _wait_two_msl(tcb)  # step 5: a retransmission of the remote FIN
        emit_ack(tcb)
    return True


def _is_acceptable(tcb: Tcb, segment: Segment) -> bool:
    """Table 6, with the special allowance for ACKs at a zero window; a RST counts by its own number alone (3.5.3)."""
    window, offset = tcb.RCV.WND, distance(tcb.RCV.NXT, segment.seq)
    if segment.flags & RST and not tcb.config.reset_by_reach:
        return offset == 0 or 0 < offset < window
    if window == 0:
        return offset == 0 and not segment.flags & SYN
    if segment.length == 0:
        return 0 <= offset < window + tcb.config.right_edge_acceptable
    return 0 <= offset < window or 0 <= offset + segment.length - 1 < window


def _is_too_old(tcb: Tcb, segment: Segment) -> bool:
    """PAWS (RFC 7323 5.3 R1)."""
    if not tcb.TS.on or segment.timestamps is None or segment.flags & RST:
        return False
    return lt(segment.timestamps[0], tcb.TS.RECENT)


def _remember_timestamp(tcb: Tcb, segment: Segment) -> None:
    """RFC 7323 4.3 (2)."""
    if tcb.TS.on and segment.timestamps is not None and le(segment.seq, tcb.TS.LAST_ACK):
        tcb.TS.RECENT = segment.timestamps[0]


def _is_bad_ack_of_syn(tcb: Tcb, segment: Segment) -> bool:
    if tcb.state is not State.SYN_RECEIVED or segment.flags & (ACK | RST) != ACK:
        return False
    return not (lt(tcb.SND.UNA, segment.ack) and le(segment.ack, tcb.SND.NXT))


def _is_fin_again(tcb: Tcb, segment: Segment) -> bool:
    """Whether the segment ends with the FIN that was taken, as a retransmission does, which always has an ACK."""
    return segment.flags & (FIN | ACK) == FIN | ACK and add(segment.seq, segment.length) == tcb.RCV.NXT


# Second, check the RST bit.


def _check_rst(tcb: Tcb, segment: Segment) -> bool:
    if not segment.flags & RST:
        return False
    if tcb.config.rfc1337 and tcb.state is State.TIME_WAIT:
        return True
    if tcb.config.rfc5961_rst and segment.seq != tcb.RCV.NXT:
        if 0 < distance(tcb.RCV.NXT, segment.seq) < tcb.RCV.WND:  # 3): "yet is within the current receive window"
            emit_ack(tcb)
        return True
    match tcb.state:
        case State.SYN_RECEIVED if tcb.passive and not tcb.close_called:
            tcb.return_to_listen()
        case State.SYN_RECEIVED:
            tcb.delete(Notice.REFUSED)
        case State.CLOSING | State.LAST_ACK | State.TIME_WAIT:  # nothing is flushed: the peer's text is whole
            lost = bool(tcb.text) and not tcb.config.reset_while_closing_silent
            tcb.delete(Notice.RESET if lost else Notice.CLOSED, keeps_unread=True)  # MUST-12
        case _:
            tcb.delete(Notice.RESET, keeps_unread=tcb.config.reset_keeps_unread)
    return True


# Fourth, check the SYN bit.


def _check_syn(tcb: Tcb, segment: Segment) -> bool:
    """A SYN in the window is an error; an old one is trimmed off, and what came with it is processed.

    RFC 5961 looks at no number: "irrespective of the sequence number", a SYN is challenged.
    """
    returns = tcb.state is State.SYN_RECEIVED and tcb.passive and not tcb.close_called
    challenged = tcb.config.rfc5961_syn and not returns
    if not segment.flags & SYN or (lt(segment.seq, tcb.RCV.NXT) and not challenged):
        return False
    if returns:
        tcb.return_to_listen()
    elif challenged:
        emit_ack(tcb)
    else:
        answer_with_reset(tcb, segment)
        tcb.delete(Notice.RESET)
    return True


# Fifth, check the ACK field.


def _check_ack(tcb: Tcb, segment: Segment) -> bool:
    if not segment.flags & ACK:
        return True
    if tcb.config.rfc5961_ack and not _is_in_range(tcb, segment.ack):
        emit_ack(tcb)
        return True
    match tcb.state:
        case State.SYN_RECEIVED:
            return _ack_of_syn(tcb, segment) or _ack_of_text(tcb, segment) or _ack_of_fin(tcb)
        case State.TIME_WAIT:
            return _ack_in_time_wait(tcb, segment)
        case _:
            return _ack_of_text(tcb, segment) or _ack_of_fin(tcb)


def _is_in_range(tcb: Tcb, ack: int) -> bool:
    """MAY-12: (SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT"""
    return le(add(tcb.SND.UNA, -tcb.SND.MAX_WND), ack) and le(ack, tcb.SND.NXT)


def _ack_of_syn(tcb: Tcb, segment: Segment) -> bool:
    if _is_bad_ack_of_syn(tcb, segment):
        answer_with_reset(tcb, segment)
        return True
    _establish(tcb, segment)
    _update_send_window(tcb, segment)
    if tcb.fin_sent:  # with the SYN,ACK
        close_if_queued(tcb)
    return False


def _ack_of_text(tcb: Tcb, segment: Segment) -> bool:
    """The ACK processing of ESTABLISHED, which all later states do too."""
    if lt(tcb.SND.NXT, segment.ack):
        emit_ack(tcb)  # "acks something not yet sent"
        return True
    tcb.SND.MAX_WND = max(tcb.SND.MAX_WND, _offered_window(tcb, segment))
    duplicate = _is_duplicate(tcb, segment)
    if lt(tcb.SND.UNA, segment.ack):
        advance_una(tcb, segment)
    if tcb.SND.UNA == segment.ack and _is_window_news(tcb, segment):
        _update_send_window(tcb, segment)
    if tcb.SND.WND == 0 and tcb.SND.UNA == segment.ack and Timer.USER in tcb.timers:
        tcb.start(Timer.USER, tcb.config.user_timeout)  # 3.8.6.1, MUST-37: a peer that answers is alive
    if duplicate and tcb.congestion.duplicate(tcb.SND.UNA, tcb.SND.NXT, tcb.outstanding):
        output.send_first_again(tcb)  # RFC 5681 3.2 step 3
    return False


def _is_window_news(tcb: Tcb, segment: Segment) -> bool:
    return lt(tcb.SND.WL1, segment.seq) or (tcb.SND.WL1 == segment.seq and le(tcb.SND.WL2, segment.ack))


def _is_duplicate(tcb: Tcb, segment: Segment) -> bool:
    """A duplicate ACK by RFC 5681 2."""
    same_window = _offered_window(tcb, segment) == tcb.SND.WND
    return tcb.outstanding > 0 and segment.length == 0 and segment.ack == tcb.SND.UNA and same_window


def _update_send_window(tcb: Tcb, segment: Segment) -> None:
    if tcb.SND.WND == 0 and segment.wnd and tcb.outstanding and tcb.state is not State.SYN_SENT:
        tcb.resend = tcb.SND.UNA  # the window opens: what was sent as a probe was refused, and goes again
    tcb.SND.WND = _offered_window(tcb, segment)
    tcb.SND.WL1, tcb.SND.WL2 = segment.seq, segment.ack


def _offered_window(tcb: Tcb, segment: Segment) -> int:
    """In octets; that of a SYN is not scaled (RFC 7323 2.2)."""
    return segment.wnd << (0 if segment.flags & SYN else tcb.SND.SCALE)


def _ack_of_fin(tcb: Tcb) -> bool:
    if not tcb.fin_acknowledged:
        return tcb.state is State.CLOSING  # "otherwise, ignore the segment"
    match tcb.state:
        case State.FIN_WAIT_1:
            tcb.state = State.FIN_WAIT_2
            limit_wait_for_fin(tcb)
        case State.CLOSING:
            _enter_time_wait(tcb)
            return True
        case State.LAST_ACK:
            tcb.delete(Notice.CLOSED)
            return True
    return False


def _ack_in_time_wait(tcb: Tcb, segment: Segment) -> bool:
    """Acknowledge what occupies sequence space, and restart the wait at a FIN; a bare ACK is not answered."""
    if segment.length:
        emit_ack(tcb)
    if segment.flags & FIN:
        _wait_two_msl(tcb)
    return True


def _enter_time_wait(tcb: Tcb) -> None:
    tcb.state = State.TIME_WAIT
    tcb.timers.clear()
    _wait_two_msl(tcb)


def _wait_two_msl(tcb: Tcb) -> None:
    tcb.start(Timer.TIME_WAIT, 2 * tcb.config.msl)


# Seventh, process the segment text; eighth, check the FIN bit.


def _process_text(tcb: Tcb, segment: Segment) -> bool:
    """Take what lies within the window and is new; hold what is early.  The FIN is put in its place behind it."""
    empty = not (segment.text or segment.flags & FIN)
    if empty or lt(tcb.RCV.NXT, _text_start(segment)):
        _process_queued(tcb, segment)  # "in SEG.SEQ order"; else the segment takes it along
    if tcb.state not in _RECEIVING or empty:
        return tcb.state not in _RECEIVING
    if tcb.detached and segment.text and lt(tcb.RCV.NXT, add(_text_start(segment), len(segment.text))):
        _refuse_text(tcb, segment)
        return True
    before, gap = tcb.RCV.NXT, bool(tcb.early)
    seq, text, fin = _trimmed(tcb, segment)
    if seq == tcb.RCV.NXT:
        _take(tcb, text, fin)
    elif tcb.config.hold_early_segments:
        tcb.early.hold(seq, text, fin)
    if gap or tcb.RCV.NXT == before:
        tcb.ack_now = True  # RFC 5681 4.2: at once for what is early, and for what fills a gap
    else:
        output.owe_ack(tcb, distance(before, tcb.RCV.NXT))
    return False


def _process_queued(tcb: Tcb, segment: Segment) -> None:
    """Text and FIN that came with the SYN were "queued for processing after the ESTABLISHED state has been reached"."""
    if tcb.state not in _RECEIVING or not tcb.early.is_due(tcb.RCV.NXT):
        return
    if tcb.detached and tcb.early:
        _refuse_text(tcb, segment)
        return
    before = tcb.RCV.NXT
    _take(tcb, b"", fin=False)
    output.owe_ack(tcb, distance(before, tcb.RCV.NXT))
    _check_fin(tcb, segment)


def _refuse_text(tcb: Tcb, segment: Segment) -> None:
    """3.6.1, SHLD-3: after a full close nobody will read it."""
    tcb.delete(Notice.RESET)
    answer_with_reset(tcb, segment)


def _text_start(segment: Segment) -> int:
    """The number of the first octet of text, or of the FIN where there is none: behind that of a SYN."""
    return add(segment.seq, bool(segment.flags & SYN))


def _trimmed(tcb: Tcb, segment: Segment) -> tuple[int, bytes, bool]:
    """What of the segment's text and FIN lies within the window (3.10.7.4 step 1): its first number, text and FIN."""
    seq = _text_start(segment)
    start = max(0, distance(seq, tcb.RCV.NXT))
    room = distance(seq, add(tcb.RCV.NXT, tcb.RCV.WND))
    fin = bool(segment.flags & FIN) and len(segment.text) < room
    return add(seq, start), segment.text[start : max(start, room)], fin


def _take(tcb: Tcb, text: bytes, fin: bool) -> None:
    """Text in order; then what was held and has its turn now.  Nothing belongs behind a FIN."""
    if not fin:
        held, fin = tcb.early.take(add(tcb.RCV.NXT, len(text)))
        text += held
    if fin:
        tcb.early.drop_text()
    tcb.fin_received = fin
    _deliver(tcb, text)


def _deliver(tcb: Tcb, text: bytes) -> None:
    if text:
        tcb.received += text
        tcb.RCV.NXT = add(tcb.RCV.NXT, len(text))
        tcb.RCV.WND -= len(text)
        tcb.notify(Notice.TEXT)


def _check_fin(tcb: Tcb, segment: Segment) -> bool:
    """The FIN of this segment, or one that was waiting for its text."""
    if not tcb.fin_received:
        return True
    tcb.RCV.NXT = add(tcb.RCV.NXT, 1)
    tcb.ack_now = True
    tcb.notify(Notice.CLOSING)
    match tcb.state:
        case State.ESTABLISHED:
            tcb.state = State.CLOSE_WAIT
        case State.FIN_WAIT_1:
            tcb.state = State.CLOSING  # had our FIN been acknowledged, step 5 would have led to FIN-WAIT-2
        case State.FIN_WAIT_2:
            _enter_time_wait(tcb)
    return True

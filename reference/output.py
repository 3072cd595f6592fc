"""What a connection sends: segmentation, the windows, Nagle, silly window avoidance and acknowledgments.

Selective acknowledgments (RFC 2018) are sent to a peer that permits them.  Those that a peer sends are not used: losses
are found by duplicate ACKs (RFC 5681) and partial ACKs (RFC 6582) alone.
"""

from __future__ import annotations

from halfclose.reference.sequence import MODULUS, add, distance, latest, le, lt
from halfclose.reference.tcb import UNSCALED_WINDOW, State, Tcb, Timer
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, Block, Segment

_SENDING = (State.ESTABLISHED, State.CLOSE_WAIT, State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)
_TIMESTAMPS_LENGTH = 12  # with its padding
_SACK_LENGTH, _BLOCK_LENGTH = 4, 8  # without blocks, with its padding; and of each block
_OPTIONS_LENGTH = 40  # of all together (3.1)
_SYN_OPTIONS_LENGTH = 24  # of those that a SYN may carry here: MSS, window scale, timestamps, SACK-permitted
TIMESTAMPS_PER_SECOND = 1000
_FULL_SEGMENTS = 2


# ---- one segment ---------------------------------------------------------------------------------------------


def emit(tcb: Tcb, seq: int, flags: int, text: bytes = b"") -> None:
    """Send one segment; with the ACK bit it acknowledges everything that was accepted."""
    ack = 0
    if flags & ACK:
        _open_window(tcb)
        ack = tcb.TS.LAST_ACK = tcb.RCV.NXT
        tcb.ack_now, tcb.unacknowledged = False, 0
        tcb.stop(Timer.DELAYED_ACK)
    window = tcb.RCV.WND if flags & SYN else tcb.RCV.WND >> tcb.RCV.SCALE  # RFC 7323 2.2: never scaled on a SYN
    mss = tcb.config.mss if flags & SYN else None  # 3.7.1
    scale = _offered_scale(tcb) if flags & SYN else None
    options = (mss, scale, _timestamps(tcb, flags), _permits_sack(tcb, flags), _sack(tcb) if flags & ACK else ())
    tcb.outbox.append(Segment(seq, ack, flags, window, text, *options))


def emit_ack(tcb: Tcb) -> None:
    """<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"""
    emit(tcb, tcb.SND.NXT, ACK)


def emit_reset(tcb: Tcb) -> None:
    """<SEQ=SND.NXT><CTL=RST> (3.10.5)"""
    tcb.outbox.append(Segment(tcb.SND.NXT, 0, RST, 0))


def reset_for(segment: Segment) -> Segment | None:
    """The reset for a segment that belongs to no connection (3.10.7.1), or None: a RST is not answered."""
    if segment.flags & RST:
        return None
    if segment.flags & ACK:
        return Segment(segment.ack, 0, RST, 0)
    return Segment(0, add(segment.seq, segment.length), RST | ACK, 0)


def answer_with_reset(tcb: Tcb, segment: Segment) -> None:
    """Send the reset of 3.10.7.1, unless the segment is one itself."""
    reset = reset_for(segment)
    if reset is not None:
        tcb.outbox.append(reset)


def emit_syn(tcb: Tcb) -> None:
    """<SEQ=ISS><CTL=SYN>, with <ACK=RCV.NXT> in SYN-RECEIVED; it is due again when its timer expires."""
    text, control = _beside_syn(tcb) if tcb.config.text_on_syn else (b"", 0)
    emit(tcb, tcb.ISS, control | (SYN if tcb.state is State.SYN_SENT else SYN | ACK), text)
    _expect_acknowledgment(tcb)
    if text or control:
        tcb.SND.NXT = latest(tcb.SND.NXT, add(tcb.text_seq, len(text) + bool(control & FIN)))


def _beside_syn(tcb: Tcb) -> tuple[bytes, int]:
    """The text that may leave with the SYN or SYN,ACK, and the control bits with it.

    "Data associated with SEND may be sent with SYN segment" (3.10.2); a CLOSE in SYN-RECEIVED may be sent with the
    SYN,ACK.  In SYN-SENT the peer's window and MSS are not known yet: the default MSS bounds the segment (MUST-15).
    """
    knows_peer = tcb.state is State.SYN_RECEIVED
    most = (tcb.SND.MSS if knows_peer else min(tcb.config.default_mss, tcb.config.send_mss)) - _SYN_OPTIONS_LENGTH
    room = tcb.SND.MAX_WND - 1 if knows_peer else most  # the SYN takes the first number of the window
    text = bytes(tcb.text[: max(0, min(most, room))])
    whole = len(text) == len(tcb.text)
    fin = knows_peer and tcb.close_called and whole and len(text) <= room
    return text, (PSH if text and whole else 0) | (FIN if fin else 0)


def _offered_scale(tcb: Tcb) -> int | None:
    if tcb.state is State.SYN_RECEIVED and not tcb.peer_scales:
        return None  # RFC 7323 1.3: in a SYN,ACK only where the SYN offered it
    return tcb.config.window_scale


def _timestamps(tcb: Tcb, flags: int) -> tuple[int, int] | None:
    offered = tcb.config.timestamps and flags & SYN and tcb.state is State.SYN_SENT
    if not (offered or tcb.TS.on):
        return None
    return timestamp(tcb.now), tcb.TS.RECENT if flags & ACK else 0


def _permits_sack(tcb: Tcb, flags: int) -> bool:
    """RFC 2018 2: on a SYN alone; on a SYN,ACK, as for other options, only where the SYN carried it."""
    may = tcb.state is State.SYN_SENT or tcb.peer_permits_sack
    return tcb.config.selective_ack and bool(flags & SYN) and may


def _sack(tcb: Tcb) -> tuple[Block, ...]:
    """RFC 2018 4: in every ACK while early text is held, as many blocks as fit."""
    if tcb.state is State.SYN_RECEIVED:
        return ()  # the text of the SYN waits in order
    if not (tcb.early and tcb.peer_permits_sack and tcb.config.selective_ack):
        return ()
    room = min(_OPTIONS_LENGTH, tcb.SND.MSS - 1) - _timestamps_length(tcb) - _SACK_LENGTH
    return tcb.early.blocks(max(0, room // _BLOCK_LENGTH))


def timestamp(now: float) -> int:
    """The timestamp clock's reading (RFC 7323 5.4): TSval of what is sent at that time."""
    return int(now * TIMESTAMPS_PER_SECOND) % MODULUS


def _expect_acknowledgment(tcb: Tcb) -> None:
    """RFC 6298 5.1: whatever occupies sequence numbers sets the timer, unless it runs."""
    if Timer.RETRANSMISSION not in tcb.timers:
        tcb.start(Timer.RETRANSMISSION, tcb.rto.value)
    if Timer.USER not in tcb.timers:
        tcb.start(Timer.USER, tcb.config.user_timeout)


# ---- the receive window --------------------------------------------------------------------------------------


def _room_to_offer(tcb: Tcb) -> int:
    """By how many octets the window's right edge may move, avoiding silly windows (3.8.6.2.2)."""
    scale = 0 if tcb.state is State.SYN_RECEIVED else tcb.RCV.SCALE  # RFC 7323 2.2: never on a SYN,ACK
    most = min(tcb.config.receive_buffer - len(tcb.received), UNSCALED_WINDOW << scale)
    room = most - tcb.RCV.WND
    worthwhile = min(tcb.config.receive_buffer // 2, tcb.config.mss)
    return room if room >= max(1, worthwhile) else 0


def _open_window(tcb: Tcb) -> None:
    if not tcb.fin_received:
        # The right edge never moves back (3.8.6, SHLD-14): where scaling rounds the field down, RCV.WND keeps what an
        # earlier ACK had room for (RFC 7323 2.4).
        tcb.RCV.WND += _room_to_offer(tcb)


def update_window(tcb: Tcb) -> None:
    """The user has read: send a window update once the window would grow enough."""
    if not tcb.fin_received and _room_to_offer(tcb):
        tcb.ack_now = True


# ---- what may be sent --------------------------------------------------------------------------------------


def transmit(tcb: Tcb) -> None:
    """Send all text that may be sent now, the FIN after it, and a separate ACK where one is still due."""
    if tcb.state in _SENDING:
        if tcb.outstanding == 0 and tcb.now - tcb.last_sent > tcb.rto.value:
            tcb.congestion.idle()
        while _transmit_one(tcb):
            pass
        _watch_window(tcb)
    _acknowledge(tcb)


def segment_size(tcb: Tcb) -> int:
    """The most text for one segment, less the options that it carries (3.7.1, MUST-16)."""
    blocks = len(_sack(tcb))
    sack_length = _SACK_LENGTH + _BLOCK_LENGTH * blocks if blocks else 0
    return max(1, tcb.SND.MSS - _timestamps_length(tcb) - sack_length)


def _timestamps_length(tcb: Tcb) -> int:
    return _TIMESTAMPS_LENGTH if tcb.TS.on else 0


def _transmit_one(tcb: Tcb) -> bool:
    seq = tcb.SND.NXT if tcb.resend is None else tcb.resend
    waiting = distance(seq, tcb.end)
    if waiting < 0 or (waiting == 0 and not tcb.close_called):
        return False  # all text has been sent, and the FIN too where there is one
    allowed = tcb.congestion.allowance if tcb.resend is None else tcb.congestion.cwnd
    usable = min(tcb.SND.WND, allowed) - distance(tcb.SND.UNA, seq)
    octets = max(0, min(waiting, usable, segment_size(tcb)))
    fin = tcb.close_called and octets == waiting and distance(tcb.SND.UNA, seq) + octets <= tcb.SND.WND
    if not _is_worth_sending(tcb, octets, waiting, fin):
        return False
    _send_text(tcb, seq, octets, fin)
    return True


def _is_worth_sending(tcb: Tcb, octets: int, waiting: int, fin: bool) -> bool:
    if fin:
        return True  # no more text will come to be sent with it; the text fits the window, and the FIN needs no room
    if octets == 0:
        return False
    if tcb.resend is not None or octets == segment_size(tcb):
        return True
    if tcb.config.nagle and tcb.outstanding:
        return False  # 3.7.4: wait for the ACK, or for a full segment
    return octets == waiting or octets >= tcb.SND.MAX_WND // 2  # 3.8.6.2.1 (2), (3)


def _send_text(tcb: Tcb, seq: int, octets: int, fin: bool) -> None:
    start = distance(tcb.text_seq, seq)
    text = bytes(tcb.text[start : start + octets])
    flags = ACK | (FIN if fin else 0) | (PSH if text and seq == add(tcb.end, -octets) else 0)
    emit(tcb, seq, flags, text)
    tcb.last_sent = tcb.now
    after = add(seq, octets + fin)
    _time(tcb, seq, after)
    tcb.SND.NXT = latest(tcb.SND.NXT, after)
    if tcb.resend is not None:
        tcb.resend = after if lt(after, tcb.SND.NXT) else None
    _expect_acknowledgment(tcb)
    tcb.stop(Timer.PROBE, Timer.OVERRIDE)
    if fin and tcb.state is State.CLOSE_WAIT:
        tcb.state = State.LAST_ACK  # 3.10.4: "then send a FIN segment, enter LAST-ACK state"


def _time(tcb: Tcb, seq: int, after: int) -> None:
    """Time one segment per round trip, and no retransmission (RFC 6298 3)."""
    if tcb.timed is None and le(tcb.SND.NXT, seq):
        tcb.timed = (after, tcb.now)
    elif tcb.timed is not None and lt(seq, tcb.timed[0]):
        tcb.timed = None


def send_first_again(tcb: Tcb) -> None:
    """Retransmit the front of the retransmission queue: text, the FIN where it was sent and fits, or the SYN."""
    if tcb.state in (State.SYN_SENT, State.SYN_RECEIVED):
        emit_syn(tcb)
        return
    in_window = max(1, tcb.SND.WND)
    sent_text = min(distance(tcb.SND.UNA, tcb.end), tcb.outstanding)
    octets = min(segment_size(tcb), sent_text, in_window)
    _send_text(tcb, tcb.SND.UNA, octets, tcb.fin_sent and add(tcb.SND.UNA, octets) == tcb.end)


def _watch_window(tcb: Tcb) -> None:
    """If text waits and no ACK will release it, start a timer: to probe a zero window, or to override a small one."""
    if tcb.outstanding or distance(tcb.SND.NXT, tcb.end) <= 0:
        tcb.stop(Timer.PROBE, Timer.OVERRIDE)
    elif tcb.SND.WND == 0:
        if Timer.PROBE not in tcb.timers:
            tcb.start(Timer.PROBE, tcb.rto.value)  # 3.8.6.1, SHLD-29
    elif Timer.OVERRIDE not in tcb.timers:
        tcb.start(Timer.OVERRIDE, tcb.config.override)


def send_regardless(tcb: Tcb) -> None:
    """Send what fits the window, at least one octet: a zero-window probe (3.8.6.1) or the override of 3.8.6.2.1."""
    waiting = distance(tcb.SND.NXT, tcb.end)
    octets = min(waiting, max(1, tcb.SND.WND), segment_size(tcb))
    _send_text(tcb, tcb.SND.NXT, octets, tcb.close_called and octets == waiting <= tcb.SND.WND)


def owe_ack(tcb: Tcb, octets: int) -> None:
    """Text was accepted in order: acknowledge every second full segment at once, others later (3.8.6.3, SHLD-18)."""
    tcb.unacknowledged += octets
    full = _FULL_SEGMENTS * min(tcb.config.mss, tcb.SND.MSS)
    if tcb.config.delayed_ack is None or tcb.unacknowledged >= full:
        tcb.ack_now = True
    elif Timer.DELAYED_ACK not in tcb.timers:
        tcb.start(Timer.DELAYED_ACK, tcb.config.delayed_ack)


def _acknowledge(tcb: Tcb) -> None:
    if tcb.ack_now:
        emit_ack(tcb)

"""3.10.8 Timeouts, with the timers of 3.8.1 (RFC 6298), 3.8.4, 3.8.6.1, 3.8.6.2.1 and 3.8.6.3."""

from __future__ import annotations

from collections.abc import Callable

from halfclose.reference.calls import abort
from halfclose.reference.output import emit, emit_ack, send_first_again, send_regardless
from halfclose.reference.sequence import add
from halfclose.reference.tcb import Notice, State, Tcb, Timer
from halfclose.reference.wire import ACK


def expire(tcb: Tcb) -> None:
    """Process every timer that is due at tcb.now, the earliest first."""
    while tcb.timers:
        timer = min(tcb.timers, key=tcb.timers.__getitem__)
        if tcb.timers[timer] > tcb.now:
            return
        tcb.stop(timer)
        _HANDLERS[timer](tcb)


def user_timeout(tcb: Tcb) -> None:
    """3.10.8, "for any state": delete the TCB; the RFC asks for no reset.

    TIME-WAIT has turned this timer off (step 8), and lasts 2 MSL (MUST-13), so no limit of the user's own ends it.
    """
    lasts = tcb.state is State.TIME_WAIT and not tcb.config.user_timeout_in_time_wait
    if tcb.state is not State.CLOSED and not lasts:
        tcb.delete(Notice.TIMEOUT)


def _retransmission(tcb: Tcb) -> None:
    """RFC 6298 5.4 to 5.6; what follows the first segment is retransmitted as the window allows."""
    handshaking = tcb.state in (State.SYN_SENT, State.SYN_RECEIVED)
    probing = not handshaking and tcb.SND.WND == 0  # no sign of congestion, nor of trouble
    if not handshaking:
        if not probing:
            tcb.congestion.timed_out(tcb.outstanding, tcb.SND.NXT, first=tcb.rto.backed_off == 0)
        tcb.resend = tcb.SND.UNA
    if not probing:
        _count_retransmission(tcb)
    tcb.rto.back_off()
    tcb.timed, tcb.timed_out = None, tcb.now
    send_first_again(tcb)


def _count_retransmission(tcb: Tcb) -> None:
    """3.8.3, SHLD-9: tell the user at R1; R2 is the user timeout."""
    tcb.rto.retransmissions += 1
    if tcb.rto.retransmissions == tcb.config.r1:
        tcb.notify(Notice.TROUBLE)


def _probe(tcb: Tcb) -> None:
    tcb.rto.back_off()  # 3.8.6.1, SHLD-30: the next one, which is a retransmission, later
    send_regardless(tcb)


def _time_wait(tcb: Tcb) -> None:
    tcb.delete(Notice.CLOSED)


def _linger(tcb: Tcb) -> None:
    if not tcb.fin_acknowledged:
        abort(tcb)


def _fin_wait_2(tcb: Tcb) -> None:
    tcb.delete(Notice.TIMEOUT)


def _keep_alive(tcb: Tcb) -> None:
    """3.8.4: a segment that the peer has to answer, an octet before the window; none beside text or a FIN (MUST-26)."""
    if tcb.outstanding:
        return  # the peer's acknowledgment starts the timer anew
    if tcb.keep_alives >= tcb.config.keep_alive_probes:
        tcb.delete(Notice.TIMEOUT)
        return
    tcb.keep_alives += 1
    emit(tcb, add(tcb.SND.NXT, -1), ACK)
    tcb.start(Timer.KEEP_ALIVE, tcb.config.keep_alive_interval)


def heard_from_peer(tcb: Tcb) -> None:
    """The connection is alive: the next keep-alive is a whole idle time away (MUST-26)."""
    tcb.keep_alives = 0
    watch_peer(tcb)


def watch_peer(tcb: Tcb) -> None:
    """Let the idle time begin, where keep-alives are on and the connection is there to be kept."""
    if tcb.config.keep_alive and tcb.state not in _NOT_KEPT_ALIVE:
        tcb.start(Timer.KEEP_ALIVE, tcb.config.keep_alive_idle)
    else:
        tcb.stop(Timer.KEEP_ALIVE)


_NOT_KEPT_ALIVE = (State.CLOSED, State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED, State.TIME_WAIT)

_HANDLERS: dict[Timer, Callable[[Tcb], None]] = {
    Timer.USER: user_timeout,
    Timer.RETRANSMISSION: _retransmission,
    Timer.PROBE: _probe,
    Timer.OVERRIDE: send_regardless,
    Timer.DELAYED_ACK: emit_ack,
    Timer.TIME_WAIT: _time_wait,
    Timer.KEEP_ALIVE: _keep_alive,
    Timer.LINGER: _linger,
    Timer.FIN_WAIT_2: _fin_wait_2,
}

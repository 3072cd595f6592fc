"""3.10.1 to 3.10.6: the user's calls.  A call that fails raises CallError with the RFC's words, and changes nothing."""

from __future__ import annotations

from halfclose.reference.output import emit_reset, emit_syn, update_window
from halfclose.reference.tcb import UNSCALED_WINDOW, Notice, State, Tcb, Timer

_EXISTS = "connection already exists"
_NO_CONNECTION = "connection does not exist"
_CLOSING = "connection closing"
_NO_ROOM = "insufficient resources"
_UNSPECIFIED = "remote socket unspecified"


class CallError(Exception):
    """A call failed; the message is the text that follows "error: " in 3.10."""


def open_active(tcb: Tcb, *, remote_specified: bool) -> None:
    """3.10.1 OPEN, active."""
    if tcb.state not in (State.CLOSED, State.LISTEN):
        raise CallError(_EXISTS)
    if not remote_specified:
        raise CallError(_UNSPECIFIED)
    tcb.clear()
    tcb.remote_specified = True
    _start_actively(tcb)


def open_passive(tcb: Tcb, *, remote_specified: bool) -> None:
    """3.10.1 OPEN, passive."""
    if tcb.state is not State.CLOSED:
        raise CallError(_EXISTS)  # MUST-41 allows another LISTEN only on a TCB of its own
    tcb.clear()
    tcb.remote_specified = remote_specified
    tcb.state, tcb.passive = State.LISTEN, True


def _start_actively(tcb: Tcb) -> None:
    tcb.choose_iss()
    tcb.RCV.WND = min(tcb.config.receive_buffer, UNSCALED_WINDOW)
    tcb.state, tcb.passive = State.SYN_SENT, False
    tcb.timed = (tcb.SND.NXT, tcb.now)
    emit_syn(tcb)


def send(tcb: Tcb, text: bytes) -> int:
    """3.10.2 SEND: queue text for transmission; returns how many octets there was room for, at least one."""
    match tcb.state:
        case State.CLOSED:
            raise CallError(_NO_CONNECTION)
        case State.LISTEN if not tcb.remote_specified:
            raise CallError(_UNSPECIFIED)
        case State.FIN_WAIT_1 | State.FIN_WAIT_2 | State.CLOSING | State.LAST_ACK | State.TIME_WAIT:
            raise CallError(_CLOSING)
    if tcb.close_called:
        raise CallError(_CLOSING)
    taken = text[: max(0, tcb.config.send_buffer - len(tcb.text))]
    if text and not taken:
        raise CallError(_NO_ROOM)
    tcb.text += taken
    if tcb.state is State.LISTEN:
        _start_actively(tcb)
    return len(taken)


def receive(tcb: Tcb, count: int) -> bytes | None:
    """3.10.3 RECEIVE: up to count octets; b"" after the peer's FIN; None where nothing has come yet.

    Whatever was acknowledged can be read, in CLOSING, LAST-ACK, TIME-WAIT and afterwards too.
    """
    if tcb.state is State.SYN_RECEIVED:
        return None  # "queue for processing after entering ESTABLISHED state"
    if tcb.detached:
        raise CallError(_CLOSING)
    if tcb.received:
        text = bytes(tcb.received[:count])
        del tcb.received[:count]
        if tcb.state in (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
            update_window(tcb)
        return text
    if tcb.fin_received:
        return b""
    if tcb.state is State.CLOSED:
        raise CallError(_NO_CONNECTION)
    return None


def close(tcb: Tcb) -> None:
    """3.10.4 CLOSE: no more text to send; reading goes on."""
    match tcb.state:
        case State.CLOSED:
            raise CallError(_NO_CONNECTION)
        case State.LISTEN | State.SYN_SENT:
            tcb.delete(Notice.CLOSED)
            return
        case State.FIN_WAIT_1 | State.FIN_WAIT_2 | State.CLOSING | State.LAST_ACK | State.TIME_WAIT:
            raise CallError(_CLOSING)
    if tcb.close_called:
        raise CallError(_CLOSING)
    tcb.close_called = True
    close_if_queued(tcb)
    # SYN-RECEIVED: queued until ESTABLISHED.  CLOSE-WAIT: LAST-ACK when the FIN leaves.


def close_if_queued(tcb: Tcb) -> None:
    """3.10.4, ESTABLISHED: "In any case, enter FIN-WAIT-1 state"; the FIN itself leaves when all text has."""
    if tcb.close_called and tcb.state is State.ESTABLISHED:
        tcb.state = State.FIN_WAIT_1


def close_fully(tcb: Tcb, *, linger: float | None) -> None:
    """3.6.1, MAY-1: the user will neither send nor read; unread text is reported to the peer by a RST (SHLD-3).

    linger: for how many seconds at most the peer may take to acknowledge everything; then, or with 0 at once, the
    connection is aborted, as SO_LINGER has it in the socket API.  None leaves it to the user timeout.
    """
    if tcb.state is State.CLOSED:
        raise CallError(_NO_CONNECTION)
    if linger is not None and linger <= 0:
        abort(tcb)
        return
    if tcb.detached:
        return  # "as long as a second FIN is not emitted" (3.10.4)
    if tcb.received:
        emit_reset(tcb)
        tcb.delete(Notice.CLOSED)
        tcb.received.clear()
        tcb.fin_received = False
        return
    if tcb.state in (State.LISTEN, State.SYN_SENT):
        close(tcb)
        return
    if not tcb.close_called:
        close(tcb)
    tcb.detached = True
    if linger is not None and not tcb.fin_acknowledged:
        tcb.start(Timer.LINGER, linger)
    limit_wait_for_fin(tcb)


def limit_wait_for_fin(tcb: Tcb) -> None:
    """Start a timer that ends FIN-WAIT-2 after a full close.

    If the peer is gone, nobody else could end it: the user has left, and the RFC has no timer for this state.
    """
    if tcb.state is State.FIN_WAIT_2 and tcb.detached and tcb.config.fin_wait_2 is not None:
        tcb.start(Timer.FIN_WAIT_2, tcb.config.fin_wait_2)


def abort(tcb: Tcb, why: Notice = Notice.RESET) -> None:
    """3.10.5 ABORT."""
    match tcb.state:
        case State.CLOSED:
            raise CallError(_NO_CONNECTION)
        case State.SYN_RECEIVED | State.ESTABLISHED | State.FIN_WAIT_1 | State.FIN_WAIT_2 | State.CLOSE_WAIT:
            emit_reset(tcb)
    tcb.delete(why)


def status(tcb: Tcb) -> State:
    """3.10.6 STATUS."""
    return tcb.state

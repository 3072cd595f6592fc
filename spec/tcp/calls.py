"""User calls: RFC 9293 3.10.1 to 3.10.6, and the full close of 3.6.1.

Access rights, security and Diffserv values are left out, and so is "insufficient resources" for anything but the send
buffer: they never change the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..language.edge import Emission, Event, Rule
from ..language.profile import CLOSE_BY_THE_LETTER, HALF_DUPLEX, RECEIVE_BY_THE_LETTER, REMOTE_SPECIFIED
from ..language.states import ALIVE, OTHER, RECEIVING, State
from ..language.terms import NONE, TRUE, Term, num, one_if
from ..language.variables import ACK_OWED, CLOSE_CALLED, DETACHED, GHOST, ISS, RCV, SND, Fate, N, in_state
from .updates import (
    CLOCK_ALLOWS,
    FIRST_SYN,
    GOES_WITH_FIRST_SYN,
    MAY_GO_WITH_SYN,
    delete_listen,
    delete_tcb,
    fate,
    listen,
    new_life,
    open_active,
    text_segment,
)

S = State

# 3.10.1 OPEN ---------------------------------------------------------------------------------------------------

OPEN = (
    Rule(
        "open.passive",
        Event.OPEN_PASSIVE,
        (S.CLOSED,),
        S.LISTEN,
        ("3.10.1",),
        updates=listen(),
        ghosts=fate(Fate.ALIVE),
        why="If passive, enter the LISTEN state and return.",
    ),
    Rule(
        "open.active",
        Event.OPEN_ACTIVE,
        (S.CLOSED, S.LISTEN),
        S.SYN_SENT,
        ("3.10.1", "3.4.1", "MUST-8"),
        guard=(CLOCK_ALLOWS,),
        updates=open_active(),
        ghosts=new_life(peer=0),
        emits=FIRST_SYN,
        why="An ISS is selected and a SYN is sent; in LISTEN the connection changes from passive to active.",
    ),
    Rule(
        "open.active.exists",
        Event.OPEN_ACTIVE,
        (S.SYN_SENT, *OTHER),
        None,
        ("3.10.1",),
        signal="error: connection already exists",
    ),
    Rule(
        "open.passive.exists",
        Event.OPEN_PASSIVE,
        ALIVE,
        None,
        ("3.10.1", "MUST-41"),
        signal="error: connection already exists",
    ),
)

# 3.10.2 SEND ---------------------------------------------------------------------------------------------------

#: The send buffer keeps everything from the first unacknowledged octet on.  Before the handshake is over SND.UNA is the
#: number of the SYN, which is not text, so one is added.
_FITS = SND.END - SND.UNA + N <= SND.BUFF + one_if(in_state(S.SYN_SENT, S.SYN_RECEIVED))
_MAY_SEND = (S.SYN_SENT, S.SYN_RECEIVED, S.ESTABLISHED, S.CLOSE_WAIT)

_FITS_FROM_LISTEN = N <= SND.BUFF


def _send_from_listen() -> Iterator[Rule]:
    """SEND in LISTEN connects where the remote socket is specified.

    "Data associated with SEND may be sent with SYN segment or queued for transmission after entering ESTABLISHED
    state."
    """
    for name, guard, sent, why in (
        ("send.from-listen", ~MAY_GO_WITH_SYN, NONE, "The data waits for ESTABLISHED."),
        ("send.from-listen.text", MAY_GO_WITH_SYN, GOES_WITH_FIRST_SYN, "As much as fits a segment goes with the SYN."),
    ):
        yield Rule(
            name,
            Event.SEND,
            (S.LISTEN,),
            S.SYN_SENT,
            ("3.10.2", "3.5", "MUST-8"),
            guard=(REMOTE_SPECIFIED, CLOCK_ALLOWS, _FITS_FROM_LISTEN, guard),
            updates=open_active(queued=N, sent=sent),
            ghosts=new_life(peer=0, sent=N),
            emits=replace(FIRST_SYN, text=sent),
            why=why,
        )


SEND = (
    Rule(
        "send.closed",
        Event.SEND,
        (S.CLOSED,),
        None,
        ("3.10.2",),
        signal="error: connection does not exist",
    ),
    *_send_from_listen(),
    Rule(
        "send.listen.unspecified",
        Event.SEND,
        (S.LISTEN,),
        None,
        ("3.10.2",),
        guard=(~REMOTE_SPECIFIED,),
        signal="error: remote socket unspecified",
    ),
    Rule(
        "send.listen.full",
        Event.SEND,
        (S.LISTEN,),
        None,
        ("3.10.2",),
        guard=(REMOTE_SPECIFIED, ~_FITS_FROM_LISTEN),
        signal="error: insufficient resources",
        why="There is no room to queue the request.",
    ),
    Rule(
        "send.queue",
        Event.SEND,
        _MAY_SEND,
        None,
        ("3.10.2",),
        guard=(~CLOSE_CALLED, _FITS),
        updates=(SND.END.becomes(SND.END + N),),
        ghosts=(GHOST.SENT.becomes(GHOST.SENT + N),),
        why="The octets are queued; OUTPUT sends them as segments.",
    ),
    Rule(
        "send.full",
        Event.SEND,
        _MAY_SEND,
        None,
        ("3.10.2",),
        guard=(~CLOSE_CALLED, ~_FITS),
        signal="error: insufficient resources",
    ),
    Rule(
        "send.after-close",
        Event.SEND,
        (S.SYN_RECEIVED, S.ESTABLISHED, S.CLOSE_WAIT),
        None,
        ("3.10.2", "3.6"),
        guard=(CLOSE_CALLED,),
        signal="error: connection closing",
        why="CLOSE is queued: no further SENDs are accepted.",
    ),
    Rule(
        "send.closing",
        Event.SEND,
        (S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.LAST_ACK, S.TIME_WAIT),
        None,
        ("3.10.2",),
        signal="error: connection closing",
    ),
)

# 3.10.3 RECEIVE ------------------------------------------------------------------------------------------------

#: Both directions are closed or closing, but what has been received can still be read (reading 7).
_AFTER_FIN = (S.CLOSING, S.LAST_ACK, S.TIME_WAIT)
_ON_HAND = (N <= RCV.USER) & (num(1) <= RCV.USER)
_EMPTY = RCV.USER == 0
_ASKS_TOO_MUCH = ~_EMPTY & (RCV.USER < N)
_ATTACHED = ~DETACHED

#: Reading makes room.  The room is offered at once, without the receiver's silly window avoidance of 3.8.6.2.2, and an
#: acknowledgment is owed to tell the peer.
_TAKE = (
    RCV.USER.becomes(RCV.USER - N),
    RCV.WND.becomes(RCV.BUFF - RCV.USER + N),
)
_READ = (GHOST.READ.becomes(GHOST.READ + N),)
_SHOW_END = (GHOST.EOF.becomes(TRUE),)

RECEIVE = (
    Rule(
        "receive.data",
        Event.RECEIVE,
        RECEIVING,
        None,
        ("3.10.3", "3.8.6.2.2"),
        guard=(_ATTACHED, _ON_HAND),
        updates=(*_TAKE, ACK_OWED.becomes(TRUE)),
        ghosts=_READ,
        why="Octets move to the user, the window opens, and an acknowledgment says so.",
    ),
    Rule(
        "receive.data.close-wait",
        Event.RECEIVE,
        (S.CLOSE_WAIT,),
        None,
        ("3.10.3",),
        guard=(_ATTACHED, _ON_HAND),
        updates=_TAKE,
        ghosts=_READ,
        why="RECEIVEs are satisfied by data already on hand.",
    ),
    Rule(
        "receive.data.closing",
        Event.RECEIVE,
        _AFTER_FIN,
        None,
        ("3.10.3", "3.6"),
        guard=(~RECEIVE_BY_THE_LETTER, _ATTACHED, _ON_HAND),
        updates=_TAKE,
        ghosts=_READ,
        why="Reading 7: octets acknowledged before the FIN can still be read.",
    ),
    Rule(
        "receive.data.closed",
        Event.RECEIVE,
        (S.CLOSED,),
        None,
        ("3.10.3", "3.6"),
        guard=(~RECEIVE_BY_THE_LETTER, _ON_HAND),
        updates=(RCV.USER.becomes(RCV.USER - N),),
        ghosts=_READ,
        why="Reading 7: the receive buffer outlives a connection that closed normally.",
    ),
    Rule(
        "receive.part",
        Event.RECEIVE,
        (*RECEIVING, S.CLOSE_WAIT),
        None,
        ("3.10.3",),
        guard=(_ATTACHED, _ASKS_TOO_MUCH),
        signal="part",
        why="Fewer octets are on hand than asked for; the user asks again for those.",
    ),
    Rule(
        "receive.part.late",
        Event.RECEIVE,
        (*_AFTER_FIN, S.CLOSED),
        None,
        ("3.10.3",),
        guard=(~RECEIVE_BY_THE_LETTER, _ATTACHED, _ASKS_TOO_MUCH),
        signal="part",
    ),
    Rule(
        "receive.queue",
        Event.RECEIVE,
        (S.LISTEN, S.SYN_SENT, S.SYN_RECEIVED),
        None,
        ("3.10.3",),
        signal="queued",
        why="Queued for processing after entering ESTABLISHED.",
    ),
    Rule(
        "receive.wait",
        Event.RECEIVE,
        RECEIVING,
        None,
        ("3.10.3",),
        guard=(_ATTACHED, _EMPTY),
        signal="queued",
        why="Nothing is on hand: the request waits.",
    ),
    Rule(
        "receive.end",
        Event.RECEIVE,
        (S.CLOSE_WAIT,),
        None,
        ("3.10.3", "3.6"),
        guard=(_ATTACHED, _EMPTY),
        ghosts=_SHOW_END,
        signal="error: connection closing",
        why="Everything has been read and the peer sends no more: the end of its stream.",
    ),
    Rule(
        "receive.end.closing",
        Event.RECEIVE,
        _AFTER_FIN,
        None,
        ("3.10.3", "3.6"),
        guard=(~RECEIVE_BY_THE_LETTER, _ATTACHED, _EMPTY),
        ghosts=_SHOW_END,
        signal="error: connection closing",
    ),
    Rule(
        "receive.refused",
        Event.RECEIVE,
        _AFTER_FIN,
        None,
        ("3.10.3",),
        guard=(RECEIVE_BY_THE_LETTER, _ATTACHED),
        ghosts=_SHOW_END,
        signal="error: connection closing",
        why="The letter of 3.10.3: data or no data, RECEIVE fails.",
    ),
    Rule(
        "receive.detached",
        Event.RECEIVE,
        OTHER[1:],
        None,
        ("3.6.1", "MAY-1"),
        guard=(DETACHED,),
        signal="error: connection not open",
        why="The user gave the connection up with a full close.",
    ),
    Rule(
        "receive.closed",
        Event.RECEIVE,
        (S.CLOSED,),
        None,
        ("3.10.3",),
        guard=(RECEIVE_BY_THE_LETTER | _EMPTY,),
        signal="error: connection does not exist",
    ),
)

# 3.10.4 CLOSE --------------------------------------------------------------------------------------------------

_NO_SENDS = SND.END == ISS + 1
_NOW = CLOSE_BY_THE_LETTER & _NO_SENDS
_CALLED = (CLOSE_CALLED.becomes(TRUE),)


def _close(event: Event, prefix: str, guard: tuple[Term, ...], also: tuple[Rule, ...] = ()) -> tuple[Rule, ...]:
    """CLOSE ends the sending direction.  The full close does the same, and the user stops reading as well.

    guard: its first conjunct holds wherever the call is possible, all of it where no unread octets are lost.  also:
    rules that only this call has.
    """
    full = event is Event.FULL_CLOSE
    updates = (*_CALLED, DETACHED.becomes(TRUE)) if full else _CALLED
    leave = (DETACHED.becomes(TRUE),) if full else ()
    cite = ("3.10.4", "3.6.1", "MAY-1") if full else ("3.10.4",)
    again = "" if full else "error: connection closing"
    return (
        Rule(f"{prefix}.closed", event, (S.CLOSED,), None, cite, guard[:1], signal="error: connection does not exist"),
        Rule(
            f"{prefix}.listen",
            event,
            (S.LISTEN,),
            S.CLOSED,
            cite,
            guard[:1],
            updates=delete_listen(),
            ghosts=fate(Fate.CLOSED),
            signal="error: closing",
            why="Delete the TCB; outstanding RECEIVEs fail.",
        ),
        Rule(
            f"{prefix}.syn-sent",
            event,
            (S.SYN_SENT,),
            S.CLOSED,
            cite,
            guard[:1],
            updates=delete_tcb(),
            ghosts=fate(Fate.CLOSED),
            signal="error: closing",
            why="Delete the TCB; queued SENDs and RECEIVEs fail.",
        ),
        Rule(
            f"{prefix}.syn-received.now",
            event,
            (S.SYN_RECEIVED,),
            S.FIN_WAIT_1,
            cite,
            (*guard[:1], ~CLOSE_CALLED, _NOW),
            updates=(*updates, SND.NXT.becomes(SND.NXT + 1)),
            emits=text_segment(SND.NXT, num(0), fin=True),
            why="Reading 8, by the letter: no SENDs, so the FIN goes out before the handshake is done.",
        ),
        Rule(
            f"{prefix}.syn-received",
            event,
            (S.SYN_RECEIVED,),
            None,
            cite,
            (*guard[:1], ~CLOSE_CALLED, ~_NOW),
            updates=updates,
            why="Queue for processing after entering ESTABLISHED.",
        ),
        Rule(
            f"{prefix}.established",
            event,
            (S.ESTABLISHED,),
            S.FIN_WAIT_1,
            cite,
            (*guard, ~CLOSE_CALLED),
            updates=updates,
            why="Enter FIN-WAIT-1 in any case; the FIN follows once all SENDs are segmentized.",
        ),
        Rule(
            f"{prefix}.close-wait",
            event,
            (S.CLOSE_WAIT,),
            None,
            cite,
            (*guard, ~CLOSE_CALLED),
            updates=updates,
            why="Queue this until all preceding SENDs are segmentized; the FIN then leads to LAST-ACK.",
        ),
        Rule(
            f"{prefix}.again",
            event,
            (S.SYN_RECEIVED,),
            None,
            cite,
            (*guard[:1], CLOSE_CALLED),
            updates=leave,
            signal=again,
            why="CLOSE was called before and is queued already.",
        ),
        Rule(
            f"{prefix}.again.queued",
            event,
            (S.ESTABLISHED, S.CLOSE_WAIT),
            None,
            cite,
            (*guard, CLOSE_CALLED),
            updates=leave,
            signal=again,
            why="CLOSE was called before; no second FIN is emitted.",
        ),
        Rule(
            f"{prefix}.closing",
            event,
            (S.FIN_WAIT_1, S.FIN_WAIT_2, *_AFTER_FIN),
            None,
            cite,
            guard,
            updates=leave,
            signal=again,
            why="The FIN is queued or sent; no second one is emitted.",
        ),
        *also,
    )


CLOSE = _close(Event.CLOSE, "close", (TRUE,))

#: 3.6.1: "while received data is still pending ... its TCP implementation SHOULD send a RST".
_UNREAD_LOST = Rule(
    "full-close.unread",
    Event.FULL_CLOSE,
    OTHER[1:],
    S.CLOSED,
    ("3.6.1", "MAY-1", "SHLD-3"),
    guard=(HALF_DUPLEX, ~DETACHED, ~_EMPTY),
    updates=delete_tcb(),
    ghosts=fate(Fate.ABORTED),
    emits=Emission(rst=True, seq=SND.NXT),
    why="Unread octets are lost with this close, and the reset says so; whatever was still to be sent is lost too.",
)
FULL_CLOSE = _close(Event.FULL_CLOSE, "full-close", (HALF_DUPLEX, DETACHED | _EMPTY), also=(_UNREAD_LOST,))

# 3.10.5 ABORT --------------------------------------------------------------------------------------------------

ABORT = (
    Rule("abort.closed", Event.ABORT, (S.CLOSED,), None, ("3.10.5",), signal="error: connection does not exist"),
    Rule(
        "abort.listen",
        Event.ABORT,
        (S.LISTEN,),
        S.CLOSED,
        ("3.10.5",),
        updates=delete_listen(),
        ghosts=fate(Fate.ABORTED),
        signal="error: connection reset",
    ),
    Rule(
        "abort.syn-sent",
        Event.ABORT,
        (S.SYN_SENT,),
        S.CLOSED,
        ("3.10.5",),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        signal="error: connection reset",
        why="Queued SENDs and RECEIVEs get a reset notification; nothing is sent.",
    ),
    Rule(
        "abort.reset",
        Event.ABORT,
        (S.SYN_RECEIVED, *RECEIVING, S.CLOSE_WAIT),
        S.CLOSED,
        ("3.10.5",),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        emits=Emission(rst=True, seq=SND.NXT),
        signal="error: connection reset",
        why="Send a reset and flush everything.",
    ),
    Rule(
        "abort.closing",
        Event.ABORT,
        _AFTER_FIN,
        S.CLOSED,
        ("3.10.5",),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        signal="ok",
        why='Respond "ok" and delete the TCB; no reset is sent (reading 25).',
    ),
)

# 3.10.6 STATUS -------------------------------------------------------------------------------------------------

STATUS = (
    Rule("status.closed", Event.STATUS, (S.CLOSED,), None, ("3.10.6",), signal="error: connection does not exist"),
    Rule("status", Event.STATUS, ALIVE, None, ("3.10.6",), signal="state"),
)

RULES: tuple[Rule, ...] = (*OPEN, *SEND, *RECEIVE, *CLOSE, *FULL_CLOSE, *ABORT, *STATUS)

"""SEGMENT ARRIVES in the other states: RFC 9293 3.10.7.4, steps 7 and 8, and step 5 where it goes with them.

`taking` says what of a segment is new and how it is taken; here is in which state that happens and where it leads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..language.edge import Emission, Event, Rule
from ..language.profile import ISN_REUSED_EARLY, SECOND_FIN_ADVANCES, TIME_WAIT_ACKS_ALL
from ..language.states import RECEIVING, State
from ..language.terms import Term, ite, substitute
from ..language.variables import (
    ACK_OWED,
    ACKS_FIN,
    CTL,
    DETACHED,
    GHOST,
    HELD,
    ISS,
    RCV,
    SEG,
    SND,
    TEXT_END,
    Fate,
)
from .synchronized import (
    ACK_IS_GOOD,
    ACKNOWLEDGE,
    CONFIRMED_BY,
    JOIN,
    PROCESSED,
    REFUSED_BY_RANGE,
    SEND_WINDOW,
    STEP_5,
)
from .taking import (
    EARLY,
    EMPTY,
    FIN_NOW,
    FORGET_HELD,
    FORGET_HELD_GHOSTS,
    KEEP,
    KEEP_GHOSTS,
    NEW_TEXT,
    NOTHING_NEW,
    TAKE_FIN,
    TAKE_TEXT,
    UNWANTED,
    Text,
    take,
    take_fin,
)
from .updates import (
    ACK_SEGMENT,
    ACKNOWLEDGED,
    HANDSHAKE_OVER,
    NEXT_ISN,
    RESET_WITH_ACK,
    Assignments,
    delete_tcb,
    delete_tcb_in_order,
    fate,
)

S = State
_ARRIVES = Event.SEGMENT

# Seventh, process the segment text; eighth, check the FIN bit --------------------------------------------------


def _text_and_fin(
    name: str,
    state: State,
    when: tuple[Term, ...],
    target: State,
    on_fin: State,
    ack: Assignments = ACKNOWLEDGE,
    ghosts: Assignments = (),
) -> Iterator[Rule]:
    """Steps 5, 7 and 8 where text is taken: nothing new, text in order, text beyond RCV.NXT, FIN, unwanted text."""
    cite = ("3.10.7.4 step 5", "3.10.7.4 step 7")
    wanted = (*when, ~UNWANTED)
    something = ACK_OWED.becomes(ACK_OWED | ~EMPTY)
    yield Rule(
        f"{name}.ack",
        _ARRIVES,
        (state,),
        target,
        cite[:1],
        guard=(*wanted, NOTHING_NEW),
        updates=(*ack, something),
        ghosts=ghosts,
        why="The acknowledgment and the window count; there is no new text.",
    )
    yield Rule(
        f"{name}.text",
        _ARRIVES,
        (state,),
        target,
        cite,
        guard=(*wanted, NEW_TEXT, ~FIN_NOW),
        updates=(*ack, *TAKE_TEXT[0]),
        ghosts=(*ghosts, *TAKE_TEXT[1]),
        why="Text at RCV.NXT, trimmed to the window, moves into the buffer; an acknowledgment is owed.",
    )
    yield Rule(
        f"{name}.early",
        _ARRIVES,
        (state,),
        target,
        (*cite, "SHLD-31", "MAY-13"),
        guard=(*wanted, EARLY),
        updates=(*ack, *KEEP),
        ghosts=(*ghosts, *KEEP_GHOSTS),
        why="In the window but not at its left edge: held for later, or dropped to be sent again.",
    )
    yield Rule(
        f"{name}.fin",
        _ARRIVES,
        (state,),
        on_fin,
        (*cite, "3.10.7.4 step 8", "MUST-12"),
        guard=(*wanted, FIN_NOW),
        updates=(*ack, *TAKE_FIN[0]),
        ghosts=(*ghosts, *TAKE_FIN[1]),
        signal="connection closing",
        why="Advance RCV.NXT over the FIN and acknowledge it.",
    )
    yield Rule(
        f"{name}.unwanted",
        _ARRIVES,
        (state,),
        S.CLOSED,
        ("3.6.1", "MAY-1", "SHLD-3"),
        guard=(*when, UNWANTED),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        emits=RESET_WITH_ACK,
        why="New data after a full close: send a RST to show that data was lost.",
    )


def _receiving() -> Iterator[Rule]:
    handshake = (*STEP_5, CTL.ACK, ~REFUSED_BY_RANGE, ACK_IS_GOOD)
    begin = (SND.UNA.becomes(SEG.ACK), *SEND_WINDOW)
    for rule in _text_and_fin("syn-received", S.SYN_RECEIVED, handshake, S.ESTABLISHED, S.CLOSE_WAIT, begin, JOIN):
        yield replace(rule, ghosts=_rebound(rule.ghosts))
    yield from _text_and_fin("established", S.ESTABLISHED, PROCESSED, S.ESTABLISHED, S.CLOSE_WAIT)
    waiting, acked = (*PROCESSED, ~ACKS_FIN), (*PROCESSED, ACKS_FIN)
    yield from _text_and_fin("fin-wait-1", S.FIN_WAIT_1, waiting, S.FIN_WAIT_1, S.CLOSING)
    yield from _text_and_fin("fin-wait-1.acked", S.FIN_WAIT_1, acked, S.FIN_WAIT_2, S.TIME_WAIT)
    yield from _text_and_fin("fin-wait-2", S.FIN_WAIT_2, PROCESSED, S.FIN_WAIT_2, S.TIME_WAIT)


def _rebound(ghosts: Assignments) -> Assignments:
    """The ghosts of a segment that confirms the connection, computed with the binding that it establishes."""
    joined = frozenset(a.var for a in JOIN)
    return tuple(
        a if a.var in joined else a.var.becomes(substitute(a.value, {GHOST.PEER: CONFIRMED_BY})) for a in ghosts
    )


# After the peer's FIN: text is ignored, a second FIN too (unless by the letter: reading 5) ---------------------

_SECOND_FIN = SECOND_FIN_ADVANCES & FIN_NOW
_NEXT_AFTER = ite(_SECOND_FIN, TEXT_END + 1, RCV.NXT)
_AFTER: Assignments = (
    *ACKNOWLEDGE,
    RCV.NXT.becomes(_NEXT_AFTER),
    ACK_OWED.becomes(ACK_OWED | _SECOND_FIN),
)
_QUIET_IN_TIME_WAIT = (SEG.LEN == 0) & ~TIME_WAIT_ACKS_ALL
_TIME_WAIT = (*STEP_5, CTL.ACK, ~REFUSED_BY_RANGE)


def _fin_unacknowledged(state: State) -> Rule:
    """CLOSING and LAST-ACK wait for one thing, the acknowledgment of our FIN, and this ACK is not it."""
    return Rule(
        f"{state.value.lower()}.ack",
        _ARRIVES,
        (state,),
        None,
        ("3.10.7.4 step 5",),
        guard=(*PROCESSED, ~ACKS_FIN),
        updates=_AFTER,
        why="Not yet the acknowledgment of our FIN (reading 17).",
    )


CLOSING = (
    Rule(
        "close-wait.ack",
        _ARRIVES,
        (S.CLOSE_WAIT,),
        None,
        ("3.10.7.4 step 5",),
        guard=PROCESSED,
        updates=_AFTER,
        why="The same processing as for the ESTABLISHED state; text after a FIN is ignored.",
    ),
    _fin_unacknowledged(S.CLOSING),
    Rule(
        "closing.acked",
        _ARRIVES,
        (S.CLOSING,),
        S.TIME_WAIT,
        ("3.10.7.4 step 5",),
        guard=(*PROCESSED, ACKS_FIN),
        updates=_AFTER,
        why="The ACK acknowledges our FIN: enter TIME-WAIT.",
    ),
    _fin_unacknowledged(S.LAST_ACK),
    Rule(
        "last-ack.acked",
        _ARRIVES,
        (S.LAST_ACK,),
        S.CLOSED,
        ("3.10.7.4 step 5",),
        guard=(*PROCESSED, ACKS_FIN),
        updates=delete_tcb_in_order(ite(ISN_REUSED_EARLY, ISS, NEXT_ISN)),
        ghosts=fate(Fate.CLOSED),
        why="Our FIN is acknowledged: delete the TCB, enter the CLOSED state.",
    ),
    Rule(
        "time-wait.ack",
        _ARRIVES,
        (S.TIME_WAIT,),
        None,
        ("3.10.7.4 step 5",),
        guard=(*_TIME_WAIT, ~_QUIET_IN_TIME_WAIT),
        updates=(RCV.NXT.becomes(_NEXT_AFTER), *ACKNOWLEDGED),
        emits=replace(ACK_SEGMENT, acknowledge=_NEXT_AFTER),
        why="Acknowledge it, and restart the 2 MSL timeout (reading 2).",
    ),
    Rule(
        "time-wait.quiet",
        _ARRIVES,
        (S.TIME_WAIT,),
        None,
        ("3.10.7.4 step 5",),
        guard=(*_TIME_WAIT, _QUIET_IN_TIME_WAIT),
        why="Reading 2: a segment that occupies no sequence space needs no acknowledgment.",
    ),
)

# The gap before a held segment is filled (SHLD-31) -------------------------------------------------------------

_HELD_END = HELD.SEQ + HELD.TEXT
ITS_TURN = HELD.SET & (HELD.SEQ <= RCV.NXT)
_HELD_NEW = RCV.NXT < _HELD_END
_HELD_UNWANTED = DETACHED & _HELD_NEW
_HELD_FIN_NOW = HELD.FIN & (RCV.NXT <= _HELD_END)
_KEPT = Text(HELD.SEQ, _HELD_END, GHOST.HELD_LIFE, GHOST.HELD_TO, GHOST.HELD_AT, GHOST.HELD_SENT)
_TAKE_HELD = take(_KEPT)
_TAKE_HELD_FIN = take_fin(_KEPT)


def _reassemble() -> Iterator[Rule]:
    cite = ("3.10.7.4 step 1", "SHLD-31")
    yield Rule(
        "reassemble.text",
        Event.REASSEMBLE,
        RECEIVING,
        None,
        cite,
        guard=(ITS_TURN, HANDSHAKE_OVER, ~_HELD_UNWANTED, _HELD_NEW, ~_HELD_FIN_NOW),
        updates=(*_TAKE_HELD[0], *FORGET_HELD),
        ghosts=(*_TAKE_HELD[1], *FORGET_HELD_GHOSTS),
        why="The gap before the held text is filled.",
    )
    yield Rule(
        "reassemble.stale",
        Event.REASSEMBLE,
        RECEIVING,
        None,
        cite,
        guard=(ITS_TURN, HANDSHAKE_OVER, ~_HELD_UNWANTED, ~_HELD_NEW, ~_HELD_FIN_NOW),
        updates=FORGET_HELD,
        ghosts=FORGET_HELD_GHOSTS,
        why="Everything held has come by another way.",
    )
    yield Rule(
        "reassemble.unwanted",
        Event.REASSEMBLE,
        RECEIVING,
        S.CLOSED,
        ("3.6.1", "MAY-1", "SHLD-3"),
        guard=(ITS_TURN, HANDSHAKE_OVER, _HELD_UNWANTED),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        emits=Emission(rst=True, seq=SND.NXT),
        why="The gap before the held text is filled, but the user has fully closed since.",
    )
    on_fin = {S.ESTABLISHED: S.CLOSE_WAIT, S.FIN_WAIT_1: S.CLOSING, S.FIN_WAIT_2: S.TIME_WAIT}
    for state, target in on_fin.items():
        yield Rule(
            f"reassemble.fin@{state.value}",
            Event.REASSEMBLE,
            (state,),
            target,
            (*cite, "3.10.7.4 step 8", "MUST-12"),
            guard=(ITS_TURN, HANDSHAKE_OVER, ~_HELD_UNWANTED, _HELD_FIN_NOW),
            updates=_TAKE_HELD_FIN[0],
            ghosts=_TAKE_HELD_FIN[1],
            signal="connection closing",
            why="The held FIN is in order now.",
        )


SEVENTH = tuple(_receiving())
REASSEMBLY = tuple(_reassemble())
RULES: tuple[Rule, ...] = (*SEVENTH, *CLOSING, *REASSEMBLY)

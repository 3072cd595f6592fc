"""SEGMENT ARRIVES in the other states: RFC 9293 3.10.7.4, step by step.

Every rule of a step repeats what the steps before it let through, so that the guards stand on their own; that they
are exclusive and exhaustive is proved, for every profile at once.  Step 3 (security) and step 6 (URG) are left out.

An ACK field is processed as soon as its segment is acceptable, also where the text lies beyond RCV.NXT: an
acknowledgment is cumulative, and deployed stacks do so (reading 28).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .edge import Emission, Event, Rule
from .profile import (
    FIN_AT_ZERO_WINDOW,
    HOLD,
    ISN_REUSED,
    ISN_REUSED_EARLY,
    REOPEN,
    RESET_FIRST,
    RFC1337,
    RFC5961_ACK,
    RFC5961_RST,
    RFC5961_SYN,
    SECOND_FIN_ADVANCES,
    SYN_ACK_COMPLETES,
    TIME_WAIT_ACKS_ALL,
)
from .states import OTHER, RECEIVING, SYNCHRONIZED, State
from .tcb import (
    ACK_SEGMENT,
    AFTER_TIME_WAIT,
    BEYOND_THIS,
    FIRST_SYN_ACK,
    NEXT_ISN,
    RESET_WITH_ACK,
    RESET_WITHOUT_ACK,
    Assignments,
    back_to_listen,
    delete_tcb,
    delete_tcb_in_order,
    fate,
    join,
    new_life,
    open_on_syn,
)
from .terms import FALSE, TRUE, Term, earlier, ite, later, named, substitute
from .variables import (
    ACK_OWED,
    ACKS_FIN,
    CLOSE_CALLED,
    CTL,
    DETACHED,
    GHOST,
    HELD,
    IRS,
    ISS,
    NOTHING_UNREAD,
    PASSIVE,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    TEXT_END,
    Fate,
)

S = State
_ARRIVES = Event.SEGMENT
_SEND_WINDOW = (SND.WND.becomes(SEG.WND), SND.WL1.becomes(SEG.SEQ), SND.WL2.becomes(SEG.ACK))

#: Where initial sequence numbers come again, an old SYN is as good as the new one; its confirmation is what binds.
_CONFIRMED_BY = ite(ISN_REUSED, SEG.LIFE, GHOST.PEER)
_JOIN = join(_CONFIRMED_BY)

# Ahead of step 1: two segments that the sequence check would refuse -------------------------------------------

#: MAY-2: only a SYN beyond everything received can be a new incarnation, and nothing may be left to read.
_REOPENS = REOPEN & CTL.SYN & ~CTL.ACK & ~CTL.RST & (SEG.SEQ > RCV.NXT) & NOTHING_UNREAD

#: Step 5 in SYN-RECEIVED: "If SND.UNA < SEG.ACK =< SND.NXT".
ACK_IS_GOOD = (SND.UNA < SEG.ACK) & (SEG.ACK <= SND.NXT)

#: Reading 3: figure 7 line 6 and Appendix A.2, against step 1.
_COMPLETES = SYN_ACK_COMPLETES & CTL.SYN & CTL.ACK & ~CTL.RST & ~PASSIVE & (SEG.SEQ == IRS) & ACK_IS_GOOD

#: Reading 29: 3.5.2 group 2, "the segment carries an unacceptable ACK ... a reset is sent", against step 1.
_REFUSED_FIRST = RESET_FIRST & CTL.ACK & ~CTL.RST & ~ACK_IS_GOOD

AHEAD = (
    Rule(
        "syn-received.reset-first",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        None,
        ("3.5.2",),
        guard=(_REFUSED_FIRST,),
        emits=RESET_WITH_ACK,
        why="A non-synchronized end resets whoever acknowledges something it never sent, in the window or not.",
    ),
    Rule(
        "reopen",
        _ARRIVES,
        (S.TIME_WAIT,),
        S.SYN_RECEIVED,
        ("3.6.1", "MAY-2"),
        guard=(_REOPENS, BEYOND_THIS),
        updates=open_on_syn(),
        ghosts=new_life(peer=SEG.LIFE),
        emits=FIRST_SYN_ACK,
        why="Accept a new SYN directly from TIME-WAIT. An old duplicate leads on to LISTEN, not back (reading 21).",
    ),
    Rule(
        "syn-received.syn-ack",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.ESTABLISHED,
        ("3.5 figure 7", "A.2"),
        guard=(_COMPLETES,),
        updates=(SND.UNA.becomes(SEG.ACK), *_SEND_WINDOW, ACK_OWED.becomes(TRUE)),
        ghosts=_JOIN,
        why="Simultaneous open: the peer's SYN,ACK repeats its SYN and acknowledges ours.",
    ),
)


def _ahead(state: State) -> Term:
    """What has been dealt with before step 1."""
    return {S.TIME_WAIT: _REOPENS, S.SYN_RECEIVED: _COMPLETES | _REFUSED_FIRST}.get(state, FALSE)


# First, check sequence number ---------------------------------------------------------------------------------


def _in_window(number: Term) -> Term:
    return (number >= RCV.NXT) & (number < RIGHT_EDGE)


_EMPTY = SEG.LEN == 0
NO_WINDOW = RCV.WND == 0

#: Table 6.
_TABLE_6 = ite(
    _EMPTY,
    ite(NO_WINDOW, SEG.SEQ == RCV.NXT, _in_window(SEG.SEQ)),
    ~NO_WINDOW & (_in_window(SEG.SEQ) | _in_window(SEG.SEQ + SEG.LEN - 1)),
)

#: "If the RCV.WND is zero ... special allowance should be made to accept valid ACKs, URGs, and RSTs."
_ALLOWED = NO_WINDOW & (SEG.SEQ == RCV.NXT) & ~CTL.SYN

#: Reading 4: a FIN at RCV.NXT, behind text that is already here, needs no window.
_BARE_FIN = FIN_AT_ZERO_WINDOW & CTL.FIN & ~CTL.SYN & (SEG.SEQ <= RCV.NXT) & (SEG.SEQ + SEG.TEXT == RCV.NXT)

ACCEPTABLE = named("acceptable", _TABLE_6 | _ALLOWED | _BARE_FIN)


def _first() -> Iterator[Rule]:
    for state in OTHER:
        arrived = () if _ahead(state) is FALSE else (~_ahead(state),)
        yield Rule(
            f"step1.rst@{state.value}",
            _ARRIVES,
            (state,),
            None,
            ("3.10.7.4 step 1",),
            guard=(*arrived, ~ACCEPTABLE, CTL.RST),
            why="Unless the RST bit is set: then drop the segment and return.",
        )
        yield Rule(
            f"step1.ack@{state.value}",
            _ARRIVES,
            (state,),
            None,
            ("3.10.7.4 step 1", "3.5.2"),
            guard=(*arrived, ~ACCEPTABLE, ~CTL.RST),
            updates=(ACK_OWED.becomes(FALSE),),
            emits=ACK_SEGMENT,
            why="An acknowledgment is sent in reply, and the segment dropped (reading 1: so is a retransmitted FIN).",
        )


# Second, check the RST bit ------------------------------------------------------------------------------------

_RESETS = ~RFC5961_RST | (SEG.SEQ == RCV.NXT)
_STEP_2 = (ACCEPTABLE, CTL.RST)
_TO_LISTEN = PASSIVE & ~CLOSE_CALLED

SECOND = (
    Rule(
        "step2.challenge",
        _ARRIVES,
        OTHER[:-1],
        None,
        ("3.10.7.4 step 2",),
        guard=(*_STEP_2, ~_RESETS),
        updates=(ACK_OWED.becomes(FALSE),),
        emits=ACK_SEGMENT,
        why="RFC 5961: within the window, but not the next number. Send a challenge ACK.",
    ),
    Rule(
        "step2.challenge.time-wait",
        _ARRIVES,
        (S.TIME_WAIT,),
        None,
        ("3.10.7.4 step 2",),
        guard=(~_REOPENS, *_STEP_2, ~_RESETS, ~RFC1337),
        updates=(ACK_OWED.becomes(FALSE),),
        emits=ACK_SEGMENT,
        why="RFC 5961: within the window, but not the next number. Send a challenge ACK.",
    ),
    Rule(
        "step2.syn-received.passive",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.LISTEN,
        ("3.10.7.4 step 2", "3.5.3", "MUST-11"),
        guard=(*_STEP_2, _RESETS, _TO_LISTEN),
        updates=back_to_listen(),
        ghosts=fate(Fate.ALIVE),
        why="A passive OPEN returns to LISTEN; the user need not be informed.",
    ),
    Rule(
        "step2.syn-received.active",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.CLOSED,
        ("3.10.7.4 step 2", "MUST-11"),
        guard=(*_STEP_2, _RESETS, ~_TO_LISTEN),
        updates=delete_tcb(),
        ghosts=fate(Fate.REFUSED),
        signal="error: connection refused",
        why="An active OPEN was refused; a passive one whose CLOSE is queued has nobody left (reading 30).",
    ),
    Rule(
        "step2.reset",
        _ARRIVES,
        (*RECEIVING, S.CLOSE_WAIT),
        S.CLOSED,
        ("3.10.7.4 step 2", "3.5.3", "MUST-12"),
        guard=(*_STEP_2, _RESETS),
        updates=delete_tcb(),
        ghosts=fate(Fate.RESET),
        signal="error: connection reset",
        why="All segment queues are flushed and the user hears of it.",
    ),
    Rule(
        "step2.reset.closing",
        _ARRIVES,
        (S.CLOSING, S.LAST_ACK),
        S.CLOSED,
        ("3.10.7.4 step 2",),
        guard=(*_STEP_2, _RESETS),
        updates=delete_tcb_in_order(),
        ghosts=fate(Fate.RESET),
        why="Enter the CLOSED state, delete the TCB.",
    ),
    Rule(
        "step2.reset.time-wait",
        _ARRIVES,
        (S.TIME_WAIT,),
        S.CLOSED,
        ("3.10.7.4 step 2",),
        guard=(~_REOPENS, *_STEP_2, _RESETS, ~RFC1337),
        updates=delete_tcb_in_order(AFTER_TIME_WAIT),
        ghosts=fate(Fate.CLOSED),
        why="TIME-WAIT assassination: a RST ends it early (reading 12).",
    ),
    Rule(
        "step2.ignore.time-wait",
        _ARRIVES,
        (S.TIME_WAIT,),
        None,
        ("RFC 1337",),
        guard=(~_REOPENS, *_STEP_2, RFC1337),
        why="RFC 1337: ignore RSTs in TIME-WAIT.",
    ),
)

# Fourth, check the SYN bit ------------------------------------------------------------------------------------


def _fourth() -> Iterator[Rule]:
    yield Rule(
        "step4.syn-received.passive",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.LISTEN,
        ("3.10.7.4 step 4", "MUST-11"),
        guard=(~_ahead(S.SYN_RECEIVED), ACCEPTABLE, ~CTL.RST, CTL.SYN, _TO_LISTEN),
        updates=back_to_listen(),
        ghosts=fate(Fate.ALIVE),
        why="A new SYN within the window: a passive OPEN starts again from LISTEN.",
    )
    for state in OTHER:
        passive = (~_TO_LISTEN,) if state is S.SYN_RECEIVED else ()
        arrived = (~_ahead(state),) if _ahead(state) is not FALSE else ()
        syn = (*arrived, ACCEPTABLE, ~CTL.RST, CTL.SYN, *passive)
        yield Rule(
            f"step4.challenge@{state.value}",
            _ARRIVES,
            (state,),
            None,
            ("3.10.7.4 step 4",),
            guard=(*syn, RFC5961_SYN),
            updates=(ACK_OWED.becomes(FALSE),),
            emits=ACK_SEGMENT,
            why="RFC 5961: send a challenge ACK, whatever the sequence number.",
        )
        for bit, emits in ((CTL.ACK, RESET_WITH_ACK), (~CTL.ACK, RESET_WITHOUT_ACK)):
            name = "step4.reset" if bit is CTL.ACK else "step4.reset.no-ack"
            yield Rule(
                f"{name}@{state.value}",
                _ARRIVES,
                (state,),
                S.CLOSED,
                ("3.10.7.4 step 4", "3.5.2"),
                guard=(*syn, ~RFC5961_SYN, bit),
                updates=delete_tcb(),
                ghosts=fate(Fate.RESET),
                emits=emits,
                signal="error: connection reset",
                why="RFC 793: a SYN in the window is an error. Send a reset.",
            )


# Fifth, check the ACK field -----------------------------------------------------------------------------------

_STEP_5 = (ACCEPTABLE, ~CTL.RST, ~CTL.SYN)
NO_ACK_BIT = ~CTL.ACK
_BEYOND = SND.NXT < SEG.ACK
_TOO_OLD = RFC5961_ACK & (SEG.ACK < SND.UNA - SND.MAX_WND)
_PROCESSED = (*_STEP_5, CTL.ACK, ~_BEYOND, ~_TOO_OLD)

_REFUSED_BY_RANGE = RFC5961_ACK & (_BEYOND | _TOO_OLD)

FIFTH = (
    Rule(
        "step5.no-ack",
        _ARRIVES,
        OTHER,
        None,
        ("3.10.7.4 step 5",),
        guard=(*_STEP_5, NO_ACK_BIT),
        why="If the ACK bit is off, drop the segment and return.",
    ),
    Rule(
        "step5.range.syn-received",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        None,
        ("3.10.7.4 step 5", "MAY-12"),
        guard=(*_STEP_5, CTL.ACK, ~RESET_FIRST, _REFUSED_BY_RANGE),
        updates=(ACK_OWED.becomes(FALSE),),
        emits=ACK_SEGMENT,
        why="RFC 5961: an ACK outside the acceptable range is discarded and an ACK sent back.",
    ),
    Rule(
        "step5.range.time-wait",
        _ARRIVES,
        (S.TIME_WAIT,),
        None,
        ("3.10.7.4 step 5", "MAY-12"),
        guard=(*_STEP_5, CTL.ACK, _REFUSED_BY_RANGE),
        updates=(ACK_OWED.becomes(FALSE),),
        emits=ACK_SEGMENT,
        why="RFC 5961: an ACK outside the acceptable range is discarded and an ACK sent back.",
    ),
    Rule(
        "step5.beyond",
        _ARRIVES,
        SYNCHRONIZED[:-1],
        None,
        ("3.10.7.4 step 5",),
        guard=(*_STEP_5, CTL.ACK, _BEYOND | _TOO_OLD),
        updates=(ACK_OWED.becomes(FALSE),),
        emits=ACK_SEGMENT,
        why="The ACK acks something not yet sent (RFC 5961: or far too old): send an ACK, drop the segment.",
    ),
    Rule(
        "step5.syn-received.bad",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        None,
        ("3.10.7.4 step 5", "3.5.2"),
        guard=(*_STEP_5, CTL.ACK, ~RESET_FIRST, ~ACK_IS_GOOD, ~_REFUSED_BY_RANGE),
        emits=RESET_WITH_ACK,
        why="Not acceptable: form a reset and send it; the segment goes no further (reading 15).",
    ),
)

#: The ESTABLISHED processing of an ACK: SND.UNA advances over what is new, a duplicate is ignored.
_ADVANCE = SND.UNA.becomes(later(SND.UNA, SEG.ACK))

#: "This check prevents using old segments to update the window."
_NEWER = (SND.UNA <= SEG.ACK) & ((SND.WL1 < SEG.SEQ) | ((SND.WL1 == SEG.SEQ) & (SND.WL2 <= SEG.ACK)))
_ACKNOWLEDGE: Assignments = (
    _ADVANCE,
    SND.WND.becomes(ite(_NEWER, SEG.WND, SND.WND)),
    SND.WL1.becomes(ite(_NEWER, SEG.SEQ, SND.WL1)),
    SND.WL2.becomes(ite(_NEWER, SEG.ACK, SND.WL2)),
)

# Seventh, process the segment text; eighth, check the FIN bit --------------------------------------------------

#: "trimming off any portions that lie outside the window (including SYN and FIN)".
NEW_TEXT = named("new-text", (SEG.SEQ <= RCV.NXT) & (RCV.NXT < TEXT_END) & ~NO_WINDOW)
_TAKEN = earlier(TEXT_END, RIGHT_EDGE) - RCV.NXT
_FIN_FITS = (TEXT_END < RIGHT_EDGE) | (FIN_AT_ZERO_WINDOW & (TEXT_END <= RIGHT_EDGE))
FIN_NOW = named("fin-in-order", CTL.FIN & (SEG.SEQ <= RCV.NXT) & (RCV.NXT <= TEXT_END) & _FIN_FITS)
EARLY = named("early", (RCV.NXT < SEG.SEQ) & ~_EMPTY)

NOTHING_NEW = ~NEW_TEXT & ~EARLY & ~FIN_NOW

#: SHLD-3: text for a user who reads no more.
_UNWANTED = named("unwanted", DETACHED & (RCV.NXT < TEXT_END) & ~(SEG.TEXT == 0))

_FORGET_HELD = (HELD.SET.becomes(FALSE), HELD.SEQ.becomes(0), HELD.TEXT.becomes(0), HELD.FIN.becomes(FALSE))
_FORGET_HELD_GHOSTS = (GHOST.HELD_LIFE.becomes(0), GHOST.HELD_AT.becomes(0), GHOST.HELD_SENT.becomes(0))
_OWE = ACK_OWED.becomes(TRUE)


def _take(octets: Term, first: Term, life: Term, index: Term) -> tuple[Assignments, Assignments]:
    """Move octets into the receive buffer: updates, and the ghosts that check that they are the right ones."""
    right = (life == GHOST.PEER) & (index + (RCV.NXT - first) == GHOST.GOT)
    updates = (
        RCV.NXT.becomes(RCV.NXT + octets),
        RCV.WND.becomes(RCV.WND - octets),
        RCV.USER.becomes(RCV.USER + octets),
        _OWE,
    )
    return updates, (GHOST.GOT.becomes(GHOST.GOT + octets), GHOST.GOOD.becomes(GHOST.GOOD & right))


def _take_fin(end: Term, first: Term, life: Term, index: Term, sent: Term) -> tuple[Assignments, Assignments]:
    """Take the text up to the FIN, and the FIN: advance RCV.NXT over it; nothing held beyond it counts."""
    octets = end - RCV.NXT
    (_, window, user, owe), (got, good) = _take(octets, first, life, index)
    still_good = ite(octets == 0, GHOST.GOOD, good.value)
    whole = GHOST.WHOLE & (life == GHOST.PEER) & (GHOST.GOT + octets == sent)
    updates = (RCV.NXT.becomes(end + 1), window, user, owe, *_FORGET_HELD)
    return updates, (got, GHOST.GOOD.becomes(still_good), GHOST.WHOLE.becomes(whole), *_FORGET_HELD_GHOSTS)


_TAKE_TEXT = _take(_TAKEN, SEG.SEQ, SEG.LIFE, SEG.AT)
_TAKE_FIN = _take_fin(TEXT_END, SEG.SEQ, SEG.LIFE, SEG.AT, SEG.SENT)

_HOLD_IT = HOLD & ~HELD.SET
_KEEP: Assignments = (
    HELD.SET.becomes(HELD.SET | HOLD),
    HELD.SEQ.becomes(ite(_HOLD_IT, SEG.SEQ, HELD.SEQ)),
    HELD.TEXT.becomes(ite(_HOLD_IT, earlier(TEXT_END, RIGHT_EDGE) - SEG.SEQ, HELD.TEXT)),
    HELD.FIN.becomes(ite(_HOLD_IT, CTL.FIN & (TEXT_END < RIGHT_EDGE), HELD.FIN)),
    _OWE,
)
_KEEP_GHOSTS: Assignments = (
    GHOST.HELD_LIFE.becomes(ite(_HOLD_IT, SEG.LIFE, GHOST.HELD_LIFE)),
    GHOST.HELD_AT.becomes(ite(_HOLD_IT, SEG.AT, GHOST.HELD_AT)),
    GHOST.HELD_SENT.becomes(ite(_HOLD_IT, SEG.SENT, GHOST.HELD_SENT)),
)


def _text_and_fin(
    name: str,
    state: State,
    when: tuple[Term, ...],
    target: State,
    on_fin: State,
    ack: Assignments = _ACKNOWLEDGE,
    ghosts: Assignments = (),
) -> Iterator[Rule]:
    """Steps 5, 7 and 8 where text is taken: nothing new, text in order, text beyond RCV.NXT, FIN, unwanted text."""
    cite = ("3.10.7.4 step 5", "3.10.7.4 step 7")
    wanted = (*when, ~_UNWANTED)
    something = ACK_OWED.becomes(ACK_OWED | ~_EMPTY)
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
        updates=(*ack, *_TAKE_TEXT[0]),
        ghosts=(*ghosts, *_TAKE_TEXT[1]),
        why="Text at RCV.NXT, trimmed to the window, moves into the buffer; an acknowledgment is owed.",
    )
    yield Rule(
        f"{name}.early",
        _ARRIVES,
        (state,),
        target,
        (*cite, "SHLD-31", "MAY-13"),
        guard=(*wanted, EARLY),
        updates=(*ack, *_KEEP),
        ghosts=(*ghosts, *_KEEP_GHOSTS),
        why="In the window but not at its left edge: held for later, or dropped to be sent again.",
    )
    yield Rule(
        f"{name}.fin",
        _ARRIVES,
        (state,),
        on_fin,
        (*cite, "3.10.7.4 step 8"),
        guard=(*wanted, FIN_NOW),
        updates=(*ack, *_TAKE_FIN[0]),
        ghosts=(*ghosts, *_TAKE_FIN[1]),
        signal="connection closing",
        why="Advance RCV.NXT over the FIN and acknowledge it.",
    )
    yield Rule(
        f"{name}.unwanted",
        _ARRIVES,
        (state,),
        S.CLOSED,
        ("3.6.1", "MAY-1", "SHLD-3"),
        guard=(*when, _UNWANTED),
        updates=delete_tcb(),
        ghosts=fate(Fate.ABORTED),
        emits=RESET_WITH_ACK,
        why="New data after a full close: send a RST to show that data was lost.",
    )


def _receiving() -> Iterator[Rule]:
    handshake = (*_STEP_5, CTL.ACK, ACK_IS_GOOD)
    begin = (SND.UNA.becomes(SEG.ACK), *_SEND_WINDOW)
    for rule in _text_and_fin("syn-received", S.SYN_RECEIVED, handshake, S.ESTABLISHED, S.CLOSE_WAIT, begin, _JOIN):
        yield replace(rule, ghosts=_rebound(rule.ghosts))
    yield from _text_and_fin("established", S.ESTABLISHED, _PROCESSED, S.ESTABLISHED, S.CLOSE_WAIT)
    waiting, acked = (*_PROCESSED, ~ACKS_FIN), (*_PROCESSED, ACKS_FIN)
    yield from _text_and_fin("fin-wait-1", S.FIN_WAIT_1, waiting, S.FIN_WAIT_1, S.CLOSING)
    yield from _text_and_fin("fin-wait-1.acked", S.FIN_WAIT_1, acked, S.FIN_WAIT_2, S.TIME_WAIT)
    yield from _text_and_fin("fin-wait-2", S.FIN_WAIT_2, _PROCESSED, S.FIN_WAIT_2, S.TIME_WAIT)


def _rebound(ghosts: Assignments) -> Assignments:
    """The ghosts of a confirming segment look at the binding that it confirms."""
    joined = frozenset(a.var for a in _JOIN)
    return tuple(
        a if a.var in joined else a.var.becomes(substitute(a.value, {GHOST.PEER: _CONFIRMED_BY})) for a in ghosts
    )


# After the peer's FIN: text is ignored, a second FIN too (unless by the letter: reading 5) ---------------------

_SECOND_FIN = SECOND_FIN_ADVANCES & FIN_NOW
_AFTER: Assignments = (
    *_ACKNOWLEDGE,
    RCV.NXT.becomes(ite(_SECOND_FIN, TEXT_END + 1, RCV.NXT)),
    ACK_OWED.becomes(ACK_OWED | _SECOND_FIN),
)
_QUIET_IN_TIME_WAIT = (SEG.LEN == 0) & ~TIME_WAIT_ACKS_ALL
_TIME_WAIT = (*_STEP_5, CTL.ACK, ~_REFUSED_BY_RANGE)

CLOSING = (
    Rule(
        "close-wait.ack",
        _ARRIVES,
        (S.CLOSE_WAIT,),
        None,
        ("3.10.7.4 step 5",),
        guard=_PROCESSED,
        updates=_AFTER,
        why="The same processing as for the ESTABLISHED state; text after a FIN is ignored.",
    ),
    Rule(
        "closing.ack",
        _ARRIVES,
        (S.CLOSING,),
        None,
        ("3.10.7.4 step 5",),
        guard=(*_PROCESSED, ~ACKS_FIN),
        updates=_AFTER,
        why="Not yet the acknowledgment of our FIN (reading 17).",
    ),
    Rule(
        "closing.acked",
        _ARRIVES,
        (S.CLOSING,),
        S.TIME_WAIT,
        ("3.10.7.4 step 5",),
        guard=(*_PROCESSED, ACKS_FIN),
        updates=_AFTER,
        why="The ACK acknowledges our FIN: enter TIME-WAIT.",
    ),
    Rule(
        "last-ack.ack",
        _ARRIVES,
        (S.LAST_ACK,),
        None,
        ("3.10.7.4 step 5",),
        guard=(*_PROCESSED, ~ACKS_FIN),
        updates=_AFTER,
        why="Not yet the acknowledgment of our FIN (reading 17).",
    ),
    Rule(
        "last-ack.acked",
        _ARRIVES,
        (S.LAST_ACK,),
        S.CLOSED,
        ("3.10.7.4 step 5",),
        guard=(*_PROCESSED, ACKS_FIN),
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
        updates=(RCV.NXT.becomes(ite(_SECOND_FIN, TEXT_END + 1, RCV.NXT)), ACK_OWED.becomes(_SECOND_FIN)),
        emits=ACK_SEGMENT,
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

# A held segment has its turn (SHLD-31) ------------------------------------------------------------------------

_HELD_END = HELD.SEQ + HELD.TEXT
ITS_TURN = HELD.SET & (HELD.SEQ <= RCV.NXT)
_HELD_NEW = RCV.NXT < _HELD_END
_HELD_UNWANTED = DETACHED & _HELD_NEW
_HELD_FIN_NOW = HELD.FIN & (RCV.NXT <= _HELD_END)
_TAKE_HELD = _take(earlier(_HELD_END, RIGHT_EDGE) - RCV.NXT, HELD.SEQ, GHOST.HELD_LIFE, GHOST.HELD_AT)
_TAKE_HELD_FIN = _take_fin(_HELD_END, HELD.SEQ, GHOST.HELD_LIFE, GHOST.HELD_AT, GHOST.HELD_SENT)


def _reassemble() -> Iterator[Rule]:
    cite = ("3.10.7.4 step 1", "SHLD-31")
    yield Rule(
        "reassemble.text",
        Event.REASSEMBLE,
        RECEIVING,
        None,
        cite,
        guard=(ITS_TURN, ~_HELD_UNWANTED, _HELD_NEW, ~_HELD_FIN_NOW),
        updates=(*_TAKE_HELD[0], *_FORGET_HELD),
        ghosts=(*_TAKE_HELD[1], *_FORGET_HELD_GHOSTS),
        why="The gap before the held text is filled.",
    )
    yield Rule(
        "reassemble.stale",
        Event.REASSEMBLE,
        RECEIVING,
        None,
        cite,
        guard=(ITS_TURN, ~_HELD_UNWANTED, ~_HELD_NEW, ~_HELD_FIN_NOW),
        updates=_FORGET_HELD,
        ghosts=_FORGET_HELD_GHOSTS,
        why="Everything held has come by another way.",
    )
    yield Rule(
        "reassemble.unwanted",
        Event.REASSEMBLE,
        RECEIVING,
        S.CLOSED,
        ("3.6.1", "MAY-1", "SHLD-3"),
        guard=(ITS_TURN, _HELD_UNWANTED),
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
            (*cite, "3.10.7.4 step 8"),
            guard=(ITS_TURN, ~_HELD_UNWANTED, _HELD_FIN_NOW),
            updates=_TAKE_HELD_FIN[0],
            ghosts=_TAKE_HELD_FIN[1],
            signal="connection closing",
            why="The held FIN is in order now.",
        )


FIRST = tuple(_first())
FOURTH = tuple(_fourth())
SEVENTH = tuple(_receiving())
REASSEMBLY = tuple(_reassemble())

RULES: tuple[Rule, ...] = (*AHEAD, *FIRST, *SECOND, *FOURTH, *FIFTH, *SEVENTH, *CLOSING, *REASSEMBLY)

"""SEGMENT ARRIVES in the other states: RFC 9293 3.10.7.4, steps 1 to 5 (`text` has steps 7 and 8).

The RFC's steps are sequential: step 4 speaks only of segments that passed steps 1 to 3.  Guards know no order, so each
rule repeats the conditions of the steps before its own.  That together they are exclusive and exhaustive is proved, for
every profile at once (claim G2).  Step 3 (security) and step 6 (URG) are left out.

An ACK field is processed as soon as its segment is acceptable, even where the segment's text lies beyond RCV.NXT:
acknowledgments are cumulative, and deployed stacks do so (reading 28).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..language.edge import Event, Rule
from ..language.profile import (
    FIN_AT_ZERO_WINDOW,
    ISN_REUSED,
    REOPEN,
    RESET_BY_REACH,
    RESET_FIRST,
    RESET_WHILE_CLOSING_SILENT,
    RFC1337,
    RFC5961_ACK,
    RFC5961_RST,
    RFC5961_SYN,
    RIGHT_EDGE_ACCEPTABLE,
    SYN_ACK_COMPLETES,
)
from ..language.states import OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.terms import FALSE, TRUE, Term, ite, later, named
from ..language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    CTL,
    GHOST,
    IRS,
    NOTHING_UNREAD,
    PASSIVE,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    TEXT_END,
    TEXT_START,
    Fate,
    in_state,
)
from .taking import EMPTY, NO_WINDOW, QUEUE_WITH_SYN, queue_ghosts, with_queue
from .updates import (
    ACK_SEGMENT,
    ACKNOWLEDGED,
    AFTER_TIME_WAIT,
    BEYOND_THIS,
    FIRST_SYN_ACK,
    RESET_WITH_ACK,
    RESET_WITHOUT_ACK,
    Assignments,
    back_to_listen,
    delete_tcb,
    delete_tcb_by_reset,
    delete_tcb_in_order,
    fate,
    join,
    new_life,
    open_on_syn,
)

S = State
_ARRIVES = Event.SEGMENT
SEND_WINDOW = (SND.WND.becomes(SEG.WND), SND.WL1.becomes(SEG.SEQ), SND.WL2.becomes(SEG.ACK))

#: Where an ISS may be used again, an old SYN cannot be told from the new one, so this end is bound to the incarnation
#: that confirms the connection and not to the one whose SYN came first.
CONFIRMED_BY = ite(ISN_REUSED, SEG.LIFE, GHOST.PEER)
JOIN = join(CONFIRMED_BY)

# Ahead of step 1: two segments that the sequence check would refuse -------------------------------------------

#: MAY-2: only a SYN beyond everything received can be a new incarnation, and nothing may be left to read.
_REOPENS = REOPEN & CTL.SYN & ~CTL.ACK & ~CTL.RST & (SEG.SEQ > RCV.NXT) & NOTHING_UNREAD

#: Step 5 in SYN-RECEIVED: "If SND.UNA < SEG.ACK =< SND.NXT".
ACK_IS_GOOD = (SND.UNA < SEG.ACK) & (SEG.ACK <= SND.NXT)

#: Reading 3: figure 7 line 6 and Appendix A.2, against step 1.  With text or a FIN behind the SYN the segment reaches
#: into the window, and the steps process it.
_BARE_SYN = CTL.SYN & (SEG.LEN == 1)
_COMPLETES = SYN_ACK_COMPLETES & _BARE_SYN & CTL.ACK & ~CTL.RST & ~PASSIVE & (SEG.SEQ == IRS) & ACK_IS_GOOD

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
    *with_queue(
        Rule(
            "reopen",
            _ARRIVES,
            (S.TIME_WAIT,),
            S.SYN_RECEIVED,
            ("3.6.1", "MAY-2", "MUST-8"),
            guard=(_REOPENS, BEYOND_THIS),
            updates=open_on_syn(),
            ghosts=new_life(peer=SEG.LIFE),
            emits=FIRST_SYN_ACK,
            why="Accept a new SYN directly from TIME-WAIT. An old duplicate leads on to LISTEN, not back (reading 21).",
        ),
        open_on_syn(QUEUE_WITH_SYN),
        queue_ghosts(GHOST.LIFE + 1),
    ),
    Rule(
        "syn-received.syn-ack",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.ESTABLISHED,
        ("3.5 figure 7", "A.2", "MUST-10"),
        guard=(_COMPLETES,),
        updates=(SND.UNA.becomes(SEG.ACK), *SEND_WINDOW, ACK_OWED.becomes(TRUE)),
        ghosts=JOIN,
        why="Simultaneous open: the peer's SYN,ACK repeats its SYN and acknowledges ours.",
    ),
)


def _ahead(state: State) -> Term:
    """Which segments the rules ahead of step 1 have taken in this state."""
    return {S.TIME_WAIT: _REOPENS, S.SYN_RECEIVED: _COMPLETES | _REFUSED_FIRST}.get(state, FALSE)


# First, check sequence number ---------------------------------------------------------------------------------


def _in_window(number: Term) -> Term:
    return (number >= RCV.NXT) & (number < RIGHT_EDGE)


#: Table 6.
_TABLE_6 = ite(
    EMPTY,
    ite(NO_WINDOW, SEG.SEQ == RCV.NXT, _in_window(SEG.SEQ)),
    ~NO_WINDOW & (_in_window(SEG.SEQ) | _in_window(SEG.SEQ + SEG.LEN - 1)),
)

#: "If the RCV.WND is zero ... special allowance should be made to accept valid ACKs, URGs, and RSTs."
_ALLOWED = NO_WINDOW & (SEG.SEQ == RCV.NXT) & (~CTL.SYN | CTL.RST)

#: Reading 4: a FIN at RCV.NXT, behind text that was received before, needs no room in the window.
_BARE_FIN = FIN_AT_ZERO_WINDOW & CTL.FIN & (TEXT_START <= RCV.NXT) & (TEXT_END == RCV.NXT)

#: Reading 32: once a sender has filled the window, its ACKs carry the right edge as their number; by the letter these
#: are not acceptable, and two such ends answer each other for ever.
_AT_RIGHT_EDGE = RIGHT_EDGE_ACCEPTABLE & EMPTY & ~NO_WINDOW & (SEG.SEQ == RIGHT_EDGE)

ACCEPTABLE = named("acceptable", _TABLE_6 | _ALLOWED | _BARE_FIN | _AT_RIGHT_EDGE)


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
            updates=ACKNOWLEDGED,
            emits=ACK_SEGMENT,
            why="An acknowledgment is sent in reply, and the segment dropped (reading 1: so is a retransmitted FIN).",
        )


# Second, check the RST bit ------------------------------------------------------------------------------------

#: 3.5.3: "A reset is valid if its sequence number is in the window."  Reading 33: so it is the number of the RST itself
#: that counts, where step 1 would also let text behind it reach into the window.
_NEXT_NUMBER = SEG.SEQ == RCV.NXT
_NUMBER_IN_WINDOW = _in_window(SEG.SEQ) | _NEXT_NUMBER
_RESETS = ite(RFC5961_RST, _NEXT_NUMBER, _NUMBER_IN_WINDOW | RESET_BY_REACH)
_STEP_2 = (ACCEPTABLE, CTL.RST)
_TO_LISTEN = PASSIVE & ~CLOSE_CALLED

#: MUST-12: the user is told "whether it closed normally or was aborted".  In CLOSING and LAST-ACK the peer's stream has
#: come to its end.  If the peer has acknowledged all of ours too, only the ACK of the FIN is missing (reading 34).
_CLOSED_NORMALLY = (SND.END <= SND.UNA) | RESET_WHILE_CLOSING_SILENT


def _also_in_time_wait(rule: Rule) -> tuple[Rule, Rule]:
    """A rule of step 2 for all states but the last, and its twin for TIME-WAIT, where RFC 1337 comes first."""
    guard = (~_REOPENS, *rule.guard, ~RFC1337)
    return rule, replace(rule, name=f"{rule.name}.time-wait", states=(S.TIME_WAIT,), guard=guard)


SECOND = (
    *_also_in_time_wait(
        Rule(
            "step2.outside",
            _ARRIVES,
            OTHER[:-1],
            None,
            ("3.5.3", "3.10.7.4 step 2"),
            guard=(*_STEP_2, ~_NUMBER_IN_WINDOW, ~RESET_BY_REACH | RFC5961_RST),
            why="What lies behind the RST reaches into the window, but its own number does not. Silently drop it.",
        )
    ),
    *_also_in_time_wait(
        Rule(
            "step2.challenge",
            _ARRIVES,
            OTHER[:-1],
            None,
            ("3.10.7.4 step 2",),
            guard=(*_STEP_2, _NUMBER_IN_WINDOW, RFC5961_RST, ~_NEXT_NUMBER),
            updates=ACKNOWLEDGED,
            emits=ACK_SEGMENT,
            why="RFC 5961: within the window, but not the next number. Send a challenge ACK.",
        )
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
        ("3.10.7.4 step 2", "MUST-11", "MUST-12"),
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
        ("3.10.7.4 step 2", "3.5.3", "MUST-12", "MUST-66", "SHLD-2"),
        guard=(*_STEP_2, _RESETS),
        updates=delete_tcb_by_reset(),
        ghosts=fate(Fate.RESET),
        signal="error: connection reset",
        why="All segment queues are flushed and the user hears of it (reading 35).",
    ),
    Rule(
        "step2.reset.closing",
        _ARRIVES,
        (S.CLOSING, S.LAST_ACK),
        S.CLOSED,
        ("3.10.7.4 step 2", "3.6", "MUST-12"),
        guard=(*_STEP_2, _RESETS, ~_CLOSED_NORMALLY),
        updates=delete_tcb_in_order(),
        ghosts=fate(Fate.RESET),
        signal="error: connection reset",
        why="Octets that the user sent are not acknowledged: the connection was aborted, and the user hears of it.",
    ),
    Rule(
        "step2.closed",
        _ARRIVES,
        (S.CLOSING, S.LAST_ACK),
        S.CLOSED,
        ("3.10.7.4 step 2", "3.6", "MUST-12"),
        guard=(*_STEP_2, _RESETS, _CLOSED_NORMALLY),
        updates=delete_tcb_in_order(),
        ghosts=fate(Fate.CLOSED),
        why="Enter the CLOSED state, delete the TCB: both streams were received to their ends.",
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

#: The number of the SYN itself decides.  One below the window was received before, and is trimmed off in step 1 from
#: the text behind it.  RFC 5961 challenges any SYN, "irrespective of the sequence number", but a passive OPEN in
#: SYN-RECEIVED comes first and is not handled "per the directions for synchronized states".
SYN_IN_WINDOW = RCV.NXT <= SEG.SEQ
STEP_4 = named("syn-checked", CTL.SYN & (SYN_IN_WINDOW | (RFC5961_SYN & ~(in_state(S.SYN_RECEIVED) & _TO_LISTEN))))


def _fourth() -> Iterator[Rule]:
    yield Rule(
        "step4.syn-received.passive",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        S.LISTEN,
        ("3.10.7.4 step 4", "MUST-11"),
        guard=(~_ahead(S.SYN_RECEIVED), ACCEPTABLE, ~CTL.RST, CTL.SYN, SYN_IN_WINDOW, _TO_LISTEN),
        updates=back_to_listen(),
        ghosts=fate(Fate.ALIVE),
        why="A new SYN within the window: a passive OPEN starts again from LISTEN.",
    )
    for state in OTHER:
        arrived = (~_ahead(state),) if _ahead(state) is not FALSE else ()
        syn = (*arrived, ACCEPTABLE, ~CTL.RST, CTL.SYN)
        passive = (~_TO_LISTEN,) if state is S.SYN_RECEIVED else ()
        yield Rule(
            f"step4.challenge@{state.value}",
            _ARRIVES,
            (state,),
            None,
            ("3.10.7.4 step 4",),
            guard=(*syn, RFC5961_SYN, *passive),
            updates=ACKNOWLEDGED,
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
                ("3.10.7.4 step 4", "3.5.2", "MUST-12"),
                guard=(*syn, ~RFC5961_SYN, SYN_IN_WINDOW, *passive, bit),
                updates=delete_tcb(),
                ghosts=fate(Fate.RESET),
                emits=emits,
                signal="error: connection reset",
                why="RFC 793: a SYN in the window is an error. Send a reset.",
            )


# Fifth, check the ACK field -----------------------------------------------------------------------------------

STEP_5 = (ACCEPTABLE, ~CTL.RST, ~STEP_4)
NO_ACK_BIT = ~CTL.ACK
_BEYOND = SND.NXT < SEG.ACK
_TOO_OLD = RFC5961_ACK & (SEG.ACK < SND.UNA - SND.MAX_WND)
NOT_BEYOND = ~_BEYOND
PROCESSED = (*STEP_5, CTL.ACK, NOT_BEYOND, ~_TOO_OLD)

REFUSED_BY_RANGE = RFC5961_ACK & (_BEYOND | _TOO_OLD)

FIFTH = (
    Rule(
        "step5.no-ack",
        _ARRIVES,
        OTHER,
        None,
        ("3.10.7.4 step 5",),
        guard=(*STEP_5, NO_ACK_BIT),
        why="If the ACK bit is off, drop the segment and return.",
    ),
    *(
        Rule(
            f"step5.range.{state.value.lower()}",
            _ARRIVES,
            (state,),
            None,
            ("3.10.7.4 step 5", "MAY-12"),
            guard=(*STEP_5, CTL.ACK, *unless, REFUSED_BY_RANGE),
            updates=ACKNOWLEDGED,
            emits=ACK_SEGMENT,
            why="RFC 5961: an ACK outside the acceptable range is discarded and an ACK sent back.",
        )
        for state, unless in ((S.SYN_RECEIVED, (~_REFUSED_FIRST,)), (S.TIME_WAIT, ()))
    ),
    Rule(
        "step5.beyond",
        _ARRIVES,
        SYNCHRONIZED[:-1],
        None,
        ("3.10.7.4 step 5", "MAY-12"),
        guard=(*STEP_5, CTL.ACK, _BEYOND | _TOO_OLD),
        updates=ACKNOWLEDGED,
        emits=ACK_SEGMENT,
        why="The ACK acks something not yet sent (RFC 5961: or far too old): send an ACK, drop the segment.",
    ),
    Rule(
        "step5.syn-received.bad",
        _ARRIVES,
        (S.SYN_RECEIVED,),
        None,
        ("3.10.7.4 step 5", "3.5.2"),
        guard=(*STEP_5, CTL.ACK, ~RESET_FIRST, ~ACK_IS_GOOD, ~REFUSED_BY_RANGE),
        emits=RESET_WITH_ACK,
        why="Not acceptable: form a reset and send it; the segment goes no further (reading 15).",
    ),
)

#: The ESTABLISHED processing of an ACK: SND.UNA advances over what is new, a duplicate is ignored.
_ADVANCE = SND.UNA.becomes(later(SND.UNA, SEG.ACK))

#: "This check prevents using old segments to update the window."
_NEWER = (SND.UNA <= SEG.ACK) & ((SND.WL1 < SEG.SEQ) | ((SND.WL1 == SEG.SEQ) & (SND.WL2 <= SEG.ACK)))
ACKNOWLEDGE: Assignments = (
    _ADVANCE,
    SND.WND.becomes(ite(_NEWER, SEG.WND, SND.WND)),
    SND.WL1.becomes(ite(_NEWER, SEG.SEQ, SND.WL1)),
    SND.WL2.becomes(ite(_NEWER, SEG.ACK, SND.WL2)),
)


FIRST = tuple(_first())
FOURTH = tuple(_fourth())
RULES: tuple[Rule, ...] = (*AHEAD, *FIRST, *SECOND, *FOURTH, *FIFTH)

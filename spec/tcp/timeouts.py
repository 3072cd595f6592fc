"""Timeouts: RFC 9293 3.10.8, and the zero-window probe of 3.8.6.1.

Time itself is not modelled: a timer may expire whenever the guard of its edge holds.  An implementation may cut text
into other segments when it sends it again (3.8.6), so how much of it is retransmitted (N) and whether the FIN goes
with it (WITH.FIN) are choices.
"""

from __future__ import annotations

from dataclasses import replace

from ..language.edge import Emission, Event, Rule
from ..language.profile import TEXT_ON_SYN, USER_TIMEOUT_IN_TIME_WAIT
from ..language.states import ALIVE, SENDING, State
from ..language.terms import earlier, later, num
from ..language.variables import ACK_OWED, FIN_SENT, ISS, RCV, SND, WITH_FIN, Fate, N
from .updates import (
    ACKNOWLEDGED,
    AFTER_TIME_WAIT,
    HANDSHAKE_OVER,
    TEXT_WITH_OUR_SYN,
    delete_listen,
    delete_tcb,
    delete_tcb_in_order,
    fate,
    text_segment,
)

S = State
_SYN = Emission(syn=True, seq=ISS, wnd=RCV.WND)
_SYN_ACK = Emission(syn=True, ack=True, seq=ISS, acknowledge=RCV.NXT, wnd=RCV.WND)
_SENT_WITH_SYN = (SND.NXT.becomes(later(SND.NXT, ISS + 1 + N)),)
_OUTSTANDING = earlier(SND.NXT, SND.END) >= SND.UNA + N

RETRANSMISSION = (
    Rule(
        "retransmit.syn",
        Event.RETRANSMISSION_TIMEOUT,
        (S.SYN_SENT,),
        None,
        ("3.10.8", "MUST-22"),
        emits=_SYN,
    ),
    Rule(
        "retransmit.syn-ack",
        Event.RETRANSMISSION_TIMEOUT,
        (S.SYN_RECEIVED,),
        None,
        ("3.10.8",),
        emits=_SYN_ACK,
    ),
    Rule(
        "retransmit.syn.text",
        Event.RETRANSMISSION_TIMEOUT,
        (S.SYN_SENT,),
        None,
        ("3.10.8", "3.10.2", "3.5", "MUST-22", "MUST-16"),
        guard=TEXT_WITH_OUR_SYN,
        updates=_SENT_WITH_SYN,
        emits=replace(_SYN, text=N),
        why="The SYN again, with text that waits behind it.",
    ),
    Rule(
        "retransmit.syn-ack.text",
        Event.RETRANSMISSION_TIMEOUT,
        (S.SYN_RECEIVED,),
        None,
        ("3.10.8", "3.10.2", "3.5", "MUST-16"),
        guard=TEXT_WITH_OUR_SYN,
        updates=_SENT_WITH_SYN,
        emits=replace(_SYN_ACK, text=N),
        why="The SYN,ACK again, with text that waits behind it.",
    ),
    Rule(
        "retransmit.syn-ack.fin",
        Event.RETRANSMISSION_TIMEOUT,
        (S.FIN_WAIT_1, S.CLOSING),
        None,
        ("3.10.8", "3.10.4", "3.5"),
        guard=(TEXT_ON_SYN, ~HANDSHAKE_OVER, N == 0, SND.NXT == SND.END + 1, SND.END == ISS + 1),
        updates=ACKNOWLEDGED,
        emits=replace(_SYN_ACK, fin=True),
        why="Reading 8 by the letter: SYN,ACK and FIN are both unacknowledged, and go out again in one segment.",
    ),
    Rule(
        "retransmit.syn-ack.closing",
        Event.RETRANSMISSION_TIMEOUT,
        (S.FIN_WAIT_1, S.CLOSING),
        None,
        ("3.10.8", "3.10.4"),
        guard=(~HANDSHAKE_OVER,),
        emits=_SYN_ACK,
        why="Reading 8 by the letter: the SYN,ACK is still at the front of the queue.",
    ),
    Rule(
        "retransmit.text",
        Event.RETRANSMISSION_TIMEOUT,
        SENDING,
        None,
        ("3.10.8", "3.8.1", "MUST-16", "SHLD-16", "MAY-7"),
        guard=(~WITH_FIN, num(1) <= N, N <= SND.MSS, _OUTSTANDING, HANDSHAKE_OVER),
        updates=ACKNOWLEDGED,
        emits=text_segment(SND.UNA, N),
        why="Send the segment at the front of the retransmission queue again.",
    ),
    Rule(
        "retransmit.fin",
        Event.RETRANSMISSION_TIMEOUT,
        (S.FIN_WAIT_1, S.CLOSING, S.LAST_ACK),
        None,
        ("3.10.8", "3.6", "MUST-16"),
        guard=(WITH_FIN, FIN_SENT, N <= SND.MSS, SND.UNA + N == SND.END, HANDSHAKE_OVER),
        updates=ACKNOWLEDGED,
        emits=text_segment(SND.UNA, N, fin=True),
        why="All segments preceding and including FIN will be retransmitted until acknowledged.",
    ),
)

PROBE = (
    Rule(
        "probe",
        Event.PROBE_TIMEOUT,
        (S.ESTABLISHED, S.FIN_WAIT_1, S.CLOSE_WAIT, S.CLOSING),
        None,
        ("3.8.6.1", "MUST-36", "MUST-35"),
        guard=(SND.WND == 0, SND.UNA == SND.NXT, SND.NXT < SND.END, HANDSHAKE_OVER),
        updates=(SND.NXT.becomes(SND.NXT + 1), *ACKNOWLEDGED),
        emits=text_segment(SND.NXT, num(1)),
        why="Transmit one octet of new data even if the send window is zero.",
    ),
)

USER = (
    Rule(
        "user-timeout.listen",
        Event.USER_TIMEOUT,
        (S.LISTEN,),
        S.CLOSED,
        ("3.10.8",),
        updates=delete_listen(),
        ghosts=fate(Fate.TIMED_OUT),
        signal="error: connection aborted due to user timeout",
    ),
    Rule(
        "user-timeout",
        Event.USER_TIMEOUT,
        ALIVE[1:-1],
        S.CLOSED,
        ("3.10.8", "3.8.3", "MUST-20", "MUST-22"),
        updates=delete_tcb(),
        ghosts=fate(Fate.TIMED_OUT),
        signal="error: connection aborted due to user timeout",
        why="Flush all queues, delete the TCB; no reset is sent (reading 19).",
    ),
    Rule(
        "user-timeout.time-wait",
        Event.USER_TIMEOUT,
        (S.TIME_WAIT,),
        S.CLOSED,
        ("3.10.8", "3.10.7.4 step 8"),
        guard=(USER_TIMEOUT_IN_TIME_WAIT,),
        updates=delete_tcb_in_order(),
        ghosts=fate(Fate.TIMED_OUT),
        signal="error: connection aborted due to user timeout",
        why="Reading 36, by the letter of 3.10.8: a connection that closed in order is reported as aborted.",
    ),
)

TIME_WAIT = (
    Rule(
        "time-wait.timeout",
        Event.TIME_WAIT_TIMEOUT,
        (S.TIME_WAIT,),
        S.CLOSED,
        ("3.10.8", "3.6.1", "MUST-13"),
        guard=(~ACK_OWED,),
        updates=delete_tcb_in_order(AFTER_TIME_WAIT),
        ghosts=fate(Fate.CLOSED),
        why="2 MSL have passed: delete the TCB. An ACK that is still owed goes out long before.",
    ),
)

#: Not an event of 3.10: "a failure or reboot" with "loss of memory" (3.5.1).  It is assumed that the ISN clock goes on
#: while the host is down (3.4.1), so that the next ISS lies beyond every number used before.  A new secret key for the
#: ISN generator (SHLD-1) would break this assumption.
CRASH = (
    Rule(
        "crash.listen",
        Event.CRASH,
        (S.LISTEN,),
        S.CLOSED,
        ("3.5.1",),
        updates=delete_listen(),
        ghosts=fate(Fate.CRASHED),
    ),
    Rule(
        "crash",
        Event.CRASH,
        ALIVE[1:],
        S.CLOSED,
        ("3.5.1", "3.4.2", "3.4.3"),
        updates=delete_tcb(),
        ghosts=fate(Fate.CRASHED),
        why="The TCB is lost and nobody is told.",
    ),
)

RULES: tuple[Rule, ...] = (*RETRANSMISSION, *PROBE, *USER, *TIME_WAIT, *CRASH)

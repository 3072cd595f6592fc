"""What an endpoint sends by itself: segmentation (RFC 9293 3.7), the queued CLOSE, delayed acknowledgments (3.8.6.3).

Within the window an implementation sends when it likes, so each of these edges may be taken whenever its guard holds.
A FIN is not text and may be sent when the window is full (reading 31).
"""

from __future__ import annotations

from ..language.edge import Event, Rule
from ..language.states import FIN_RECEIVED, RECEIVING, State
from ..language.terms import num
from ..language.variables import ACK_OWED, CLOSE_CALLED, SND, N
from .updates import ACK_SEGMENT, ACKNOWLEDGED, HANDSHAKE_OVER, text_segment

S = State
_OUTPUT = Event.OUTPUT

#: 3.7, 3.8.6: at least one octet, no more than a segment holds, only what the user has sent, only within the window.
_SOME = num(1) <= N
_SEGMENT_HOLDS = N <= SND.MSS
_USER_SENT = SND.NXT + N <= SND.END
WINDOW_ALLOWS = SND.NXT + N <= SND.UNA + SND.WND
_TEXT = (_SOME, _SEGMENT_HOLDS, _USER_SENT, WINDOW_ALLOWS)
_SENT_TEXT = (SND.NXT.becomes(SND.NXT + N), *ACKNOWLEDGED)
_SENT_FIN = (SND.NXT.becomes(SND.NXT + N + 1), *ACKNOWLEDGED)

#: The segment reaches the end of what the user sent, so a FIN may follow.
LAST = SND.NXT + N == SND.END
_BEFORE_FIN = (S.FIN_WAIT_1, S.CLOSING)

RULES: tuple[Rule, ...] = (
    Rule(
        "output.ack",
        _OUTPUT,
        (*RECEIVING, *FIN_RECEIVED),
        None,
        ("3.10.7.4 step 7", "3.8.6.3", "SHLD-18", "MUST-40", "MUST-58"),
        guard=(ACK_OWED,),
        updates=ACKNOWLEDGED,
        emits=ACK_SEGMENT,
        why="The acknowledgment that is owed, now or after a delay.",
    ),
    Rule(
        "output.close",
        _OUTPUT,
        (S.ESTABLISHED,),
        S.FIN_WAIT_1,
        ("3.10.4",),
        guard=(CLOSE_CALLED,),
        why="A CLOSE queued in SYN-RECEIVED is processed after entering ESTABLISHED.",
    ),
    Rule(
        "output.text",
        _OUTPUT,
        (S.ESTABLISHED, S.FIN_WAIT_1, S.CLOSE_WAIT, S.CLOSING),
        None,
        ("3.10.2", "3.7", "3.8.6", "MUST-16", "MUST-34", "SHLD-15"),
        guard=(*_TEXT, HANDSHAKE_OVER),
        updates=_SENT_TEXT,
        emits=text_segment(SND.NXT, N),
        why="Segmentize the buffer and send it with a piggybacked acknowledgment.",
    ),
    Rule(
        "output.text-fin",
        _OUTPUT,
        _BEFORE_FIN,
        None,
        ("3.10.4", "3.7", "MUST-16"),
        guard=(*_TEXT, CLOSE_CALLED, LAST, HANDSHAKE_OVER),
        updates=_SENT_FIN,
        emits=text_segment(SND.NXT, N, fin=True),
        why="The last text carries the FIN.",
    ),
    Rule(
        "output.text-fin.close-wait",
        _OUTPUT,
        (S.CLOSE_WAIT,),
        S.LAST_ACK,
        ("3.10.4", "3.7", "MUST-16"),
        guard=(*_TEXT, CLOSE_CALLED, LAST, HANDSHAKE_OVER),
        updates=_SENT_FIN,
        emits=text_segment(SND.NXT, N, fin=True),
        why="The last text carries the FIN: enter LAST-ACK.",
    ),
    Rule(
        "output.fin",
        _OUTPUT,
        _BEFORE_FIN,
        None,
        ("3.10.4", "3.6"),
        guard=(N == 0, CLOSE_CALLED, LAST, HANDSHAKE_OVER),
        updates=_SENT_FIN,
        emits=text_segment(SND.NXT, num(0), fin=True),
        why="All SENDs have been segmentized: form a FIN segment and send it.",
    ),
    Rule(
        "output.fin.close-wait",
        _OUTPUT,
        (S.CLOSE_WAIT,),
        S.LAST_ACK,
        ("3.10.4", "3.6"),
        guard=(N == 0, CLOSE_CALLED, LAST, HANDSHAKE_OVER),
        updates=_SENT_FIN,
        emits=text_segment(SND.NXT, num(0), fin=True),
        why="Then send a FIN segment, enter LAST-ACK (reading 14).",
    ),
)

"""Survivors that are no gap of the judges, each with the reason why nothing notices it.

A pattern of ids, as in a shell, and the reason.  Where a mutant is proved equivalent it needs no reason.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from halfclose.checks.mutate.results import PROOFS, VECTORS

_CALL = "the switch says only whether the user has this call at all; where there is no such call, nobody makes it"
_READING = (
    "it differs only under another reading of a passage (close-by-the-letter, second-fin-advances, fin-at-zero-window, "
    "text-on-syn with RFC 5961's range), whose own cost `halfclose explain readings` states"
)
_CHOICE = (
    "it takes a choice away, or gives the same choice to another edge: what may still be done is right, and that "
    "enough is left is a claim of progress (G3, S11), which explorations decide"
)
_FIRST_WINDOW = "the first window of the peer sets it before anything reads it, but by close-by-the-letter"
_NO_OCTET = "what is let in or kept out then has no octet that fits, so nothing but the name of the edge differs"
_NOT_OWED = "no acknowledgment is ever owed there, so forgetting it forgets nothing"
_STATUS = "no vector asks for the STATUS of a connection: a socket interface has no such call (3.10.6)"
_CRASH = "no vector makes a stack lose its memory: to the tester that is a new connection"
_UNTOLD = "a user of sockets hears of it by the next call only, which says the same with it or without"

_REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    PROOFS: (
        ("full-close.*/guard.0/dropped", _CALL),
        ("*/RCV.NXT/dropped", _READING),
        ("term:close-wait.ack/RCV.NXT*", _READING),
        ("*/SND.WL[12]/dropped", _FIRST_WINDOW),
        ("output.fin@*/guard.3/*", _READING),
        ("reassemble.*/guard.[12]/*", _READING),
        ("retransmit.syn-ack.fin@*", _READING),
        ("term:listen.syn/guard.4.0.*", _READING),
        ("term:listen.syn.queue/HELD.FIN*", _READING),
        ("term:step1.rst@*/guard.1.0.[12]*", _READING),
        ("term:step5.range.*", _READING),
        ("term:syn-received.ack/*", _READING),
        ("term:syn-received.syn-ack/*", _READING),
        ("term:time-wait.ack/*", _READING),
        ("output.text-fin*/guard.0/*", _CHOICE),
        ("probe@*/guard.2/-1", _CHOICE),
        ("retransmit.*/guard.*", _CHOICE),
        ("term:output.text@*/guard.*/-1", _CHOICE),
        ("term:retransmit.syn.text/*", _CHOICE),
        ("term:send.from-listen/guard.3*", _CHOICE),
        ("term:reassemble.text@*/guard.0.1/-1", _CHOICE),
        ("term:step2.outside@*/guard.2.0.2/*", _READING),
        ("term:step2.reset.closing@*/guard.3.0/*", _READING),
        ("term:new-text/*", _NO_OCTET),
        ("term:text-with-syn/*", _NO_OCTET),
        ("term:unwanted/*", _NO_OCTET),
        ("step5.range.syn-received/ACK.OWED/dropped", _NOT_OWED),
        ("syn-received.ack/ACK.OWED/without-0", _NOT_OWED),
    ),
    VECTORS: (
        ("status*", _STATUS),
        ("crash*", _CRASH),
        ("step*/signal/*", _UNTOLD),
        ("*.ack/signal/*", _UNTOLD),
        ("*.text/signal/*", _UNTOLD),
        ("*.early/signal/*", _UNTOLD),
        ("*.fin/signal/*", _UNTOLD),
        ("*.unwanted*/signal/*", _UNTOLD),
        ("output.*/signal/*", _UNTOLD),
        ("retransmit.*/signal/*", _UNTOLD),
        ("reassemble.*/signal/*", _UNTOLD),
        ("probe*/signal/*", _UNTOLD),
        ("*timeout*/signal/*", _UNTOLD),
        ("syn-*/signal/*", _UNTOLD),
        ("listen.*/signal/*", _UNTOLD),
        ("closed.*/signal/*", _UNTOLD),
        ("reopen*/signal/*", _UNTOLD),
        ("*-wait*/signal/*", _UNTOLD),
    ),
}


def reason(column: str, mutant: str) -> str:
    """Why nothing in this column notices a mutant; empty where no reason is known."""
    return next((why for pattern, why in _REASONS[column] if fnmatchcase(mutant, pattern)), "")

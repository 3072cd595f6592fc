"""What the RFC leaves to an implementation beyond the edges of the graph: the freedoms that the oracle grants.

An endpoint may do the following; each is a freedom that the RFC gives:

- send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> at any time once synchronized (3.8.6.3: when to acknowledge is the
  receiver's choice within 0.5 s; 3.8.6: so is when to show a new window);
- answer with text or a FIN where a bare ACK is due, since those carry the same SEQ and ACK (3.10.2, piggybacking);
- send again, at any time, anything that is not acknowledged as a whole, together with text not sent before or without
  (3.10.7.4 step 5 removes segments "entirely acknowledged"; 3.10.8, early and go-back-N retransmission);
- send the reset of 3.6.1 with sequence number SND.NXT, as in 3.10.5, instead of SEG.ACK;
- set or clear the ACK bit of a RST that has the right SEQ (3.5.2 gives the numbers, receivers look at SEQ);
- follow either reading of a passage that can be read in two ways (READINGS), and process a SYN in TIME-WAIT as in any
  other state although it could reopen the connection (MAY-2);
- process a CLOSE that was queued in SYN-RECEIVED as soon as the ACK field has led to ESTABLISHED, before the text and
  the FIN of that same segment (3.10.4: "queue for processing after entering ESTABLISHED state");
- reset, in SYN-RECEIVED, whatever carries an unacceptable ACK, also where its sequence number is unacceptable or the
  ACK is out of RFC 5961's range (3.5.2 group 2, against the order of the steps in 3.10.7.4);
- answer a passive OPEN on an open connection with ok or an error, if the connection is not changed (MUST-41);
- hold more than one early segment (SHLD-31: the specification's HELD is the first of them);
- advertise the room of octets that the user has read only later (3.8.6.2.2, silly window avoidance), and until then
  accept or refuse text that needs that room;
- keep small text back while text is outstanding or does not fit the window (3.7.4, 3.8.6.2.1);
- hand out what had arrived in order although a RST has ended the connection (3.10.7.4 step 2 flushes "segment
  queues", which need not be where the user's text is kept);
- have a send buffer of any size, none at all before the handshake is over (3.10.2, "insufficient resources").
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from halfclose.checks.oracle.endpoint import LARGEST_WINDOW, OFFERED_MSS, STATES, Endpoint, Sizes, most_text, put
from halfclose.checks.oracle.segments import fields_with
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, FIELD, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.spec.language.edge import Edge, Rule
from halfclose.spec.language.profile import (
    CLOSE_BY_THE_LETTER,
    FIN_AT_ZERO_WINDOW,
    ISN_WITHOUT_GAP,
    REOPEN,
    SECOND_FIN_ADVANCES,
    SYN_ACK_COMPLETES,
    TIME_WAIT_ACKS_ALL,
    Profile,
)
from halfclose.spec.language.states import FIN_RECEIVED, RECEIVING, SENDING, State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import CLOSE_CALLED, CTL, HELD, ISS, RCV, SEG, SND, STATE
from halfclose.spec.tcp.graph import RULES

#: Octets of a send buffer that is never full: its size is the stack's own.
_ANY_AMOUNT = 1 << 30

#: Switches of the profile that decide a reading: an endpoint may follow either.  `receive-by-the-letter` is left out,
#: because by that reading octets that were acknowledged are lost.
READINGS = (
    TIME_WAIT_ACKS_ALL,
    SYN_ACK_COMPLETES,
    FIN_AT_ZERO_WINDOW,
    SECOND_FIN_ADVANCES,
    CLOSE_BY_THE_LETTER,
    ISN_WITHOUT_GAP,
)


@cache
def lenient_endpoint(profile: Profile, rules: tuple[Rule, ...] = RULES) -> Endpoint:
    """The edges that an endpoint of this profile may follow, whatever its readings."""
    switches = (*READINGS, REOPEN) if REOPEN in profile else READINGS
    others = [Profile(profile.on ^ {switch.name}) for switch in switches]
    return Endpoint(profile, Sizes(LARGEST_WINDOW, _ANY_AMOUNT), rules, others)


@dataclass(frozen=True)
class Held:
    """An early segment behind the one in HELD."""

    seq: int
    text: int
    fin: int


@dataclass(frozen=True)
class Hypothesis:
    """One state that the endpoint may be in.

    due: a segment it has to send before anything else.  rest: the segment whose text and FIN are still to be
    processed.  waiting: early segments behind the one in HELD, the nearest first.  told_end: the peer's FIN has been
    processed, so that RECEIVE may return the end of file even when the connection is gone.  path: the edges that led
    here.
    """

    local: Local
    due: Fields | None = None
    rest: Fields | None = None
    waiting: tuple[Held, ...] = ()
    told_end: bool = False
    path: tuple[Edge, ...] = field(default=(), compare=False)

    @property
    def state(self) -> State:
        return STATES[self.local[AT[STATE]]]

    def by(self, edge: Edge, local: Local, **changes: Any) -> Hypothesis:
        """The hypothesis after this edge."""
        return replace(self, local=local, path=(*self.path, edge), **changes)

    def __getitem__(self, var: Var) -> int:
        return self.local[AT[var]]


ACKNOWLEDGING = frozenset((*RECEIVING, *FIN_RECEIVED))
_FIN_PENDING = frozenset((State.FIN_WAIT_1, State.CLOSING, State.CLOSE_WAIT))


def must_send(h: Hypothesis) -> bool:
    """3.8.6.2.1: with nothing outstanding, text that fits the window as a whole, or fills a segment, goes out."""
    if h.state not in SENDING or h[SND.UNA] == h[ISS]:
        return False
    if h.state is State.ESTABLISHED and h[CLOSE_CALLED]:
        return True
    if h[SND.UNA] != h[SND.NXT]:
        return False
    unsent = distance(h[SND.NXT], h[SND.END])
    if unsent > 0:
        return most_text(h.local) >= min(unsent, OFFERED_MSS)
    return bool(h[CLOSE_CALLED]) and unsent == 0 and h.state in _FIN_PENDING


def early(h: Hypothesis, fields: Fields) -> Held:
    text = fields[FIELD[SEG.TEXT]]
    room = distance(fields[FIELD[SEG.SEQ]], wrap(h[RCV.NXT] + h[RCV.WND]))
    return Held(fields[FIELD[SEG.SEQ]], min(text, room), int(fields[FIELD[CTL.FIN]] and text < room))


def kept(h: Hypothesis, more: tuple[Held, ...]) -> Hypothesis:
    """The hypothesis that holds these early segments too: the nearest of all in HELD, the others waiting."""
    of_spec = (Held(h[HELD.SEQ], h[HELD.TEXT], h[HELD.FIN]),) if h[HELD.SET] else ()
    nearest, *others = sorted({*of_spec, *h.waiting, *more}, key=lambda held: distance(h[RCV.NXT], held.seq))
    local = put(h.local, HELD=1, HELD_SEQ=nearest.seq, HELD_TEXT=nearest.text, HELD_FIN=nearest.fin)
    return replace(h, local=local, waiting=tuple(others))


def refilled(h: Hypothesis) -> Hypothesis:
    """The hypothesis with its next early segment in HELD, where HELD has become free."""
    return kept(h, ()) if h.waiting and not h[HELD.SET] and h.state in RECEIVING else h


def ack_now(h: Hypothesis) -> Fields:
    return fields_with({CTL.ACK: 1, SEG.SEQ: h[SND.NXT], SEG.ACK: h[RCV.NXT]})


def is_refused_by_group_2(h: Hypothesis, fields: Fields) -> bool:
    """3.5.2: "the incoming segment acknowledges something not yet sent (the segment carries an unacceptable ACK)"."""
    if h.state is not State.SYN_RECEIVED or fields[FIELD[CTL.RST]] or not fields[FIELD[CTL.ACK]]:
        return False
    return not (distance(h[SND.UNA], fields[FIELD[SEG.ACK]]) > 0 <= distance(fields[FIELD[SEG.ACK]], h[SND.NXT]))


def reset_at(number: int) -> Fields:
    return fields_with({CTL.RST: 1, SEG.SEQ: number})


def _is_text(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment holds text or the FIN, after the handshake, and acknowledges up to RCV.NXT."""
    bits = [fields[FIELD[var]] for var in (CTL.SYN, CTL.RST, CTL.ACK)]
    length = fields[FIELD[SEG.TEXT]] + fields[FIELD[CTL.FIN]]
    shaken = h.state in SENDING and h[SND.UNA] != h[ISS]
    return bool(shaken and bits == [0, 0, 1] and length and fields[FIELD[SEG.ACK]] == h[RCV.NXT])


def repeats(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment holds nothing that was not sent before, and something that is not acknowledged."""
    if not _is_text(h, fields):
        return False
    first, text_end = fields[FIELD[SEG.SEQ]], wrap(fields[FIELD[SEG.SEQ]] + fields[FIELD[SEG.TEXT]])
    end = wrap(text_end + fields[FIELD[CTL.FIN]])
    inside = distance(h[ISS], first) > 0 and distance(end, h[SND.NXT]) >= 0 and distance(h[SND.UNA], end) > 0
    return inside and (text_end == h[SND.END] if fields[FIELD[CTL.FIN]] else distance(text_end, h[SND.END]) >= 0)


def beyond(h: Hypothesis, fields: Fields) -> Fields:
    """The segment without the text that was sent before, where it has some that was not."""
    known = distance(fields[FIELD[SEG.SEQ]], h[SND.NXT])
    left = fields[FIELD[SEG.TEXT]] - known
    is_new = left + fields[FIELD[CTL.FIN]] > 0 and left >= 0
    if not _is_text(h, fields) or known <= 0 or not is_new or distance(h[ISS], fields[FIELD[SEG.SEQ]]) <= 0:
        return fields
    values = list(fields)
    values[FIELD[SEG.SEQ]], values[FIELD[SEG.TEXT]] = h[SND.NXT], left
    return tuple(values)


def without_text(fields: Fields) -> Fields:
    values = list(fields)
    values[FIELD[SEG.TEXT]] = values[FIELD[CTL.FIN]] = 0
    return tuple(values)


def is_bare_ack(fields: Fields) -> bool:
    bits = [fields[FIELD[var]] for var in (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK)]
    return bits == [0, 0, 0, 1] and not fields[FIELD[SEG.TEXT]]


_ALL = (CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST, SEG.SEQ, SEG.ACK, SEG.TEXT)
_RESET = (CTL.RST, SEG.SEQ)


def matches(expected: Fields, seen: Fields) -> bool:
    """Equal in every field but the window; of a RST that has a sequence number, only that counts."""
    numbered = expected[FIELD[CTL.RST]] and not expected[FIELD[CTL.ACK]]
    return all(expected[FIELD[var]] == seen[FIELD[var]] for var in (_RESET if numbered else _ALL))


_FAILURES = ("reset", "refused", "timeout", "error")


def answers(edge: Edge, verb: Verb, result: Result, h: Hypothesis) -> bool:
    """Whether this result is what the edge tells the user, in the words of a socket interface."""
    signal, status = edge.rule.signal, result.status.split(":")[0]
    failed = status in _FAILURES
    if verb is Verb.RECEIVE:
        return _answers_receive(edge, result, status, h)
    if verb is Verb.SEND:
        early = edge.source in (State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED)
        if signal.startswith("error"):
            no_room = signal == "error: insufficient resources"
            return failed or (status == "blocked" and (early or no_room))
        return status == "blocked" or result.accepted > 0
    if verb is Verb.LISTEN and signal:
        return True
    if verb in (Verb.OPEN, Verb.LISTEN):
        return failed if signal else status == "ok"
    # 3.10.4: of a CLOSE too many, "an 'ok' response would be acceptable, too"
    return status == "ok" or (failed and bool(signal))


def _answers_receive(edge: Edge, result: Result, status: str, h: Hypothesis) -> bool:
    signal = edge.rule.signal
    if not signal:
        return bool(result.text)
    if signal == "queued":
        return status == "blocked"
    if signal == "error: connection closing":
        return status in ("eof", "error")
    if status == "eof":
        return h.told_end
    return status in _FAILURES and signal.startswith("error")

"""The oracle: does an endpoint, seen only from outside, conform to the specification?

Conformance is meant in the sense of ioco (input-output conformance, Tretmans 1996): after every sequence of inputs and
outputs that was observed, the next output of the endpoint must be one that the specification allows then; and silence
counts as an output, so an endpoint that sends nothing must be allowed to send nothing.

The specification allows several behaviours, and the state of the endpoint is not visible.  So the oracle keeps a set of
hypotheses, each one a local state that the endpoint may be in after what was observed so far:

- an input (a user call, a segment, a time-out) moves every hypothesis along every edge that it enables, which may leave
  more hypotheses than before; where an edge sends a segment, the hypothesis has it `due`;
- an output keeps the hypotheses that allow it, in the states that it leads to;
- silence keeps the hypotheses in which nothing has to be sent.

The endpoint deviates (`Deviates`) as soon as no hypothesis is left.

The edges are those of the explorer, at 32 bits (`endpoint`).  What the RFC leaves to an implementation is taken from
the observation: the initial sequence number, how text is cut into segments, when within the window it is sent, and the
window itself.  What an endpoint may do beyond the edges is listed in `freedoms`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from halfclose.checks.oracle.endpoint import EVENTS, LARGEST_WINDOW, Endpoint, put
from halfclose.checks.oracle.freedoms import (
    ACKNOWLEDGING,
    Hypothesis,
    ack_now,
    answers,
    beyond,
    early,
    is_bare_ack,
    is_refused_by_group_2,
    kept,
    lenient_endpoint,
    matches,
    must_send,
    refilled,
    repeats,
    reset_at,
    without_text,
)
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.oracle.sequence import distance, pattern
from halfclose.checks.readers.python import AT, FIELD, Local, initial
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.wire import Segment
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import FIN_RECEIVED, SYNCHRONIZED, State
from halfclose.spec.language.variables import ACK_OWED, CLOSE_CALLED, CTL, HELD, IRS, ISS, RCV, SEG, SND
from halfclose.spec.tcp.graph import RULES


class Deviates(Exception):
    """What was observed is allowed in none of the states that the endpoint may be in.

    seen: what the endpoint did.  allowed: what it might have done instead.  edges: the rules that say so.
    """

    def __init__(self, seen: str, allowed: tuple[str, ...], edges: tuple[Edge, ...]) -> None:
        self.seen, self.allowed, self.edges = seen, allowed, edges
        super().__init__(f"{seen}; allowed: {' or '.join(allowed) or 'nothing'}")


class Oracle:
    """Judges one endpoint from its birth in CLOSED.

    Tell it every input (`call`, `deliver`, `timeout`), every segment that the endpoint sends (`observe`), and that the
    endpoint has been given time and sent nothing more (`silence`); each raises Deviates.  isn, of an input: the initial
    sequence number that the endpoint was seen to choose then.

    hypotheses: the states that it may be in.  shift, other: subtracted from the sequence numbers of the endpoint and of
    its peer in what is printed.
    """

    def __init__(self, profile: Profile, rules: tuple[Rule, ...] = RULES) -> None:
        self._begin(lenient_endpoint(profile, rules), Hypothesis(initial(0)), read=0, buffer=0)

    @classmethod
    def at(cls, endpoint: Endpoint, hypothesis: Hypothesis, *, read: int, buffer: int) -> Oracle:
        """An oracle that joins later, when the state of the endpoint is known.

        read: octets that its user has read.  buffer: the most octets of room that it has ever advertised.
        """
        oracle = cls.__new__(cls)
        oracle._begin(endpoint, hypothesis, read, buffer)
        oracle.shift, oracle.other = hypothesis[ISS], hypothesis[IRS]
        return oracle

    def _begin(self, endpoint: Endpoint, hypothesis: Hypothesis, read: int, buffer: int) -> None:
        self._endpoint = endpoint
        self.hypotheses: tuple[Hypothesis, ...] = (hypothesis,)
        self.shift = self.other = 0
        self.read = read
        self._buffer = buffer

    # ---- inputs ----------------------------------------------------------------------------------------------

    def call(self, verb: Verb, count: int, result: Result, isn: int = 0) -> None:
        """The user made a call of `count` octets, and this is what it returned."""
        before = self.hypotheses
        if verb in (Verb.OPEN, Verb.LISTEN) and result.status == "ok":
            self.read = 0
        found = (after for h in before for after in self._called(h, verb, count, result, isn))
        self._adopt(found, lambda: self._refuse_result(before, verb, count, result))
        if verb is Verb.RECEIVE and result.text:
            self._judge_text(result.text, self.read, "RECEIVE returned")
            self.read += len(result.text)

    def deliver(self, segment: Segment, isn: int = 0) -> None:
        """A segment of the peer arrived."""
        fields = fields_of(segment)
        arrived = (after for h in self.hypotheses for after in self._arrived(h, fields, isn))
        self._adopt(arrived, lambda: Deviates("no rule applies", (), ()))

    def timeout(self, event: Event) -> None:
        """Enough time has passed for this timer to have run out, where it was running."""
        self._adopt(self._timed_out(event), lambda: Deviates("no rule applies", (), ()))

    def _timed_out(self, event: Event) -> Iterator[Hypothesis]:
        for h in self.hypotheses:
            fired = [self._moved(h, edge, local, sent) for edge, local, sent in self._endpoint.fire(h.local, event)]
            yield from fired or [h]

    # ---- outputs ---------------------------------------------------------------------------------------------

    def observe(self, segment: Segment) -> None:
        """The endpoint sent a segment."""
        before = self.hypotheses
        fields = fields_of(segment)
        sent = (after for h in before for after in self._sent(h, fields))
        seen = f"sent {show(fields, self.shift, other=self.other)}"
        self._adopt(sent, lambda: Deviates(seen, self.allowed(before), _rules(before)))
        if segment.text:
            first = distance(self.hypotheses[0][ISS], segment.seq) - 1
            self._judge_text(segment.text, first, "sent")

    def silence(self) -> None:
        """The endpoint has been given time and sends nothing."""
        before = self.hypotheses
        quiet = tuple(h for h in before if self.quiet(h))
        if not quiet:
            raise Deviates("sent nothing", self.allowed(before), _rules(before))
        self.hypotheses = quiet

    def is_in(self, state: State) -> bool:
        """Whether the endpoint can only be in this state."""
        return all(h.state is state for h in self.hypotheses)

    def may(self, event: Event) -> tuple[Edge, ...]:
        """The edges that this timer would take now."""
        fired = (step for h in self.hypotheses for step in self._endpoint.timeouts(h.local, event))
        return tuple(dict.fromkeys(edge for edge, _, _ in fired))

    def is_quiet(self) -> bool:
        """Whether silence would be allowed now."""
        return any(map(self.quiet, self.hypotheses))

    def quiet(self, h: Hypothesis) -> bool:
        """Whether the endpoint may send nothing before its next input."""
        if h.due is not None or h.rest is not None or (h[ACK_OWED] and h.state in ACKNOWLEDGING):
            return False
        if any(self._endpoint.fire(h.local, Event.REASSEMBLE)):
            return False
        return not must_send(h)

    def allowed(self, hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
        """What the endpoint may do now, in words; of segments with text the longest."""
        shown: dict[str, None] = {}
        for h in hypotheses:
            shown |= dict.fromkeys(show(fields, self.shift, other=self.other) for fields in self._offers(h))
            if self.quiet(h):
                shown["silence"] = None
        return tuple(shown)

    # ---- one hypothesis --------------------------------------------------------------------------------------

    def _called(self, h: Hypothesis, verb: Verb, count: int, result: Result, isn: int) -> Iterator[Hypothesis]:
        octets = result.accepted if verb is Verb.SEND else len(result.text)
        choice = octets or max(count, 1), 0, isn
        locals_ = [put(h.local, ISN_CLOCK=isn)]
        if h.state is State.SYN_RECEIVED and EVENTS[verb] in (Event.CLOSE, Event.FULL_CLOSE):
            locals_.append(put(h.local, CLOSE_CALLED=0))  # reading 8 allows the FIN at a repeated CLOSE, too
        fired = (step for at in locals_ for step in self._endpoint.fire(at, EVENTS[verb], choice=choice))
        for edge, after, sent in fired:
            if not answers(edge, verb, result, h):
                continue
            if verb is Verb.SEND and result.status == "blocked":
                yield h.by(edge, h.local)  # not queued after all
            elif after[AT[RCV.USER]] < h[RCV.USER] and edge.source is edge.target:
                yield from self._has_read(h, edge, after)
            else:
                yield self._moved(h, edge, after, sent)

    def _has_read(self, h: Hypothesis, edge: Edge, after: Local) -> Iterator[Hypothesis]:
        room = max(h[RCV.WND], self._buffer - after[AT[RCV.USER]])
        for window in {h[RCV.WND], room}:
            yield h.by(edge, put(after, RCV_WND=window, ACK_OWED=h[ACK_OWED]))

    def _arrived(self, h: Hypothesis, fields: Fields, isn: int) -> Iterator[Hypothesis]:
        local = put(h.local, ISN_CLOCK=isn)
        for edge, after, sent in self._endpoint.fire(local, Event.SEGMENT, fields, (0, 0, isn)):
            moved = self._moved(h, edge, after, sent)
            yield moved
            if h[RCV.USER] and edge.rule.signal == "error: connection reset":
                yield replace(moved, local=put(after, RCV_USER=h[RCV.USER]))
            if edge.rule.name.endswith(".unwanted"):
                yield replace(moved, due=reset_at(h[SND.NXT]))
            if edge.rule.name.endswith(".early") and h[HELD.SET]:
                yield kept(moved, (early(h, fields),))
            if h.state is State.SYN_RECEIVED and h[CLOSE_CALLED] and edge.target in FIN_RECEIVED:
                for first, between, _ in self._endpoint.fire(local, Event.SEGMENT, without_text(fields)):
                    yield h.by(first, between, rest=fields)
        if is_refused_by_group_2(h, fields):
            yield replace(h, due=reset_at(fields[FIELD[SEG.ACK]]))

    def _moved(self, h: Hypothesis, edge: Edge, after: Local, due: Fields | None) -> Hypothesis:
        ended = edge.target in (State.CLOSED, State.LISTEN, State.SYN_SENT)
        told = edge.target in FIN_RECEIVED or (h.told_end and edge.target is State.CLOSED)
        waiting = () if ended else h.waiting
        told = told or edge.source in FIN_RECEIVED
        return h.by(edge, after, due=due, rest=None, waiting=waiting, told_end=told)

    def _sent(self, h: Hypothesis, fields: Fields) -> Iterator[Hypothesis]:
        bare = h.due is None or is_bare_ack(h.due)
        is_due = h.due is not None and matches(h.due, fields)
        if is_due:
            yield self._shown(replace(h, due=None), fields)
        if not bare:
            return
        for after in self._put_out(h, fields):
            yield from (after,) if h.rest is None else self._arrived(replace(after, rest=None), h.rest, 0)
        if not is_due and h.state in SYNCHRONIZED and matches(ack_now(h), fields):
            yield self._shown(replace(h, due=None, local=put(h.local, ACK_OWED=0)), fields)

    def _put_out(self, h: Hypothesis, fields: Fields) -> Iterator[Hypothesis]:
        """The ways in which the endpoint can have sent this by itself: by an edge, or by a freedom."""
        new = beyond(h, fields)
        choice = new[FIELD[SEG.TEXT]], new[FIELD[CTL.FIN]], 0
        for event in (Event.OUTPUT, Event.RETRANSMISSION_TIMEOUT, Event.PROBE_TIMEOUT):
            for edge, after, sent in self._endpoint.fire(h.local, event, choice=choice):
                if sent is not None and matches(sent, new):
                    yield self._shown(h.by(edge, after, due=None), fields)
        if repeats(h, fields):
            yield self._shown(replace(h, local=put(h.local, ACK_OWED=0), due=None), fields)

    def _shown(self, h: Hypothesis, fields: Fields) -> Hypothesis:
        """The window that the segment advertises, which is the implementation's choice, becomes RCV.WND."""
        if fields[FIELD[CTL.RST]] or h.state not in (*SYNCHRONIZED, State.SYN_SENT, State.SYN_RECEIVED):
            return h
        return replace(h, local=put(h.local, RCV_WND=fields[FIELD[SEG.WND]]))

    def _offers(self, h: Hypothesis) -> Iterator[Fields]:
        if h.due is not None:
            yield h.due
            return
        for _, _, sent in self._endpoint.outputs(h.local):
            if sent is not None:
                yield sent

    # ---- the set of hypotheses -------------------------------------------------------------------------------------

    def _adopt(self, found: Iterable[Hypothesis], failure: Callable[[], Deviates]) -> None:
        """Continue with these hypotheses and all that follow by unseen steps; raises the failure if there is none."""
        reached: dict[Hypothesis, Hypothesis] = {}
        queue = deque(found)  # the first way to a hypothesis counts, and edges come before freedoms
        while queue:
            h = refilled(queue.popleft())
            if h in reached:
                continue
            reached[h] = h
            queue.extend(self._unseen(h))
        if not reached:
            raise failure()
        self.hypotheses = tuple(reached)
        self._note_windows()

    def _unseen(self, h: Hypothesis) -> Iterator[Hypothesis]:
        if h.rest is not None and h.state is not State.ESTABLISHED:  # the queued CLOSE has been processed
            yield from self._arrived(replace(h, rest=None), h.rest, 0)
        for event in (Event.REASSEMBLE, Event.OUTPUT):
            for edge, after, sent in self._endpoint.fire(h.local, event):
                if sent is None:
                    told = h.told_end or edge.target in FIN_RECEIVED
                    yield h.by(edge, after, told_end=told)

    def _note_windows(self) -> None:
        for h in self.hypotheses:
            if h.state in SYNCHRONIZED and h.due is None:
                self._buffer = max(self._buffer, min(h[RCV.WND] + h[RCV.USER], LARGEST_WINDOW))

    def _judge_text(self, text: bytes, first: int, what: str) -> None:
        if text != pattern(first, len(text)):
            seen = f"{what} {len(text)} octets that are not octets {first} to {first + len(text) - 1} of the stream"
            raise Deviates(seen, ("the stream in order",), _rules(self.hypotheses))

    def _refuse_result(self, before: Sequence[Hypothesis], verb: Verb, count: int, result: Result) -> Deviates:
        seen = f"{verb.name} returned {describe(result)}"
        local = [put(h.local, ISN_CLOCK=0) for h in before]
        edges = dict.fromkeys(
            edge
            for at in local
            for octets in {max(count, 1), max(at[AT[RCV.USER]], 1)}
            for edge, _, _ in self._endpoint.fire(at, EVENTS[verb], choice=(octets, 0, 0))
            if edge.rule.signal != "part"
        )
        words = (edge.rule.signal or "ok" for edge in edges)
        return Deviates(seen, tuple(dict.fromkeys(words)), tuple(dict.fromkeys((*_rules(before)[:1], *edges))))


def describe(result: Result) -> str:
    """A result in words."""
    if result.status != "ok":
        return result.status
    octets = len(result.text) or result.accepted
    return f"{octets} octets" if octets else "ok"


def _rules(hypotheses: Sequence[Hypothesis]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(h.path[-1] for h in hypotheses if h.path))

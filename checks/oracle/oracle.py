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
window itself.  What an endpoint may do beyond the edges is listed in `freedoms`; how a hypothesis moves is said in
`moves`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from halfclose.checks.oracle import freedoms as free
from halfclose.checks.oracle.endpoint import EVENTS, Endpoint, put
from halfclose.checks.oracle.forms import is_probe_behind
from halfclose.checks.oracle.freedoms import Freedom, lenient_endpoint
from halfclose.checks.oracle.hypothesis import Hypothesis, refilled
from halfclose.checks.oracle.moves import Moves
from halfclose.checks.oracle.offers import Offers
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.oracle.sequence import distance, pattern
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.readers.python import initial
from halfclose.checks.stacks.stack import NOTHING_KNOWN, Known, Result, Verb
from halfclose.reference.wire import RST, SYN, Segment
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import FIN_RECEIVED, SYNCHRONIZED, State
from halfclose.spec.language.variables import IRS, ISS, RCV
from halfclose.spec.tcp.graph import RULES

#: How much later than 2 MSL a stack may leave TIME-WAIT: the period of a coarse timer, in seconds.
_COARSE = 0.5


class Deviates(Exception):
    """What was observed is allowed in none of the states that the endpoint may be in.

    seen: what the endpoint did.  allowed: what it might have done instead.  edges: the rules that say so.  rule: what
    is asked, and where, if no edge says it.
    """

    def __init__(self, seen: str, allowed: tuple[str, ...], edges: tuple[Edge, ...], rule: str = "") -> None:
        self.seen, self.allowed, self.edges, self.rule = seen, allowed, edges, rule
        super().__init__(f"{seen}; allowed: {' or '.join(allowed) or 'nothing'}")


class Oracle:
    """Judges one endpoint from its birth in CLOSED.

    Tell it every input (`call`, `deliver`, `timeout`), every segment that the endpoint sends (`observe`), and that the
    endpoint has been given time and sent nothing more (`silence`); each raises Deviates.  isn, of an input: the initial
    sequence number that the endpoint was seen to choose then.  Where the time is known, tell it too (`elapse`).

    hypotheses: the states that it may be in.  shift, other: subtracted from the sequence numbers of the endpoint and of
    its peer in what is printed.
    """

    def __init__(self, profile: Profile, rules: tuple[Rule, ...] = RULES, known: Known = NOTHING_KNOWN) -> None:
        """known: what is known of the endpoint besides its answers."""
        endpoints: dict[tuple[int, int, bool], Endpoint] = {}

        def endpoint(h: Hypothesis, largest: int, otherwise: bool) -> Endpoint:
            key = h.mss, largest, otherwise
            if key not in endpoints:
                endpoints[key] = lenient_endpoint(profile, rules, *key)
            return endpoints[key]

        self._begin(Moves(endpoint, True, buffer=0), Hypothesis(initial(0)), 0, known)

    @classmethod
    def at(cls, endpoint: Endpoint, hypothesis: Hypothesis, *, read: int, buffer: int) -> Oracle:
        """An oracle that joins later, when the state of the endpoint is known, and all that it chooses.

        read: octets that its user has read.  buffer: the most octets of room that it has ever advertised.
        """
        oracle = cls.__new__(cls)
        oracle._begin(Moves(lambda h, largest, otherwise: endpoint, False, buffer), hypothesis, read, NOTHING_KNOWN)
        oracle.shift, oracle.other = hypothesis[ISS], hypothesis[IRS]
        return oracle

    def _begin(self, moves: Moves, hypothesis: Hypothesis, read: int, known: Known) -> None:
        self._moves = moves
        self.hypotheses: tuple[Hypothesis, ...] = (hypothesis,)
        self.shift = self.other = 0
        self.read = read
        self._known = known
        self._offers = Offers(known.receive_buffer)
        self._departures: tuple[Freedom, ...] = ()

    @property
    def departures(self) -> tuple[Freedom, ...]:
        """What the endpoint has done although the RFC says SHOULD NOT: at the least, and each once."""
        fewest = min((h.departures for h in self.hypotheses), key=len)
        return tuple(dict.fromkeys((*self._departures, *fewest)))

    def depart(self, freedom: Freedom) -> None:
        """The endpoint has done this, which the RFC advises against."""
        self._departures = (*self._departures, freedom)

    # ---- inputs ----------------------------------------------------------------------------------------------

    def call(self, verb: Verb, count: int, result: Result, isn: int = 0) -> None:
        """The user made a call of `count` octets, and this is what it returned."""
        before = self.hypotheses
        if verb in (Verb.OPEN, Verb.LISTEN) and result.status == "ok":
            self.read = 0
        found = (after for h in before for after in self._moves.called(h, verb, count, result, isn))
        self._adopt(found, lambda: self._refuse_result(before, verb, count, result))
        if verb is Verb.RECEIVE and result.text:
            self._judge_text(result.text, self.read, "RECEIVE returned")
            self.read += len(result.text)

    def deliver(self, segment: Segment, isn: int = 0) -> None:
        """A segment of the peer arrived."""
        self._offers.heard(segment)
        mss = self._offers.mss(segment)
        told = fields_of(segment)
        fields = ((h, self._offers.of_peer(h, segment, told)) for h in self.hypotheses)
        arrived = (after for h, shown in fields for after in self._moves.arrived(h, shown, isn, mss))
        self._moves.heard = self._moves.now
        self._adopt(arrived, lambda: Deviates("no rule applies", (), ()))

    def timeout(self, event: Event) -> None:
        """Enough time has passed for this timer to have run out, where it was running."""
        timed_out = (after for h in self.hypotheses for after in self._moves.timed_out(h, event))
        self._adopt(timed_out, lambda: Deviates("no rule applies", (), ()))

    def elapse(self, seconds: float) -> None:
        """So much time has passed; where the MSL is known, TIME-WAIT ends in its time."""
        self._moves.now += seconds
        if self._known.msl is not None and any(h.state is State.TIME_WAIT for h in self.hypotheses):
            lingering = (after for h in self.hypotheses for after in self._lingers(h, 2 * self._known.msl))
            self._adopt(lingering, lambda: Deviates("no rule applies", (), ()))

    def time_wait(self) -> tuple[float, float] | None:
        """For how many seconds more, at least and at most, it is in TIME-WAIT; None if that is not known."""
        if self._known.msl is None or not self.is_in(State.TIME_WAIT):
            return None
        passed = 2 * self._known.msl - self._moves.now
        first, last = min(h.since for h in self.hypotheses), max(h.perhaps for h in self.hypotheses)
        return first + passed, last + passed + _COARSE

    def _lingers(self, h: Hypothesis, wait: float) -> Iterator[Hypothesis]:
        now = self._moves.now
        if h.state is not State.TIME_WAIT or now <= h.perhaps + wait + _COARSE:
            yield h
        if h.state is State.TIME_WAIT and now >= h.since + wait:
            yield from self._moves.timed_out(h, Event.TIME_WAIT_TIMEOUT)

    # ---- outputs ---------------------------------------------------------------------------------------------

    def observe(self, segment: Segment) -> None:
        """The endpoint sent a segment."""
        before = self.hypotheses
        fields = fields_of(segment)
        if segment.flags & SYN and self._offers.sent(segment):
            self.read = 0  # another incarnation
        sent = (after for h in before for after in self._moves.sent(h, fields, self._offers.window(h, segment)))
        self._adopt(sent, lambda: Deviates(f"sent {self._show(fields)}", self.allowed(before), _rules(before)))
        if segment.text and not any(is_probe_behind(h, fields) for h in before):
            before_text = 0 if segment.flags & SYN else 1
            first = distance(self.hypotheses[0][ISS], segment.seq) - before_text
            self._judge_text(segment.text, first, "sent")
        if not segment.flags & RST:
            self._judge_offers(segment)

    def silence(self) -> None:
        """The endpoint has been given time and sends nothing."""
        before = self.hypotheses
        quiet = [self._moves.silent(h) for h in before if self._moves.quiet(h)]
        if not quiet:
            raise Deviates("sent nothing", self.allowed(before), _rules(before))
        self.hypotheses = tuple(dict.fromkeys(quiet))

    def is_in(self, state: State) -> bool:
        """Whether the endpoint can only be in this state."""
        return all(h.state is state for h in self.hypotheses)

    def may(self, event: Event) -> tuple[Edge, ...]:
        """The edges that this timer would take now."""
        fired = (step for h in self.hypotheses for step in self._moves.timer(h, event))
        return tuple(dict.fromkeys(edge for edge, _, _ in fired))

    def is_quiet(self) -> bool:
        """Whether silence would be allowed now."""
        return any(map(self._moves.quiet, self.hypotheses))

    def is_done(self) -> bool:
        """Whether silence would tell nothing: whatever the endpoint is in, it need not send anything."""
        return all(self._moves.quiet(h) and not self._moves.may_owe_ack(h) for h in self.hypotheses)

    def allowed(self, hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
        """What the endpoint may do now, in words; of segments with text the longest."""
        shown: dict[str, None] = {}
        for h in hypotheses:
            shown |= dict.fromkeys(map(self._show, self._moves.offers(h)))
            if self._moves.quiet(h):
                shown["silence"] = None
        return tuple(shown)

    def _show(self, fields: Fields) -> str:
        return show(fields, self.shift, other=self.other)

    # ---- the set of hypotheses -------------------------------------------------------------------------------------

    def _adopt(self, found: Iterable[Hypothesis], failure: Callable[[], Deviates]) -> None:
        """Continue with these hypotheses and all that follow by unseen steps; raises the failure if there is none."""
        reached: dict[Hypothesis, Hypothesis] = {}
        queue = deque(found)  # of two ways to a hypothesis the first counts, unless the other departs from less advice
        while queue:
            h = refilled(queue.popleft())
            same = reached.get(h)
            if same is not None and len(same.departures) <= len(h.departures):
                continue
            reached[h] = h
            queue.extend(self._moves.unseen(h))
        if not reached:
            raise failure()
        self.hypotheses = tuple(reached.values())
        self._note_windows()

    def _note_windows(self) -> None:
        for h in self.hypotheses:
            if h.state in SYNCHRONIZED and h.due is None:
                room = min(h[RCV.WND] + h[RCV.USER], self._offers.largest)
                self._moves.buffer = max(self._moves.buffer, room)

    # ---- what needs no hypothesis ------------------------------------------------------------------------------

    def _judge_text(self, text: bytes, first: int, what: str) -> None:
        if text != pattern(first, len(text)):
            seen = f"{what} {len(text)} octets that are not octets {first} to {first + len(text) - 1} of the stream"
            raise Deviates(seen, ("the stream in order",), _rules(self.hypotheses))

    def _judge_offers(self, segment: Segment) -> None:
        """What the segment offers to the peer: the MSS (MUST-65), and the window (3.8.6)."""
        if segment.mss is not None and not segment.flags & SYN:
            rule = "the MSS option belongs to segments with the SYN bit (RFC 9293 3.2, MUST-65)"
            raise Deviates("sent an MSS option without SYN", ("no such option",), (), rule)
        h = self.hypotheses[0]
        has_fin = any(one.state in FIN_RECEIVED for one in self.hypotheses)
        excess = self._offers.excess(h, segment, self.read, has_fin)
        if excess > 0:
            window = self._offers.window(h, segment).start
            rule = "RCV.WND is no more than RCV.BUFF-RCV.USER (RFC 9293 3.8.6.2.2)"
            raise Deviates(f"offered a window of {window}", (f"at most {window - excess}",), (), rule)
        if self._offers.shrinks(h, segment) and not has_fin:
            self.depart(free.SHRINKS_WINDOW)

    def _refuse_result(self, before: Sequence[Hypothesis], verb: Verb, count: int, result: Result) -> Deviates:
        seen = f"{verb.name} returned {describe(result)}"
        edges = dict.fromkeys(
            edge
            for h in before
            for octets in {max(count, 1), max(h[RCV.USER], 1)}
            for edge, _, _ in self._moves.fire(h, EVENTS[verb], choice=(octets, 0, 0), local=put(h.local, ISN_CLOCK=0))
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

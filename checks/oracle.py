"""The specification as the judge of one endpoint that is seen only from outside.

The oracle keeps every local state the endpoint may be in after what was observed (conformance in the sense of ioco:
each output must be one the specification allows then, and so must silence).  It steps by the same edges as the
explorer, at 32 bits.  What the RFC leaves to an implementation is taken from the observation: the initial sequence
number, how text is cut into segments, when within its window it is sent, and the window itself.

Beyond the edges, an endpoint may do the following; each is a freedom that the RFC gives:

- send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> at any time once synchronized (3.8.6.3: when to acknowledge is the
  receiver's choice within 0.5 s; 3.8.6: so is when to show a new window);
- answer with text or a FIN where a bare ACK is due, since those carry the same SEQ and ACK (3.10.2, piggybacking);
- set or clear the ACK bit of a RST that has the right SEQ (3.5.2 gives the numbers, receivers look at SEQ);
- treat a SYN in TIME-WAIT in the ordinary way although it could reopen the connection (MAY-2);
- hold more than one early segment (SHLD-31: the specification's HELD is the first of them);
- not announce each octet that the user reads (3.8.6.2.2, avoidance of silly windows), and grant or refuse that room
  until it is announced;
- keep small text back while text is outstanding or does not fit the window (3.7.4, 3.8.6.2.1);
- have a send buffer of any size, none at all before the handshake is over (3.10.2, "insufficient resources").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from halfclose.checks.explore.compiled import Arithmetic, Choice, Local, StepFunction, compile_edge
from halfclose.checks.explore.compiled import Segment as Fields
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.edge import Edge, Event
from halfclose.spec.graph import RULES, Rule, tcp
from halfclose.spec.profile import REOPEN, Profile
from halfclose.spec.states import FIN_RECEIVED, RECEIVING, SENDING, SYNCHRONIZED, State
from halfclose.spec.terms import Var
from halfclose.spec.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    CTL,
    HELD,
    IRS,
    ISS,
    RCV,
    SEG,
    SEGMENT,
    SND,
    STATE,
    TCB,
)

#: The largest window without scaling; also "hard-coded" MAX.SND.WND (MAY-12).
LARGEST_WINDOW = 65_535
#: Octets that the tester's SYN offers as MSS: no segment may hold more.
OFFERED_MSS = 2000

AT = {var: i for i, var in enumerate(TCB)}
FIELD = {var: i for i, var in enumerate(SEGMENT)}
STATES = tuple(State)
_MASK = 0xFFFF_FFFF
_HALF = 1 << 31
NO_FIELDS: Fields = (0,) * len(SEGMENT)
NO_CHOICE: Choice = (0, 0, 0)
_BITS = ((CTL.SYN, SYN, "SYN"), (CTL.FIN, FIN, "FIN"), (CTL.RST, RST, "RST"), (CTL.ACK, ACK, "ACK"))

#: The event of each user call.
EVENTS: dict[Verb, Event] = {
    Verb.OPEN: Event.OPEN_ACTIVE,
    Verb.LISTEN: Event.OPEN_PASSIVE,
    Verb.SEND: Event.SEND,
    Verb.RECEIVE: Event.RECEIVE,
    Verb.SHUTDOWN: Event.CLOSE,
    Verb.CLOSE: Event.FULL_CLOSE,
    Verb.ABORT: Event.ABORT,
}


def pattern(first: int, octets: int) -> bytes:
    """The text of every stream: octet i is i modulo 251, a prime, so that a displaced octet shows."""
    start = first % 251
    return (bytes(range(251)) * ((start + octets) // 251 + 1))[start : start + octets]


def distance(a: int, b: int) -> int:
    """How far b lies beyond a in the sequence space, negative if before it."""
    return ((b - a + _HALF) & _MASK) - _HALF


def fields_of(segment: Segment) -> Fields:
    """A wire segment as the specification sees it; an ACK number without the ACK bit counts for nothing."""
    values: dict[Var, int] = {var: int(bool(segment.flags & bit)) for var, bit, _ in _BITS}
    values |= {
        SEG.SEQ: segment.seq,
        SEG.ACK: segment.ack if segment.flags & ACK else 0,
        SEG.WND: segment.wnd,
        SEG.TEXT: len(segment.text),
    }
    return tuple(values.get(var, 0) for var in SEGMENT)


def show(fields: Fields, shift: int = 0, peer: bool = False) -> str:
    """In the RFC's notation.  shift: what to take off the numbers of the stack's own sequence space."""
    bits = [name for var, _, name in _BITS if fields[FIELD[var]]]
    has_ack, is_rst = fields[FIELD[CTL.ACK]], fields[FIELD[CTL.RST]]
    number, acknowledge = fields[FIELD[SEG.SEQ]], fields[FIELD[SEG.ACK]]
    if peer:
        acknowledge = (acknowledge - shift) & _MASK
    elif not (is_rst and has_ack and number == 0):  # 3.5.2: sequence number zero stands for none
        number = (number - shift) & _MASK
    parts = [f"<SEQ={number}>", f"<ACK={acknowledge}>" if has_ack else ""]
    text = fields[FIELD[SEG.TEXT]]
    parts += [f"<DATA={text}>" if text else "", f"<CTL={','.join(bits)}>"]
    return "".join(parts)


class Code:
    """The edges of a profile as functions, by state and event."""

    def __init__(self, profile: Profile, numbers: Arithmetic, rules: tuple[Rule, ...] = RULES) -> None:
        self.graph = tcp(profile, rules)
        self._functions: dict[tuple[int, Event], list[tuple[Edge, StepFunction]]] = {}
        for edge in self.graph.edges:
            if edge.event not in (Event.STATUS, Event.CRASH):
                key = edge.source.index, edge.event
                self._functions.setdefault(key, []).append((edge, compile_edge(edge, numbers)))

    def fire(
        self, local: Local, event: Event, fields: Fields = NO_FIELDS, choice: Choice = NO_CHOICE
    ) -> Iterator[tuple[Edge, Local, Fields | None]]:
        """Every edge whose guard holds: the edge, the next local state, and the segment sent, if any."""
        for edge, function in self._functions.get((local[AT[STATE]], event), ()):
            result = function(local, fields, choice)
            if result is not None:
                yield edge, *result


def numbers(receive_buffer: int, send_buffer: int, mss: int = OFFERED_MSS) -> Arithmetic:
    """32-bit arithmetic with these sizes in octets."""
    constants = {SND.BUFF: send_buffer, SND.MSS: mss, SND.MAX_WND: LARGEST_WINDOW, RCV.BUFF: receive_buffer}
    return Arithmetic(32, constants)


def put(local: Local, **values: int) -> Local:
    """The local state with variables replaced, by their names with _ for a full stop."""
    changed = list(local)
    for name, value in values.items():
        changed[_BY_NAME[name]] = value
    return tuple(changed)


_BY_NAME = {var.name.replace(".", "_"): i for i, var in enumerate(TCB)}


@dataclass(frozen=True)
class Held:
    """An early segment behind the one in HELD."""

    seq: int
    text: int
    fin: int


@dataclass(frozen=True)
class Hypothesis:
    """One state the endpoint may be in.

    due: a segment it has to send before anything else.  waiting: early segments behind HELD.  told_end: the peer's
    FIN was taken, so that an end of file is no lie even when the connection is gone.  edge: how it got here.
    """

    local: Local
    due: Fields | None = None
    waiting: tuple[Held, ...] = ()
    told_end: bool = False
    edge: Edge | None = field(default=None, compare=False)

    @property
    def state(self) -> State:
        return STATES[self.local[AT[STATE]]]

    def __getitem__(self, var: Var) -> int:
        return self.local[AT[var]]


class Deviates(Exception):
    """What was observed is allowed in no state the endpoint may be in.

    seen: what the endpoint did.  allowed: what it may have done instead.  edges: the rules that say so.
    """

    def __init__(self, seen: str, allowed: tuple[str, ...], edges: tuple[Edge, ...]) -> None:
        self.seen, self.allowed, self.edges = seen, allowed, edges
        super().__init__(f"{seen}; allowed: {' or '.join(allowed) or 'nothing'}")


class Oracle:
    """Judges one endpoint from its birth in CLOSED.

    Tell it every input (`call`, `deliver`) together with the initial sequence number that the endpoint was seen to
    choose then, every segment it sends (`observe`), and when it has fallen silent (`silence`); each raises Deviates.
    shift: the endpoint's actual less its nominal initial sequence number, for what is printed.
    """

    def __init__(self, profile: Profile, rules: tuple[Rule, ...] = RULES) -> None:
        sizes = numbers(LARGEST_WINDOW, 1 << 30)
        self._code = Code(profile, sizes, rules)
        no_reopen = Profile(profile.on - {REOPEN.name})
        self._ordinary = Code(no_reopen, sizes, rules) if REOPEN in profile else None
        self.shift = 0
        self.read = 0
        self.notes: list[str] = []
        self._buffer = 0  # the most room the endpoint has ever shown
        blank = (0,) * len(TCB)
        self.hypotheses: tuple[Hypothesis, ...] = (Hypothesis(blank),)

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
        """So much time has passed that this timer must have run out, where it was running."""
        self._adopt(self._timed_out(event), lambda: Deviates("no rule applies", (), ()))

    def _timed_out(self, event: Event) -> Iterator[Hypothesis]:
        for h in self.hypotheses:
            fired = [
                self._moved(h, edge, local, sent) for edge, local, sent in self._code.fire(h.local, event)
            ]
            yield from fired or [h]

    # ---- outputs ---------------------------------------------------------------------------------------------

    def observe(self, segment: Segment) -> None:
        """The endpoint sent a segment."""
        before = self.hypotheses
        fields = fields_of(segment)
        sent = (after for h in before for after in self._sent(h, fields))
        seen = f"sent {show(fields, self.shift)}"
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

    def may(self, event: Event) -> tuple[Edge, ...]:
        """The edges that this event would take now."""
        return tuple(edge for h in self.hypotheses for edge, _, _ in self._code.fire(h.local, event))

    def is_quiet(self) -> bool:
        """Whether silence would be allowed now."""
        return any(map(self.quiet, self.hypotheses))

    def quiet(self, h: Hypothesis) -> bool:
        """Whether the endpoint need not send anything before its next input (a freedom of the module's list)."""
        if h.due is not None or (h[ACK_OWED] and h.state in _ACKNOWLEDGING):
            return False
        if any(self._code.fire(h.local, Event.REASSEMBLE)):
            return False
        return not _must_send(h)

    def allowed(self, hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
        """What the endpoint may do now, for people; text in its longest form."""
        shown: dict[str, None] = {}
        for h in hypotheses:
            shown |= dict.fromkeys(show(fields, self.shift) for fields in self._offers(h))
            if self.quiet(h):
                shown["silence"] = None
        return tuple(shown)

    # ---- one hypothesis --------------------------------------------------------------------------------------

    def _called(
        self, h: Hypothesis, verb: Verb, count: int, result: Result, isn: int
    ) -> Iterator[Hypothesis]:
        octets = result.accepted if verb is Verb.SEND else len(result.text)
        choice = octets or max(count, 1), 0, isn
        local = put(h.local, ISN_CLOCK=isn)
        for edge, after, sent in self._code.fire(local, EVENTS[verb], choice=choice):
            if not _answers(edge, verb, result, h):
                continue
            if verb is Verb.SEND and result.status == "blocked":
                yield replace(h, edge=edge)  # not queued after all
            elif after[AT[RCV.USER]] < h[RCV.USER] and edge.source is edge.target:
                yield from self._has_read(h, edge, after)
            else:
                yield self._moved(h, edge, after, sent)

    def _has_read(self, h: Hypothesis, edge: Edge, after: Local) -> Iterator[Hypothesis]:
        room = max(h[RCV.WND], self._buffer - after[AT[RCV.USER]])
        for window in {h[RCV.WND], room}:
            yield replace(h, local=put(after, RCV_WND=window, ACK_OWED=h[ACK_OWED]), edge=edge)

    def _arrived(self, h: Hypothesis, fields: Fields, isn: int) -> Iterator[Hypothesis]:
        codes = [self._code]
        if self._ordinary is not None and h.state is State.TIME_WAIT:
            codes.append(self._ordinary)
        local = put(h.local, ISN_CLOCK=isn)
        for code in codes:
            for edge, after, sent in code.fire(local, Event.SEGMENT, fields, (0, 0, isn)):
                moved = self._moved(h, edge, after, sent)
                yield moved
                if edge.rule.name.endswith(".early") and h[HELD.SET]:
                    held = _early(h, fields)
                    yield replace(moved, waiting=tuple(sorted({*h.waiting, held}, key=lambda x: x.seq)))

    def _moved(self, h: Hypothesis, edge: Edge, after: Local, due: Fields | None) -> Hypothesis:
        ended = edge.target in (State.CLOSED, State.LISTEN, State.SYN_SENT)
        told = edge.target in FIN_RECEIVED or (h.told_end and edge.target is State.CLOSED)
        return Hypothesis(after, due, () if ended else h.waiting, told or edge.source in FIN_RECEIVED, edge)

    def _sent(self, h: Hypothesis, fields: Fields) -> Iterator[Hypothesis]:
        bare = h.due is None or _is_bare_ack(h.due)
        if h.due is not None and _matches(h.due, fields):
            yield self._shown(replace(h, due=None), fields)
        elif bare and h.state in SYNCHRONIZED and _matches(_ack_now(h), fields):
            yield self._shown(replace(h, due=None, local=put(h.local, ACK_OWED=0)), fields)
        if not bare:
            return
        choice = fields[FIELD[SEG.TEXT]], fields[FIELD[CTL.FIN]], 0
        for event in (Event.OUTPUT, Event.RETRANSMISSION_TIMEOUT, Event.PROBE_TIMEOUT):
            for edge, after, sent in self._code.fire(h.local, event, choice=choice):
                if sent is not None and _matches(sent, fields):
                    yield self._shown(replace(h, local=after, due=None, edge=edge), fields)

    def _shown(self, h: Hypothesis, fields: Fields) -> Hypothesis:
        """The window is the implementation's: it is what the segment says."""
        if fields[FIELD[CTL.RST]] or h.state not in (*SYNCHRONIZED, State.SYN_SENT, State.SYN_RECEIVED):
            return h
        return replace(h, local=put(h.local, RCV_WND=fields[FIELD[SEG.WND]]))

    def _offers(self, h: Hypothesis) -> Iterator[Fields]:
        if h.due is not None:
            yield h.due
            return
        for fields, _, _ in outputs(self._code, h.local):
            yield fields

    # ---- the set of them -------------------------------------------------------------------------------------

    def _adopt(self, found: Iterable[Hypothesis], failure: Callable[[], Deviates]) -> None:
        """Go on with these and all that they become without being seen; raises where there is none."""
        reached: dict[Hypothesis, Hypothesis] = {}
        queue = list(found)
        while queue:
            h = _refilled(queue.pop())
            if h in reached:
                continue
            reached[h] = h
            queue.extend(self._unseen(h))
        if not reached:
            raise failure()
        self.hypotheses = tuple(reached)
        self._note_windows()

    def _unseen(self, h: Hypothesis) -> Iterator[Hypothesis]:
        for event in (Event.REASSEMBLE, Event.OUTPUT):
            for edge, after, sent in self._code.fire(h.local, event):
                if sent is None:
                    told = h.told_end or edge.target in FIN_RECEIVED
                    yield replace(h, local=after, told_end=told, edge=h.edge)

    def _note_windows(self) -> None:
        for h in self.hypotheses:
            if h.state in SYNCHRONIZED and h.due is None:
                self._buffer = max(self._buffer, min(h[RCV.WND] + h[RCV.USER], LARGEST_WINDOW))

    def _judge_text(self, text: bytes, first: int, what: str) -> None:
        if text != pattern(first, len(text)):
            seen = f"{what} {len(text)} octets that are not octets {first} to {first + len(text) - 1} of the stream"
            raise Deviates(seen, ("the stream in order",), _rules(self.hypotheses))

    def _refuse_result(
        self, before: Sequence[Hypothesis], verb: Verb, count: int, result: Result
    ) -> Deviates:
        seen = f"{verb.name} returned {describe(result)}"
        local = [put(h.local, ISN_CLOCK=0) for h in before]
        edges = dict.fromkeys(
            edge
            for at in local
            for octets in {max(count, 1), max(at[AT[RCV.USER]], 1)}
            for edge, _, _ in self._code.fire(at, EVENTS[verb], choice=(octets, 0, 0))
            if edge.rule.signal != "part"
        )
        words = (edge.rule.signal or "ok" for edge in edges)
        return Deviates(seen, tuple(dict.fromkeys(words)), tuple(edges))


def describe(result: Result) -> str:
    """A result in words."""
    if result.status != "ok":
        return result.status
    octets = len(result.text) or result.accepted
    return f"{octets} octets" if octets else "ok"


def outputs(code: Code, local: Local) -> Iterator[tuple[Fields, Edge, Local]]:
    """What an endpoint may send by itself now, each edge once and with the most text it allows."""
    most = _most_text(local)
    for octets in dict.fromkeys((most, 0)):
        for edge, after, sent in code.fire(local, Event.OUTPUT, choice=(octets, 0, 0)):
            if sent is not None and (octets == sent[FIELD[SEG.TEXT]]):
                yield sent, edge, after


_ACKNOWLEDGING = frozenset((*RECEIVING, *FIN_RECEIVED))
_FIN_PENDING = frozenset((State.FIN_WAIT_1, State.CLOSING, State.CLOSE_WAIT))


def _most_text(local: Local) -> int:
    una, nxt, end, window = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END, SND.WND))
    usable = distance(nxt, (una + window) & _MASK)
    return max(0, min(OFFERED_MSS, distance(nxt, end), usable))


def _must_send(h: Hypothesis) -> bool:
    """3.8.6.2.1: with nothing outstanding, text that fits the window as a whole, or fills a segment, goes out."""
    if h.state not in SENDING or h[SND.UNA] == h[ISS]:
        return False
    if h.state is State.ESTABLISHED and h[CLOSE_CALLED]:
        return True
    if h[SND.UNA] != h[SND.NXT]:
        return False
    unsent = distance(h[SND.NXT], h[SND.END])
    if unsent > 0:
        return _most_text(h.local) >= min(unsent, OFFERED_MSS)
    return bool(h[CLOSE_CALLED]) and unsent == 0 and h.state in _FIN_PENDING


def _early(h: Hypothesis, fields: Fields) -> Held:
    text = fields[FIELD[SEG.TEXT]]
    room = distance(fields[FIELD[SEG.SEQ]], (h[RCV.NXT] + h[RCV.WND]) & _MASK)
    return Held(fields[FIELD[SEG.SEQ]], min(text, room), int(fields[FIELD[CTL.FIN]] and text < room))


def _refilled(h: Hypothesis) -> Hypothesis:
    """The next early segment takes the place of one that had its turn."""
    if not h.waiting or h[HELD.SET] or h.state not in RECEIVING:
        return h
    first, *others = h.waiting
    held = put(h.local, HELD=1, HELD_SEQ=first.seq, HELD_TEXT=first.text, HELD_FIN=first.fin)
    return replace(h, local=held, waiting=tuple(others))


def _ack_now(h: Hypothesis) -> Fields:
    values: dict[Var, int] = {CTL.ACK: 1, SEG.SEQ: h[SND.NXT], SEG.ACK: h[RCV.NXT]}
    return tuple(values.get(var, 0) for var in SEGMENT)


def _is_bare_ack(fields: Fields) -> bool:
    bits = [fields[FIELD[var]] for var, _, _ in _BITS]
    return bits == [0, 0, 0, 1] and not fields[FIELD[SEG.TEXT]]


_ALL = (CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST, SEG.SEQ, SEG.ACK, SEG.TEXT)
_RESET = (CTL.RST, SEG.SEQ)


def _matches(expected: Fields, seen: Fields) -> bool:
    """Equal in every field but the window; of a RST that has a sequence number, only that counts."""
    numbered = expected[FIELD[CTL.RST]] and not expected[FIELD[CTL.ACK]]
    return all(expected[FIELD[var]] == seen[FIELD[var]] for var in (_RESET if numbered else _ALL))


def _rules(hypotheses: Sequence[Hypothesis]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(h.edge for h in hypotheses if h.edge is not None))


_FAILURES = ("reset", "refused", "timeout", "error")


def _answers(edge: Edge, verb: Verb, result: Result, h: Hypothesis) -> bool:
    """Whether this result is what the edge tells the user, in the words of a socket interface."""
    signal, status = edge.rule.signal, result.status.split(":")[0]
    failed = status in _FAILURES
    if verb is Verb.RECEIVE:
        return _answers_receive(edge, result, status, h)
    if verb is Verb.SEND:
        return failed if signal.startswith("error") else status == "blocked" or result.accepted > 0
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


__all__ = [
    "AT",
    "EVENTS",
    "FIELD",
    "IRS",
    "LARGEST_WINDOW",
    "OFFERED_MSS",
    "STATES",
    "Code",
    "Deviates",
    "Hypothesis",
    "Oracle",
    "describe",
    "distance",
    "fields_of",
    "numbers",
    "outputs",
    "pattern",
    "put",
    "show",
]

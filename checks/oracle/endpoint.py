"""One endpoint of the specification at 32 bits, which every comparison with real code is built upon.

A profile becomes a graph, and each edge of the graph becomes a Python function over a local state (a tuple of the TCB's
variables) and a segment (a tuple of its fields).  The functions together are an `Endpoint`, and three users share it:

- the oracle fires edges from every state that a real stack may be in (`fire`);
- the refinement does so from the one state that the code is in;
- the vectors need one behaviour, not all that is allowed.  For them an endpoint is also an implementation, the plainest
  there is: it sends what it may as soon as it may, in the largest segments, and acknowledges at once (`call`, `arrive`,
  `time_out`, then `settle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cache

from halfclose.checks.oracle.segments import NO_FIELDS
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, FIELD, Arithmetic, Choice, Local, StepFunction, compile_edge
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Verb
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.profile import HOLD, RFC5961_ACK, Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind, variables
from halfclose.spec.language.terms import show as show_term
from halfclose.spec.language.variables import CLOCK, CTL, RCV, SEG, SND, STATE, TCB
from halfclose.spec.tcp.graph import RULES, tcp

#: The largest window without scaling; also the "hard-coded" MAX.SND.WND (MAY-12).
LARGEST_WINDOW = 65_535
#: The largest window with it (RFC 7323 2.3).
LARGEST_SCALED_WINDOW = 1 << 30
#: Octets that the tester's SYN offers as MSS: no segment may hold more.
OFFERED_MSS = 2000
#: MUST-15: what counts where a SYN offers none, over IPv4.
DEFAULT_MSS = 536

STATES = tuple(State)
NO_CHOICE: Choice = (0, 0, 0)
_NOT_OF_AN_ENDPOINT = (Event.STATUS, Event.CRASH)

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

#: A step of an endpoint: the edge, the next local state, and the segment sent, if any.
Fired = tuple[Edge, Local, Fields | None]


@dataclass(frozen=True)
class Sizes:
    """What the RFC leaves to an implementation as a number, in octets.

    mss: the most text that a segment may hold.  largest_window: what MAX.SND.WND stands for.
    """

    receive_buffer: int
    send_buffer: int
    mss: int = OFFERED_MSS
    largest_window: int = LARGEST_WINDOW

    @property
    def arithmetic(self) -> Arithmetic:
        """Numbers of 32 bits, with these sizes as constants."""
        constants = {SND.BUFF: self.send_buffer, SND.MSS: self.mss, SND.MAX_WND: self.largest_window}
        return Arithmetic(32, constants | {RCV.BUFF: self.receive_buffer})


@dataclass(frozen=True)
class Reaction:
    """What an endpoint did in answer to one input: the edges it took, what it sent, and where that has led.

    returns: what a user call returned.
    """

    local: Local
    edges: tuple[Edge, ...] = ()
    sent: tuple[Fields, ...] = ()
    returns: str = "ok"

    def then(self, edge: Edge, local: Local, sent: Fields | None) -> Reaction:
        """The same with one more step."""
        return replace(self, local=local, edges=(*self.edges, edge), sent=self.sent + ((sent,) if sent else ()))


class Endpoint:
    """The edges of one profile, or of several, as functions."""

    def __init__(
        self, profile: Profile, sizes: Sizes, rules: tuple[Rule, ...] = RULES, others: Iterable[Profile] = ()
    ) -> None:
        """others: profiles whose edges are added where they differ from those of `profile`.

        graph holds the edges of `profile` alone.  holds: whether early segments are held for later (SHLD-31).
        measures: whether the age of an ACK counts (MAY-12), and with it what MAX.SND.WND stands for.
        """
        self.graph = tcp(profile, rules)
        self.holds, self.measures = HOLD in profile, RFC5961_ACK in profile
        self._mss = sizes.mss
        self._edges: dict[tuple[int, Event], list[Edge]] = {}
        self._functions: dict[tuple[int, Event], list[tuple[Edge, StepFunction]]] = {}  # compiled when first asked for
        self._numbers = sizes.arithmetic
        known: dict[str, list[Edge]] = {}
        for edge in self.graph.edges:
            known[edge.name] = [edge]
            self._add(edge)
        for other in others:
            for edge in tcp(other, _rules_that_read(rules, profile.on ^ other.on)).edges:
                alike = known.setdefault(edge.name, [])
                if all(_meaning(edge) != _meaning(one) for one in alike):
                    alike.append(edge)
                    self._add(edge)

    def _add(self, edge: Edge) -> None:
        if edge.event not in _NOT_OF_AN_ENDPOINT:
            self._edges.setdefault((edge.source.index, edge.event), []).append(edge)

    def changed(self, right: Iterable[Edge], wrong: Iterable[Edge]) -> Endpoint:
        """The same endpoint without the edges that are right, and with those that are wrong, which come first."""
        other = copy(self)
        other._functions = {at: list(functions) for at, functions in self._functions.items()}
        for edge in right:
            functions = other._functions.get((edge.source.index, edge.event), [])
            functions[:] = [one for one in functions if one[0].name != edge.name]
        for edge in wrong:
            if edge.event not in _NOT_OF_AN_ENDPOINT:
                others = other._functions.setdefault((edge.source.index, edge.event), [])
                others.insert(0, (edge, compile_edge(edge, self._numbers)))
        return other

    def fire(
        self, local: Local, event: Event, fields: Fields = NO_FIELDS, choice: Choice = NO_CHOICE
    ) -> Iterator[Fired]:
        """Every edge whose guard holds."""
        at = local[_STATE], event
        functions = self._functions.get(at)
        if functions is None:
            functions = [(edge, compile_edge(edge, self._numbers)) for edge in self._edges.get(at, ())]
            self._functions[at] = functions
        for edge, function in functions:
            result = function(local, fields, choice)
            if result is not None:
                yield edge, *result

    def outputs(self, local: Local) -> Iterator[Fired]:
        """What the endpoint may send by itself now, each edge once and with the most text that it allows."""
        for octets in dict.fromkeys((most_text(local, self._mss), 0)):
            for edge, after, sent in self.fire(local, Event.OUTPUT, choice=(octets, 0, 0)):
                if sent is not None and octets == sent[_TEXT]:
                    yield edge, after, sent

    def timeouts(self, local: Local, event: Event) -> Iterator[Fired]:
        """What this timer may do now: with all the text that it may send again, and with the FIN or without it."""
        text = unacknowledged_text(local, self._mss)
        for with_fin in (1, 0):
            yield from self.fire(local, event, choice=(text, with_fin, 0))

    # ---- the plainest implementation: inputs -----------------------------------------------------------------

    def call(self, local: Local, verb: Verb, octets: int = 0) -> list[Reaction]:
        """A user call of so many octets; empty where the profile does not have the call."""
        return self._receive(local, octets) if verb is Verb.RECEIVE else self._react(local, EVENTS[verb], octets=octets)

    def arrive(self, local: Local, fields: Fields) -> list[Reaction]:
        """A segment of the peer; empty where it does nothing."""
        return self._react(local, Event.SEGMENT, fields)

    def time_out(self, local: Local, event: Event) -> list[Reaction]:
        """A timer runs out; empty where it does not run, several reactions where it may do several things."""
        fired = {(edge.name, after): (edge, after, sent) for edge, after, sent in self.timeouts(local, event)}
        return [Reaction(local).then(*step) for step in fired.values()]

    def _react(self, local: Local, event: Event, fields: Fields = NO_FIELDS, octets: int = 0) -> list[Reaction]:
        replaces = local[_STATE] == _TIME_WAIT
        isn = wrap(local[_NXT] + LARGEST_WINDOW + 1) if replaces else local[_CLOCK]
        fired = self.fire(local, event, fields, (octets, 0, isn))
        return [
            Reaction(after, (edge,), (sent,) if sent else (), edge.rule.signal or "ok") for edge, after, sent in fired
        ]

    def _receive(self, local: Local, octets: int) -> list[Reaction]:
        """Ask for so many octets; where fewer are on hand, those are returned, as by a socket interface."""
        on_hand = local[_USER]
        asked = self._react(local, Event.RECEIVE, octets=octets)
        if not on_hand:
            return asked
        if on_hand < octets:
            part = [reaction.edges for reaction in asked if reaction.returns == "part"]
            asked = self._react(local, Event.RECEIVE, octets=on_hand)
            asked = [replace(r, edges=(*edges, *r.edges)) for r in asked for edges in part] or asked
        got = f"{min(on_hand, octets)} octets"
        return [replace(r, returns=got if r.local[_USER] < on_hand else r.returns) for r in asked]

    # ---- the plainest implementation: by itself --------------------------------------------------------------

    def spontaneous(self, local: Local) -> Iterator[Fired]:
        """What the endpoint may do by itself: first what nobody sees, then text with the FIN, text, FIN, bare ACK."""
        yield from self.fire(local, Event.REASSEMBLE)
        yield from [step for step in self.fire(local, Event.OUTPUT) if step[2] is None]
        yield from sorted(self.outputs(local), key=_plainness)

    def settle(self, reaction: Reaction) -> Reaction:
        """Let the endpoint do everything that it may do by itself, the plainest first."""
        while (step := next(self.spontaneous(reaction.local), None)) is not None:
            reaction = reaction.then(*step)
        return reaction

    def outcomes(self, reaction: Reaction, most: int = 6) -> tuple[tuple[Fields, ...], ...]:
        """Everything the endpoint may send until it has nothing more to send, the plainest first."""
        found: dict[tuple[Fields, ...], None] = {}
        stack = [reaction]
        while stack and len(found) < most:
            now = stack.pop()
            steps = list(self.spontaneous(now.local))
            if not steps:
                found[now.sent] = None
            stack.extend(now.then(*step) for step in reversed(steps))
        return tuple(found)


@cache
def endpoint(profile: Profile, sizes: Sizes, rules: tuple[Rule, ...] = RULES) -> Endpoint:
    """The endpoint that follows one profile to the letter."""
    return Endpoint(profile, sizes, rules)


_STATE, _NXT, _CLOCK, _USER = (AT[var] for var in (STATE, SND.NXT, CLOCK, RCV.USER))
_TEXT, _FIN = FIELD[SEG.TEXT], FIELD[CTL.FIN]
_TIME_WAIT = State.TIME_WAIT.index
_BY_NAME = {var.name.replace(".", "_"): i for i, var in enumerate(TCB)}


def put(local: Local, **values: int) -> Local:
    """The local state with variables replaced, by their names with _ for a full stop."""
    changed = list(local)
    for name, value in values.items():
        changed[_BY_NAME[name]] = value
    return tuple(changed)


def most_text(local: Local, mss: int) -> int:
    """How many octets of new text the next segment may hold."""
    una, nxt, end, window = (local[at] for at in _SEND_WINDOW)
    usable = distance(nxt, wrap(una + window))
    return max(0, min(mss, distance(nxt, end), usable))


def unacknowledged_text(local: Local, mss: int) -> int:
    """How many octets of text the segment at the front of the retransmission queue may hold."""
    una, nxt, end, _ = (local[at] for at in _SEND_WINDOW)
    return max(0, min(distance(una, nxt), distance(una, end), mss))


_SEND_WINDOW = tuple(AT[var] for var in (SND.UNA, SND.NXT, SND.END, SND.WND))


def _plainness(step: Fired) -> tuple[int, int]:
    _, _, sent = step
    assert sent is not None
    return -sent[_TEXT], -sent[_FIN]


def _rules_that_read(rules: tuple[Rule, ...], switches: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that may have another meaning where these switches are set otherwise."""
    return tuple(rule for rule in rules if switches & _switches(rule))


@cache
def _switches(rule: Rule) -> frozenset[str]:
    terms = (*rule.guard, *(assignment.value for assignment in rule.updates))
    return frozenset(var.name for var in variables(*terms) if var.kind is Kind.SWITCH)


@cache
def _meaning(edge: Edge) -> tuple[str, ...]:
    """What distinguishes two edges of one name under two profiles."""
    updates = [f"{var.name}={show_term(value)}" for var, value in edge.updates.items() if var.kind is Kind.TCB]
    return (edge.target.value, show_term(edge.guard), *updates)

"""A stack that is the specification itself at 32 bits, right or mutated; its timers run on a virtual clock."""

from __future__ import annotations

from halfclose.checks.oracle.endpoint import Endpoint, Reaction, Sizes, endpoint
from halfclose.checks.oracle.segments import fields_of, flags_of
from halfclose.checks.oracle.sequence import pattern
from halfclose.checks.readers.python import FIELD, initial
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Known, Result, Verb
from halfclose.reference.wire import Segment
from halfclose.spec.language.edge import Event, Rule
from halfclose.spec.language.profile import PROFILES, Profile
from halfclose.spec.language.variables import SEG
from halfclose.spec.tcp.graph import RULES

OWN_ISS = 4_000_000_000
_MSL = 120.0
_FIRST_TIME_OUT = 1.0
_MOST_STEPS = 50  # by itself in answer to one input; a mutant may go on for ever
SIZES = Sizes(receive_buffer=4000, send_buffer=10_000)


class SpecStack:
    """Sends whatever it may at once, the plainest first; its timers run on a virtual clock.

    A mutant may have two rules for one input, or none: then the first one counts, or nothing happens.
    """

    name, version, virtual_clock = "spec", "1", True
    known = Known(receive_buffer=SIZES.receive_buffer, msl=_MSL)

    def __init__(
        self,
        rules: tuple[Rule, ...] = RULES,
        profile: Profile = PROFILES["linux"],
        edges: Endpoint | None = None,
    ) -> None:
        """edges: the rules under the profile, where they are compiled already."""
        self._endpoint = edges or endpoint(profile, SIZES, rules)

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        assert peer_port != local_port
        self._local = initial(OWN_ISS if iss is None else iss)
        self._sent, self._read, self._quiet, self._rto = list[Fields](), 0, 0.0, _FIRST_TIME_OUT

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        if verb in (Verb.OPEN, Verb.LISTEN):
            self._read = 0
        reactions = self._endpoint.call(self._local, verb, len(text) or count)
        if not reactions:
            return Result("error: no rule applies")
        reaction = reactions[0]
        self._move(reaction)
        if verb is Verb.RECEIVE and reaction.returns.endswith(" octets"):
            first, octets = self._read, int(reaction.returns.split()[0])
            self._read += octets
            return Result("ok", text=self.received(first, octets))
        return _result(verb, reaction, len(text))

    def received(self, first: int, octets: int) -> bytes:
        """What RECEIVE hands to the user."""
        return pattern(first, octets)

    def deliver(self, segment: Segment) -> None:
        self._rto = _FIRST_TIME_OUT
        for reaction in self._endpoint.arrive(self._local, fields_of(segment))[:1]:
            self._move(reaction)

    def segments(self) -> list[Segment]:
        sent, self._sent = self._sent, []
        return [_on_wire(fields) for fields in sent]

    def advance(self, seconds: float) -> None:
        self._quiet += seconds
        if self._quiet >= 2 * _MSL:
            self._time_out(Event.TIME_WAIT_TIMEOUT)
        elif self._quiet >= self._rto:
            self._rto *= 2
            self._time_out(Event.RETRANSMISSION_TIMEOUT)
            self._time_out(Event.PROBE_TIMEOUT)

    def user_timeout(self) -> None:
        self._time_out(Event.USER_TIMEOUT)

    def close(self) -> None:
        self._sent = []

    def _time_out(self, timer: Event) -> None:
        for reaction in self._endpoint.time_out(self._local, timer)[:1]:
            self._move(reaction)

    def _move(self, reaction: Reaction) -> None:
        for _ in range(_MOST_STEPS):
            step = next(self._endpoint.spontaneous(reaction.local), None)
            if step is None:
                break
            reaction = reaction.then(*step)
        if not all(edge.name.startswith("step1.") for edge in reaction.edges):
            self._quiet = 0.0
        self._local = reaction.local
        self._sent += reaction.sent


def _on_wire(fields: Fields) -> Segment:
    seq, ack, wnd, at, octets = (fields[FIELD[var]] for var in (SEG.SEQ, SEG.ACK, SEG.WND, SEG.AT, SEG.TEXT))
    return Segment(seq, ack, flags_of(fields), wnd, pattern(at, octets))


def _result(verb: Verb, reaction: Reaction, octets: int) -> Result:
    if reaction.returns == "queued" or reaction.returns.endswith("resources"):
        return Result("blocked")
    if verb is Verb.RECEIVE and reaction.returns.endswith("connection closing"):
        return Result("eof")
    if reaction.returns.startswith("error"):
        return Result(reaction.returns)
    return Result("ok", accepted=octets if verb is Verb.SEND else 0)

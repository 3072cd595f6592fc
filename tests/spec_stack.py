"""A stack that is the specification itself at 32 bits, and faults to seed it with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from halfclose.checks.oracle.endpoint import Reaction, Sizes, endpoint, put
from halfclose.checks.oracle.segments import fields_of, flags_of
from halfclose.checks.oracle.sequence import pattern
from halfclose.checks.readers.python import AT, FIELD
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Known, Result, Verb
from halfclose.reference.wire import ACK, FIN, Segment
from halfclose.spec.language.edge import Emission, Event, Rule
from halfclose.spec.language.profile import PROFILES, Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import CTL, SEG, STATE, TCB
from halfclose.spec.tcp.graph import RULES

OWN_ISS = 4_000_000_000
_MSL = 120.0
_FIRST_TIME_OUT = 1.0
_SIZES = Sizes(receive_buffer=4000, send_buffer=10_000)


class SpecStack:
    """Sends whatever it may at once; its timers run on a virtual clock."""

    name, version, virtual_clock = "spec", "1", True
    known = Known(receive_buffer=_SIZES.receive_buffer, msl=_MSL)

    def __init__(self, rules: tuple[Rule, ...] = RULES, profile: Profile = PROFILES["linux"]) -> None:
        self._rules, self._profile = rules, profile

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        assert peer_port != local_port
        self._endpoint = endpoint(self._profile, _SIZES, self._rules)
        self._local = put((0,) * len(TCB), ISN_CLOCK=OWN_ISS if iss is None else iss)
        self._sent, self._read, self._quiet = list[Fields](), 0, 0.0
        self._rto = _FIRST_TIME_OUT

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        if verb in (Verb.OPEN, Verb.LISTEN):
            self._read = 0
        (reaction,) = self._endpoint.call(self._local, verb, len(text) or count)
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
        for reaction in self._endpoint.arrive(self._local, fields_of(segment)):
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
        settled = self._endpoint.settle(reaction)
        self._local = settled.local
        if not all(edge.name.startswith("step1.") for edge in settled.edges):
            self._quiet = 0.0
        self._sent += settled.sent


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


# ---- faults --------------------------------------------------------------------------------------------------


def changed(names: Iterable[str], change: Callable[[Rule], Rule]) -> tuple[Rule, ...]:
    """The declaration with some of its rules changed."""
    chosen = set(names)
    assert chosen <= {rule.name for rule in RULES}
    return tuple(change(rule) if rule.name in chosen else rule for rule in RULES)


def _named(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name == name)


def last_ack_leaves_on_any_ack() -> SpecStack:
    gone = _named("last-ack.acked")
    return SpecStack(changed(["last-ack.ack"], lambda r: replace(r, target=State.CLOSED, updates=gone.updates)))


def fin_taken_out_of_order() -> SpecStack:
    early, fin = _named("established.early"), _named("established.fin")
    taken = replace(fin, name="taken early", guard=(*early.guard, CTL.FIN))
    rules = changed(["established.early"], lambda rule: replace(rule, guard=(*rule.guard, ~CTL.FIN)))
    return SpecStack((*rules, taken))


def unacceptable_segment_not_acknowledged() -> SpecStack:
    names = [rule.name for rule in RULES if rule.name.startswith("step1.ack")]
    return SpecStack(changed(names, lambda rule: replace(rule, emits=None)))


def old_ack_taken_for_that_of_the_fin() -> SpecStack:
    return SpecStack(changed(["fin-wait-1.ack"], lambda rule: replace(rule, target=State.FIN_WAIT_2)))


def reset_with_the_wrong_number() -> SpecStack:
    return SpecStack(changed(["listen.ack"], lambda rule: replace(rule, emits=Emission(rst=True, seq=SEG.SEQ))))


def fin_not_acknowledged() -> SpecStack:
    owed = _named("established.fin").updates
    silent = tuple(update for update in owed if update.var.name != "ACK.OWED")
    return SpecStack(changed(["established.fin"], lambda rule: replace(rule, updates=silent)))


def no_sending_after_the_peers_fin() -> SpecStack:
    closing = _named("send.closing")
    rules = changed(
        ["send.queue"], lambda rule: replace(rule, states=tuple(s for s in rule.states if s is not State.CLOSE_WAIT))
    )
    return SpecStack((*rules, replace(closing, name="refused", states=(State.CLOSE_WAIT,))))


class _Shifted(SpecStack):
    def received(self, first: int, octets: int) -> bytes:
        return pattern(first + 1, octets)


def octets_displaced() -> SpecStack:
    return _Shifted()


class _Fragile(SpecStack):
    def deliver(self, segment: Segment) -> None:
        if segment.flags == FIN | ACK and self._local[AT[STATE]] == State.FIN_WAIT_1.index:
            os.write(1, b"assertion failed: no FIN here\n")
            os.abort()
        super().deliver(segment)


def process_ends_at_a_fin() -> SpecStack:
    return _Fragile()


def faultless() -> SpecStack:
    return SpecStack()


FAULTS = {
    "last-ack-any-ack": last_ack_leaves_on_any_ack,
    "fin-before-data": fin_taken_out_of_order,
    "three-way-close-active": unacceptable_segment_not_acknowledged,
    "fin-wait-1-old-ack-lost-fin": old_ack_taken_for_that_of_the_fin,
    "listen-rst-sequence": reset_with_the_wrong_number,
    "four-way-close-passive": fin_not_acknowledged,
    "half-close-send": no_sending_after_the_peers_fin,
    "half-close-receive": octets_displaced,
}

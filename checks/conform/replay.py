"""One vector replayed against one stack; the oracle judges every answer.

The sequence numbers of a vector are nominal.  A stack that chooses its own initial sequence number is followed: numbers
of its space are shifted by the difference.  A stack with another receive window takes more or less text to fill it: the
later numbers of its peer are shifted by that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from halfclose.checks.conform.verdicts import Row, Verdict
from halfclose.checks.oracle.oracle import Deviates, Oracle
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.oracle.sequence import pattern, wrap
from halfclose.checks.stacks.stack import NotApplicable, Stack, Verb, known
from halfclose.checks.vectors.script import (
    PEER_WINDOW,
    TIMERS,
    Call,
    Deliver,
    Expect,
    Fill,
    Packet,
    Timeout,
    Vector,
    VectorStep,
)
from halfclose.reference.wire import ACK, RST, SYN, Malformed, Segment
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import State

#: MUST-40: "an ACK should not be excessively delayed; in particular, the delay MUST be less than 0.5 seconds".
_ACK_DELAY = 0.5
_TICK = 0.25  # seconds of a virtual clock
#: How long a timer may take on a virtual clock: more than RFC 6298's first timeouts, and 2 MSL with MSL = 2 minutes.
_PATIENCE = {"retransmission": 70.0, "probe": 70.0, "time-wait": 300.0}
_MOST_FILL = 400  # segments
_FIRST_PORT, _PORTS = 20_000, 20_000


def judge(stack: Stack, vector: Vector, profile: Profile, port: int = 0) -> Row:
    """The verdict on one vector.  port: a number that no earlier vector was given, for a connection of its own."""
    replay = _Replay(stack, vector, profile)
    try:
        stack.start(
            peer_port=_FIRST_PORT + _PORTS + port % _PORTS,
            local_port=_FIRST_PORT + port % _PORTS,
            iss=vector.iss,
        )
        replay.run()
    except NotApplicable as reason:
        return Row(vector.id, vector.name, Verdict.NOT_APPLICABLE, str(reason))
    except Deviates as deviation:
        what, rule, cause = replay.describe(deviation), _rule(deviation), _cause(deviation)
        return Row(vector.id, vector.name, Verdict.DEVIATES, what, rule, cause, replay.number)
    except Malformed as problem:
        what = f"{replay.position}: sent something that is no TCP segment: {problem}"
        return Row(vector.id, vector.name, Verdict.DEVIATES, what, "Header format (RFC 9293 3.1)")
    return replay.departed or Row(vector.id, vector.name, Verdict.PASSED)


class _Replay:
    """One vector under way.

    position, number: the step being carried out, in words and counted from 1.  departed: the verdict on the first step
    that departs from advice.
    """

    def __init__(self, stack: Stack, vector: Vector, profile: Profile) -> None:
        self.stack, self.vector = stack, vector
        self.oracle = Oracle(profile, known=known(stack))
        self._ack_delay = known(stack).ack_delay
        self.position, self.number = "start", 0
        self.departed: Row | None = None
        self._shift = 0  # the stack's sequence numbers less those of the vector
        self._edge: int | None = None  # right edge of the window that the stack advertised last
        self._ack = self._next = 0  # what the tester would acknowledge now, and what the stack acknowledged last
        self._surplus = 0  # octets that it took to fill windows, less those that the vector expects
        self._sent_text = 0  # where in its stream the stack's next text would begin; its SEND pattern follows

    def run(self) -> None:
        """Raises Deviates, or NotApplicable."""
        for number, step in enumerate(self.vector.steps, 1):
            if not isinstance(step, Expect):
                self.number = number
                self.position = f"step {number}, {self._words(step)}"
                self._take(step)
                self._note_departure()

    def _note_departure(self) -> None:
        if self.departed is None and (departures := self.oracle.departures):
            freedom = departures[0]
            rule = f"{freedom.quote} (RFC 9293 {freedom.where}, {freedom.departs}: {freedom.name})"
            what, cause = f"{self.position}: it may {freedom.says}, but should not", freedom.name
            verdict = Verdict.DEPARTS
            self.departed = Row(self.vector.id, self.vector.name, verdict, what, rule, cause, self.number)

    def describe(self, deviation: Deviates) -> str:
        """Where it happened, what was seen, and what the specification allows."""
        allowed = " or ".join(deviation.allowed) or "nothing"
        return f"{self.position}: {deviation.seen}; allowed: {allowed}"

    def _take(self, step: VectorStep) -> None:
        match step:
            case Call():
                self._call(step)
            case Deliver():
                self._deliver(self._segment(step.packet))
            case Fill():
                self._fill(step)
            case Timeout():
                self._time_out(step.timer)

    # ---- inputs ----------------------------------------------------------------------------------------------

    def _call(self, step: Call) -> None:
        text = pattern(self._sent_text, step.octets) if step.verb is Verb.SEND else b""
        count = step.octets if step.verb is Verb.RECEIVE else 0
        result = self.stack.call(step.verb, text=text, count=count)
        if step.verb is Verb.SEND:
            self._sent_text += result.accepted
        elif step.verb in (Verb.OPEN, Verb.LISTEN) and result.status == "ok":
            self._sent_text = 0
        sent = self.stack.segments()
        if step.verb is Verb.OPEN and result.status != "ok" and self.oracle.is_in(State.LISTEN):
            raise NotApplicable("this user interface cannot make a passive OPEN active (3.9.1)")
        self.oracle.call(step.verb, step.octets, result, self._chosen_isn(sent))
        self._watch(sent)

    def _deliver(self, segment: Segment) -> None:
        self.stack.deliver(segment)
        sent = self.stack.segments()
        self.oracle.deliver(segment, self._chosen_isn(sent))
        self._watch(sent)

    def _fill(self, step: Fill) -> None:
        """Text in order until the advertised window is what the vector wants."""
        delivered = 0
        for _ in range(_MOST_FILL):
            room = self._room()
            if room <= step.leave:
                break
            octets = min(room - step.leave, step.octets)
            delivered += octets
            at = wrap(self._next - self.vector.irs - 1)
            self._deliver(Segment(self._next, self._ack, ACK, PEER_WINDOW, pattern(at, octets)))
        if self._room() != step.leave:
            raise NotApplicable(f"the stack's window cannot be brought to {step.leave} octets")
        self._surplus += delivered - step.total

    def _room(self) -> int:
        """The window that the stack advertised last, less what it has acknowledged since."""
        if self._edge is None:
            raise NotApplicable("the stack has advertised no window")
        return wrap(self._edge - self._next)

    def _time_out(self, timer: str) -> None:
        if timer == "user":
            self.stack.user_timeout()
            self.oracle.timeout(TIMERS[timer])
            self._watch(self.stack.segments())
            return
        passed, before = 0.0, self.oracle.hypotheses
        sent: list[Segment] = []
        while not any(segment.length for segment in sent) and passed < _PATIENCE[timer]:
            self.stack.advance(_TICK)
            passed += _TICK
            sent += self.stack.segments()
        if timer == "time-wait":
            self.oracle.timeout(TIMERS[timer])
        elif not sent:
            self.oracle.hypotheses = before
            seen = f"sent nothing within {_PATIENCE[timer]:.0f} s"
            raise Deviates(seen, ("a retransmission or a probe",), self.oracle.may(TIMERS[timer]))
        self._watch(sent)

    # ---- outputs ---------------------------------------------------------------------------------------------

    def _watch(self, sent: list[Segment]) -> None:
        """Judge what the stack sent, and its silence after that."""
        waited = 0.0
        started = time.monotonic()
        while True:
            for segment in sent:
                self.oracle.observe(segment)
                self._learn(segment)
            known_by_now = waited >= self._ack_delay and self.oracle.is_quiet()
            if known_by_now or waited >= _ACK_DELAY or self.oracle.is_done():
                break
            waited = self._wait(waited, started)
            sent = self.stack.segments()
        self.oracle.silence()

    def _wait(self, waited: float, started: float) -> float:
        if self.stack.virtual_clock:
            self._advance(_TICK)
            return waited + _TICK
        time.sleep(0.01)
        passed = time.monotonic() - started
        self.oracle.elapse(passed - waited)
        return passed

    def _advance(self, seconds: float) -> None:
        self.stack.advance(seconds)
        self.oracle.elapse(seconds)

    def _chosen_isn(self, sent: Iterable[Segment]) -> int:
        """The sequence number of the first SYN among these, from which the shift follows; else the nominal one."""
        for segment in sent:
            if segment.flags & SYN:
                self._shift = wrap(segment.seq - self.vector.iss)
                self.oracle.shift = self._shift
                if self._shift and "chosen-iss" in self.vector.flags:
                    raise NotApplicable("its initial sequence number cannot be chosen here")
                return segment.seq
        return self.vector.iss

    def _learn(self, segment: Segment) -> None:
        if segment.flags & RST:
            return
        self._ack = wrap(segment.seq + segment.length)
        if segment.flags & ACK:
            self._next = segment.ack
            self._edge = wrap(segment.ack + segment.wnd)

    def _segment(self, packet: Packet) -> Segment:
        """The vector's segment in the stack's numbers."""
        ack = wrap(packet.ack + self._shift) if packet.flags & ACK else 0
        if packet.flags & SYN:
            self._surplus = 0  # another incarnation
        seq, at = wrap(packet.seq + self._surplus), packet.at + self._surplus
        if packet.edge is not None:
            seq = wrap(self._next + self._room() + packet.edge)
            at = wrap(packet.at + seq - packet.seq)
        return Segment(seq, ack, packet.flags, packet.wnd, pattern(at, packet.octets), packet.mss)

    def _words(self, step: VectorStep) -> str:
        match step:
            case Call():
                return f"{step.verb.name} {step.octets or ''}".strip()
            case Deliver():
                return f"delivered {show(fields_of(self._segment(step.packet)), self._shift, peer=True)}"
            case Fill():
                return f"text until the window is {step.leave}"
            case Timeout():
                return f"{step.timer} timeout"
        return ""


def _cause(deviation: Deviates) -> str:
    where = ",".join(edge.name for edge in deviation.edges[:1])
    return f"{where}: {re.sub('[0-9]+', 'n', deviation.seen)}"


def _rule(deviation: Deviates) -> str:
    if deviation.rule:
        return deviation.rule
    sentences = []
    for edge in deviation.edges[:2]:
        words = edge.rule.why or edge.rule.signal or edge.name
        sentences.append(f"{words} (RFC 9293 {', '.join(edge.rule.cite)}: {edge.name})")
    return " / ".join(dict.fromkeys(sentences))

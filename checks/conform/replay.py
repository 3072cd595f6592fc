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
from halfclose.checks.oracle.freedoms import PROBES_EVENLY
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
_TICK, _STRIDE = 0.25, 10.0  # seconds of a virtual clock: where every moment counts, and where only the end does
#: How long a timer may take on a virtual clock: more than RFC 6298's first timeouts, and 2 MSL with MSL = 2 minutes.
_PATIENCE, _TIME_WAIT = 70.0, 300.0
#: RFC 6298 2.5: "A maximum value MAY be placed on RTO provided it is at least 60 seconds".
_LEAST_MAXIMUM = 60.0
#: The period of a coarse timer, in seconds.
_COARSE = 0.5
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
        self._now = self._last_sent = 0.0  # on the stack's virtual clock: now, and when it sent something by itself
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
        if timer == "time-wait":
            self._wait_in_time_wait()
            return
        self._last_sent = self._now
        first = self._wait_for_text(timer, _PATIENCE)
        second = self._wait_for_text(timer, max(_PATIENCE, 2 * first + _TICK))
        self._judge_growth(timer, first, second)

    def _wait_for_text(self, timer: str, patience: float) -> float:
        """Let this timer run out, and judge what is sent then; how many seconds after the last sending that was."""
        edges = self.oracle.may(TIMERS[timer])
        sent: list[Segment] = []
        while not any(segment.length or timer == "probe" for segment in sent):  # a probe may be empty (3.8.4)
            if self._now - self._last_sent >= patience:
                seen = f"sent nothing within {patience:.0f} s"
                raise Deviates(seen, ("a retransmission or a probe",), edges)
            self._advance(_TICK)
            sent = self.stack.segments()
            for segment in sent:
                self._observe(segment)
        passed, self._last_sent = self._now - self._last_sent, self._now
        self._watch([])
        return passed

    def _judge_growth(self, timer: str, first: float, second: float) -> None:
        """RFC 6298 5.5 doubles the time-out, up to a maximum of at least 60 s; probes should come more rarely, too.

        The first interval may have begun before it was watched, so it is no longer than the time-out was.
        """
        if timer == "probe":
            if second <= first < _LEAST_MAXIMUM:
                self.oracle.depart(PROBES_EVENLY)
        elif second < min(2 * first, _LEAST_MAXIMUM) - _COARSE:
            rule = "back off the timer: RTO <- RTO * 2 (RFC 6298 5.5; RFC 9293 3.8.2, MUST-19)"
            seen = f"sent it again after {first:g} s, and once more after {second:g} s"
            raise Deviates(seen, (f"twice the time, {2 * first:g} s",), (), rule)

    def _wait_in_time_wait(self) -> None:
        """Let 2 MSL pass.  Where the MSL is known, ask just before the end whether the stack is still waiting."""
        bounds = self.oracle.time_wait()
        if bounds is None:
            self._pass(_TIME_WAIT)
            self.oracle.timeout(TIMERS["time-wait"])
            self._watch([])
            return
        least, _ = bounds
        if least > _TICK:
            self._pass(least - _TICK)
            self._deliver(Segment(wrap(self._next - 1), self._ack, ACK, PEER_WINDOW))  # old, so it restarts nothing
        _, most = self.oracle.time_wait() or bounds
        self._pass(most + _TICK)
        self._watch([])

    def _pass(self, seconds: float) -> None:
        """Let time pass, and judge what is sent meanwhile."""
        passed = 0.0
        while passed < seconds:
            step = min(_STRIDE, seconds - passed)
            self._advance(step)
            passed += step
            for segment in self.stack.segments():
                self._observe(segment)

    # ---- outputs ---------------------------------------------------------------------------------------------

    def _watch(self, sent: list[Segment]) -> None:
        """Judge what the stack sent, and its silence after that."""
        waited = 0.0
        started = time.monotonic()
        while True:
            for segment in sent:
                self._observe(segment)
            known_by_now = waited >= self._ack_delay and self.oracle.is_quiet()
            if known_by_now or waited >= _ACK_DELAY or self.oracle.is_done():
                break
            waited = self._wait(waited, started)
            sent = self.stack.segments()
        self.oracle.silence()

    def _observe(self, segment: Segment) -> None:
        self.oracle.observe(segment)
        self._learn(segment)

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
        self._now += seconds
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

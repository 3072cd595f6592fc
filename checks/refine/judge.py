"""The judge of the refinement: is one step of the code a step, or several, of the specification?

The code refines the specification if every step of the code is allowed by it.  An abstraction function (`abstraction`)
says which state of the specification a state of the code stands for.  A step of the code from s to s' is then allowed
if the specification can go from the abstraction of s to the abstraction of s' with the same inputs and outputs.  Where
that holds for each step, it holds for each run, however long.

To check one step, the judge

1. puts the oracle that judges real stacks into the abstraction of s,
2. tells it the input (a call, a segment, timers that expire) and every segment that the code sent,
3. compares the hypotheses that are left with the abstraction of s': one of them must be equal to it.

Beyond what the oracle asks of a stack seen from outside, the code must tell its user what the edges tell, must have a
timer running wherever the specification relies on one, and must not send an ACK that nothing asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from halfclose.checks.oracle.endpoint import Endpoint, Sizes, endpoint
from halfclose.checks.oracle.forms import is_bare_ack
from halfclose.checks.oracle.hypothesis import ACKNOWLEDGING, Hypothesis, must_send
from halfclose.checks.oracle.oracle import Deviates, Oracle
from halfclose.checks.oracle.segments import fields_of
from halfclose.checks.oracle.sequence import distance, pattern
from halfclose.checks.readers.python import Choice, initial
from halfclose.checks.refine.abstraction import Abstraction
from halfclose.checks.refine.subject import Arrived, Called, Expired, Observed, Stimulus, Subject
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.config import Config
from halfclose.reference.tcb import Notice, Tcb, Timer
from halfclose.reference.tcb import State as CodeState
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import ACK_OWED, CLOCK, DETACHED, GHOST, SND

#: The timers that the specification has edges for; a full close limits the user's patience in FIN-WAIT-2 (reading 19).
_EVENTS = {
    Timer.TIME_WAIT: Event.TIME_WAIT_TIMEOUT,
    Timer.USER: Event.USER_TIMEOUT,
    Timer.FIN_WAIT_2: Event.USER_TIMEOUT,
}
#: Notices that stand for a signal of an edge (3.9.1, MUST-12); the others have none.
_TOLD = (Notice.CLOSING, Notice.RESET, Notice.REFUSED, Notice.TIMEOUT)


class Judge:
    """Judges steps of connections of one configuration, by the edges of one profile and no other."""

    def __init__(self, profile: Profile, config: Config, peer_window: int) -> None:
        """peer_window: what the peer's SYN offers, and no segment of it exceeds: the code measures MAX.SND.WND."""
        sizes = Sizes(config.receive_buffer, config.send_buffer, config.send_mss, peer_window)
        self.endpoint = endpoint(profile, sizes)  # no other profile: the code has chosen its readings
        self.abstraction = _abstraction(self.endpoint)
        self._room = config.receive_buffer

    def born(self, clock: int) -> Hypothesis:
        """The state in which a connection begins: CLOSED, with the host's ISN clock at this number."""
        return Hypothesis(initial(clock))

    def judge(self, before: Hypothesis, stimulus: Stimulus, observed: Observed, subject: Subject) -> Hypothesis:
        """The state of the specification after the step; its path holds the edges taken.  Raises Deviates."""
        tcb = subject.tcb
        oracle = Oracle.at(self.endpoint, before, read=before[GHOST.READ], buffer=self._room)
        self._tell(oracle, before, stimulus, observed, tcb)
        for segment in observed.segments:
            oracle.observe(segment)
        complete = [h for h in oracle.hypotheses if h.due is None and h.rest is None]
        if not complete:
            sent = "nothing more" if observed.segments else "nothing"
            raise Deviates(f"sent {sent}", oracle.allowed(oracle.hypotheses), _last(oracle.hypotheses))
        found = self._agreed(complete, tcb)
        _must_have_been_asked(found, stimulus, observed)
        self._must_have_told(before, found, stimulus, observed)
        self._must_have_timers(found, tcb)
        return found

    def _tell(self, oracle: Oracle, before: Hypothesis, stimulus: Stimulus, observed: Observed, tcb: Tcb) -> None:
        begins = before.state in _UNBORN and tcb.state in (CodeState.SYN_SENT, CodeState.SYN_RECEIVED)
        isn = tcb.ISS if begins else before[CLOCK]
        if distance(before[CLOCK], isn) < 0:
            raise Deviates(f"chose ISS {isn}", (f"{before[CLOCK]} or later (3.4.1)",), ())
        match stimulus:
            case Called(verb, octets):
                assert observed.result is not None
                oracle.call(verb, octets, observed.result, isn)
            case Arrived(segment):
                oracle.deliver(segment, isn)
            case Expired(timers):
                for timer in timers:
                    if timer in _EVENTS:
                        oracle.timeout(_EVENTS[timer])

    def _agreed(self, complete: list[Hypothesis], tcb: Tcb) -> Hypothesis:
        differing = [(self.abstraction.differences(h, tcb), h) for h in complete]
        differences, nearest = min(differing, key=lambda one: len(one[0]))
        if not differences:
            return nearest
        code, spec = (", ".join(words) for words in zip(*((str(d), d.wanted) for d in differences), strict=True))
        raise Deviates(f"afterwards {code}", (spec,), nearest.path[-1:])

    def _must_have_told(self, before: Hypothesis, after: Hypothesis, stimulus: Stimulus, observed: Observed) -> None:
        if isinstance(stimulus, Called) or before[DETACHED]:
            return  # the result of a call is judged already; after a full close the user is told nothing
        signals = {edge.rule.signal.removeprefix("error: ") for edge in after.path} - {""}
        told = {notice.value for notice in observed.notices if notice in _TOLD}
        if before.state is State.SYN_SENT and Notice.REFUSED in observed.notices:
            told = {Notice.RESET.value}  # 3.10.7.3 calls it so; users of sockets know it as a refusal
        if told != signals:
            raise Deviates(f"told its user {_words(told)}", (_words(signals),), after.path[-1:])

    def _must_have_timers(self, h: Hypothesis, tcb: Tcb) -> None:
        for timer, why, edges in self._wanted(h):
            if not any(one in tcb.timers for one in timer):
                raise Deviates(f"has no {timer[0].value} timer running", (why,), edges)

    def _wanted(self, h: Hypothesis) -> Iterator[tuple[tuple[Timer, ...], str, tuple[Edge, ...]]]:
        """The timers that the connection needs in order not to halt: of each tuple one has to run; with the reason."""
        for event, timers in _TIMED.items():
            fired = (step for choice in _choices(h) for step in self.endpoint.fire(h.local, event, choice=choice))
            edge = next((edge for edge, _, _ in fired), None)
            if edge is not None:
                yield timers, edge.event.value, (edge,)
        if h[ACK_OWED] and h.state in ACKNOWLEDGING:
            yield (Timer.DELAYED_ACK,), "an acknowledgment is owed (3.8.6.3)", h.path[-1:]
        if must_send(h):
            yield (Timer.OVERRIDE, Timer.RETRANSMISSION), "text that fits the window waits (3.8.6.2.1)", h.path[-1:]


_TIMED = {
    Event.RETRANSMISSION_TIMEOUT: (Timer.RETRANSMISSION,),
    Event.PROBE_TIMEOUT: (Timer.PROBE, Timer.RETRANSMISSION),
    Event.TIME_WAIT_TIMEOUT: (Timer.TIME_WAIT,),
}


def text_of(stimulus: Stimulus, before: Hypothesis) -> bytes:
    """What a SEND sends: the next octets of the test stream (`pattern`)."""
    match stimulus:
        case Called(Verb.SEND, octets):
            return pattern(before[GHOST.SENT], octets)
    return b""


_UNBORN = (State.CLOSED, State.LISTEN, State.TIME_WAIT)


@cache
def _abstraction(endpoint: Endpoint) -> Abstraction:
    return Abstraction(endpoint)


def _must_have_been_asked(after: Hypothesis, stimulus: Stimulus, observed: Observed) -> None:
    """The oracle lets a stack acknowledge at any time; the reference must do so only where an edge does (claim G4)."""
    bare = any(is_bare_ack(fields_of(segment)) for segment in observed.segments)
    if bare and isinstance(stimulus, Arrived) and not any(edge.rule.emits for edge in after.path):
        raise Deviates("sent an ACK that nothing asks for", ("silence",), after.path[-1:])


def _choices(h: Hypothesis) -> tuple[Choice, ...]:
    """What a timer may send: an octet of text, or everything with the FIN, or neither."""
    return (1, 0, 0), (max(0, distance(h[SND.UNA], h[SND.END])), 1, 0), (0, 0, 0)


def _last(hypotheses: tuple[Hypothesis, ...]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(edge for h in hypotheses for edge in h.path[-1:]))


def _words(told: set[str]) -> str:
    return " and ".join(sorted(told)) or "nothing"

"""A search with Hypothesis: one connection of the reference, with any configuration, calls, segments and timers.

Hypothesis chooses what happens, step by step, and every step is judged.  A sequence of steps that ends in a divergence
is shrunk to a shortest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.oracle import Deviates
from halfclose.checks.oracle.sequence import SPACE, distance, pattern, wrap
from halfclose.checks.refine.abstraction import place
from halfclose.checks.refine.forged import ALL_FLAGS, FLAGS, place_in_stream
from halfclose.checks.refine.judge import Judge, text_of
from halfclose.checks.refine.story import Story
from halfclose.checks.refine.subject import Arrived, Called, Expired, IsnClock, Stimulus, Subject
from halfclose.checks.stacks.reference import OFFERED, following
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.config import Config
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, Segment
from halfclose.spec.language.profile import HALF_DUPLEX, Profile
from halfclose.spec.language.states import FIN_RECEIVED, State
from halfclose.spec.language.variables import IRS, RCV, SND

_UNHEARD = (State.CLOSED, State.LISTEN, State.SYN_SENT)

_numbers = st.one_of(st.sampled_from((0, SPACE - 2, SPACE // 2 - 2)), st.integers(0, SPACE - 1))
_octets = st.one_of(st.integers(0, 3), st.integers(0, 2000))
_configs = st.builds(
    Config,
    mss=st.sampled_from((1460, 536, 3)),
    send_mss=st.sampled_from((1460, 536, 3)),
    send_buffer=st.sampled_from((100_000, 3000, 5)),
    receive_buffer=st.sampled_from((65_535, 4000, 10, 1)),
    delayed_ack=st.sampled_from((None, 0.2)),
    nagle=st.booleans(),
    congestion_control=st.booleans(),
    window_scale=st.none(),
    timestamps=st.just(False),
    selective_ack=st.just(False),
)
_profiles = st.sets(st.sampled_from((*OFFERED, HALF_DUPLEX.name)), max_size=5).map(lambda on: Profile(frozenset(on)))
#: How connections begin: these moves make every state one that the search reaches often.
_OPENINGS = (
    "",
    "open",
    "listen",
    "listen syn",
    "open syn",
    "listen syn ack",
    "open syn send",
    "open syn shutdown",
    "open syn send shutdown",
    "open syn shutdown ack",
    "open syn fin",
    "open syn fin send shutdown",
    "open syn fin shutdown",
    "open syn shutdown fin-alone",
    "open syn send shutdown fin-alone",
    "open syn shutdown fin",
)
_SOME_TEXT = 100
_ends = st.sampled_from((0, 0, PSH, FIN, FIN | PSH))
_windows = st.sampled_from((65_535, 0)) | st.integers(0, 65_535)


def _heard(machine: Endpoint) -> bool:
    """Whether the peer's SYN has arrived."""
    return machine.h.state not in _UNHEARD


class Endpoint(RuleBasedStateMachine):
    """The code with the specification beside it."""

    story = Story()
    steps = 0
    edges: ClassVar[set[str]] = set()

    @initialize(
        config=_configs,
        profile=_profiles,
        iss=_numbers,
        irs=_numbers,
        window=st.sampled_from((65_535, 4000, 10, 1, 0)),
        opening=st.sampled_from(_OPENINGS),
    )
    def begin(self, config: Config, profile: Profile, iss: int, irs: int, window: int, opening: str) -> None:
        self.profile, self.window, self.irs = profile, window, irs
        self.judge = Judge(profile, following(config, profile.on), window)
        self.clock = IsnClock(iss)
        self.subject = Subject(following(config, profile.on), self.clock)
        self.h: Hypothesis = self.judge.born(iss)
        Endpoint.story = Story()
        for move in opening.split():
            self._plays(move)

    def _plays(self, move: str) -> None:
        """One word of _OPENINGS."""
        match move:
            case "syn":
                self.hears_a_syn(simultaneously=False)
            case "ack" | "fin":
                self._arrives(self.h[RCV.NXT], self.h[SND.NXT], ACK | (FIN if move == "fin" else 0), 0, self.window)
            case "fin-alone":  # it acknowledges nothing of ours
                self._arrives(self.h[RCV.NXT], self.h[SND.UNA], ACK | FIN, 0, self.window)
            case "send":
                self._take(Called(Verb.SEND, _SOME_TEXT))
            case call:
                self._take(Called(Verb(call)))

    # ---- the user --------------------------------------------------------------------------------------------

    @rule(active=st.booleans(), later=st.integers(0, 100_000))
    def opens(self, active: bool, later: int) -> None:
        self.clock.number = wrap(self.clock.number + later)
        self._take(Called(Verb.OPEN if active else Verb.LISTEN))

    @rule(octets=_octets.filter(bool))
    def sends(self, octets: int) -> None:
        self._take(Called(Verb.SEND, octets))

    @rule(octets=_octets.filter(bool))
    def receives(self, octets: int) -> None:
        self._take(Called(Verb.RECEIVE, octets))

    @rule()
    def shuts_down(self) -> None:
        self._take(Called(Verb.SHUTDOWN))

    @precondition(lambda self: HALF_DUPLEX in self.profile)
    @rule()
    def closes(self) -> None:
        self._take(Called(Verb.CLOSE))

    @rule(really=st.integers(0, 9))
    def aborts(self, really: int) -> None:
        if really == 9:  # else few connections would come to their end
            self._take(Called(Verb.ABORT))

    # ---- the network -----------------------------------------------------------------------------------------

    @precondition(lambda self: self.h.state in _UNHEARD)
    @rule(simultaneously=st.booleans())
    def hears_a_syn(self, simultaneously: bool) -> None:
        answers = self.h.state is State.SYN_SENT and not simultaneously
        self._arrives(self.irs, self.h[SND.NXT], SYN | (ACK if answers else 0), 0, self.window)

    @precondition(lambda self: self.h.state in (State.SYN_SENT, State.SYN_RECEIVED))
    @rule(off=st.sampled_from((0, 0, 1, -1)), acknowledges=st.booleans())
    def is_reset_in_the_handshake(self, off: int, acknowledges: bool) -> None:
        flags = RST | (ACK if acknowledges else 0)
        self._arrives(self.h[RCV.NXT] + off, self.h[SND.NXT], flags, 0, self.window)

    @precondition(_heard)
    @rule(octets=_octets, ends=_ends, window=_windows, known=st.integers(0, 3000))
    def hears_its_peer(self, octets: int, ends: int, window: int, known: int) -> None:
        """The next segment in order, which acknowledges everything or the first octets of it."""
        h = self.h
        acked = min(known or SPACE, distance(h[SND.UNA], h[SND.NXT]))
        self._arrives(h[RCV.NXT], h[SND.UNA] + acked, ACK | ends, min(octets, h[RCV.WND]), window)

    @precondition(_heard)
    @rule(ahead=st.integers(1, 3) | st.integers(1, 3000), octets=_octets, ends=_ends)
    def hears_ahead(self, ahead: int, octets: int, ends: int) -> None:
        """A segment that arrives ahead of others."""
        self._arrives(self.h[RCV.NXT] + ahead, self.h[SND.NXT], ACK | ends, octets, self.window)

    @precondition(_heard)
    @rule(behind=st.integers(1, 3) | st.integers(1, 3000), octets=_octets, ends=_ends)
    def hears_again(self, behind: int, octets: int, ends: int) -> None:
        """A segment that was sent again, perhaps with more behind it."""
        known = min(behind, distance(self.h[IRS], self.h[RCV.NXT]) - 1)
        self._arrives(self.h[RCV.NXT] - known, self.h[SND.NXT], ACK | ends, known + octets, self.window)

    @precondition(lambda self: self.h.state in FIN_RECEIVED)
    @rule()
    def hears_the_fin_again(self) -> None:
        self._arrives(self.h[RCV.NXT] - 1, self.h[SND.NXT], ACK | FIN, 0, self.window)

    @rule(
        flags=st.one_of(st.sampled_from((ACK, ACK | FIN)), st.sampled_from((*FLAGS, ALL_FLAGS))),
        seq=st.tuples(st.sampled_from(("next", "edge", "initial")), st.integers(-2, 2) | st.integers(-3000, 3000)),
        ack=st.tuples(st.sampled_from(("una", "next")), st.integers(-2, 2) | st.integers(-70_000, 70_000)),
        octets=_octets,
        window=_windows,
    )
    def hears_anything(self, flags: int, seq: tuple[str, int], ack: tuple[str, int], octets: int, window: int) -> None:
        h = self.h
        start = {"next": h[RCV.NXT], "edge": h[RCV.NXT] + h[RCV.WND], "initial": h[IRS]}
        if h.state in _UNHEARD:
            start = dict.fromkeys(start, self.irs)
        acked = {"una": h[SND.UNA], "next": h[SND.NXT]}
        self._arrives(start[seq[0]] + seq[1], acked[ack[0]] + ack[1], flags, octets, window)

    def _arrives(self, seq: int, ack: int, flags: int, octets: int, window: int) -> None:
        window = self.window if flags & SYN else min(window, self.window)
        seq, ack = wrap(seq), wrap(ack) if flags & ACK else 0
        text = pattern(place_in_stream(self.h, seq, flags), octets)
        self._take(Arrived(Segment(seq, ack, flags, 0 if flags & RST else window, text)))

    # ---- time ------------------------------------------------------------------------------------------------

    @precondition(lambda self: bool(self.subject.tcb.timers))
    @rule()
    def waits(self) -> None:
        """Until the next timer expires."""
        timers = self.subject.tcb.timers
        deadline = min(timers.values())
        self._take(Expired(tuple(timer for timer, when in timers.items() if when <= deadline)))

    # ---- one step --------------------------------------------------------------------------------------------

    def _take(self, stimulus: Stimulus) -> None:
        Endpoint.steps += 1
        before = self.h
        observed = self.subject.take(stimulus, text_of(stimulus, before))
        state = str(self.subject.tcb.state)
        if isinstance(stimulus, Arrived):
            self.story.arrives(stimulus.segment, state)
        else:
            self.story.happens(f"{stimulus} -> {observed.result.status}" if observed.result else str(stimulus), state)
        self.story.sends(observed.segments)
        h = self.judge.judge(before, stimulus, observed, self.subject)
        Endpoint.edges.update(edge.name for edge in h.path)
        self.h = place(h, self.subject.tcb)


@dataclass(frozen=True)
class Searched:
    """What a search has shown.

    judged: how many steps were judged, those of shrinking included.  edges: names of the edges that allowed them.
    diagram: of the shortest divergence found; empty where there is none.
    """

    judged: int
    edges: frozenset[str]
    divergence: Deviates | None
    diagram: str


def search(examples: int, steps: int = 50, number: int = 0) -> Searched:
    """Try so many connections of up to so many steps each.  number: the seed."""
    Endpoint.steps, Endpoint.edges = 0, set()
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    machine = seed(number)(Endpoint)
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except Deviates as divergence:
        return Searched(Endpoint.steps, frozenset(Endpoint.edges), divergence, Endpoint.story.diagram(divergence))
    return Searched(Endpoint.steps, frozenset(Endpoint.edges), None, "")

"""One end of a joint exploration: an application above a connection of the reference, with every step judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from halfclose.checks.explore.caller import Caller
from halfclose.checks.explore.machine import NO_SEGMENT, Interned, Move
from halfclose.checks.oracle.endpoint import EVENTS
from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.oracle import Deviates
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.refine.abstraction import place
from halfclose.checks.refine.forged import UNTIMELY_CALLS, forged_segments
from halfclose.checks.refine.judge import Judge, text_of
from halfclose.checks.refine.subject import Arrived, Called, Expired, IsnClock, Stimulus, Subject
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.config import Config
from halfclose.reference.tcb import Timer
from halfclose.reference.wire import Segment
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.profile import HALF_DUPLEX
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import CLOCK, GHOST, IRS, ISS, STATE
from halfclose.spec.world.calls import Notice
from halfclose.spec.world.network import Scope, Wait

#: Timers that expire only in scopes with a user timeout.
_PATIENCE = (Timer.USER, Timer.FIN_WAIT_2)
_VERBS = {event: verb for verb, event in EVENTS.items()}
#: Ghosts that an application looks at, or that say which octets of a stream come next, and the clock.
_KEPT: tuple[Var, ...] = (GHOST.LIFE, GHOST.SENT, GHOST.READ, GHOST.EOF, GHOST.JOINED, GHOST.FATE, CLOCK)


@dataclass(frozen=True)
class CodeStep:
    """One kind of step of the code: what happened, and the edges that allow it, or why nothing allows it."""

    event: str
    edges: tuple[Edge, ...] = ()
    divergence: Deviates | None = None

    @property
    def name(self) -> str:
        if self.divergence is not None:
            return f"{self.event}: DIVERGES"
        return ", ".join(edge.name for edge in self.edges) or f"{self.event}: a freedom"

    @property
    def cite(self) -> tuple[str, ...]:
        return self.edges[0].cite if self.edges else ()


class Shared(Interned):
    """What both ends share: the kinds of steps, and the segments as they are on the wire.

    judged: how many steps were judged.  edges: the names of the edges that allowed them.
    """

    def __init__(self) -> None:
        self.steps: list[CodeStep] = []
        super().__init__(self.steps, "reference")
        self.wire: list[Segment] = []
        self.judged = 0
        self.edges: set[str] = set()
        self._numbers: dict[CodeStep, int] = {}
        self._wired: dict[Segment, int] = {}

    def label(self, step: CodeStep) -> int:
        """The number of this kind of step."""
        if step not in self._numbers:
            self._numbers[step] = len(self.steps)
            self.steps.append(step)
        return self._numbers[step]

    def on_wire(self, segment: Segment) -> int:
        """The number of a segment; segments that differ only in their octets have different numbers."""
        if segment not in self._wired:
            self._wired[segment] = len(self.wire)
            self.wire.append(segment)
            self.by_id.append(fields_of(segment))
        return self._wired[segment]


@dataclass(frozen=True)
class _Here:
    """A local state.

    clock: where the host's ISN clock stands; it moves only with a crash, so that the code itself has to keep new
    numbers apart from old ones.  unsent: segments that the last step sent and that still have to leave, one by one.
    """

    subject: Subject
    h: Hypothesis
    clock: int
    unsent: tuple[int, ...] = ()


class ReferenceEnd:
    """See explore.machine.End."""

    def __init__(
        self, scope: Scope, caller: Caller, iss: int, config: Config, judge: Judge, shared: Shared, attacked: bool
    ) -> None:
        """attacked: every state is also hit by forged segments and untimely calls (see `forged`)."""
        self.scope, self.caller = scope, caller
        self._shared, self._attacked = shared, attacked
        self._closes_fully = HALF_DUPLEX in scope.profile
        self.locals: list[tuple[Local, int]] = []
        self._config, self._judge = config, judge
        self._clock = IsnClock(iss)
        self._here: list[_Here] = []
        self._ids: dict[object, int] = {}
        self._memo: dict[tuple[object, ...], tuple[Move, ...]] = {}
        self.initial = self._intern(_Here(Subject(config, self._clock), judge.born(iss), iss), 0)

    @property
    def shared(self) -> Shared:
        return self._shared

    def restore(self, locals_: Iterable[tuple[int, ...]]) -> None:
        raise NotImplementedError("a joint exploration of the code cannot be resumed")

    def moves(self, local: int) -> tuple[Move, ...]:
        """Every step the end can take by itself: its user's calls, its timers, what it has yet to send."""
        return self._remember((local,), self._own(local))

    def arrive(self, local: int, segment: int) -> tuple[Move, ...]:
        """What the segment does; nothing while the end still has segments of its last step to send."""
        if self._here[local].unsent:
            return ()
        counter = self.locals[local][1]
        return self._remember((local, segment), (self._step(local, Arrived(self.shared.wire[segment]), counter),))

    def crash(self, local: int) -> tuple[Move, ...]:
        """The end loses its memory: the ISN clock goes on, and the application's program begins again."""
        return self._remember((local, "crash"), self._crashed(local))

    def _remember(self, key: tuple[object, ...], moves: Iterable[Move]) -> tuple[Move, ...]:
        if key not in self._memo:
            self._memo[key] = tuple(dict.fromkeys(moves))
        return self._memo[key]

    def _own(self, local: int) -> Iterator[Move]:
        here, (tcb, counter) = self._here[local], self.locals[local]
        if here.unsent:
            rest = replace(here, unsent=here.unsent[1:])
            yield Move(self.shared.label(CodeStep("sends more")), self._intern(rest, counter), here.unsent[0])
            return
        for does, octets, after in self.caller.calls(tcb, counter):
            if isinstance(does, Notice):
                yield Move(self.shared.label(CodeStep(does.value)), self._intern(here, after), NO_SEGMENT)
            else:
                yield self._step(local, Called(_VERBS[does], octets), after)
        if self._attacked:
            yield from self._attacks(local, counter)
        for timer in here.subject.tcb.timers:
            if timer not in _PATIENCE or self.scope.user_timeout:
                wait = self.scope.wait if timer is Timer.TIME_WAIT else Wait.NOTHING
                yield self._step(local, Expired((timer,)), counter)._replace(wait=wait)

    def _attacks(self, local: int, counter: int) -> Iterator[Move]:
        """Judge every forged segment and untimely call; only what diverges becomes a move, and leads nowhere."""
        tcb = self.locals[local][0]
        calls = (
            Called(verb, octets) for verb, octets in UNTIMELY_CALLS if verb is not Verb.CLOSE or self._closes_fully
        )
        segments = (Arrived(segment) for segment in forged_segments(self._here[local].h, self.scope.buffer))
        patience = (Expired((Timer.USER,)),) if tcb[AT[STATE]] != State.CLOSED.index else ()
        stimuli: Iterator[Stimulus] = chain(calls, patience, segments)
        for stimulus in stimuli:
            move = self._step(local, stimulus, counter, follow=False)
            if self.shared.steps[move.edge].divergence is not None:
                yield move

    def _crashed(self, local: int) -> Iterator[Move]:
        h = self._here[local].h
        for edge, after, _ in self._judge.endpoint.fire(h.local, Event.CRASH):
            born = Hypothesis(after)
            there = self._intern(_Here(Subject(self._config, self._clock), born, born[CLOCK]), 0)
            yield Move(self.shared.label(CodeStep("CRASH", (edge,))), there, NO_SEGMENT)

    # ---- one step --------------------------------------------------------------------------------------------

    def _step(self, local: int, stimulus: Stimulus, counter: int, follow: bool = True) -> Move:
        here = self._here[local]
        subject, before = here.subject.copy(), here.h
        if isinstance(stimulus, Expired):
            for timer in stimulus.timers:
                subject.bring_forward(timer)
        self._clock.number = here.clock
        observed = subject.take(stimulus, text_of(stimulus, before))
        subject.forget_time()
        self.shared.judged += 1
        try:
            h = self._judge.judge(before, stimulus, observed, subject)
        except Deviates as divergence:
            return self._diverges(local, stimulus, divergence, observed.segments)
        self.shared.edges.update(edge.name for edge in h.path)
        label = self.shared.label(CodeStep(str(stimulus), h.path))
        if not follow:
            return Move(label, local, NO_SEGMENT)
        first, *rest = [*map(self.shared.on_wire, observed.segments)] or [NO_SEGMENT]
        there = _Here(subject, place(h, subject.tcb), here.clock, tuple(rest))
        return Move(label, self._intern(there, counter), first)

    def _diverges(self, local: int, stimulus: Stimulus, divergence: Deviates, sent: tuple[Segment, ...]) -> Move:
        """A step that the search reports as a finding, and does not follow."""
        event = str(stimulus)
        if isinstance(stimulus, Arrived):
            h = self._here[local].h
            event = f"{show(fields_of(stimulus.segment), h[ISS], peer=True, other=h[IRS])} ARRIVES"
        number = self.shared.label(CodeStep(event, divergence.edges, divergence))
        first = self.shared.on_wire(sent[0]) if sent else NO_SEGMENT
        return Move(number, local, first)

    def _intern(self, here: _Here, counter: int) -> int:
        kept = tuple(here.h[var] for var in _KEPT)
        key = here.subject.key(), kept, here.h.told_end, here.clock, here.unsent, counter
        if key not in self._ids:
            self._ids[key] = len(self.locals)
            self.locals.append((here.h.local, counter))
            self._here.append(here)
        return self._ids[key]

"""Decides the properties of a scope by exploring it, with their conditions compiled to Python functions.

Each kind of property is decided in its own way:

- Always is violated by a state that does not meet its condition; Sometimes is witnessed by one that does.  Their
  conditions read the two local states only, so each pair of local states is judged once.  Both ways round: what is said
  of this end and its peer is meant for A and B, and for B and A.
- OnStep is violated by a step that does not meet its condition, a function of one end before and after the step and of
  the segments received and sent.
- Stays is violated by a state from which no goal can be reached any more; this needs the complete state graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from halfclose.checks.explore.engine import explore
from halfclose.checks.explore.exploration import Exploration, Finding
from halfclose.checks.explore.machine import arithmetic
from halfclose.checks.explore.options import Engine, Inquiry, Options
from halfclose.checks.explore.system import PAIR_MASK, System
from halfclose.checks.readers.conditions import condition, places, watched
from halfclose.checks.readers.python import Arithmetic, Local, Segment
from halfclose.spec.claims.properties import Always, OnStep, Property, Sometimes, Stays
from halfclose.spec.language.terms import Term, Var, substitute
from halfclose.spec.language.variables import SEGMENT
from halfclose.spec.tcp.graph import Graph, decided
from halfclose.spec.world.network import Scope

Explored = Always | OnStep | Sometimes | Stays
Condition = Callable[..., bool]
_NO_SEGMENT: Segment = (0,) * len(SEGMENT)


@dataclass(frozen=True)
class Outcome:
    """The verdict of exploration on one property.  finding: the violation, or for a Sometimes the witness."""

    prop: Property
    holds: bool
    finding: Finding | None


@dataclass(frozen=True)
class Judged:
    """One exploration, and the verdict on each property in it."""

    exploration: Exploration
    outcomes: tuple[Outcome, ...]


class Judge:
    """The properties of one scope, with their conditions compiled."""

    def __init__(self, scope: Scope, props: Sequence[Explored]):
        numbers, where, switches = arithmetic(scope), places(), decided(scope.profile)
        self.props = tuple(props)
        self.watched = watched(condition(prop) for prop in props)

        def pair(term: Term) -> Condition:
            return numbers.function("L, P", substitute(term, switches), where)

        self._steps = [
            (i, _step(numbers, substitute(prop.holds, switches), where))
            for i, prop in enumerate(props)
            if isinstance(prop, OnStep)
        ]
        self._pairs = [
            (i, pair(condition(prop)), isinstance(prop, Sometimes))
            for i, prop in enumerate(props)
            if isinstance(prop, Always | Sometimes)
        ]
        self._goals = [(i, pair(prop.goal)) for i, prop in enumerate(props) if isinstance(prop, Stays)]

    def run(
        self,
        scope: Scope,
        graph: Graph,
        *,
        stop_early: bool = False,
        engine: Engine = Engine.AUTO,
        options: Options | None = None,
    ) -> Judged:
        """Explore the scope and decide every property; where the exploration is cut short, only by what it has found.

        stop_early: end after the level in which the last property is settled, if no property is a Stays.  Raises
        NoEngine and BadScope.
        """
        system = System(scope, graph, self.watched, self._step_judge if self._steps else None)
        early = {i for i, prop in enumerate(self.props) if not isinstance(prop, Stays)}
        stop_early = stop_early and len(early) == len(self.props)
        judge = self._pair_judge(system) if self._pairs else None
        inquiry = Inquiry(judge, lambda found: stop_early and early <= found.keys())
        result = explore(system, inquiry, engine, options)
        for i, goal in self._goals:
            self._decide_goal(result, i, goal)
        return Judged(result, tuple(self._outcome(i, result) for i in range(len(self.props))))

    def _decide_goal(self, result: Exploration, number: int, goal: Condition) -> None:
        system = result.system
        if not result.complete:
            return
        stuck = list(result.cannot_reach(lambda key: goal(system.local(key, 0), system.local(key, 1))))
        if stuck:
            result.findings[number] = Finding(number, next((k for k in stuck if _at_rest(system, k)), stuck[0]))

    def _outcome(self, number: int, result: Exploration) -> Outcome:
        prop, finding = self.props[number], result.findings.get(number)
        found = finding is not None
        return Outcome(prop, found if isinstance(prop, Sometimes) else not found, finding)

    def _pair_judge(self, system: System) -> Callable[[int], tuple[int, ...]]:
        pairs = self._pairs

        def judge(key: int) -> tuple[int, ...]:
            a, b = system.local(key, 0), system.local(key, 1)
            return tuple(
                i
                for i, holds, wanted in pairs
                if (holds(a, b) or holds(b, a) if wanted else not (holds(a, b) and holds(b, a)))
            )

        return judge

    def _step_judge(self, before: Local, segment: Segment | None, after: Local, sent: Segment | None, edge: int) -> int:
        objections = 0
        for i, holds in self._steps:
            if not holds(before, segment or _NO_SEGMENT, after, sent or _NO_SEGMENT, sent is not None):
                objections |= 1 << i
        return objections


def _at_rest(system: System, key: int) -> bool:
    """Whether no step from here on ever changes an end; such a state shows best that the goal is out of reach."""
    pair, seen, waiting = key & PAIR_MASK, {key}, [key]
    while waiting:
        for after, _ in system.successors(waiting.pop()):
            if after & PAIR_MASK != pair:
                return False
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return True


def _step(numbers: Arithmetic, term: Term, places: dict[Var, str]) -> Condition:
    return numbers.function("L, G, A, O, E", term, places)

"""Two connections of the reference, joined by the model's network and explored exhaustively, every step judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from halfclose.checks.explore.caller import Caller
from halfclose.checks.explore.engine import explore
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.machine import arithmetic
from halfclose.checks.explore.options import Inquiry
from halfclose.checks.explore.system import System
from halfclose.checks.explore.trace import Trace, trace_of
from halfclose.checks.oracle.oracle import Deviates
from halfclose.checks.refine.end import CodeStep, ReferenceEnd, Shared
from halfclose.checks.refine.judge import Judge
from halfclose.checks.refine.scopes import REFINED
from halfclose.checks.stacks.reference import following
from halfclose.reference.config import Config
from halfclose.spec.world.network import Scope

_WIDTH = 32
#: Just below 2^32 and just below 2^31, so that both boundaries are passed, as in the scopes themselves.
_ISS = ((1 << 32) - 2, (1 << 31) - 1)


@dataclass(frozen=True)
class Divergence:
    """A step of the code that the specification does not allow, and the trace that leads to it."""

    trace: Trace
    reason: Deviates


@dataclass(frozen=True)
class Explored:
    """What the exploration of one scope has shown.

    judged: how many different steps of one end were judged.  edges: names of the edges that allowed them.
    freedoms: how many kinds of steps are allowed only by a freedom, and by no edge.
    """

    name: str
    states: int
    steps: int
    levels: int
    complete: bool
    judged: int
    edges: frozenset[str]
    freedoms: int
    divergence: Divergence | None


def config_of(scope: Scope) -> Config:
    """The reference with the sizes and switches of a scope; whatever only delays output is off."""
    sized = Config(
        mss=scope.mss,
        send_mss=scope.mss,
        send_buffer=scope.send_buffer,
        receive_buffer=scope.buffer,
        window_scale=None,
        timestamps=False,
        selective_ack=False,
        nagle=False,
        congestion_control=False,
    )
    return following(sized, scope.profile.on)


def system_of(scope: Scope, attacked: bool = False) -> System:
    """The two ends in code, and the network between them.

    attacked: every state is also hit by forged segments and untimely calls.
    """
    scope = replace(scope, bits=_WIDTH, iss=_ISS)
    config = config_of(scope)
    judge, shared = Judge(scope.profile, config, scope.buffer), Shared()
    numbers = arithmetic(scope)
    callers = [Caller(app, scope.lives_of(app), scope.octets_of(app), numbers) for app in (scope.app_a, scope.app_b)]
    ends = [
        ReferenceEnd(scope, caller, iss, config, judge, shared, attacked)
        for caller, iss in zip(callers, scope.iss, strict=True)
    ]

    def objects(*step: Any) -> int:
        return int(shared.steps[step[-1]].divergence is not None)

    return System(scope, judge.endpoint.graph, judge=objects, ends=(ends[0], ends[1]))


def run(name: str, attacked: bool = False) -> Explored:
    """Explore one of the scopes until the first divergence."""
    system = system_of(REFINED[name], attacked)
    result = explore(system, Inquiry(enough=bool))
    shared = system.shared
    assert isinstance(shared, Shared)
    taken = result.taken()
    free = (step for step in shared.steps if not step.edges and step.event != "sends more")
    return Explored(
        name,
        result.states,
        result.steps,
        result.levels,
        result.complete,
        shared.judged,
        frozenset(shared.edges),
        sum(step.name in taken for step in free),
        _divergence(result, shared),
    )


def _divergence(result: Exploration, shared: Shared) -> Divergence | None:
    if not result.findings:
        return None
    finding = result.findings[0]
    assert finding.action is not None
    step: CodeStep = shared.steps[finding.action.edge]
    assert step.divergence is not None
    return Divergence(trace_of(result, finding), step.divergence)

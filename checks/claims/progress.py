"""Decides the claims of progress (liveness) on the complete state graph of a scope.

- Eventually: no fair behaviour avoids its goal for ever.  Since this is asked from every state, the goal is reached
  infinitely often.
- Quiet: there is no livelock, an exchange of segments that changes neither end and that only a loss can end.
- Endless: there is one; it documents a war of segments that the RFC allows.

explore/fairness.py says what fair means, and how such behaviours are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from halfclose.checks.explore.arrows import Arrows, Marks, arrows
from halfclose.checks.explore.engine import explore
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.fairness import staying, wars
from halfclose.checks.explore.lasso import lasso
from halfclose.checks.explore.machine import arithmetic
from halfclose.checks.explore.options import Engine
from halfclose.checks.explore.system import PAIR_MASK, System
from halfclose.checks.explore.trace import Lasso
from halfclose.checks.readers.conditions import places, watched
from halfclose.spec.claims.properties import Endless, Eventually, Quiet
from halfclose.spec.language.terms import Term
from halfclose.spec.tcp.graph import Graph
from halfclose.spec.world.network import Scope

Progressive = Eventually | Quiet | Endless


@dataclass(frozen=True)
class ProgressVerdict:
    """The verdict on one property.  lasso: the counterexample, or for an Endless the witness."""

    prop: Progressive
    holds: bool
    states: int
    lasso: Lasso | None


def decide(
    scope: Scope, graph: Graph, props: Sequence[Progressive], engine: Engine = Engine.AUTO
) -> tuple[ProgressVerdict, ...]:
    """Explore the whole scope and decide these properties in it; raises NoEngine and BadScope."""
    goals = [prop.goal for prop in props if isinstance(prop, Eventually)]
    explored = explore(System(scope, graph, watched(goals)), engine=engine)
    steps = arrows(explored)
    return tuple(_decide(explored, steps, prop) for prop in props)


def _decide(explored: Exploration, steps: Arrows, prop: Progressive) -> ProgressVerdict:
    match prop:
        case Eventually(goal=goal):
            part = staying(steps, ~_where(steps, goal))
        case Quiet() | Endless():
            part = wars(steps)
    found = lasso(steps, part, explored.path) if part else None
    return ProgressVerdict(prop, (found is None) is not isinstance(prop, Endless), explored.states, found)


def _where(steps: Arrows, goal: Term) -> Marks:
    """The states that meet the goal; each pair of local states is judged once."""
    system = steps.system
    meets = arithmetic(system.scope).function("L, P", goal, places())
    pairs = {key & PAIR_MASK: key for key in steps.keys}
    verdicts = {pair: bool(meets(system.local(key, 0), system.local(key, 1))) for pair, key in pairs.items()}
    return np.fromiter((verdicts[key & PAIR_MASK] for key in steps.keys), np.bool_, len(steps.keys))

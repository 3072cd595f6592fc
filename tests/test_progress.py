"""Liveness: fair components against brute force, and the lassos of what never ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfclose.checks.claims.progress import decide
from halfclose.checks.explore.arrows import STUTTER, Arrows, Marks, arrows
from halfclose.checks.explore.engine import explore
from halfclose.checks.explore.fairness import Fairness, Strong, Weak, fair_components, fairness, staying, wars
from halfclose.checks.explore.system import System
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Endless, Eventually, Quiet
from halfclose.spec.language.terms import FALSE, TRUE
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import tcp
from halfclose.spec.world.scopes import SCOPES

STATES = 4
Some = frozenset[int]


@dataclass(frozen=True)
class Puzzle:
    """A small graph, and the states and steps that its weak demands (able, does) and strong ones (able, asks, does)
    name by their numbers."""

    steps: tuple[tuple[int, int], ...]
    weak: tuple[tuple[Some, Some], ...]
    strong: tuple[tuple[Some, Some, Some], ...]


@st.composite
def puzzles(draw: st.DrawFn) -> Puzzle:
    number = st.integers(0, STATES - 1)
    steps = draw(st.lists(st.tuples(number, number), min_size=1, max_size=8, unique=True))
    some = st.frozensets(st.integers(0, len(steps) - 1), max_size=3)
    weak = draw(st.lists(st.tuples(st.frozensets(number), some), max_size=2))
    strong = draw(st.lists(st.tuples(st.frozensets(number), some, some), max_size=2))
    return Puzzle(tuple(steps), tuple(weak), tuple(strong))


def marks(chosen: Some, count: int) -> Marks:
    return np.isin(np.arange(count), list(chosen))


def graph_of(puzzle: Puzzle) -> tuple[Arrows, Fairness]:
    source, target = (np.array([step[i] for step in puzzle.steps], dtype=np.int64) for i in (0, 1))
    nothing = np.zeros_like(source)
    graph = Arrows(None, tuple(range(STATES)), np.array([STATES]), source, target, nothing, (STUTTER,))  # type: ignore[arg-type]
    count = len(puzzle.steps)
    weak = (Weak("", marks(able, STATES), marks(does, count)) for able, does in puzzle.weak)
    strong = (Strong("", marks(a, STATES), marks(asks, count), marks(does, count)) for a, asks, does in puzzle.strong)
    return graph, Fairness(tuple(weak), tuple(strong))


def is_fair(puzzle: Puzzle, walk: Some) -> bool:
    """Whether a behaviour that takes just these steps again and again exists and is fair."""
    states = {state for step in walk for state in puzzle.steps[step]}
    if not nx.is_strongly_connected(nx.DiGraph([puzzle.steps[step] for step in walk])):
        return False
    weak = all(states - able or walk & does for able, does in puzzle.weak)
    return weak and all(walk & does or not (states & able or walk & asks) for able, asks, does in puzzle.strong)


@settings(deadline=None)
@given(puzzles())
def test_a_fair_component_is_found_exactly_where_there_is_a_fair_behaviour(puzzle: Puzzle) -> None:
    count = len(puzzle.steps)
    walks = chain.from_iterable(combinations(range(count), size) for size in range(1, count + 1))
    fair = [walk for walk in map(frozenset, walks) if is_fair(puzzle, walk)]
    found = fair_components(*graph_of(puzzle), np.ones(STATES, dtype=np.bool_))
    assert set(np.flatnonzero(found.component >= 0)) == {
        state for walk in fair for step in walk for state in puzzle.steps[step]
    }


# ---- scopes --------------------------------------------------------------------------------------------------


def whole(name: str) -> Arrows:
    explored = explore(System(SCOPES[name]))
    return arrows(explored)


def eventually(claim: str, scope: str) -> Eventually:
    props = (prop for c in CLAIMS if c.id == claim for prop in c.properties)
    return next(prop for prop in props if isinstance(prop, Eventually) and prop.scope == scope)


@pytest.mark.parametrize("mutant", ["close-wait-cannot-send", "last-ack-leaves-early", "unread-dies-with-tcb"])
def test_a_lasso_is_a_stem_and_a_cycle_that_ends_where_it_began(mutant: str) -> None:
    scope = SCOPES["half-close"]
    (result,) = decide(scope, tcp(scope.profile, mutated(mutant)), [eventually("S11", "half-close")])
    assert not result.holds
    lasso = result.lasso
    assert lasso is not None
    assert not lasso.cycle.steps or lasso.cycle.steps[-1].ends == lasso.stem.steps[-1].ends
    assert "again and again" in lasso.diagram()
    assert lasso.to_json().keys() == {"stem", "cycle"}


def test_what_can_never_be_reached_is_not_reached_at_last_and_what_holds_at_once_is() -> None:
    scope = SCOPES["half-open"]
    never, at_once = Eventually("never", "half-open", (), FALSE), Eventually("at once", "half-open", (), TRUE)
    assert [one.holds for one in decide(scope, tcp(scope.profile), [never, at_once])] == [False, True]


def test_losing_a_segment_for_ever_is_unfair() -> None:
    graph = whole("half-close")
    rules, everywhere = fairness(graph), np.ones(len(graph.keys), dtype=np.bool_)
    loses = graph.labelled([action.kind == "lose" for action in graph.actions])
    assert (fair_components(graph, Fairness(rules.weak, ()), everywhere).steps & loses).any()
    assert not (fair_components(graph, rules, everywhere).steps & loses).any()


@pytest.mark.parametrize("scope", ["half-close", "half-open", "abort"])
def test_where_a_fair_behaviour_can_stay_does_not_depend_on_what_is_asked_first(scope: str) -> None:
    graph = whole(scope)
    everywhere = np.ones(len(graph.keys), dtype=np.bool_)
    part = staying(graph, everywhere)
    found = {part.graph.keys[state] for state in np.flatnonzero(part.fair.component >= 0)}
    at_once = fair_components(graph, fairness(graph), everywhere).component >= 0
    assert found == {graph.keys[state] for state in np.flatnonzero(at_once)} != set()


def test_a_timer_that_never_fires_is_unfair() -> None:
    graph = whole("half-close")
    rules, everywhere = fairness(graph), np.ones(len(graph.keys), dtype=np.bool_)
    timeout = next(weak for weak in rules.weak if weak.name == "A: RETRANSMISSION TIMEOUT")
    kept = fair_components(graph, rules, everywhere).component >= 0
    freed = fair_components(graph, Fairness((), rules.strong), everywhere).component >= 0
    assert (freed & timeout.able).any()
    assert not (kept & timeout.able).any()


def test_time_wait_that_acknowledges_everything_is_a_war_of_two_deliveries() -> None:
    scope = SCOPES["quiet"]
    (war,) = decide(scope, tcp(scope.profile, mutated("time-wait-acks-all")), [Quiet("quiet", "quiet", ())])
    assert war.lasso is not None
    assert [step.edge for step in war.lasso.cycle.steps] == ["time-wait.ack", "time-wait.ack"]


def test_two_healthy_ends_that_lost_a_full_window_each_answer_each_other_for_ever() -> None:
    scope = SCOPES["free"]
    (war,) = decide(scope, tcp(scope.profile), [Endless("war", "free", ())])
    assert war.holds
    assert war.lasso is not None
    assert {step.edge.partition("@")[0] for step in war.lasso.cycle.steps} == {"step1.ack"}


def test_where_every_exchange_ends_there_is_no_war() -> None:
    assert not wars(whole("half-open"))

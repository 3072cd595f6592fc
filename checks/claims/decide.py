"""Decides one unit of work in this process.

A unit explores a scope, decides progress in it, proves by induction, replays a figure, or checks the shape of the
declaration.  Whichever it does, it gives a verdict for each of its properties.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.progress import decide
from halfclose.checks.claims.replay import replay
from halfclose.checks.claims.report import INDUCTION, Verdict
from halfclose.checks.claims.shapes import SHAPES
from halfclose.checks.claims.units import Unit
from halfclose.checks.explore.trace import trace_of
from halfclose.checks.prove.both_ends import premises
from halfclose.checks.prove.enabling import Vacuous, vacuous
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import CONJUNCTS, OBLIGATIONS, changed
from halfclose.checks.prove.solvers import prove
from halfclose.spec.claims.agreement import MSL
from halfclose.spec.claims.catalogue import BY_ID
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.claims.properties import Inductive, Sometimes
from halfclose.spec.language.edge import Rule
from halfclose.spec.language.profile import Profile, parse_profile
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import RULES, Graph, tcp
from halfclose.spec.world.scopes import SCOPES


def run_unit(unit: Unit) -> list[Verdict]:
    """Decide one unit; returns a verdict for each of its properties."""
    rules = mutated(unit.mutant) if unit.mutant else RULES
    if unit.kind == "shape":
        return [_shape(unit, Graph(rules), *unit.props[0])]
    if unit.kind == "prove":
        return list(_prove(unit, rules))
    extra = parse_profile(unit.profile)
    if unit.kind == "progress":
        return list(_progress(unit, rules, extra))
    if unit.kind == "replay":
        figure = FIGURES[unit.where]
        result = replay(figure, tcp(figure.scope.profile | extra, rules))
        words = "" if result.failed is None else f"not possible: {result.failed.do}"
        return [
            Verdict(
                claim,
                prop,
                _tried(unit),
                result.failed is None,
                "replay",
                f"{figure.title} ({figure.cite})",
                result.seconds,
                states=len(result.trace.steps),
                trace=result.trace,
                words=words,
            )
            for claim, prop in unit.props
        ]
    return list(_explore(unit, rules, extra))


def _tried(unit: Unit) -> str:
    return unit.mutant if unit.tried else ""


def _shape(unit: Unit, graph: Graph, claim: str, prop: str) -> Verdict:
    shaped = SHAPES[unit.where](graph)
    return Verdict(
        claim,
        prop,
        _tried(unit),
        not shaped.faults,
        shaped.engine,
        shaped.scope,
        shaped.seconds,
        queries=shaped.queries,
        words="; ".join(shaped.faults[:3]),
    )


def _prove(unit: Unit, rules: tuple[Rule, ...]) -> Iterator[Verdict]:
    """Prove the edges, of a mutant only those that it changes, in the unit's profile or in all profiles at once."""
    graph = changed(rules) if unit.tried else Graph(rules)
    profile = parse_profile(unit.profile) if unit.profile else None
    proof = prove(OBLIGATIONS[unit.where](graph, profile))
    idle = () if unit.tried else tuple(vacuous(unit.where, proof, profile, graph))
    yield from proved(proof, unit.where, unit.props, profile, _tried(unit), idle)


def proved(
    proof: Proof,
    where: str,
    props: Iterable[tuple[str, str]],
    profile: Profile | None = None,
    tried: str = "",
    idle: tuple[Vacuous, ...] = (),
) -> Iterator[Verdict]:
    """The verdicts of a proof: a property holds if no step breaks its own goal or a conjunct of the invariant.

    idle: the steps that nobody can take; that the invariant holds is not shown where nothing explains one of them.
    """
    unexplained = tuple(f"nobody can take {one.step}" for one in idle if not one.explained)
    assumes = (*(premise.name for premise in premises(profile)), MSL.name) if where == "both ends" else (MSL.name,)
    scope = f"{where}, {'every profile' if profile is None else profile}"
    for claim, name in props:
        goals = {*CONJUNCTS[where], name, f"{claim} {name}"}
        faults = [(step, goal) for step, goal in proof.faults if goal in goals]
        words = f"the proof fails: {faults[0][0]}: {faults[0][1]}" if faults else ""
        empty = unexplained if isinstance(_property(claim, name), Inductive) else ()
        yield Verdict(
            claim,
            name,
            tried,
            not faults and not empty,
            INDUCTION,
            scope,
            proof.seconds,
            queries=proof.queries,
            words=words or "; ".join(empty[:3]),
            assumes=assumes,
            vacuous=idle,
        )


def _progress(unit: Unit, rules: tuple[Rule, ...], extra: Profile) -> Iterator[Verdict]:
    scope = SCOPES[unit.where]
    props = [_property(*name) for name in unit.props]
    started = time.perf_counter()
    decided = decide(scope, tcp(scope.profile | extra, rules), props)
    seconds = time.perf_counter() - started
    for (claim, name), one in zip(unit.props, decided, strict=True):
        yield Verdict(
            claim, name, _tried(unit), one.holds, "fairness", unit.where, seconds, states=one.states, trace=one.lasso
        )


def _explore(unit: Unit, rules: tuple[Any, ...], extra: Profile) -> Iterator[Verdict]:
    scope = SCOPES[unit.where]
    props = [_property(*name) for name in unit.props]
    started = time.perf_counter()
    graph = tcp(scope.profile | extra, rules)
    judged = Judge(scope, props).run(scope, graph, stop_early=unit.tried)
    seconds = time.perf_counter() - started
    taken = frozenset[str]() if unit.tried else judged.exploration.taken()
    for (claim, name), outcome in zip(unit.props, judged.outcomes, strict=True):
        shown = not unit.tried and outcome.finding is not None
        yield Verdict(
            claim,
            name,
            _tried(unit),
            outcome.holds,
            "exploration",
            unit.where,
            seconds,
            states=judged.exploration.states,
            trace=trace_of(judged.exploration, outcome.finding) if shown and outcome.finding else None,
            taken=taken,
            words="" if outcome.holds or isinstance(outcome.prop, Sometimes) is False else "no state meets it",
        )


def _property(claim: str, name: str) -> Any:
    return next(p for p in BY_ID[claim].properties if p.name == name)

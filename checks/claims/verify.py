"""Decide the claims: every property in its scope, and every mutant that is said to break it.

The work is cut into units (one exploration, replay or shape each, of the real rules or of one mutant) that run in a
few processes; a unit is described by names alone, so that nothing but names and verdicts crosses a process border.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.replay import replay
from halfclose.checks.claims.shapes import SHAPES
from halfclose.checks.explore.trace import Lasso, Trace, trace_of
from halfclose.checks.prove.both_ends import premises
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import CONJUNCTS, OBLIGATIONS, changed
from halfclose.checks.prove.solvers import prove
from halfclose.checks.work.processes import ignore_interrupt, stop
from halfclose.spec.claims.agreement import MSL
from halfclose.spec.claims.catalogue import BY_ID, CLAIMS
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.claims.properties import (
    Claim,
    Endless,
    Eventually,
    Inductive,
    OnStep,
    Property,
    Quiet,
    Replay,
    Shape,
    Sometimes,
    Theorem,
)
from halfclose.spec.language.edge import Event, Rule
from halfclose.spec.language.profile import Profile, parse_profile
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import RULES, TCP, Graph, tcp
from halfclose.spec.world.scopes import SCOPES

#: The engine of proofs for all values.
INDUCTION = "induction"


class UnknownClaim(ValueError):
    """No claim has this id; the message lists those that exist."""


@dataclass(frozen=True)
class Unit:
    """One piece of work. kind: "explore", "progress", "prove", "replay" or "shape"; where: the scope, proof, figure or
    shape; props: (claim id, property name) of what it decides; mutant: "" for the rules as they are; tried: the mutant
    is there to break them, otherwise it is what is being judged."""

    kind: str
    where: str
    props: tuple[tuple[str, str], ...]
    mutant: str = ""
    profile: str = ""
    tried: bool = False


@dataclass(frozen=True)
class Verdict:
    """What one unit says of one property. trace: of a violation, or of a witness."""

    claim: str
    prop: str
    tried: str  # the mutant that was to break it, "" where the property itself was judged
    holds: bool
    engine: str
    scope: str
    seconds: float
    states: int | None = None
    queries: int | None = None
    trace: Trace | Lasso | None = None
    words: str = ""
    assumes: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Evidence:
    """A property with its verdict and the mutants that were tried on it."""

    prop: Property
    verdict: Verdict | None
    broken_by: tuple[str, ...]
    survived_by: tuple[str, ...]
    tried: int

    @property
    def guarded(self) -> bool:
        return bool(self.broken_by) and not self.survived_by


@dataclass
class Report:
    """Everything that has been decided so far."""

    claims: tuple[Claim, ...]
    with_mutants: bool
    verdicts: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0
    kinds: tuple[str, ...] = ("explore", "progress", "prove", "replay", "shape")

    def evidence(self, claim: Claim) -> tuple[Evidence, ...]:
        """One item for each property, two where it is both explored and proved."""
        kinds = ((prop, kind) for prop in claim.properties for kind in _kinds(prop) if kind in self.kinds)
        return tuple(self._evidence(claim, prop, kind == "prove") for prop, kind in kinds)

    def _evidence(self, claim: Claim, prop: Property, proved: bool) -> Evidence:
        mine = [
            v for v in self.verdicts if (v.claim, v.prop) == (claim.id, prop.name) and (v.engine == INDUCTION) is proved
        ]
        own = next((v for v in mine if not v.tried), None)
        broken = {v.tried for v in mine if v.tried and not v.holds}
        survived = {v.tried for v in mine if v.tried and v.holds}
        named = prop.broken_by
        return Evidence(
            prop,
            own,
            tuple(m for m in named if m in broken),
            tuple(m for m in named if m in survived),
            len(broken | survived),
        )

    def verdict(self, claim: Claim) -> str:
        """holds, fails, or unknown where something was not decided, or where no mutant can break a property."""
        evidence = self.evidence(claim)
        if any(e.verdict is not None and not e.verdict.holds for e in evidence):
            return "fails"
        if any(e.verdict is None for e in evidence):
            return "unknown"
        if self.with_mutants and any(not e.guarded for e in evidence):
            return "unknown"
        return "holds"

    def untaken(self) -> tuple[str, ...]:
        """Edges of the declaration that no exploration of the real rules took; test vectors exercise most of them."""
        taken = frozenset[str]().union(*(v.taken for v in self.verdicts))
        return tuple(edge.name for edge in TCP.edges if edge.name not in taken and edge.event is not Event.STATUS)

    def unguarded(self) -> tuple[tuple[Claim, Evidence], ...]:
        """Properties that a mutant named for them does not break; only where mutants were tried."""
        if not self.with_mutants:
            return ()
        return tuple((c, e) for c in self.claims for e in self.evidence(c) if e.tried and not e.guarded)

    def to_json(self) -> dict[str, Any]:
        return {"claims": [self._claim_json(claim) for claim in self.claims]}

    def _claim_json(self, claim: Claim) -> dict[str, Any]:
        evidence = [_evidence_json(e) for e in self.evidence(claim) if e.verdict is not None]
        return {"id": claim.id, "title": claim.title, "verdict": self.verdict(claim), "evidence": evidence}


def _evidence_json(evidence: Evidence) -> dict[str, Any]:
    verdict = evidence.verdict
    assert verdict is not None
    counts = {k: v for k, v in (("states", verdict.states), ("queries", verdict.queries)) if v is not None}
    trace = {} if verdict.trace is None else {"trace": verdict.trace.to_json()}
    assumes = {"assumes": list(verdict.assumes)} if verdict.assumes else {}
    return {
        "engine": verdict.engine,
        "property": evidence.prop.name,
        "kind": type(evidence.prop).__name__.lower(),
        "scope": verdict.scope,
        **counts,
        "seconds": round(verdict.seconds, 3),
        "holds": verdict.holds,
        "broken_by": list(evidence.broken_by),
        **assumes,
        **trace,
    }


# ---- units ---------------------------------------------------------------------------------------------------


def chosen(ids: Iterable[str]) -> tuple[Claim, ...]:
    """The claims with these ids, all of them where none is named; raises UnknownClaim."""
    names = tuple(ids)
    for name in names:
        if name.upper() not in BY_ID:
            raise UnknownClaim(f"unknown claim {name!r}; known are {', '.join(BY_ID)}")
    return tuple(BY_ID[name.upper()] for name in dict.fromkeys(names)) or CLAIMS


def units(claims: Iterable[Claim], mutant: str = "", profile: str = "", mutants: bool = True) -> list[Unit]:
    """The work for these claims, the longest pieces first. With `mutant`, only that one, in place of the rules."""
    groups: dict[tuple[str, str, str, bool], list[tuple[str, str]]] = {}
    for claim, prop, kind in ((c, p, k) for c in claims for p in c.properties for k in _kinds(p)):
        where = "one end" if isinstance(prop, OnStep) and kind == "prove" else prop.scope
        groups.setdefault((kind, where, mutant, False), []).append((claim.id, prop.name))
        for name in prop.broken_by if mutants and not mutant else ():
            groups.setdefault((kind, where, name, True), []).append((claim.id, prop.name))
    made = [
        Unit(kind, where, tuple(props), name, profile, tried) for (kind, where, name, tried), props in groups.items()
    ]
    return sorted(made, key=lambda unit: (-_WEIGHT.get(unit.where, 0), unit.mutant))


def _kinds(prop: Property) -> tuple[str, ...]:
    """How a property is decided."""
    match prop:
        case Replay():
            return ("replay",)
        case Shape():
            return ("shape",)
        case Inductive() | Theorem():
            return ("prove",)
        case Eventually() | Quiet() | Endless():
            return ("progress",)
        case OnStep():
            return ("explore", "prove")
    return ("explore",)


#: Scopes that take longest, so that they are begun first.
_LONGEST = (
    "both ends",
    "stream",
    "free",
    "exclusive and exhaustive",
    "one end",
    "quiet",
    "exchange",
    "early-close-5961",
)
_WEIGHT = {where: weight for weight, where in enumerate(reversed(_LONGEST), 1)}


def run_unit(unit: Unit) -> list[Verdict]:
    """Decide one unit, in this process."""
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
    """Of a mutant only what it changes; in one profile only where that was asked for, otherwise in all at once."""
    graph = changed(rules) if unit.tried else Graph(rules)
    profile = parse_profile(unit.profile) if unit.profile else None
    proof = prove(OBLIGATIONS[unit.where](graph, profile))
    yield from proved(proof, unit.where, unit.props, profile, _tried(unit))


def proved(
    proof: Proof, where: str, props: Iterable[tuple[str, str]], profile: Profile | None = None, tried: str = ""
) -> Iterator[Verdict]:
    """A property is proved if neither its own goal nor a conjunct of the invariant is broken anywhere."""
    assumes = (*(premise.name for premise in premises(profile)), MSL.name) if where == "both ends" else (MSL.name,)
    scope = f"{where}, {'every profile' if profile is None else profile}"
    for claim, name in props:
        goals = {*CONJUNCTS[where], name, f"{claim} {name}"}
        faults = [(step, goal) for step, goal in proof.faults if goal in goals]
        words = f"the proof fails at {faults[0][0]}: {faults[0][1]}" if faults else ""
        yield Verdict(
            claim,
            name,
            tried,
            not faults,
            INDUCTION,
            scope,
            proof.seconds,
            queries=proof.queries,
            words=words,
            assumes=assumes,
        )


def _progress(unit: Unit, rules: tuple[Rule, ...], extra: Profile) -> Iterator[Verdict]:
    # Only here: numpy starts threads, and a process that has some cannot enter the namespace of `conform`.
    from halfclose.checks.claims.progress import decide

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


# ---- running them --------------------------------------------------------------------------------------------


def verify(
    report: Report, work: list[Unit], jobs: int | None = None, done: Callable[[Unit], None] = lambda _: None
) -> None:
    """Run the units in `jobs` processes, filling the report as they finish; an interrupt leaves what is there."""
    started = time.perf_counter()
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, initializer=ignore_interrupt) as pool:
        waiting: dict[Future[list[Verdict]], Unit] = {pool.submit(run_unit, unit): unit for unit in work}
        try:
            while waiting:
                finished, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    report.verdicts.extend(future.result())
                    done(waiting.pop(future))
        except BaseException:
            stop(pool)
            raise
        finally:
            report.seconds = time.perf_counter() - started

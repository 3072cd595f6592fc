"""Induction over every edge of the declaration, on Z3 integers: any number of octets, any segment, every profile.

One quantifier-free query asks, for one edge and one conjunct, whether the edge can lead from a state that meets the
whole invariant to one that does not meet the conjunct.  The switches are free Booleans, so all profiles are proved at
once.  A step whose assumptions cannot be met is vacuous and reported as such.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import z3

from halfclose.checks.smt import Expr, Integers, Translation
from halfclose.spec.claims import CLAIMS
from halfclose.spec.edge import Edge, Rule
from halfclose.spec.graph import RULES, TCP, Graph
from halfclose.spec.invariant import INVARIANT, Conjunct
from halfclose.spec.properties import OnStep
from halfclose.spec.states import State
from halfclose.spec.tcb import BEYOND_THIS, CLOCK_ALLOWS
from halfclose.spec.terms import FALSE, Kind, Sort, Term, Var, num, variables
from halfclose.spec.variables import CONSTANTS, EMITS, SEGMENT, STATE, TCB, TWINS, N


@dataclass(frozen=True)
class Query:
    """One question to the solver. goal: the conjunct or claim; holds: it was refuted that the edge breaks it."""

    edge: str
    goal: str
    holds: bool
    seconds: float


@dataclass(frozen=True)
class Proof:
    """Everything that was asked. vacuous: edges that no state of the invariant can take, whatever the profile."""

    queries: tuple[Query, ...]
    vacuous: tuple[str, ...]
    seconds: float

    def of(self, goal: str) -> tuple[Query, ...]:
        return tuple(query for query in self.queries if query.goal == goal)

    def faults(self) -> tuple[Query, ...]:
        return tuple(query for query in self.queries if not query.holds)


def step_claims() -> tuple[tuple[str, OnStep], ...]:
    """The claims on steps, each with the id of its claim; they are proved with the invariant as assumption."""
    return tuple((claim.id, prop) for claim in CLAIMS for prop in claim.properties if isinstance(prop, OnStep))


def prove(graph: Graph = TCP, conjuncts: tuple[Conjunct, ...] = INVARIANT, export: Path | None = None) -> Proof:
    """Ask everything: the initial state, then each edge with each conjunct and each claim on steps.

    export: a folder for the queries as SMT-LIB 2, one file an edge and goal; OSError where it cannot be written.
    """
    started = time.perf_counter()
    queries = list(_initial(conjuncts))
    vacuous = []
    for edge in graph.edges:
        step = _Step(edge, conjuncts)
        if step.solver.check() == z3.unsat:
            vacuous.append(edge.name)
            continue
        queries += step.ask(conjuncts, export)
    return Proof(tuple(queries), tuple(vacuous), time.perf_counter() - started)


def changed(rules: tuple[Rule, ...]) -> Graph:
    """The edges of a mutant that are not the declaration's own; only they can break a proof that holds."""
    own = {id(rule) for rule in RULES}
    return Graph(tuple(rule for rule in rules if id(rule) not in own))


def _initial(conjuncts: tuple[Conjunct, ...]) -> Iterator[Query]:
    """CLOSED with a blank TCB meets every conjunct."""
    translate = Translation(Integers())
    solver = z3.Solver()
    for var in TCB:
        blank = z3.BoolVal(False) if var.sort is Sort.BOOL else z3.IntVal(0)
        solver.add(translate.var(var) == blank)
    for constant in CONSTANTS:
        solver.add(translate.var(constant) >= 0)
    for conjunct in conjuncts:
        started = time.perf_counter()
        holds = solver.check(z3.Not(translate(conjunct.holds))) == z3.unsat
        yield Query("the initial state", conjunct.name, bool(holds), time.perf_counter() - started)


class _Step:
    """One edge: a solver that knows the invariant before it and its guard, and the state after it."""

    def __init__(self, edge: Edge, conjuncts: tuple[Conjunct, ...]):
        self.edge = edge
        before = Translation(Integers(), values={STATE: z3.IntVal(edge.source.index)})
        self.before, self.after = before, _after(before, edge)
        self.solver = z3.Solver()
        self.solver.add(*(before(c.holds) for c in conjuncts), before(edge.guard), *_choices(before, edge))
        self.claims = _twins(before, self.after, edge)
        read = variables(edge.guard, *edge.updates.values(), *(c.holds for c in conjuncts))
        self.solver.add(*(before.var(v) >= 0 for v in (*read, *CONSTANTS, N) if _natural(v)))

    def ask(self, conjuncts: tuple[Conjunct, ...], export: Path | None) -> Iterator[Query]:
        for conjunct in conjuncts:
            if _touches(self.edge, conjunct):
                yield self._query(conjunct.name, self.after(conjunct.holds), export)
        for claim, prop in step_claims():
            yield self._query(f"{claim} {prop.name}", self.claims(prop.holds), export)

    def _query(self, goal: str, holds: Expr, export: Path | None) -> Query:
        started = time.perf_counter()
        self.solver.push()
        self.solver.add(z3.Not(holds))
        if export is not None:
            _export(export, self.edge, goal, self.solver)
        verdict = self.solver.check()
        self.solver.pop()
        return Query(self.edge.name, goal, bool(verdict == z3.unsat), time.perf_counter() - started)


def _after(before: Translation, edge: Edge) -> Translation:
    after = before.after(edge.updates)
    after.values[STATE] = z3.IntVal(edge.target.index)
    return after


def _twins(before: Translation, after: Translation, edge: Edge) -> Translation:
    """AFTER.* read the state after the edge, OUT.* the segment that it sends."""
    emission = edge.emission()
    values = dict(before.values) | {EMITS: z3.BoolVal(emission is not None)}
    claims = Translation(before.domain, values=values)
    for twin, (where, var) in TWINS.items():
        if where == "AFTER":
            claims.values[twin] = after.var(var)
        elif where == "OUT" and var in _FIELDS:
            claims.values[twin] = before(emission[var] if emission is not None else _nothing(var))
    return claims


_FIELDS = frozenset(SEGMENT)


def _nothing(var: Var) -> Term:
    return FALSE if var.sort is Sort.BOOL else num(0)


def _natural(var: Var) -> bool:
    """Counts are natural numbers: the fields of a segment, the choices and constants, the ghosts' counters."""
    return var.sort is Sort.NUM and var is not STATE and var.kind is not Kind.TCB


def _choices(before: Translation, edge: Edge) -> Iterator[Expr]:
    """What the clock promises of a number for a new connection, and the user of the octets of a call."""
    yield before(CLOCK_ALLOWS)
    if edge.source is State.TIME_WAIT:
        yield before(BEYOND_THIS)
    yield before.var(N) >= 0


def _touches(edge: Edge, conjunct: Conjunct) -> bool:
    """Whether the edge can change the conjunct at all: it changes the state or a variable that is read."""
    if edge.source is not edge.target:
        return True
    return not variables(conjunct.holds).isdisjoint(edge.updates)


def _export(folder: Path, edge: Edge, goal: str, solver: z3.Solver) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() or c in ".-" else "_" for c in f"{edge.name}--{goal}")
    comment = (
        f"; edge: {edge.name} ({edge.source.value} -> {edge.target.value}), RFC 9293 {', '.join(edge.rule.cite)}\n"
        f"; goal: {goal}\n; unsat: the edge cannot break it\n(set-logic QF_LIA)\n"
    )
    (folder / f"{name}.smt2").write_text(comment + solver.to_smt2(), encoding="utf-8")


def implied() -> tuple[str, ...]:
    """The conjuncts that the rest of the invariant implies, so that it could do without them."""
    found = []
    for conjunct in INVARIANT:
        translate, solver = Translation(Integers()), z3.Solver()
        solver.add(*(translate(c.holds) for c in INVARIANT if c is not conjunct), z3.Not(translate(conjunct.holds)))
        solver.add(*(value >= 0 for var, value in translate.values.items() if _natural(var)))
        if solver.check() == z3.unsat:
            found.append(conjunct.name)
    return tuple(found)

"""Proof obligations: what has to be proved of one step, and what the solvers answered.

An obligation belongs to one edge (or to the initial state, or to the theorems).  It has assumptions and named goals.  A
first query asks whether the assumptions can be met at all; if not, the step is vacuous, and would prove anything.  A
second one asks whether they can be met while some goal fails.  `unsat` means that all goals are proved.  Otherwise one
query for each goal finds those that fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import z3

from halfclose.checks.readers.smt import Expr, conjunction
from halfclose.spec.language.terms import Term, Var


@dataclass(frozen=True, eq=False)
class Base:
    """Assumptions that many steps share."""

    said: tuple[Expr, ...] = ()

    @cached_property
    def text(self) -> str:
        """In SMT-LIB 2."""
        return _smt2(self.said)


@dataclass(frozen=True, eq=False)
class Place:
    """A place where variables have values: an end, an incarnation, a segment.  title: what people call it.

    before, after: the values before the step and after it; the same object where the step changes nothing there.
    """

    title: str
    before: Mapping[Var, Expr]
    after: Mapping[Var, Expr]


@dataclass(frozen=True, eq=False)
class Part:
    """One formula, and where it finds its variables.

    says: the formula.  holds: the same in the solver's terms, with the condition under which it is asked.  where: by
    the kind of twin (see `TWINS`; "" for plain variables, "SEG" for the fields of a segment) the place of its value.
    """

    says: Term
    holds: Expr
    where: Mapping[str, Place]


@dataclass(frozen=True, eq=False)
class Obligation:
    """What has to be proved of one step.

    proof: which invariant.  step: the name of the edge.  base: assumptions that it shares with others.  assumed: its
    own assumptions.  parts: what is to hold, by the name of the goal: all of its parts.  guard: that of the edge.
    switches: the conditions that stand for the switches of the profile.  cite: sections of the RFC.
    """

    proof: str
    step: str
    base: Base
    assumed: tuple[Expr, ...]
    parts: Mapping[str, Sequence[Part]]
    guard: Part | None = None
    switches: Mapping[Var, Expr] = field(default_factory=dict)
    cite: tuple[str, ...] = ()

    @cached_property
    def goals(self) -> dict[str, Expr]:
        """What is to hold, by name."""
        return {name: _all(parts) for name, parts in self.parts.items()}

    def own(self) -> str:
        """The own part of this step in SMT-LIB 2, to follow the base; each goal is a Boolean of the goal's name."""
        named = (z3.Bool(name) == holds for name, holds in self.goals.items())
        return _smt2((*self.assumed, *named), known=self.base.text)

    def script(self) -> str:
        """The whole obligation in SMT-LIB 2; the expected answers are `sat`, then `unsat`."""
        cited = f"; RFC 9293 {', '.join(self.cite)}\n" if self.cite else ""
        return (
            f"; {self.proof}\n; step: {self.step}\n{cited}{PROLOGUE}{self.base.text}{self.own()}"
            f"; sat: the step can be taken\n(check-sat)\n"
            f"; unsat: it breaks none of these\n{failing(tuple(self.goals))}(check-sat)\n"
        )


def by_name(goals: Iterable[tuple[str, Part]]) -> dict[str, list[Part]]:
    """The parts of each goal together, in the order in which the goals first occur."""
    together: dict[str, list[Part]] = {}
    for name, part in goals:
        together.setdefault(name, []).append(part)
    return together


def _all(parts: Sequence[Part]) -> Expr:
    return parts[0].holds if len(parts) == 1 else conjunction([part.holds for part in parts])


#: Integers and functions, no quantifiers; several questions in one script.
PROLOGUE = "(set-option :incremental true)\n(set-logic QF_UFLIA)\n"


def _smt2(said: Iterable[Expr], known: str = "") -> str:
    """These assertions in SMT-LIB 2, with the declarations that the text `known` does not contain."""
    solver = z3.Solver()
    solver.add(*said)
    declared = frozenset(known.splitlines())
    lines = solver.to_smt2().replace("(check-sat)\n", "").splitlines()
    return "\n".join(line for line in lines if line not in declared or not line.startswith("(declare-")) + "\n"


def failing(goals: Sequence[str]) -> str:
    """The assertion that at least one of these goals does not hold."""
    names = "\n  ".join(f"|{goal}|" for goal in goals)
    return f"(assert (not (and true\n  {names})))\n"


@dataclass(frozen=True)
class Answer:
    """What became of an obligation.

    broken: goals that may fail, since no solver refuted it.  seconds: of the slowest query.  disputed: whether another
    solver came to another verdict.
    """

    proof: str
    step: str
    goals: tuple[str, ...]
    broken: tuple[str, ...]
    vacuous: bool
    queries: int
    seconds: float
    disputed: bool = False


@dataclass(frozen=True, repr=False)
class Proof:
    """All answers.  seconds: of the whole, including the work around the queries.  solvers: their names."""

    answers: tuple[Answer, ...]
    seconds: float
    solvers: tuple[str, ...]

    def __repr__(self) -> str:
        broken = f"{len(self.faults)} goals are not proved" if self.faults else "proved"
        return f"<Proof: {len(self.answers)} steps, {broken}>"

    def about(self, goal: str) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if goal in answer.goals)

    def breaking(self, goal: str) -> tuple[str, ...]:
        """The steps that may break a goal."""
        return tuple(answer.step for answer in self.answers if goal in answer.broken)

    @property
    def goals(self) -> tuple[str, ...]:
        """Every goal, in the order of the declaration."""
        return tuple(dict.fromkeys(goal for answer in self.answers for goal in answer.goals))

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """(step, goal) wherever a step may break a goal."""
        return tuple((answer.step, goal) for answer in self.answers for goal in answer.broken)

    @property
    def vacuous(self) -> tuple[str, ...]:
        return tuple(answer.step for answer in self.answers if answer.vacuous)

    @property
    def disputed(self) -> tuple[str, ...]:
        return tuple(answer.step for answer in self.answers if answer.disputed)

    @property
    def queries(self) -> int:
        return sum(answer.queries for answer in self.answers)

    @property
    def slowest(self) -> float:
        return max((answer.seconds for answer in self.answers), default=0.0)

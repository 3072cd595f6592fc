"""Which conjuncts are redundant: the rest of their invariant implies them, so the proof could do without them."""

from __future__ import annotations

from collections.abc import Iterator

import z3

from halfclose.checks.prove import both_ends
from halfclose.checks.prove.one_end import natural
from halfclose.checks.readers.smt import Expr, Integers, Translation
from halfclose.spec.claims.agreement import AGREEMENT, STEPS
from halfclose.spec.claims.invariant import INVARIANT, Conjunct


def implied() -> tuple[str, ...]:
    """The names of conjuncts that follow from the others at the same moment."""
    return tuple(conjunct.name for conjunct, assumed, holds in _questions() if _follows(assumed, holds))


def _questions() -> Iterator[tuple[Conjunct, list[Expr], Expr]]:
    for conjunct in INVARIANT:
        translate = Translation(Integers())
        assumed = [translate(other.holds) for other in INVARIANT if other is not conjunct]
        holds = translate(conjunct.holds)
        yield conjunct, [*assumed, *(value >= 0 for var, value in translate.values.items() if natural(var))], holds
    for conjunct in (conjunct for conjunct in AGREEMENT if conjunct not in STEPS):
        yield conjunct, *both_ends.without(conjunct)


def _follows(assumed: list[Expr], holds: Expr) -> bool:
    solver = z3.Solver()
    solver.add(*assumed, z3.Not(holds))
    return bool(solver.check() == z3.unsat)

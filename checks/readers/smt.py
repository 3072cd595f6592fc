"""Terms as Z3 expressions, over two domains.

`Integers`: sequence numbers are absolute, unbounded ghosts and their comparisons are plain order.
`Words`: sequence numbers are bit-vectors of the wire's width and their comparisons are the RFC's, modulo its size
(3.4: a < b where b lies less than half the space ahead of a).  Counts are unsigned words there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import z3

from halfclose.spec.language.terms import Sort, Term, Var

Expr = Any  # z3py's expressions are not typed


class Domain(Protocol):
    """How one sort of arithmetic reads the operators."""

    def fresh(self, name: str, sort: Sort) -> Expr: ...

    def literal(self, value: int) -> Expr: ...

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr: ...


@dataclass(frozen=True)
class Integers:
    """Unbounded integers."""

    def fresh(self, name: str, sort: Sort) -> Expr:
        return z3.Bool(name) if sort is Sort.BOOL else z3.Int(name)

    def literal(self, value: int) -> Expr:
        return z3.IntVal(value)

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr:
        return a <= b if or_equal else a < b


@dataclass(frozen=True)
class Words:
    """Bit-vectors of `bits` bits."""

    bits: int = 32

    def fresh(self, name: str, sort: Sort) -> Expr:
        return z3.Bool(name) if sort is Sort.BOOL else z3.BitVec(name, self.bits)

    def literal(self, value: int) -> Expr:
        return z3.BitVecVal(value, self.bits)

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr:
        if sort is Sort.NUM:
            return z3.ULE(a, b) if or_equal else z3.ULT(a, b)
        ahead = b - a  # signed: the distance is less than half the space
        return ahead >= 0 if or_equal else ahead > 0


@dataclass
class Translation:
    """Terms over one copy of the variables; `prefix` names the copy (an endpoint, a segment)."""

    domain: Domain
    prefix: str = ""
    values: dict[Var, Expr] = field(default_factory=dict)

    def var(self, var: Var) -> Expr:
        if var not in self.values:
            self.values[var] = self.domain.fresh(self.prefix + var.name, var.sort)
        return self.values[var]

    def __call__(self, term: Term) -> Expr:
        if isinstance(term, Var):
            return self.var(term)
        if term.op == "literal":
            return z3.BoolVal(bool(term.value)) if term.sort is Sort.BOOL else self.domain.literal(term.value)
        args = [self(arg) for arg in term.args]
        match term.op:
            case "and":
                return z3.And(*args)
            case "or":
                return z3.Or(*args)
            case "not":
                return z3.Not(args[0])
            case "ite":
                return z3.If(*args)
            case "+":
                return args[0] + args[1]
            case "-":
                return args[0] - args[1]
            case "==":
                return args[0] == args[1]
        return self.domain.less(term.args[0].sort, args[0], args[1], or_equal=term.op == "<=")

    def after(self, updates: Mapping[Var, Term]) -> Translation:
        """The copy of the variables as an edge with these updates leaves them."""
        changed = {var: self(term) for var, term in updates.items()}
        return Translation(self.domain, self.prefix, self.values | changed)

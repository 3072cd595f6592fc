"""Terms as Z3 expressions, over two domains.

`Integers`: sequence numbers are absolute, unbounded ghosts and their comparisons are plain order.
`Words`: sequence numbers are bit-vectors of the wire's width and their comparisons are the RFC's, modulo its size
(3.4: a < b where b lies less than half the space ahead of a).  Counts are unsigned words there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import z3

from halfclose.spec.language.terms import Sort, Term, Var, walk

Expr = Any  # z3py's expressions are not typed


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All of these conditions.  z3.And says the same and looks at every operand's sort and context first, which is
    half of the time that a proof takes to build."""
    return _junction(z3.Z3_mk_and, parts)


def disjunction(parts: Iterable[Expr]) -> Expr:
    """At least one of these conditions."""
    return _junction(z3.Z3_mk_or, parts)


def _junction(make: Callable[..., Any], parts: Iterable[Expr]) -> Expr:
    asts = [part.as_ast() for part in parts]
    context = z3.main_ctx()
    return z3.BoolRef(make(context.ref(), len(asts), (z3.Ast * len(asts))(*asts)), context)


class Domain(Protocol):
    """How one sort of arithmetic reads the operators; domains of one name read them alike."""

    @property
    def name(self) -> str: ...

    def fresh(self, name: str, sort: Sort) -> Expr: ...

    def literal(self, value: int) -> Expr: ...

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr: ...


@dataclass(frozen=True)
class Integers:
    """Unbounded integers."""

    name = "integers"

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

    @property
    def name(self) -> str:
        return f"{self.bits}-bit words"

    def fresh(self, name: str, sort: Sort) -> Expr:
        return z3.Bool(name) if sort is Sort.BOOL else z3.BitVec(name, self.bits)

    def literal(self, value: int) -> Expr:
        return z3.BitVecVal(value, self.bits)

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr:
        if sort is Sort.NUM:
            return z3.ULE(a, b) if or_equal else z3.ULT(a, b)
        ahead = b - a  # signed: the distance is less than half the space
        return ahead >= 0 if or_equal else ahead > 0


#: What was translated before: the term, with the values that it read, by their identities.  Building a Z3 expression
#: costs far more than finding it here, and most edges leave most variables of an invariant as they are.  The term is
#: kept with its expression, so that no identity is given out twice.
_KNOWN: dict[tuple[str | int, ...], tuple[Term, Expr]] = {}
_READ: dict[int, tuple[Term, tuple[Var, ...]]] = {}


def reads(term: Term) -> tuple[Var, ...]:
    """The variables of a term, as they are met in it; looked up where the term was asked about before."""
    known = _READ.get(id(term))
    if known is None:
        known = _READ[id(term)] = term, tuple(dict.fromkeys(node for node in walk(term) if isinstance(node, Var)))
    return known[1]


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
        key = self.domain.name, id(term), *(self.var(var).get_id() for var in reads(term))
        known = _KNOWN.get(key)
        if known is None:
            known = _KNOWN[key] = term, self._build(term)
        return known[1]

    def _build(self, term: Term) -> Expr:
        if isinstance(term, Var):
            return self.values[term]
        if term.op == "literal":
            return z3.BoolVal(bool(term.value)) if term.sort is Sort.BOOL else self.domain.literal(term.value)
        args = [self._build(arg) for arg in term.args]
        match term.op:
            case "and":
                return conjunction(args)
            case "or":
                return disjunction(args)
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

"""Terms as Z3 expressions, over two domains.

- `Integers`: a sequence number is an unbounded integer that never wraps, and its comparisons are plain order.  Proofs
  by induction use these, because Z3 is fast on them.
- `Words`: a sequence number is a bit-vector of the width that it has on the wire, and its comparisons are those of the
  RFC, modulo 2^bits (3.4: a < b where b lies less than half the space ahead of a).  Counts are unsigned words.

prove/bridge.py shows where both agree, so that what is proved on integers holds on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import z3

from halfclose.spec.language.terms import Sort, Term, Var, walk

Expr = Any  # z3py's expressions are not typed


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All of these conditions.

    z3.And gives the same, but checks the sort and the context of every operand first; that takes half of the time in
    which a proof is built.
    """
    return _junction(z3.Z3_mk_and, parts)


def disjunction(parts: Iterable[Expr]) -> Expr:
    """At least one of these conditions."""
    return _junction(z3.Z3_mk_or, parts)


def _junction(make: Callable[..., Any], parts: Iterable[Expr]) -> Expr:
    asts = [part.as_ast() for part in parts]
    context = z3.main_ctx()
    return z3.BoolRef(make(context.ref(), len(asts), (z3.Ast * len(asts))(*asts)), context)


class Domain(Protocol):
    """What the operators mean in one kind of arithmetic; domains with the same name agree on it."""

    @property
    def name(self) -> str: ...

    def fresh(self, name: str, sort: Sort) -> Expr: ...

    def literal(self, value: int) -> Expr: ...

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr:
        """a < b, or a =< b; sort: that of both, a count or a sequence number."""


@cache
def _constant(name: str, sort: Sort) -> Expr:
    """A Boolean or an integer; every translation needs the same ones, so each is made once."""
    return z3.Bool(name) if sort is Sort.BOOL else z3.Int(name)


@dataclass(frozen=True)
class Integers:
    """Unbounded integers."""

    name = "integers"

    def fresh(self, name: str, sort: Sort) -> Expr:
        return _constant(name, sort)

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
        ahead = b - a  # as a signed word, it is positive where b lies less than half the space ahead
        return ahead >= 0 if or_equal else ahead > 0


#: Terms that were translated before, by the domain and the identities of the term and of the values that it reads.
#: Building a Z3 expression costs far more than finding it here, and most edges leave most variables of an invariant as
#: they are.  The term is kept with its expression: were it freed, another object could get its identity.
_KNOWN: dict[tuple[str | int, ...], tuple[Term, Expr]] = {}
_READ: dict[int, tuple[Term, tuple[Var, ...]]] = {}


def reads(term: Term) -> tuple[Var, ...]:
    """The variables of a term in the order of their first occurrence; each term is searched once."""
    known = _READ.get(id(term))
    if known is None:
        known = _READ[id(term)] = term, tuple(dict.fromkeys(node for node in walk(term) if isinstance(node, Var)))
    return known[1]


@dataclass
class Translation:
    """Translates terms over one copy of the variables.

    prefix: begins the names of its Z3 constants, so that several copies (two endpoints, say) stay apart.  values: the
    expression of each variable met so far; a variable without one gets a fresh constant.
    """

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
        """The variables after an edge with these updates: each is an expression over their values before it."""
        changed = {var: self(term) for var, term in updates.items()}
        return Translation(self.domain, self.prefix, self.values | changed)

"""The terms that guards, updates and emissions are written in.

A condition such as SND.UNA < SEG.ACK has to be evaluated by the explorer, proved by a solver and printed for people.
If it were Python code, each of these would need its own copy of it, and the copies could differ.  So a condition is
data here: `SND.UNA < SEG.ACK` does not compare anything, it builds a tree with the operator "<" and two variables, a
*term*.  Whoever needs the condition walks this one tree: `checks/readers` turns it into Python code and into Z3
expressions, `show` into text.

Each term has a sort:

BOOL  a condition
NUM   a number of octets: a window, a length, an index.  Never negative.
SEQ   a sequence number.  `<` and `<=` between two of them are the RFC's comparisons modulo the size of the
      sequence space (RFC 9293 3.4); SEQ + NUM is a SEQ, SEQ - SEQ is the NUM of octets from the second to the first.

The sorts exist to prevent the classic mistake, comparing sequence numbers as plain integers: two SEQ terms are always
compared modulo, and comparing a SEQ with a NUM raises TypeError as soon as the declaration is imported.

Two properties of Python need care.  `==` builds a term too, so terms are told apart by identity (`is`), never by
value.  And a term is neither true nor false, so conditions are combined with & | ~ instead of and, or, not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Sort(Enum):
    """What kind of value a term has."""

    BOOL = "bool"
    NUM = "num"
    SEQ = "seq"


class Kind(Enum):
    """Where the value of a variable comes from, which decides who may read it."""

    TCB = "tcb"  # the transmission control block and the host's ISN clock
    GHOST = "ghost"  # recorded for the claims alone: no guard, real update or real field of a segment may read it
    SEGMENT = "segment"  # a field of the arriving segment
    SEGMENT_GHOST = "segment ghost"  # what a claim knows of a segment and the wire does not carry
    CHOICE = "choice"  # what the user, the implementation or the clock decides at this event
    CONSTANT = "constant"  # fixed for a whole connection by the scope
    SWITCH = "switch"  # fixed for a whole run by the profile


@dataclass(frozen=True, eq=False)
class Term:
    """One node: an operator over terms, a literal, or a variable (see `Var`)."""

    op: str
    args: tuple[Term, ...]
    sort: Sort
    value: int = 0

    def __bool__(self) -> bool:
        raise TypeError("a term has no truth value: combine conditions with & | ~")

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> Term:  # type: ignore[override]
        return _compare("==", self, other)

    def __ne__(self, other: object) -> Term:  # type: ignore[override]
        return ~_compare("==", self, other)

    def __lt__(self, other: Term | int) -> Term:
        return _compare("<", self, other)

    def __le__(self, other: Term | int) -> Term:
        return _compare("<=", self, other)

    def __gt__(self, other: Term | int) -> Term:
        return _compare("<", _lift(other), self)

    def __ge__(self, other: Term | int) -> Term:
        return _compare("<=", _lift(other), self)

    def __and__(self, other: Term) -> Term:
        return all_of(self, other)

    def __or__(self, other: Term) -> Term:
        return any_of(self, other)

    def __invert__(self) -> Term:
        _require(self, Sort.BOOL)
        if self.op == "literal":
            return FALSE if self.value else TRUE
        return self.args[0] if self.op == "not" else Term("not", (self,), Sort.BOOL)

    def __add__(self, other: Term | int) -> Term:
        other = _lift(other)
        _require(other, Sort.NUM)
        if other.op == "literal" and other.value == 0:
            return self
        return Term("+", (self, other), self.sort)

    def __sub__(self, other: Term | int) -> Term:
        other = _lift(other)
        if other.op == "literal" and other.value == 0:
            return self
        sort = Sort.NUM if other.sort is Sort.SEQ else self.sort
        if other.sort is Sort.SEQ:
            _require(self, Sort.SEQ)
        return Term("-", (self, other), sort)

    def becomes(self, value: Term | int) -> Assignment:
        """The RFC's `variable <- value`."""
        raise TypeError("only a variable can be assigned")


@dataclass(frozen=True, eq=False)
class Var(Term):
    """A named variable, with what it means and where the RFC defines it.

    values: what its numbers 0, 1, 2 ... stand for, where they are the members of an enumeration; else empty.
    """

    name: str = ""
    kind: Kind = Kind.TCB
    means: str = ""
    values: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return id(self)

    def becomes(self, value: Term | int) -> Assignment:
        value = _lift(value, self.sort)
        if value.sort is not self.sort:
            raise TypeError(f"{self.name} is a {self.sort.value}, not a {value.sort.value}")
        return Assignment(self, value)


@dataclass(frozen=True, eq=False)
class Assignment:
    """`var <- value`.  All assignments of an edge happen at once: each value is computed from the values before."""

    var: Var
    value: Term


#: Terms that have a name of their own; `show` prints the name in place of the term.
NAMES: dict[Term, str] = {}


def named(name: str, term: Term) -> Term:
    """Give a term a name that is printed in its place.  It makes no difference to evaluation or proof."""
    NAMES[term] = name
    return term


def variable(name: str, sort: Sort, kind: Kind, means: str, values: tuple[str, ...] = ()) -> Var:
    return Var("var", (), sort, 0, name, kind, means, values)


def num(value: int) -> Term:
    return Term("literal", (), Sort.NUM, value)


def seq(value: int) -> Term:
    return Term("literal", (), Sort.SEQ, value)


TRUE = Term("literal", (), Sort.BOOL, 1)
FALSE = Term("literal", (), Sort.BOOL, 0)
NONE = num(0)
ORIGIN = seq(0)


def all_of(*terms: Term) -> Term:
    """Conjunction; TRUE when empty."""
    return _junction("and", terms, FALSE, TRUE)


def any_of(*terms: Term) -> Term:
    """Disjunction; FALSE when empty."""
    return _junction("or", terms, TRUE, FALSE)


def ite(condition: Term, then: Term | int, otherwise: Term | int) -> Term:
    """`then` where the condition holds, else `otherwise`; both of one sort."""
    then, otherwise = _lift(then), _lift(otherwise)
    _require(condition, Sort.BOOL)
    if then.sort is not otherwise.sort:
        raise TypeError(f"branches differ: {then.sort.value} and {otherwise.sort.value}")
    if condition.op == "literal":
        return then if condition.value else otherwise
    return then if then is otherwise else Term("ite", (condition, then, otherwise), then.sort)


def one_if(condition: Term) -> Term:
    """The sequence number that a control bit occupies: 1 where it is set, else 0."""
    return ite(condition, 1, 0)


def earlier(a: Term, b: Term) -> Term:
    """The smaller of two sequence numbers, or of two counts."""
    return ite(a <= b, a, b)


def later(a: Term, b: Term) -> Term:
    """The larger of two sequence numbers, or of two counts."""
    return ite(a <= b, b, a)


def substitute(term: Term, values: Mapping[Var, Term]) -> Term:
    """The term with variables replaced, simplified where that makes a part constant."""
    if isinstance(term, Var):
        return values.get(term, term)
    args = tuple(substitute(arg, values) for arg in term.args)
    return term if all(new is old for new, old in zip(args, term.args, strict=True)) else rebuild(term, args)


def substitute_named(term: Term, values: Mapping[Var, Term], name: str) -> Term:
    """The term with variables replaced, where parts that have a name keep one: "bound" becomes "PEER(bound)".

    A part that is called "PEER(...)" already loses the wrapping: the peer of the peer is this end.
    """
    if isinstance(term, Var) or not term.args:
        return substitute(term, values)
    moved = rebuild(term, tuple(substitute_named(arg, values, name) for arg in term.args))
    if term not in NAMES or not moved.args:
        return moved
    old = NAMES[term]
    return named(old[len(name) + 1 : -1] if old.startswith(f"{name}(") else f"{name}({old})", moved)


def rebuild(term: Term, args: tuple[Term, ...]) -> Term:
    """The same operator over other arguments, simplified."""
    match term.op:
        case "and":
            return all_of(*args)
        case "or":
            return any_of(*args)
        case "not":
            return ~args[0]
        case "ite":
            return ite(*args)
        case "==" | "<" | "<=":
            return _compare(term.op, *args)
    return Term(term.op, args, term.sort, term.value)


def walk(term: Term) -> Iterator[Term]:
    """Every node of a term, itself first."""
    yield term
    for arg in term.args:
        yield from walk(arg)


def variables(*terms: Term) -> frozenset[Var]:
    """The variables that these terms read."""
    return frozenset(node for term in terms for node in walk(term) if isinstance(node, Var))


def definitions(*terms: Term) -> dict[str, str]:
    """The named terms within these, each with what it stands for, outermost first.

    Names in brackets, as "[CLOSED or LISTEN]", are left out: they say by themselves what they stand for.
    """
    found: dict[str, str] = {}
    for term in terms:
        for node in walk(term):
            if node in NAMES and not NAMES[node].startswith("["):
                found.setdefault(NAMES[node], show(node, named_too=False))
    return found


_PRECEDENCE = {"or": 1, "and": 2, "not": 3, "==": 4, "<": 4, "<=": 4, "+": 5, "-": 5}
_SYMBOL = {"or": " or ", "and": " and ", "==": " = ", "<": " < ", "<=": " =< ", "+": "+", "-": "-"}


def show(term: Term, named_too: bool = True) -> str:
    """The term in the RFC's notation, e.g. `SND.UNA < SEG.ACK and SEG.ACK =< SND.NXT`."""
    if isinstance(term, Var):
        return term.name
    if named_too and term in NAMES:
        return NAMES[term]
    match term.op:
        case "literal":
            return str(bool(term.value)).lower() if term.sort is Sort.BOOL else str(term.value)
        case "ite":
            condition, then, otherwise = (show(arg) for arg in term.args)
            return f"({then} if {condition} else {otherwise})"
        case "not" if term.args[0].op == "==" and term.args[0] not in NAMES:
            return show(term.args[0]).replace(" = ", " /= ", 1)
        case "not":
            return "not " + _bracketed(term, term.args[0])
    left = term.args[0]
    if isinstance(left, Var) and left.values:
        return _SYMBOL[term.op].join((left.name, *(show_value(left, arg) for arg in term.args[1:])))
    return _SYMBOL[term.op].join(_bracketed(term, arg) for arg in term.args)


def show_value(var: Var, value: Term) -> str:
    """A value that a variable is compared with or assigned, by its name where the variable's values have names."""
    if value.op == "literal" and value.value < len(var.values):
        return var.values[value.value]
    return show(value)


def _bracketed(parent: Term, child: Term) -> str:
    inner = 9 if child in NAMES else _PRECEDENCE.get(child.op, 9)
    outer = _PRECEDENCE[parent.op]
    tight = inner > outer or (inner == outer and parent.op in ("and", "or", "+"))
    return show(child) if tight else f"({show(child)})"


def _junction(op: str, terms: tuple[Term, ...], absorbing: Term, neutral: Term) -> Term:
    parts: list[Term] = []
    for term in terms:
        _require(term, Sort.BOOL)
        if term.op == "literal":
            if term.value == absorbing.value:
                return absorbing
        else:
            parts.extend(term.args if term.op == op and term not in NAMES else (term,))
    if len(parts) < 2:
        return parts[0] if parts else neutral
    return Term(op, tuple(parts), Sort.BOOL)


def _compare(op: str, left: Term, right: object) -> Term:
    right = _lift(right, left.sort)
    if left.sort is not right.sort:
        raise TypeError(f"cannot compare {left.sort.value} with {right.sort.value}")
    if left.op == right.op == "literal" and (op == "==" or left.sort is Sort.NUM):
        holds = {"==": left.value == right.value, "<": left.value < right.value, "<=": left.value <= right.value}
        return TRUE if holds[op] else FALSE
    return Term(op, (left, right), Sort.BOOL)


def _lift(value: object, sort: Sort = Sort.NUM) -> Term:
    if isinstance(value, Term):
        return value
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return seq(value) if sort is Sort.SEQ else num(value)
    raise TypeError(f"not a term: {value!r}")


def _require(term: Term, sort: Sort) -> None:
    if term.sort is not sort:
        raise TypeError(f"expected a {sort.value}, got the {term.sort.value} {show(term)}")

"""Terms as text of another language, without superfluous brackets."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from halfclose.spec.language.terms import Sort, Term, Var

from .model import VALUES, base, key

Place = Callable[[Var], str]

#: How tightly operators bind; conjunction and disjunction never stand beside each other without brackets.
_LEVEL = {"or": 1, "and": 1, "==": 2, "!=": 2, "<": 2, "<=": 2, "seq <": 2, "seq <=": 2}
_SUMS = ("+", "-", "seq +", "seq -")
_ATOM = 9


@dataclass(frozen=True)
class Syntax:
    """One language: how each operator is written, with {} for its arguments.

    functions: operators written with brackets of their own, so that their arguments need none.
    """

    written: Mapping[str, str]
    functions: frozenset[str]
    false: str
    true: str
    names: Mapping[str, str]

    def text(self, term: Term, place: Place) -> str:
        """The term, with each variable where `place` says it is."""
        if isinstance(term, Var):
            return place(term)
        if term.op == "literal":
            return str(term.value) if term.sort is not Sort.BOOL else self.true if term.value else self.false
        if (known := self.names.get(key(term))) is not None:
            return known
        op, args = operator(term)
        written = [self.argument(op, arg, place, first=i == 0) for i, arg in enumerate(args)]
        if op in ("==", "!="):
            written = [
                _value(arg, args[1 - i]) or text for i, (arg, text) in enumerate(zip(args, written, strict=True))
            ]
        if op in ("and", "or"):
            return self.written[op].join(written)
        return self.written[op].format(*written)

    def value(self, var: Var, term: Term, place: Place) -> str:
        """The value that is assigned to a variable."""
        return _value(term, var) or self.text(term, place)

    def literal(self, var: Var, value: int) -> str:
        """A stored value as the language writes it."""
        if base(var) in VALUES:
            return VALUES[base(var)][value]
        return str(value) if var.sort is not Sort.BOOL else self.true if value else self.false

    def argument(self, op: str, arg: Term, place: Place, first: bool = False) -> str:
        """The term as an argument of an operator, in brackets where it needs them."""
        text = self.text(arg, place)
        if op in self.functions or (first and op in _SUMS and operator(arg)[0] == op):
            return text
        return f"({text})" if self._level(arg) <= self._own_level(op) else text

    def _level(self, term: Term) -> int:
        if isinstance(term, Var) or term.op == "literal" or key(term) in self.names:
            return _ATOM
        return self._own_level(operator(term)[0])

    def _own_level(self, op: str) -> int:
        if op in self.functions:
            return _ATOM
        return _LEVEL.get(op, 3 if op in _SUMS else 4)


def operator(term: Term) -> tuple[str, tuple[Term, ...]]:
    """The operator as a language needs to tell it: sequence numbers apart from counts, and "is not equal" as one."""
    match term.op:
        case "not" if term.args[0].op == "==":
            return "!=", term.args[0].args
        case "<" | "<=" | "+" | "-" if any(arg.sort is Sort.SEQ for arg in term.args):
            return f"seq {term.op}", term.args
    return term.op, term.args


def _value(term: Term, var: Term) -> str | None:
    """The name of a literal, where the variable has names for its values."""
    if isinstance(var, Var) and base(var) in VALUES and term.op == "literal":
        return VALUES[base(var)][term.value]
    return None


def filled(parts: Iterable[str], separator: str, indent: str) -> str:
    """The parts on as few lines as possible, none of them broken; lines after the first are indented."""
    text = f"{separator} ".join(part.replace(" ", "\0") for part in parts)
    wrapped = textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)
    return f"\n{indent}".join(wrapped).replace("\0", " ")

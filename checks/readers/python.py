"""Edges as Python functions over tuples: the declared terms, printed as code once for each scope.

A local state is a tuple of integers in the order of `TCB`, a segment one in the order of `SEGMENT`.  Sequence
numbers are kept modulo the size of the space, and compared as the RFC compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from halfclose.spec.language.edge import Edge
from halfclose.spec.language.terms import Sort, Term, Var
from halfclose.spec.language.variables import CHOICES, SEGMENT, STATE, TCB

Local = tuple[int, ...]
Segment = tuple[int, ...]
Choice = tuple[int, int, int]

#: Where each variable stands in such a tuple.
AT = {var: i for i, var in enumerate(TCB)}
FIELD = {var: i for i, var in enumerate(SEGMENT)}

#: Where each variable is found by the generated code: L the endpoint, P its peer, G the segment, C the choices.
_PLACES: dict[Var, str] = (
    {var: f"L[{i}]" for i, var in enumerate(TCB)}
    | {var: f"G[{i}]" for i, var in enumerate(SEGMENT)}
    | {var: f"C[{i}]" for i, var in enumerate(CHOICES)}
)


@dataclass(frozen=True)
class Arithmetic:
    """Numbers of one scope: the width of a sequence number and the value of each constant."""

    bits: int
    constants: Mapping[Var, int]

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1

    def code(self, term: Term, places: Mapping[Var, str] = _PLACES) -> str:
        """A Python expression; conditions give a bool or 0/1."""
        if isinstance(term, Var):
            return places[term] if term in places else str(self.constants[term])
        if term.op == "literal":
            return str(term.value)
        args = [self.code(arg, places) for arg in term.args]
        match term.op:
            case "and":
                return "(" + " and ".join(args) + ")"
            case "or":
                return "(" + " or ".join(args) + ")"
            case "not":
                return f"(not {args[0]})"
            case "ite":
                return f"({args[1]} if {args[0]} else {args[2]})"
            case "==":
                return f"({args[0]} == {args[1]})"
            case "+" | "-":
                modular = any(arg.sort is Sort.SEQ for arg in term.args)
                plain = f"({args[0]} {term.op} {args[1]})"
                return f"({plain} & {self.mask})" if modular else plain
        if term.args[0].sort is Sort.NUM:
            return f"({args[0]} {term.op} {args[1]})"
        ahead = f"(({args[1]} - {args[0]}) & {self.mask})"
        half = (self.mask + 1) // 2
        return f"({ahead} < {half})" if term.op == "<=" else f"(0 < {ahead} < {half})"

    def function(self, arguments: str, term: Term, places: Mapping[Var, str] = _PLACES) -> Callable[..., Any]:
        """The term as a function of these arguments."""
        return compile_source(f"def f({arguments}):\n    return {self.code(term, places)}\n")


#: What one edge does: None where its guard fails, else the next local state and the segment sent, if any.
StepFunction = Callable[[Local, Segment, Choice], "tuple[Local, Segment | None] | None"]


def compile_edge(edge: Edge, numbers: Arithmetic, dead: frozenset[Var] = frozenset()) -> StepFunction:
    """The edge as a function."""
    return compile_source(edge_source(edge, numbers, dead))


def edge_source(edge: Edge, numbers: Arithmetic, dead: frozenset[Var] = frozenset()) -> str:
    """The edge as Python.  Variables that nothing reads any more in its target are stored as 0."""
    updates = edge.updates | {STATE: None}
    values = []
    for i, var in enumerate(TCB):
        if var is STATE:
            values.append(str(edge.target.index))
        elif var in dead:
            values.append("0")
        elif var in updates:
            code = numbers.code(edge.updates[var])
            values.append(f"int({code})" if var.sort is Sort.BOOL else code)
        else:
            values.append(f"L[{i}]")
    emission = edge.emission()
    sent = "None" if emission is None else _tuple(numbers.code(emission[var]) for var in SEGMENT)
    guard = numbers.code(edge.guard)
    return f"def f(L, G, C):\n    if {guard}:\n        return {_tuple(values)}, {sent}\n    return None\n"


def _tuple(parts: Iterable[str]) -> str:
    return "(" + ", ".join(parts) + ",)"


def compile_source(source: str) -> Callable[..., Any]:
    """The function f that it defines."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["f"]  # type: ignore[no-any-return]

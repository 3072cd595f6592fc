"""Edges as Python functions over tuples: the declared terms, printed as code and compiled.

A local state is a tuple of integers in the order of `TCB`, a segment one in the order of `SEGMENT`.  Sequence numbers
are kept modulo 2^bits, the size of the space.  They are compared as 3.4 requires: a < b where b lies less than half the
space ahead of a, so MASK = 2^bits - 1 and HALF = 2^(bits-1) are all that a comparison needs.

The code names these two and the constants (SND_BUFF, ...) and does not hold their values.  So scopes of every size
share it, and it is compiled once in a process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Any

from halfclose.spec.language.edge import Edge
from halfclose.spec.language.terms import Sort, Term, Var
from halfclose.spec.language.variables import CHOICES, SEGMENT, STATE, TCB
from halfclose.spec.tcp.initial import INITIAL

Local = tuple[int, ...]
Segment = tuple[int, ...]
Choice = tuple[int, int, int]

#: The place of each variable in the tuple of a local state (AT) or of a segment (FIELD).
AT = {var: i for i, var in enumerate(TCB)}
FIELD = {var: i for i, var in enumerate(SEGMENT)}

#: Where the generated code finds each variable: L is the endpoint, G the segment received, C the choices of the event.
_PLACES: dict[Var, str] = (
    {var: f"L[{i}]" for i, var in enumerate(TCB)}
    | {var: f"G[{i}]" for i, var in enumerate(SEGMENT)}
    | {var: f"C[{i}]" for i, var in enumerate(CHOICES)}
)


def initial(clock: int) -> Local:
    """The local state in which every end begins, with its ISN clock at this number."""
    return tuple(INITIAL[var].value if var in INITIAL else clock for var in TCB)


@dataclass(frozen=True)
class Arithmetic:
    """The numbers of one scope: the width of a sequence number in bits, and the value of each constant."""

    bits: int
    constants: Mapping[Var, int]

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1

    @property
    def names(self) -> dict[str, int]:
        """The values of the names in generated code."""
        half = 1 << (self.bits - 1)
        return {"MASK": self.mask, "HALF": half} | {_name(var): value for var, value in self.constants.items()}

    def function(self, arguments: str, term: Term, places: Mapping[Var, str] = _PLACES) -> Callable[..., Any]:
        """The term as a function of these arguments."""
        return self.compiled(f"def f({arguments}):\n    return {expression(term, places)}\n")

    def compiled(self, source: str) -> Callable[..., Any]:
        """The function f that this source defines."""
        scope: dict[str, Any] = dict(self.names)
        exec(_compiled(source), scope)
        return scope["f"]  # type: ignore[no-any-return]


@cache
def _compiled(source: str) -> CodeType:
    return compile(source, "<edge>", "exec")


def _name(constant: Var) -> str:
    return constant.name.replace(".", "_")


def expression(term: Term, places: Mapping[Var, str] = _PLACES, mask: str = "MASK", half: str = "HALF") -> str:
    """A term as a Python expression; that of a condition has a bool or 0 or 1 as its value.

    places: the code for each variable; a variable without one is a constant, by its name.  mask, half: the code for the
    greatest sequence number, and for half the size of the space.
    """
    if isinstance(term, Var):
        return places[term] if term in places else _name(term)
    if term.op == "literal":
        return str(term.value)
    args = [expression(arg, places, mask, half) for arg in term.args]
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
            return f"({plain} & {mask})" if modular else plain
    if term.args[0].sort is Sort.NUM:
        return f"({args[0]} {term.op} {args[1]})"
    ahead = f"(({args[1]} - {args[0]}) & {mask})"
    return f"({ahead} < {half})" if term.op == "<=" else f"(0 < {ahead} < {half})"


#: An edge: from a local state, a segment and choices to None where its guard fails, else to the next local state and
#: the segment sent (None where it sends none).
StepFunction = Callable[[Local, Segment, Choice], "tuple[Local, Segment | None] | None"]


def compile_edge(edge: Edge, numbers: Arithmetic, dead: frozenset[Var] = frozenset()) -> StepFunction:
    """The edge as a function.  dead: variables that are dead in its target (see `edge_source`)."""
    return numbers.compiled(edge_source(edge, dead))


@cache
def edge_source(edge: Edge, dead: frozenset[Var] = frozenset()) -> str:
    """The edge as the source of a Python function f.  Variables that are dead in its target are stored as 0."""
    updates = edge.updates | {STATE: None}
    values = []
    for i, var in enumerate(TCB):
        if var is STATE:
            values.append(str(edge.target.index))
        elif var in dead:
            values.append("0")
        elif var in updates:
            code = expression(edge.updates[var])
            values.append(f"int({code})" if var.sort is Sort.BOOL else code)
        else:
            values.append(f"L[{i}]")
    emission = edge.emission()
    sent = "None" if emission is None else _tuple(expression(emission[var]) for var in SEGMENT)
    guard = expression(edge.guard)
    return f"def f(L, G, C):\n    if {guard}:\n        return {_tuple(values)}, {sent}\n    return None\n"


def _tuple(parts: Iterable[str]) -> str:
    return "(" + ", ".join(parts) + ",)"

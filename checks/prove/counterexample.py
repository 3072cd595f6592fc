"""A counterexample to induction: values that a step meets before it, and that break a conjunct after it.

A solver's model gives every variable a value.  Shown are those that tell why: the variables that the conjunct and the
guard of the edge read, each in its place, before the step and after it.  Among the models a small one is chosen: no
more switches on than needed, and small numbers.

Such a state need not be reachable: induction asks of every state that the invariant allows.  Either the edge is wrong,
or the invariant too weak to exclude the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import z3

from halfclose.checks.prove.obligation import Obligation, Part, Place
from halfclose.checks.readers.notation import show_segment
from halfclose.checks.readers.smt import Expr, reads
from halfclose.spec.language.terms import Kind, Sort, Var, show
from halfclose.spec.language.variables import CTL, SEG, SEGMENT, TWINS

#: What is said with every counterexample to induction.
NEED_NOT_BE_REACHABLE = (
    "A counterexample to induction need not be reachable: it is any state that the invariant allows."
)

#: What is said besides where no trace was looked for.
WHERE_TRACES_ARE = (
    "To find a real trace, explore: `halfclose prove --mutant NAME` does so for a named defect, `halfclose verify` for "
    "every claim, `halfclose verify --property FILE` for a property of your own."
)

#: A model with numbers up to one of these is looked for, the smallest first.
_SMALL = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 256)

_FIELDS = frozenset(SEGMENT)

#: The fields that `show_segment` shows together.
_ON_THE_WIRE = frozenset((CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST, SEG.SEQ, SEG.ACK, SEG.TEXT))


@dataclass(frozen=True)
class Value:
    """The value of one variable in one place, as the RFC would write it; after: the same where nothing changes.

    variable: empty for a whole segment, <SEQ=1><ACK=301><CTL=ACK>.
    """

    place: str
    variable: str
    before: str
    after: str


@dataclass(frozen=True)
class Counterexample:
    """Why one goal of one step is not proved.

    says: the formula that fails, in the RFC's notation.  guard: that of the edge, "" where there is none.  profile: the
    switches that are on.
    """

    proof: str
    step: str
    goal: str
    says: str
    guard: str
    profile: tuple[str, ...]
    values: tuple[Value, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def counterexamples(obligations: Iterable[Obligation], faults: Iterable[tuple[str, str]]) -> Iterator[Counterexample]:
    """One for each goal that is not proved, at the first step that breaks it.  faults: as (step, goal)."""
    wanted: dict[str, str] = {}
    for step, goal in faults:
        wanted.setdefault(goal, step)
    for obligation in obligations if wanted else ():
        found = (counterexample(obligation, goal) for goal, step in wanted.items() if step == obligation.step)
        yield from (one for one in found if one is not None)


def counterexample(obligation: Obligation, goal: str) -> Counterexample | None:
    """The values that break one goal of an obligation; None where there are none, or none was found in time."""
    solver = z3.Solver()
    solver.set("timeout", 10_000)
    solver.add(*obligation.base.said, *obligation.assumed, z3.Not(obligation.goals[goal]))
    if solver.check() != z3.sat:
        return None
    part = next(part for part in obligation.parts[goal] if _fails(solver.model(), part))
    solver.add(z3.Not(part.holds))
    shown = tuple(_shown(part, obligation.guard))
    model = _small(solver, shown, obligation)
    guard = obligation.guard
    return Counterexample(
        obligation.proof,
        obligation.step,
        goal,
        show(part.says),
        "" if guard is None else show(guard.says),
        tuple(switch.name for switch, value in obligation.switches.items() if z3.is_true(_value(model, value))),
        tuple(dict.fromkeys(_written(model, place, var) for place, var in shown)),
    )


def _fails(model: z3.ModelRef, part: Part) -> bool:
    return bool(z3.is_false(_value(model, part.holds)))


def _value(model: z3.ModelRef, expr: Expr) -> Expr:
    return model.eval(expr, model_completion=True)


# ---- which variables --------------------------------------------------------------------------------------------


def _shown(part: Part, guard: Part | None) -> Iterator[tuple[Place, Var]]:
    """Every variable that the conjunct and the guard read, with its place, each once; ends come before segments."""
    found = list(_read(part)) + (list(_read(guard)) if guard is not None else [])
    ends = [place.title for place, var in found if var not in _FIELDS]
    order = list(dict.fromkeys((*ends, *(place.title for place, _ in found))))
    seen: dict[tuple[str, str], tuple[Place, Var]] = {}
    for place, var in found:
        known = seen.get((place.title, var.name))
        if known is None or known[0].before is known[0].after:
            seen[place.title, var.name] = place, var
    yield from sorted(seen.values(), key=lambda one: order.index(one[0].title))


def _read(part: Part) -> Iterator[tuple[Place, Var]]:
    for var in reads(part.says):
        if var.kind is Kind.SWITCH:
            continue
        where, plain = TWINS.get(var, ("SEG" if var in _FIELDS else "", var))
        place = part.where.get(where) or part.where[""]
        if plain in place.after:
            yield place, plain


# ---- which values -----------------------------------------------------------------------------------------------


def _small(solver: z3.Solver, shown: Iterable[tuple[Place, Var]], obligation: Obligation) -> z3.ModelRef:
    """A model with few switches on and small numbers."""
    model = solver.model() if solver.check() == z3.sat else None
    for switch in obligation.switches.values():
        model = _if_possible(solver, [z3.Not(switch)]) or model
    fields = [(place, field) for place, var in shown if var in _ON_THE_WIRE for field in _ON_THE_WIRE]
    counted = ((place, var) for place, var in (*shown, *fields) if var.sort is not Sort.BOOL)
    numbers = [place.before[var] for place, var in counted if var in place.before]
    for bound in _SMALL:
        smaller = _if_possible(solver, [z3.And(number >= 0, number <= bound) for number in numbers])
        if smaller is not None:
            return smaller
    assert model is not None
    return model


def _if_possible(solver: z3.Solver, wish: list[Expr]) -> z3.ModelRef | None:
    """A model that grants a wish, which then is asserted; None, and nothing asserted, where there is none."""
    if solver.check(*wish) != z3.sat:
        return None
    model = solver.model()
    solver.add(*wish)
    return model


def _written(model: z3.ModelRef, place: Place, var: Var) -> Value:
    if var in _ON_THE_WIRE and place.before.keys() >= _FIELDS:
        segment = tuple(_number(_value(model, place.before[field])) for field in SEGMENT)
        return Value(place.title, "", show_segment(segment), show_segment(segment))
    before, after = (_text(model, values, var) for values in (place.before, place.after))
    return Value(place.title, var.name, before, after)


def _number(value: Expr) -> int:
    return int(z3.is_true(value)) if z3.is_bool(value) else int(value.as_long())


def _text(model: z3.ModelRef, values: Mapping[Var, Expr], var: Var) -> str:
    if var not in values:
        return ""
    number = _number(_value(model, values[var]))
    if var.sort is Sort.BOOL:
        return str(bool(number)).lower()
    return var.values[number] if 0 <= number < len(var.values) else str(number)

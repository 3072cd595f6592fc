"""The mutants of one edge, part by part: its guard, its updates, the segment that it sends, its target, its signal.

A term that several rules share stands once in the declaration.  So a mistake within it is made where it stands, by
`shared`; here such a term is dropped, negated or replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from halfclose.checks.mutate.mutant import Mutant, alone, edge_of
from halfclose.checks.mutate.neighbours import of_field, of_variable
from halfclose.checks.mutate.shared import shared
from halfclose.checks.mutate.terms import changes, is_about_switches
from halfclose.spec.language.edge import CALLS, Edge, Emission, Event, Rule
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import TRUE, Assignment, Sort, Term, Var, show
from halfclose.spec.language.variables import SEG, SND
from halfclose.spec.tcp.graph import TCP
from halfclose.spec.tcp.updates import ACK_SEGMENT, RESET_WITH_ACK


def mutants_of(edge: Edge) -> Iterator[Mutant]:
    """Every mutant of one edge; some of them may mean the same."""
    yield from _guard(edge)
    yield from _updates(edge)
    yield from _emission(edge)
    yield from _target(edge)
    yield from _signal(edge)


def _mutant(edge: Edge, part: str, change: str, was: str, now: str, rule: Rule) -> Mutant:
    return Mutant(edge.name, part, change, was, now, {edge.name: edge_of(rule)})


# ---- guards --------------------------------------------------------------------------------------------------


def _guard(edge: Edge) -> Iterator[Mutant]:
    rule = alone(edge)
    for i, conjunct in enumerate(rule.guard):
        if conjunct.op == "literal":
            continue
        for part, change, was, new in _of_condition(conjunct):
            guard = (*rule.guard[:i], new, *rule.guard[i + 1 :])
            place = ".".join(("guard", str(i), *map(str, part)))
            now = "" if new is TRUE else show(new)
            yield _mutant(edge, place, change, was, now, replace(rule, guard=guard))


def _of_condition(conjunct: Term) -> Iterator[tuple[tuple[int, ...], str, str, Term]]:
    yield (), "dropped", show(conjunct), TRUE
    if not is_about_switches(conjunct):
        yield (), "negated", show(conjunct), ~conjunct
    yield from ((one.path, one.change, show(conjunct), one.term) for one in changes(conjunct, shared()))


# ---- updates -------------------------------------------------------------------------------------------------


def _updates(edge: Edge) -> Iterator[Mutant]:
    rule = alone(edge)
    for update in rule.updates:
        others = tuple(a for a in rule.updates if a is not update)
        was = _shown(update)
        yield _mutant(edge, update.var.name, "dropped", was, "", replace(rule, updates=others))
        for change, value in _of_value(update, edge.event):
            new = update.var.becomes(value)
            changed = replace(rule, updates=(*others, new))
            yield _mutant(edge, update.var.name, change, was, _shown(new), changed)


def _of_value(update: Assignment, event: Event) -> Iterator[tuple[str, Term]]:
    var, value = update.var, update.value
    if var.sort is Sort.BOOL:
        yield "negated", ~value
    elif value.op != "literal":
        yield "+1", value + 1
        yield "-1", value - 1
        yield from ((f"={show(other)}", other) for other in of_variable(var, event) if other is not value)
    for one in changes(value, shared()):
        yield ".".join(map(str, (one.change, *one.path))), one.term


def _shown(update: Assignment) -> str:
    return f"{update.var.name} <- {show(update.value)}"


# ---- the segment that is sent --------------------------------------------------------------------------------

_FIELDS: dict[Var, str] = {
    SEG.SEQ: "seq",
    SEG.ACK: "acknowledge",
    SEG.WND: "wnd",
    SEG.TEXT: "text",
    SEG.AT: "at",
}


def _emission(edge: Edge) -> Iterator[Mutant]:
    rule = alone(edge)
    if rule.emits is None:
        yield from (
            _mutant(edge, "out", f"+{name}", "", str(segment), replace(rule, emits=segment))
            for name, segment in _added(edge.event)
        )
        return
    yield _mutant(edge, "out", "dropped", str(rule.emits), "", replace(rule, emits=None))
    for bit in ("syn", "ack", "fin", "rst"):
        toggled = replace(rule.emits, **{bit: not getattr(rule.emits, bit)})  # type: ignore[arg-type]
        yield _mutant(
            edge, f"out.{bit.upper()}", "toggled", str(rule.emits), str(toggled), replace(rule, emits=toggled)
        )
    for field in _significant(rule.emits):
        name = _FIELDS[field]
        value: Term = getattr(rule.emits, name)
        for change, new in _of_field(field, value, edge.event):
            changed = replace(rule.emits, **{name: new})  # type: ignore[arg-type]
            was, now = (f"{field.name} = {show(term)}" for term in (value, new))
            yield _mutant(edge, f"out.{field.name[4:]}", change, was, now, replace(rule, emits=changed))


def _added(event: Event) -> Iterator[tuple[str, Emission]]:
    """Segments that an edge without one might send by mistake."""
    yield "ACK", ACK_SEGMENT
    yield "RST", RESET_WITH_ACK if event is Event.SEGMENT else Emission(rst=True, seq=SND.NXT)


def _significant(emission: Emission) -> Iterator[Var]:
    """The fields that a receiver looks at: a RST has no window, and the ACK field counts with the ACK bit only."""
    yield SEG.SEQ
    if emission.ack:
        yield SEG.ACK
    if not emission.rst:
        yield SEG.WND
    if emission.text.op != "literal":
        yield from (SEG.TEXT, SEG.AT)


def _of_field(field: Var, value: Term, event: Event) -> Iterator[tuple[str, Term]]:
    yield "+1", value + 1
    yield "-1", value - 1
    yield from ((f"={show(other)}", other) for other in of_field(field, event) if other is not value)


# ---- target and signal ---------------------------------------------------------------------------------------

_SIGNALS = ("error: connection reset", "error: connection does not exist", "ok")


def _target(edge: Edge) -> Iterator[Mutant]:
    for target in _plausible(edge):
        changed = replace(alone(edge), target=target)
        yield _mutant(edge, "target", target.value, edge.target.value, target.value, changed)


def _plausible(edge: Edge) -> Iterable[State]:
    """Of an edge that changes the state, every other state; of one that does not, those that its state can lead to."""
    if edge.target is not edge.source:
        return (state for state in State if state is not edge.target)
    led_to = dict.fromkeys(other.target for other in TCP.edges if other.source is edge.source)
    return (state for state in led_to if state is not edge.target)


def _signal(edge: Edge) -> Iterator[Mutant]:
    rule, told = alone(edge), edge.rule.signal
    if told:
        yield _mutant(edge, "signal", "dropped", told, "", replace(rule, signal=""))
    for other in _SIGNALS:
        silent = edge.event in CALLS and not told and other == "ok"  # a call that returns nothing returns "ok"
        if other != told and not silent:
            yield _mutant(edge, "signal", f"={other}", told, other, replace(rule, signal=other))

"""Which rules read or set a variable, a switch or a named term, and how lists of rules are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from halfclose.spec.language.edge import Event, Rule
from halfclose.spec.language.terms import Assignment, Term, Var, show, show_value, walk
from halfclose.spec.tcp.graph import RULES


def terms(rule: Rule) -> Iterator[Term]:
    """Every term of a rule: its guard, the values it assigns, the fields of the segment it sends."""
    yield from rule.guard
    yield from (a.value for a in (*rule.updates, *rule.ghosts))
    if rule.emits is not None:
        yield from rule.emits.fields().values()


def reading(term: Term) -> list[Rule]:
    """The rules in which this variable or named term is read."""
    return [rule for rule in RULES if any(node is term for part in terms(rule) for node in walk(part))]


def setting(var: Var) -> list[tuple[Rule, Assignment]]:
    """The rules that assign this variable, each with its assignment."""
    return [(rule, a) for rule in RULES for a in (*rule.updates, *rule.ghosts) if a.var is var]


def blanks(assignment: Assignment) -> bool:
    """Whether it sets the variable to zero, as the creation and the deletion of a TCB do with almost every variable."""
    return assignment.value.op == "literal" and not assignment.value.value


def by_event(rules: Iterable[Rule]) -> list[str]:
    """The names of rules, one line for each event."""
    found: dict[Event, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.event, []).append(rule)
    return [f"{event.value}: {', '.join(together(group))}" for event, group in found.items()]


def base(name: str) -> str:
    """The name of a rule or an edge without the state that it is for: "step1.rst" of "step1.rst@LISTEN"."""
    return name.partition("@")[0]


def together(rules: Iterable[Rule]) -> dict[str, Rule]:
    """Rules by name.  Rules that differ only in their state share one entry, if all of them are among these."""
    missing = Counter(base(rule.name) for rule in RULES)
    rules = list(rules)
    missing.subtract(base(rule.name) for rule in rules)
    named: dict[str, Rule] = {}
    for rule in rules:
        named.setdefault(rule.name if missing[base(rule.name)] else base(rule.name), rule)
    return named


def assignments(group: tuple[Assignment, ...]) -> Iterator[str]:
    """One line for each assignment; where more than two variables are set to zero, these share a line."""
    zero = [a.var.name for a in group if blanks(a) and not a.var.values]
    if len(zero) > 2:
        yield f"{', '.join(zero)} <- 0"
    for a in group:
        if len(zero) <= 2 or a.var.name not in zero:
            yield f"{a.var.name} <- {show_value(a.var, a.value)}"


def formula(term: Term) -> str:
    """The formula that a named term stands for."""
    return show(term, named_too=False)

"""The changes that mutants are made of: a change takes a rule and returns another one, or None to remove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..language.edge import Rule
from ..language.states import State
from ..language.terms import Assignment, Term, Var, ite, substitute, variables
from ..language.variables import (
    SEG,
    SND,
    TEXT_END,
)
from ..tcp.synchronized import ACKNOWLEDGE
from ..tcp.updates import ACK_SEGMENT

Change = Callable[[Rule], Rule | None]


def gone(rule: Rule) -> None:
    """Remove the rule."""
    return


def without(*conditions: Term) -> Change:
    """Drop these conjuncts of the guard."""
    dropped = frozenset(conditions)

    def change(rule: Rule) -> Rule:
        kept = tuple(c for c in rule.guard if c not in dropped)
        if len(kept) == len(rule.guard):
            raise AssertionError(f"{rule.name} has no such conjunct")
        return replace(rule, guard=kept)

    return change


def reading(values: dict[Var, Term]) -> Change:
    """Replace variables in guard and updates; above all, fix a switch to one reading."""

    def change(rule: Rule) -> Rule:
        if variables(*rule.guard, *(a.value for a in rule.updates)).isdisjoint(values):
            return rule
        return replace(
            rule,
            guard=tuple(substitute(c, values) for c in rule.guard),
            updates=tuple(Assignment(a.var, substitute(a.value, values)) for a in rule.updates),
        )

    return change


def setting(*assignments: Assignment) -> Change:
    """Replace or add these updates, real or ghost."""
    new = {a.var for a in assignments}

    def change(rule: Rule) -> Rule:
        kept = tuple(a for a in rule.updates if a.var not in new)
        ghosts = tuple(a for a in rule.ghosts if a.var not in new)
        return replace(rule, updates=(*kept, *assignments), ghosts=ghosts)

    return change


def only_in(*states: State) -> Change:
    """Keep the rule in these of its states."""
    return lambda rule: replace(rule, states=tuple(s for s in rule.states if s in states))


def not_in(*states: State) -> Change:
    """Take the rule away in these of its states."""
    return lambda rule: replace(rule, states=tuple(s for s in rule.states if s not in states))


def also_in(*states: State) -> Change:
    """Let the rule apply in these states too."""
    return lambda rule: replace(rule, states=(*rule.states, *states))


def to(target: State) -> Change:
    """Lead to another state."""
    return lambda rule: replace(rule, target=target)


def silent(rule: Rule) -> Rule:
    """Send nothing."""
    return replace(rule, emits=None)


def both(*changes: Change) -> Change:
    """All of these changes, one after the other."""

    def change(rule: Rule) -> Rule | None:
        result: Rule | None = rule
        for one in changes:
            result = one(result) if result is not None else None
        return result

    return change


def only_if(*conditions: Term) -> Change:
    """Add these conjuncts to the guard."""
    return lambda rule: replace(rule, guard=(*rule.guard, *conditions))


def instead(old: Term, new: Term) -> Change:
    """Put another conjunct in the place of one."""
    return both(without(old), only_if(new))


def emitting(**fields: Term) -> Change:
    """Change fields of the emitted segment."""

    def change(rule: Rule) -> Rule:
        assert rule.emits is not None
        return replace(rule, emits=replace(rule.emits, **fields))  # type: ignore[arg-type]

    return change


def window_of_any_new_ack(rule: Rule) -> Rule:
    """Where the acknowledgment is processed, take the segment's window whenever it acknowledges something new."""
    if ACKNOWLEDGE[0] not in rule.updates:
        return rule
    new = SND.UNA < SEG.ACK
    window = (SND.WND.becomes(SEG.WND), SND.WL1.becomes(SEG.SEQ), SND.WL2.becomes(SEG.ACK))
    either = {a.var: a.var.becomes(ite(new, b.value, a.value)) for a, b in zip(ACKNOWLEDGE[1:], window, strict=True)}
    return replace(rule, updates=tuple(either.get(a.var, a) for a in rule.updates))


def emitting_ack(rule: Rule) -> Rule:
    """Send an ACK instead of a reset."""
    assert rule.emits is not None
    return replace(rule, emits=replace(rule.emits, rst=False))


def answering(rule: Rule) -> Rule:
    """Acknowledge the FIN with the transition itself."""
    return replace(rule, emits=replace(ACK_SEGMENT, acknowledge=TEXT_END + 1))

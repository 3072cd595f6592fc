"""Mutants of terms that several rules share, such as `acceptable` or `new-text`: changed everywhere at once.

A change of such a term in a single guard leaves a gap or an overlap beside the other guards that read it, so totality
finds it.  A mistake in the term itself stands in all of them alike, and totality cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from halfclose.checks.mutate.mutant import Mutant, alone, edge_of
from halfclose.checks.mutate.terms import local_changes
from halfclose.spec.language.edge import Edge, Emission, Rule
from halfclose.spec.language.terms import NAMES, Assignment, Sort, Term, Var, rebuild, show
from halfclose.spec.tcp.graph import TCP

#: A shared term with a label and the edges that read it.
Shared = dict[Term, tuple[str, tuple[Edge, ...]]]


def mutants_of_shared() -> Iterator[Mutant]:
    """Every mutant of every term that at least two rules share."""
    for term, (label, edges) in shared().items():
        for change, new in _changes(term):
            yield _everywhere(term, label, change, new, edges)


def _changes(term: Term) -> Iterator[tuple[str, Term]]:
    yield from local_changes(term)
    if term in NAMES and term.sort is Sort.BOOL:
        yield "negated", ~term


def _everywhere(term: Term, label: str, change: str, new: Term, edges: Iterable[Edge]) -> Mutant:
    replacing = _Replacing(term, new)
    changed = {edge.name: edge_of(replacing.rule(alone(edge))) for edge in edges}
    return Mutant(f"term:{label}", "", change, show(term, named_too=False), show(new, named_too=False), changed)


@cache
def shared() -> Shared:
    """The terms with an operator that at least two rules share."""
    places: dict[int, tuple[Term, str, dict[str, Edge], set[str]]] = {}
    for edge in TCP.edges:
        for place, term in _places(edge.rule):
            for path, node in _nodes(term):
                if not node.args:
                    continue
                label = NAMES.get(node) or ".".join((f"{edge.name}/{place}", *map(str, path)))
                _, _, found, rules = places.setdefault(id(node), (node, label, {}, set()))
                found[edge.name] = edge
                rules.add(edge.rule.name)
    return {node: (label, tuple(found.values())) for node, label, found, rules in places.values() if len(rules) > 1}


def _places(rule: Rule) -> Iterator[tuple[str, Term]]:
    yield from ((f"guard.{i}", conjunct) for i, conjunct in enumerate(rule.guard))
    yield from ((update.var.name, update.value) for update in rule.updates)
    if rule.emits is not None:
        yield from ((f"out.{name}", getattr(rule.emits, name)) for name in _FIELDS)


_FIELDS = ("seq", "acknowledge", "wnd", "text", "at")


def _nodes(term: Term, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Term]]:
    yield path, term
    if not (term in NAMES and NAMES[term].startswith("[")):  # a list of states
        for i, arg in enumerate(term.args):
            yield from _nodes(arg, (*path, i))


class _Replacing:
    """Puts one term in the place of another, wherever it stands."""

    def __init__(self, old: Term, new: Term) -> None:
        self._known: dict[int, tuple[Term, Term]] = {id(old): (old, new)}

    def term(self, term: Term) -> Term:
        if id(term) not in self._known:
            new = self._rebuilt(term)
            self._known[id(term)] = term, new
        return self._known[id(term)][1]

    def _rebuilt(self, term: Term) -> Term:
        if isinstance(term, Var) or not term.args:
            return term
        args = tuple(self.term(arg) for arg in term.args)
        return term if all(new is old for new, old in zip(args, term.args, strict=True)) else rebuild(term, args)

    def rule(self, rule: Rule) -> Rule:
        return replace(
            rule,
            guard=tuple(self.term(conjunct) for conjunct in rule.guard),
            updates=tuple(Assignment(a.var, self.term(a.value)) for a in rule.updates),
            emits=rule.emits and self._emission(rule.emits),
        )

    def _emission(self, emission: Emission) -> Emission:
        return replace(emission, **{name: self.term(getattr(emission, name)) for name in _FIELDS})  # type: ignore[arg-type]

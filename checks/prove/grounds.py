"""Whether the lemmas of the bridge apply where the declaration compares sequence numbers, edge by edge.

A lemma's premises are of two kinds.  Some say how far apart numbers of different ends or times may lie (AGE, AHEAD and
so on): these remain assumptions.  The others are about one end at one moment.  Here they are proved for every edge,
from the proved invariants and from the conditions of the guard that come before the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import z3

from halfclose.checks.prove.lemmas import ACK_AGE, AGE, AHEAD, LIFE, QUEUE, TEXT, Lemma, W
from halfclose.checks.prove.one_end import choices
from halfclose.checks.readers.smt import Integers, Translation
from halfclose.spec.claims.agreement import ALONE
from halfclose.spec.claims.invariant import INVARIANT
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import CLOSE_BY_THE_LETTER
from halfclose.spec.language.terms import Kind, Sort, Term, all_of, num, show, substitute, variables, walk
from halfclose.spec.language.variables import RCV, SND, STATE, TWINS, N
from halfclose.spec.tcp.graph import Graph

#: Premises that name one of these are assumptions about the world: how old, how far ahead, how large.
_ASSUMED = frozenset((AGE, AHEAD, ACK_AGE, LIFE, QUEUE, TEXT))

#: Windows are no larger than W, and by default (reading 8) a window update has always been seen.
_SETTING = (SND.MAX_WND <= W, RCV.BUFF <= SND.MAX_WND, num(1) <= SND.MAX_WND, ~CLOSE_BY_THE_LETTER)

#: The invariants, as far as they speak of one end alone.
_KNOWN = tuple(
    conjunct.holds for conjunct in (*INVARIANT, *ALONE) if not any(var in TWINS for var in variables(conjunct.holds))
)


def compares(term: Term) -> bool:
    """Whether a node compares sequence numbers, or uses the difference of two as a number."""
    ordered = term.op in ("<", "<=", "==") or (term.op == "-" and term.sort is Sort.NUM)
    return ordered and term.args[0].sort is Sort.SEQ


def notation(term: Term) -> str:
    """The term with nothing abbreviated, so that the same comparison always reads the same."""
    return show(substitute(term, {}))


def ungrounded(graph: Graph, covers: Mapping[str, Sequence[Lemma]]) -> Iterator[tuple[str, str]]:
    """(edge, comparison) wherever no lemma about the comparison applies; covers: the lemmas by notation."""
    for edge in graph.edges:
        for key in _Ground(edge, covers).without_a_lemma():
            yield edge.name, key


class _Ground:
    """What is known at one edge; it grows with every condition of the guard that is read."""

    def __init__(self, edge: Edge, covers: Mapping[str, Sequence[Lemma]]):
        self.edge, self.covers = edge, covers
        self.read = Translation(Integers(), values={STATE: z3.IntVal(edge.source.index)})
        self.solver = z3.Solver()
        self.solver.add(*map(self.read, (*_KNOWN, *_SETTING)), self.read(N) >= 0, *choices(self.read, edge))

    def without_a_lemma(self) -> Iterator[str]:
        for condition in _conjuncts(self.edge.rule.guard):
            yield from self._missing(condition)
            self.solver.add(self.read(condition))
        for term in (*self.edge.updates.values(), *(self.edge.emission() or {}).values()):
            yield from self._missing(term)

    def _missing(self, term: Term) -> Iterator[str]:
        keys = dict.fromkeys(notation(node) for node in walk(term) if compares(node))
        return (key for key in keys if not any(map(self._applies, self.covers.get(key, ()))))

    def _applies(self, lemma: Lemma) -> bool:
        """Whether the premises of a lemma follow from what is known, except those that remain assumed.

        A premise about a switch need not follow: where the switch is off, nothing depends on the comparison.
        """
        said = [premise for premise in lemma.premises if not _assumed(premise)]
        self.solver.push()
        self.solver.add(z3.Not(self.read(all_of(*said))))
        verdict = self.solver.check()
        self.solver.pop()
        return bool(verdict == z3.unsat)


def _conjuncts(guard: Sequence[Term]) -> Iterator[Term]:
    """The conditions of a guard in their order, each one alone."""
    for condition in guard:
        yield from condition.args if condition.op == "and" else (condition,)


def _assumed(premise: Term) -> bool:
    read = variables(premise)
    return not read.isdisjoint(_ASSUMED) or all(var.kind is Kind.SWITCH for var in read)

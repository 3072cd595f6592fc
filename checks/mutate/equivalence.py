"""Proof that a mutant is no defect: under the invariant of one end, nobody can tell it from the right edge.

The two edges are equivalent if in every state of the invariant, for every segment, choice and profile, either both can
be taken or neither can, and where they can, they lead to the same state, set every variable that anything depends on
later to the same value, send the same segment and tell the user the same.  Variables that nothing reads before they are
set again are dead (`readers/dead_variables`), as those of a deleted TCB are, so their values make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import z3

from halfclose.checks.prove.one_end import obligation
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.checks.readers.smt import Expr, Integers, Translation, conjunction
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind, Var
from halfclose.spec.language.variables import CTL, HELD, SEG, STATE, TCB
from halfclose.spec.tcp.graph import TCP

#: These are read of a held segment only.
_OF_A_HELD_SEGMENT = frozenset((HELD.SEQ, HELD.TEXT, HELD.FIN))


def equivalent(right: Edge, wrong: Edge) -> bool:
    """Whether Z3 proves that the two edges are equivalent."""
    if right.target is not wrong.target or right.rule.signal != wrong.rule.signal:
        return False
    if (right.rule.emits is None) is not (wrong.rule.emits is None):
        return False
    return _alike(right, wrong, right) and _alike(right, wrong, wrong)


def _alike(right: Edge, wrong: Edge, taken: Edge) -> bool:
    """Whether, wherever one of them can be taken, the other can be, too, and does the same."""
    before = Translation(Integers(), values={STATE: z3.IntVal(right.source.index)})
    other = wrong if taken is right else right
    solver = z3.Solver()
    solver.add(*obligation(taken).assumed)
    solver.add(z3.Not(conjunction([before(other.guard), *_same(before, right, wrong)])))
    return bool(solver.check() == z3.unsat)


def _same(before: Translation, right: Edge, wrong: Edge) -> Iterator[Expr]:
    updates, changed = right.updates, wrong.updates
    held = before(updates.get(HELD.SET, HELD.SET))
    for var in _live(right.target):
        one, other = updates.get(var, var), changed.get(var, var)
        if one is not other:
            same = before(one) == before(other)
            yield z3.Implies(held, same) if var in _OF_A_HELD_SEGMENT else same
    sent, sends = right.emission(), wrong.emission()
    if sent is not None and sends is not None:
        for field in _significant(right):
            if sent[field] is not sends[field]:
                yield before(sent[field]) == before(sends[field])


def _significant(edge: Edge) -> tuple[Var, ...]:
    """The fields that a receiver looks at; which control bits are set is among them."""
    emits = edge.rule.emits
    assert emits is not None
    acknowledge = (SEG.ACK,) if emits.ack else ()
    window = () if emits.rst else (SEG.WND,)
    return (CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST, SEG.SEQ, SEG.TEXT, SEG.AT, *acknowledge, *window)


@cache
def _live(state: State) -> tuple[Var, ...]:
    """The variables of the TCB that something may depend on in this state, whatever the profile."""
    dead = _dead()[state]
    return tuple(var for var in TCB if var.kind is Kind.TCB and var is not STATE and var not in dead)


@cache
def _dead() -> dict[State, frozenset[Var]]:
    return dead_variables((_without_ghosts(edge) for edge in TCP.edges), frozenset())


def _without_ghosts(edge: Edge) -> Edge:
    """What a ghost reads makes no difference to an endpoint."""
    rule = replace(edge.rule, ghosts=())
    return Edge(edge.name, edge.source, edge.target, rule)

"""Both proofs of one edge alone, up to the first failure: what a changed edge breaks, in some milliseconds.

An edge is proved by its own obligations, whatever the other edges are.  So a defect of one edge is judged by the
obligations of this edge, and the first goal that fails is enough to say that the proof notices it.
"""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.checks.prove.obligation import Obligation
from halfclose.checks.prove.proofs import of_one_edge
from halfclose.checks.prove.solvers import Z3
from halfclose.spec.claims.agreement import never_taken
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import Profile

#: What is said of an edge that no state of the invariant can take, though no reason for that is known.
VACUOUS = "the edge can be taken"


@dataclass(frozen=True)
class Failure:
    """proof: a key of OBLIGATIONS.  edge: its name.  goal: the conjunct or claim that it may break, or VACUOUS."""

    proof: str
    edge: str
    goal: str


class EdgeJudge:
    """Judges one edge after the other; what all of them assume is told to the solver once.

    profile: prove for this one only; without it, for all profiles at once.
    """

    def __init__(self, profile: Profile | None = None):
        self._proofs = {proof: (obligation, Z3()) for proof, obligation in of_one_edge(profile).items()}

    def first_failure(self, edge: Edge) -> Failure | None:
        """The first goal that this edge may break, first of the proof of one end; None where it keeps both proofs."""
        for proof, (obligation, solver) in self._proofs.items():
            goal = _first(solver, obligation(edge))
            if goal is not None:
                return Failure(proof, edge.name, goal)
        return None


def judge_edge(edge: Edge, profile: Profile | None = None) -> Failure | None:
    """The first goal that one edge may break; with many edges to judge, an EdgeJudge is faster."""
    return EdgeJudge(profile).first_failure(edge)


def _first(solver: Z3, obligation: Obligation) -> str | None:
    solver.load(obligation)
    goals = tuple(obligation.goals)
    broken = solver.one_that_fails(goals)
    if broken is None and not never_taken(obligation.step) and not solver.possible():
        return VACUOUS
    return broken

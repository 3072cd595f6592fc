"""What notices a mutant without running anything: totality, the claims on steps, and the two proofs.

The judges are asked from the cheapest to the dearest, and the first one that notices ends it.
"""

from __future__ import annotations

from halfclose.checks.claims.totality import flaw_of_changed
from halfclose.checks.mutate.equivalence import equivalent
from halfclose.checks.mutate.mutant import Mutant
from halfclose.checks.mutate.results import Result
from halfclose.checks.prove.one_end import step_claims
from halfclose.checks.prove.proofs import of_one_edge
from halfclose.checks.prove.solvers import Z3
from halfclose.spec.claims.agreement import never_taken
from halfclose.spec.language.edge import Edge, reads_a_ghost
from halfclose.spec.tcp.graph import TCP

#: The judges in the order in which they are asked, and at last the proof that there is nothing to notice.
STATIC, TOTALITY, CLAIMS, ONE_END, BOTH_ENDS = "static", "totality", "claims", "one end", "both ends"
EQUIVALENT = "equivalent"
#: A vector tells the mutant that no generated one tells, but a search has found.
SEARCH = "search"
SURVIVES = "survives"
JUDGES = (STATIC, TOTALITY, CLAIMS, ONE_END, BOTH_ENDS)


class Judges:
    """The judges of one process."""

    def __init__(self) -> None:
        self._proofs = {proof: (obligation, Z3()) for proof, obligation in of_one_edge(None).items()}
        self._claims = step_claims()
        self._right = {edge.name: edge for edge in TCP.edges}

    def ask(self, mutant: Mutant) -> Result:
        """The first judge that notices this mutant."""
        found = self._static(mutant) or self._totality(mutant) or self._proved(mutant)
        if found is not None:
            return found
        return Result(EQUIVALENT if self.unseen(mutant) else SURVIVES)

    def unseen(self, mutant: Mutant) -> bool:
        """Whether nobody can tell the mutant from the right edges by what they do."""
        return all(equivalent(self._right[name], edge) for name, edge in mutant.edges.items())

    def _static(self, mutant: Mutant) -> Result | None:
        for edge in mutant.edges.values():
            if reads_a_ghost(edge.rule):
                return Result(STATIC, f"{edge.name} reads a ghost")
        return None

    def _totality(self, mutant: Mutant) -> Result | None:
        if not any(_other_guard(self._right[name], edge) for name, edge in mutant.edges.items()):
            return None
        flaw = flaw_of_changed(mutant.edges)
        return None if flaw is None else Result(TOTALITY, str(flaw))

    def _proved(self, mutant: Mutant) -> Result | None:
        for proof in (ONE_END, BOTH_ENDS):
            for edge in mutant.edges.values():
                if found := self._by(proof, edge):
                    return found
        return None

    def _by(self, proof: str, edge: Edge) -> Result | None:
        """The first goal of one proof that the edge may break: first of the claims on steps, then of the conjuncts."""
        make, solver = self._proofs[proof]
        obligation = make(edge)
        solver.load(obligation)
        said = tuple(goal for goal in obligation.goals if goal in self._claims)
        conjuncts = tuple(goal for goal in obligation.goals if goal not in self._claims)
        for by, goals in ((CLAIMS, said), (proof, conjuncts)):
            if goals and (broken := solver.one_that_fails(goals)):
                return Result(by, f"{edge.name}: {broken}")
        if not never_taken(edge.name) and not solver.possible():
            return Result(proof, f"{edge.name}: no state can take it")
        return None


def _other_guard(right: Edge, wrong: Edge) -> bool:
    one, other = right.rule.guard, wrong.rule.guard
    return len(one) != len(other) or any(a is not b for a, b in zip(one, other, strict=True))

"""What notices a mutant without running anything: totality, the claims on steps, and the two proofs.

The judges are asked from the cheapest to the dearest, and the first one that notices ends it.
"""

from __future__ import annotations

from halfclose.checks.claims.totality import flaw_of_changed
from halfclose.checks.mutate.equivalence import equivalent
from halfclose.checks.mutate.mutant import Mutant
from halfclose.checks.mutate.results import Result
from halfclose.checks.prove.judge import EdgeJudge
from halfclose.checks.prove.one_end import step_claims
from halfclose.spec.language.edge import Edge, reads_a_ghost
from halfclose.spec.tcp.graph import TCP

#: The judges in the order in which they are asked, and at last the proof that there is nothing to notice.
STATIC, TOTALITY, CLAIMS, ONE_END, BOTH_ENDS = "static", "totality", "claims", "one end", "both ends"
EQUIVALENT = "equivalent"
SURVIVES = "survives"
JUDGES = (STATIC, TOTALITY, CLAIMS, ONE_END, BOTH_ENDS)


class Judges:
    """The judges of one process."""

    def __init__(self) -> None:
        self._proofs = EdgeJudge()
        self._claims = step_claims()
        self._right = {edge.name: edge for edge in TCP.edges}

    def ask(self, mutant: Mutant) -> Result:
        """The first judge that notices this mutant."""
        found = self._static(mutant) or self._totality(mutant) or self._proved(mutant)
        if found is not None:
            return found
        same = all(equivalent(self._right[name], edge) for name, edge in mutant.edges.items())
        return Result(EQUIVALENT if same else SURVIVES)

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
        for edge in mutant.edges.values():
            failure = self._proofs.first_failure(edge)
            if failure is not None:
                by = CLAIMS if failure.goal in self._claims else failure.proof
                return Result(by, f"{failure.edge}: {failure.goal}")
        return None


def _other_guard(right: Edge, wrong: Edge) -> bool:
    one, other = right.rule.guard, wrong.rule.guard
    return len(one) != len(other) or any(a is not b for a, b in zip(one, other, strict=True))

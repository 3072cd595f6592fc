"""What was decided of the claims: a verdict for each unit, the evidence for each property, and the report of it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from halfclose.checks.claims.units import kinds
from halfclose.checks.explore.trace import Lasso, Trace
from halfclose.checks.prove.enabling import Vacuous
from halfclose.spec.claims.properties import (
    Claim,
    Property,
)
from halfclose.spec.language.edge import Event
from halfclose.spec.tcp.graph import TCP

#: The engine of proofs for all values.
INDUCTION = "induction"


@dataclass(frozen=True)
class Verdict:
    """The verdict of one unit on one property.

    seconds: of the unit.  trace: of a violation, or of a witness.  words: why it fails, in a few words.  assumes: the
    premises of a proof.  taken: the names of the edges that its exploration took.  vacuous: the steps of a proof that
    nobody can take.
    """

    claim: str
    prop: str
    tried: str  # the mutant that was to break it, "" where the property itself was judged
    holds: bool
    engine: str
    scope: str
    seconds: float
    states: int | None = None
    queries: int | None = None
    trace: Trace | Lasso | None = None
    words: str = ""
    assumes: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()
    vacuous: tuple[Vacuous, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A property with its verdict, and the mutants that broke it or did not.  tried: how many mutants were decided."""

    prop: Property
    verdict: Verdict | None
    broken_by: tuple[str, ...]
    survived_by: tuple[str, ...]
    tried: int

    @property
    def guarded(self) -> bool:
        """Whether some mutant breaks the property, and each one that was tried: so the property can fail."""
        return bool(self.broken_by) and not self.survived_by


@dataclass(repr=False)
class Report:
    """Everything that has been decided so far."""

    claims: tuple[Claim, ...]
    with_mutants: bool
    verdicts: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0
    kinds: tuple[str, ...] = ("explore", "progress", "prove", "replay", "shape")

    def evidence(self, claim: Claim) -> tuple[Evidence, ...]:
        """One item for each property, two where it is both explored and proved."""
        wanted = ((prop, kind) for prop in claim.properties for kind in kinds(prop) if kind in self.kinds)
        return tuple(self._evidence(claim, prop, kind == "prove") for prop, kind in wanted)

    def _evidence(self, claim: Claim, prop: Property, proved: bool) -> Evidence:
        mine = [
            v for v in self.verdicts if (v.claim, v.prop) == (claim.id, prop.name) and (v.engine == INDUCTION) is proved
        ]
        own = next((v for v in mine if not v.tried), None)
        broken = {v.tried for v in mine if v.tried and not v.holds}
        survived = {v.tried for v in mine if v.tried and v.holds}
        named = prop.broken_by
        return Evidence(
            prop,
            own,
            tuple(m for m in named if m in broken),
            tuple(m for m in named if m in survived),
            len(broken | survived),
        )

    def verdict(self, claim: Claim) -> str:
        """One word: holds, fails, or unknown (a property was not decided, or a mutant that must break it does not)."""
        evidence = self.evidence(claim)
        if any(e.verdict is not None and not e.verdict.holds for e in evidence):
            return "fails"
        if any(e.verdict is None for e in evidence):
            return "unknown"
        if self.with_mutants and any(not e.guarded for e in evidence):
            return "unknown"
        return "holds"

    def untaken(self) -> tuple[str, ...]:
        """The edges that no exploration of the unchanged rules took; test vectors exercise most of them."""
        taken = frozenset[str]().union(*(v.taken for v in self.verdicts))
        return tuple(edge.name for edge in TCP.edges if edge.name not in taken and edge.event is not Event.STATUS)

    def vacuous(self) -> tuple[Vacuous, ...]:
        """The steps that nobody can take, of every proof, each with its explanation."""
        return tuple(dict.fromkeys(one for verdict in self.verdicts for one in verdict.vacuous))

    def unguarded(self) -> tuple[tuple[Claim, Evidence], ...]:
        """Properties that some mutant should break and does not; none where no mutants were tried."""
        if not self.with_mutants:
            return ()
        return tuple((c, e) for c in self.claims for e in self.evidence(c) if e.tried and not e.guarded)

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{claim.id} {self.verdict(claim)}" for claim in self.claims)
        return f"<Report: {verdicts}>"

    def to_json(self) -> dict[str, Any]:
        claims = [self._claim_json(claim) for claim in self.claims]
        return {"claims": claims, "vacuous": [one.to_json() for one in self.vacuous()]}

    def _claim_json(self, claim: Claim) -> dict[str, Any]:
        evidence = [_evidence_json(e) for e in self.evidence(claim) if e.verdict is not None]
        return {"id": claim.id, "title": claim.title, "verdict": self.verdict(claim), "evidence": evidence}


def _evidence_json(evidence: Evidence) -> dict[str, Any]:
    verdict = evidence.verdict
    assert verdict is not None
    counts = {k: v for k, v in (("states", verdict.states), ("queries", verdict.queries)) if v is not None}
    trace = {} if verdict.trace is None else {"trace": verdict.trace.to_json()}
    assumes = {"assumes": list(verdict.assumes)} if verdict.assumes else {}
    return {
        "engine": verdict.engine,
        "property": evidence.prop.name,
        "kind": type(evidence.prop).__name__.lower(),
        "scope": verdict.scope,
        **counts,
        "seconds": round(verdict.seconds, 3),
        "holds": verdict.holds,
        "broken_by": list(evidence.broken_by),
        **assumes,
        **trace,
    }

"""The mutation gate: every defect breaks the proof and has a real trace, or there is a reason why it is harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.progress import decide
from halfclose.checks.explore.trace import Lasso, Trace, trace_of
from halfclose.checks.prove.proofs import OBLIGATIONS, changed
from halfclose.checks.prove.solvers import prove
from halfclose.checks.work.processes import ignore_interrupt, stop
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Always, Eventually, OnStep, Property, Quiet, Stays
from halfclose.spec.mutants.defects import MUTANTS, mutated
from halfclose.spec.tcp.graph import tcp
from halfclose.spec.world.scopes import SCOPES


@dataclass(frozen=True)
class TriedMutant:
    """What became of one mutant.

    proof: the one that breaks: "one end", whose peer may send anything, or "both ends", whose peer follows TCP.  step,
    goal: the edge at which it breaks, and the conjunct or theorem.  claim, scope, trace: a behaviour that violates a
    claim.  harmless: the reason why there need not be one; else empty.
    """

    mutant: str
    proof: str
    step: str
    goal: str
    claim: str
    scope: str
    trace: Trace | Lasso | None
    harmless: str

    @property
    def passes(self) -> bool:
        """Broken with a trace, or harmless with a reason."""
        return bool(self.harmless) or (bool(self.step) and self.trace is not None)

    def to_json(self) -> dict[str, Any]:
        trace = None if self.trace is None else self.trace.to_json()
        return {**self.__dict__, "trace": trace, "passes": self.passes}


def gate(names: tuple[str, ...], done: Callable[[str], None] = lambda name: None) -> tuple[TriedMutant, ...]:
    """Try these mutants, in as many processes as there are processors.  done: is called with the name of each."""
    with ProcessPoolExecutor(initializer=ignore_interrupt) as pool:
        tried: list[TriedMutant] = []
        try:
            for running in [pool.submit(try_mutant, name) for name in names]:
                tried.append(running.result())
                done(tried[-1].mutant)
        except BaseException:
            stop(pool)
            raise
    return tuple(tried)


def try_mutant(name: str) -> TriedMutant:
    """Try both proofs on a mutant and, unless it is harmless, look for a trace in the scopes of its claims."""
    proof, step, goal = next(_faults(name), ("", "", ""))
    harmless = MUTANTS[name].harmless
    claim, scope, trace = ("", "", None) if harmless else next(_traces(name), ("", "", None))
    return TriedMutant(name, proof, step, goal, claim, scope, trace, harmless)


def _faults(name: str) -> Iterator[tuple[str, str, str]]:
    """(proof, step, goal) wherever a proof breaks; first those with an honest peer, which are the more telling ones."""
    graph = changed(mutated(name))
    for proof in ("both ends", "one end"):
        yield from ((proof, step, goal) for step, goal in prove(OBLIGATIONS[proof](graph, None)).faults)


def _traces(name: str) -> Iterator[tuple[str, str, Trace | Lasso]]:
    """(claim and property, scope, counterexample) for each property that names this mutant and is violated by it."""
    for claim in CLAIMS:
        for prop in (prop for prop in claim.properties if name in prop.broken_by):
            trace = _violation(prop, name)
            if trace is not None:
                yield f"{claim.id} {prop.name}", prop.scope, trace


def _violation(prop: Property, mutant: str) -> Trace | Lasso | None:
    """The counterexample of a mutant to a property that is decided by exploration; None where there is none."""
    if isinstance(prop, Eventually | Quiet):
        return decide(SCOPES[prop.scope], tcp(SCOPES[prop.scope].profile, mutated(mutant)), [prop])[0].lasso
    if not isinstance(prop, Always | OnStep | Stays):
        return None
    scope = SCOPES[prop.scope]
    judged = Judge(scope, [prop]).run(scope, tcp(scope.profile, mutated(mutant)), stop_early=True)
    finding = judged.outcomes[0].finding
    return None if finding is None else trace_of(judged.exploration, finding)

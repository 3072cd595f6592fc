"""Induction: the invariant of one end is proved, every conjunct of it can be broken, and no step is vacuous."""

from __future__ import annotations

from pathlib import Path

import pytest
import z3

from halfclose.checks.prove.induction import Proof, changed, implied, prove, step_claims
from halfclose.spec.graph import TCP, Graph
from halfclose.spec.invariant import INVARIANT
from halfclose.spec.mutants import mutated


@pytest.fixture(scope="module")
def proof() -> Proof:
    return prove()


def test_every_edge_keeps_the_invariant_for_all_values_and_profiles(proof: Proof) -> None:
    assert proof.faults() == ()
    assert len(proof.queries) > 4000


def test_every_step_can_be_taken(proof: Proof) -> None:
    assert proof.vacuous == ()


def test_every_edge_is_asked_about_every_claim_on_steps(proof: Proof) -> None:
    for claim, prop in step_claims():
        assert {query.edge for query in proof.of(f"{claim} {prop.name}")} == {edge.name for edge in TCP.edges}


@pytest.mark.parametrize(("conjunct", "mutant"), [(c, m) for c in INVARIANT for m in c.broken_by])
def test_a_mutant_breaks_the_conjunct_it_is_named_by(conjunct: object, mutant: str) -> None:
    broken = {query.goal for query in prove(changed(mutated(mutant))).faults()}
    assert conjunct.name in broken  # type: ignore[attr-defined]


@pytest.mark.parametrize(("goal", "mutant"), [(f"{c} {p.name}", m) for c, p in step_claims() for m in p.broken_by])
def test_a_mutant_breaks_the_proof_of_the_claim_it_is_named_by(goal: str, mutant: str) -> None:
    assert goal in {query.goal for query in prove(changed(mutated(mutant))).faults()}


def test_a_fault_names_the_edge_that_breaks_it() -> None:
    faults = prove(changed(mutated("any-ack-acknowledges-fin"))).faults()
    assert {query.edge for query in faults} == {"fin-wait-1.acked.ack"}


def test_no_conjunct_is_implied_by_the_others() -> None:
    assert implied() == ()


def test_a_step_that_no_state_can_take_is_vacuous() -> None:
    rules = mutated("fin-sent-twice")
    impossible = tuple(rule for rule in rules if rule.name == "output.fin.close-wait")
    from dataclasses import replace

    from halfclose.spec.terms import FALSE

    graph = Graph(tuple(replace(rule, guard=(*rule.guard, FALSE)) for rule in impossible))
    assert prove(graph).vacuous == ("output.fin.close-wait",)


def test_exported_queries_are_smt_lib_that_a_solver_refutes(tmp_path: Path) -> None:
    graph = Graph(tuple(rule for rule in TCP.rules if rule.name == "last-ack.acked"))
    prove(graph, export=tmp_path)
    files = sorted(tmp_path.glob("*.smt2"))
    assert files
    for file in files:
        text = file.read_text()
        assert "; edge: last-ack.acked" in text
        solver = z3.Solver()
        solver.from_string(text)
        assert solver.check() == z3.unsat

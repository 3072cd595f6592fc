"""Induction: both invariants are proved, every conjunct of them can be broken, and no step is vacuous unexplained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from halfclose.checks.claims.gate import try_mutant
from halfclose.checks.prove import both_ends, one_end
from halfclose.checks.prove.judge import VACUOUS, EdgeJudge, Failure, judge_edge
from halfclose.checks.prove.minimal import implied
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.one_end import step_claims
from halfclose.checks.prove.proofs import CONJUNCTS, OBLIGATIONS, changed
from halfclose.checks.prove.solvers import prove
from halfclose.spec.claims.agreement import AGREEMENT, NEVER_TAKEN, PREMISES, THEOREMS
from halfclose.spec.claims.invariant import INVARIANT, Conjunct
from halfclose.spec.claims.properties import Theorem
from halfclose.spec.language.profile import PROFILES, parse_profile
from halfclose.spec.language.terms import FALSE
from halfclose.spec.mutants.defects import MUTANTS, mutated
from halfclose.spec.tcp.graph import TCP, Graph, tcp

MEANT_FOR = "an ACK is meant for the incarnation that it names"


@pytest.fixture(scope="module")
def of_one() -> Proof:
    return prove(one_end.obligations())


@pytest.fixture(scope="module")
def of_both() -> Proof:
    return prove(both_ends.obligations())


@cache
def faults(proof: str, mutant: str) -> frozenset[str]:
    """The goals that a mutant breaks."""
    graph = changed(mutated(mutant))
    return frozenset(goal for _, goal in prove(OBLIGATIONS[proof](graph, None)).faults)


# ---- one end, whoever its peer is ----------------------------------------------------------------------------


def test_every_edge_keeps_the_invariant_of_one_end_for_all_values_and_profiles(of_one: Proof) -> None:
    assert of_one.faults == ()
    assert {answer.step for answer in of_one.answers} == {one_end.INITIAL, *(edge.name for edge in TCP.edges)}


def test_every_step_can_be_taken_where_segments_may_be_forged(of_one: Proof) -> None:
    assert of_one.vacuous == ()


def test_every_edge_is_asked_about_every_claim_on_steps(of_one: Proof) -> None:
    for name in step_claims():
        asked = {answer.step for answer in of_one.about(name)}
        assert asked == {edge.name for edge in TCP.edges}


@pytest.mark.parametrize(("conjunct", "mutant"), [(c, m) for c in INVARIANT for m in c.broken_by])
def test_a_mutant_breaks_the_conjunct_of_one_end_it_is_named_by(conjunct: Conjunct, mutant: str) -> None:
    assert conjunct.name in faults("one end", mutant)


@pytest.mark.parametrize(("goal", "mutant"), [(goal, m) for goal, p in step_claims().items() for m in p.broken_by])
def test_a_mutant_breaks_the_proof_of_the_claim_it_is_named_by(goal: str, mutant: str) -> None:
    assert faults("one end", mutant) & {goal, *CONJUNCTS["one end"]}


def test_a_fault_names_the_edge_that_breaks_it() -> None:
    graph = changed(mutated("any-ack-acknowledges-fin"))
    assert {step for step, _ in prove(one_end.obligations(graph)).faults} == {"fin-wait-1.acked.ack"}


# ---- both ends -----------------------------------------------------------------------------------------------


def test_every_edge_keeps_the_invariant_of_both_ends(of_both: Proof) -> None:
    assert of_both.faults == ()
    assert {answer.step for answer in of_both.answers} == {both_ends.EVERY_MOMENT, *(edge.name for edge in TCP.edges)}


def test_p1_to_p6_follow_at_every_moment(of_both: Proof) -> None:
    (moment,) = (answer for answer in of_both.answers if answer.step == both_ends.EVERY_MOMENT)
    assert moment.goals == tuple(theorem.name for theorem in THEOREMS)
    assert not moment.broken
    assert not moment.vacuous


def test_a_step_is_vacuous_only_for_a_stated_reason(of_both: Proof) -> None:
    assert of_both.vacuous
    assert all(any(step.startswith(start) for start in NEVER_TAKEN) for step in of_both.vacuous)


@pytest.mark.parametrize("start", NEVER_TAKEN)
def test_a_reason_for_vacuous_steps_is_needed_in_some_profile(start: str, of_both: Proof) -> None:
    named = (tcp(PROFILES[name]) for name in ("rfc9293", "rfc5961"))
    some = (Graph(tuple(rule for rule in graph.rules if rule.name.startswith(start))) for graph in named)
    profiles = (PROFILES["rfc9293"], PROFILES["rfc5961"])
    vacuous = [prove(both_ends.obligations(g, p)).vacuous for g, p in zip(some, profiles, strict=True)]
    assert any(vacuous) or any(step.startswith(start) for step in of_both.vacuous)


@pytest.mark.parametrize(("conjunct", "mutant"), [(c, m) for c in AGREEMENT for m in c.broken_by])
def test_a_mutant_breaks_the_conjunct_of_both_ends_it_is_named_by(conjunct: Conjunct, mutant: str) -> None:
    assert conjunct.name in faults("both ends", mutant)


@pytest.mark.parametrize(("theorem", "mutant"), [(t, m) for t in THEOREMS for m in t.broken_by])
def test_a_mutant_breaks_what_a_theorem_rests_on(theorem: Theorem, mutant: str) -> None:
    assert faults("both ends", mutant)


@pytest.mark.parametrize("conjunct", [*INVARIANT, *AGREEMENT], ids=lambda conjunct: conjunct.name)
def test_every_conjunct_names_a_mutant(conjunct: Conjunct) -> None:
    assert conjunct.broken_by


@pytest.mark.parametrize(
    ("profile", "rule", "goal"),
    [
        ("close-by-the-letter", "fin-wait-1.text", "what was received is what was sent"),
        ("isn-without-gap", "crash", "the clock is past every incarnation that is over"),
        ("receive-by-the-letter", "receive.refused", "P2 end of file only after every octet submitted before CLOSE"),
    ],
)
def test_a_profile_that_gives_a_premise_up_breaks_the_proof(profile: str, rule: str, goal: str) -> None:
    only = parse_profile(profile)
    assert len(both_ends.premises(only)) == len(PREMISES) - 1
    graph = Graph(tuple(one for one in tcp(only).rules if one.name == rule))
    assert goal in {goal for _, goal in prove(both_ends.obligations(graph, only)).faults}


def test_close_by_the_letter_is_safe_with_rfc_5961s_check_of_acks() -> None:
    only = parse_profile("close-by-the-letter+rfc5961-ack")
    assert prove(both_ends.obligations(tcp(only), only)).faults == ()


# ---- the proofs themselves -----------------------------------------------------------------------------------


def test_no_conjunct_is_implied_by_the_others() -> None:
    assert implied() == ()


def test_a_step_that_no_state_can_take_is_vacuous() -> None:
    rules = (replace(rule, guard=(*rule.guard, FALSE)) for rule in TCP.rules if rule.name == "output.fin.close-wait")
    assert prove(one_end.obligations(Graph(tuple(rules)))).vacuous == ("output.fin.close-wait",)


def test_an_edge_that_keeps_both_proofs_has_no_first_failure() -> None:
    assert judge_edge(TCP.named("last-ack.acked")) is None


@pytest.mark.parametrize(
    ("mutant", "edge", "failure"),
    [
        (
            "any-ack-acknowledges-fin",
            "fin-wait-1.acked.ack",
            Failure("one end", "fin-wait-1.acked.ack", "FIN acknowledged"),
        ),
        ("peer-misnoted", "listen.syn", Failure("both ends", "listen.syn", MEANT_FOR)),
    ],
)
def test_the_first_failure_of_a_defect_names_proof_edge_and_conjunct(mutant: str, edge: str, failure: Failure) -> None:
    judge = EdgeJudge()
    assert judge.first_failure(changed(mutated(mutant)).named(edge)) == failure
    assert judge.first_failure(TCP.named(edge)) is None


def test_the_first_failure_of_an_edge_that_no_state_can_take_says_so() -> None:
    edge = TCP.named("output.fin.close-wait")
    never = Graph((replace(edge.rule, guard=(*edge.rule.guard, FALSE)),)).named(edge.name)
    assert judge_edge(never) == Failure("one end", edge.name, VACUOUS)


@pytest.mark.parametrize("proof", OBLIGATIONS)
def test_exported_scripts_are_smt_lib_that_another_solver_decides_alike(proof: str, tmp_path: Path) -> None:
    cvc5 = pytest.importorskip("cvc5", reason="cvc5 is not installed")
    graph = Graph(tuple(rule for rule in TCP.rules if rule.name in ("last-ack.acked", "established.text")))
    prove(OBLIGATIONS[proof](graph, None), export=tmp_path)
    files = sorted(tmp_path.glob("*.smt2"))
    assert len(files) == 3
    for file in files:
        solver = cvc5.Solver(cvc5.TermManager())
        parser = cvc5.InputParser(solver)
        parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, str(file))
        said = []
        while not (command := parser.nextCommand()).isNull():
            said.append(str(command.invoke(solver, parser.getSymbolManager())).strip())
        assert [answer for answer in said if answer] == ["sat", "unsat"]
    assert any("; step: last-ack.acked" in file.read_text() for file in files)
    assert any("RFC 9293 3.10.7.4 step 5" in file.read_text() for file in files)


@pytest.mark.parametrize("mutant", ["two-way-handshake", "any-ack-acknowledges-fin"])
def test_cvc5_finds_the_same_faults_as_z3(mutant: str) -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    proof = prove(both_ends.obligations(changed(mutated(mutant))), solver="both")
    assert proof.faults
    assert proof.disputed == ()
    assert proof.solvers == ("z3", "cvc5")


def test_a_second_solver_that_disagrees_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    monkeypatch.setattr("halfclose.checks.prove.solvers.Cvc5.possible", lambda self: False)
    graph = Graph(tuple(rule for rule in TCP.rules if rule.name == "last-ack.acked"))
    assert prove(one_end.obligations(graph), solver="both").disputed == (one_end.INITIAL, "last-ack.acked")


# ---- the mutation gate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_breaks_the_proof_with_a_trace_or_is_harmless_for_a_reason(mutant: str) -> None:
    tried = try_mutant(mutant)
    assert tried.passes
    if tried.harmless and "proved" in tried.harmless:
        assert not faults("both ends", mutant)


def test_the_gate_has_enough_mutants_with_a_real_trace() -> None:
    assert sum(not mutant.harmless for mutant in MUTANTS.values()) >= 20

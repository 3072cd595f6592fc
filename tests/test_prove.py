"""Induction: both invariants are proved, every conjunct of them can be broken, and no step is vacuous unexplained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from halfclose.checks.claims.decide import proved
from halfclose.checks.claims.gate import try_mutant
from halfclose.checks.claims.judges import Judge
from halfclose.checks.explore.system import System
from halfclose.checks.explore.trace import trace_of
from halfclose.checks.prove import both_ends, one_end
from halfclose.checks.prove.counterexample import Counterexample, counterexample, counterexamples
from halfclose.checks.prove.enabling import Vacuous, left_out, vacuous
from halfclose.checks.prove.judge import VACUOUS, EdgeJudge, Failure, judge_edge
from halfclose.checks.prove.minimal import implied
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.one_end import step_claims
from halfclose.checks.prove.proofs import CONJUNCTS, OBLIGATIONS, changed
from halfclose.checks.prove.solvers import prove
from halfclose.checks.readers.notation import parse_segment
from halfclose.checks.readers.python import AT, FIELD
from halfclose.spec.claims.agreement import AGREEMENT, NEVER_TAKEN, NOW, PREMISES, STEPS, THEOREMS
from halfclose.spec.claims.invariant import INVARIANT, STATE_SAYS, Conjunct
from halfclose.spec.claims.properties import OnStep, Theorem, implies
from halfclose.spec.language.profile import PROFILES, parse_profile
from halfclose.spec.language.states import OTHER, State
from halfclose.spec.language.terms import FALSE, Assignment, num, substitute
from halfclose.spec.language.variables import CLOCK, CLOSE_CALLED, CTL, GHOST, SEG, SND, TCB, in_state, peer_now
from halfclose.spec.mutants.changes import setting
from halfclose.spec.mutants.defects import MUTANTS, mutated
from halfclose.spec.tcp.graph import TCP, Graph, decided, tcp
from halfclose.spec.tcp.initial import INITIAL
from halfclose.spec.tcp.synchronized import ACCEPTABLE
from halfclose.spec.world.scopes import SCOPES


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
    assert {answer.step for answer in of_one.answers} == {
        one_end.AT_FIRST,
        one_end.EVERY_MOMENT,
        *(edge.name for edge in TCP.edges),
    }


def test_every_step_can_be_taken_where_segments_may_be_forged(of_one: Proof) -> None:
    assert of_one.vacuous == ()


def test_what_the_totality_of_guards_assumes_of_a_state_follows_from_the_invariant(
    monkeypatch: pytest.MonkeyPatch, of_one: Proof
) -> None:
    (moment,) = (answer for answer in of_one.answers if answer.step == one_end.EVERY_MOMENT)
    assert len(moment.goals) == len(STATE_SAYS)
    monkeypatch.setitem(STATE_SAYS, State.ESTABLISHED, ~CLOSE_CALLED)
    obligations = (one for one in one_end.obligations(Graph(())) if one.step == one_end.EVERY_MOMENT)
    assert prove(obligations).faults == ((one_end.EVERY_MOMENT, "what ESTABLISHED says"),)


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
    steps = {one_end.AT_FIRST, one_end.EVERY_MOMENT, *(edge.name for edge in TCP.edges)}
    assert {answer.step for answer in of_both.answers} == steps


def test_every_conjunct_of_both_ends_is_asked_of_the_initial_state(of_both: Proof) -> None:
    (first,) = (answer for answer in of_both.answers if answer.step == one_end.AT_FIRST)
    assert set(first.goals) == {conjunct.name for conjunct in (*INVARIANT, *AGREEMENT) if conjunct not in STEPS}
    assert not first.vacuous


def test_a_conjunct_of_both_ends_that_is_false_at_first_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(both_ends, "NOW", (*NOW, Conjunct("every end has lived", num(1) <= GHOST.LIFE, "", ())))
    assert prove(both_ends.obligations()).faults == ((one_end.AT_FIRST, "every end has lived"),)


def test_a_conjunct_of_one_end_that_is_false_at_first_is_not_proved() -> None:
    wrong = Conjunct("no end has anything good", ~GHOST.GOOD, "", ())
    first = next(one_end.obligations(Graph(()), None, (*INVARIANT, wrong)))
    assert prove([first]).faults == ((one_end.AT_FIRST, wrong.name),)


def test_explorations_begin_in_the_state_in_which_the_proofs_begin() -> None:
    local, counter = System(SCOPES["exchange"], tcp(PROFILES["rfc9293"])).machines[0].locals[0]
    assert counter == 0
    assert {var: local[AT[var]] for var in TCB if var is not CLOCK} == {v: t.value for v, t in INITIAL.items()}


@pytest.mark.parametrize(
    ("edge", "assignment", "goal"),
    [
        ("crash@ESTABLISHED", GHOST.LIFE.becomes(GHOST.LIFE + 1), "incarnations are counted one by one"),
        ("open.active@CLOSED", GHOST.LIFE.becomes(GHOST.LIFE + 2), "incarnations are counted one by one"),
        ("open.active@CLOSED", GHOST.LIFE.becomes(GHOST.LIFE), "incarnations are counted one by one"),
    ],
)
def test_a_step_that_miscounts_incarnations_is_not_proved(edge: str, assignment: Assignment, goal: str) -> None:
    rule = setting(assignment)(TCP.named(edge).rule)
    assert rule is not None
    broken = prove([both_ends.obligation(Graph((rule,)).named(edge), both_ends.base())])
    assert goal in {goal for _, goal in broken.faults}


def test_a_conjunct_on_an_end_and_its_peer_now_is_asked_of_either_when_the_other_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = in_state(State.CLOSED)
    monkeypatch.setattr(both_ends, "NOW", (*NOW, Conjunct("open only to the open", closed | peer_now(~closed), "", ())))
    assert (("close.listen", "open only to the open")) in prove(both_ends.obligations()).faults


def test_an_edge_that_makes_a_count_negative_is_not_proved() -> None:
    rule = setting(GHOST.SENT.becomes(GHOST.SENT - 1))(TCP.named("crash@ESTABLISHED").rule)
    assert rule is not None
    step = one_end.obligation(Graph((rule,)).named("crash@ESTABLISHED"))
    assert prove([step]).faults == (("crash@ESTABLISHED", one_end.NATURAL),)


def test_p1_to_p6_follow_at_every_moment(of_both: Proof) -> None:
    (moment,) = (answer for answer in of_both.answers if answer.step == one_end.EVERY_MOMENT)
    assert moment.goals == tuple(theorem.name for theorem in THEOREMS)
    assert not moment.broken
    assert not moment.vacuous


def test_p6_without_its_exception_of_resets_fails_in_a_real_trace() -> None:
    taken = substitute(ACCEPTABLE & in_state(*OTHER), decided(SCOPES["crash"].profile))
    from_its_peer = SEG.LIFE == GHOST.PEER
    wider = OnStep("resets not excepted", "crash", (), implies(taken & (CTL.ACK | CTL.RST), from_its_peer))
    p6 = OnStep("resets excepted", "crash", (), implies(taken & CTL.ACK & ~CTL.RST, from_its_peer))
    scope = SCOPES["crash"]
    judged = Judge(scope, [wider, p6]).run(scope, tcp(scope.profile))
    assert [outcome.holds for outcome in judged.outcomes] == [False, True]
    finding = judged.outcomes[0].finding
    assert finding is not None
    trace = trace_of(judged.exploration, finding)
    assert len(trace.steps) == 7


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
    ("mutant", "edge", "proof"),
    [("any-ack-acknowledges-fin", "fin-wait-1.acked.ack", "one end"), ("syn-not-noted", "listen.syn", "both ends")],
)
def test_the_first_failure_of_a_defect_names_proof_edge_and_conjunct(mutant: str, edge: str, proof: str) -> None:
    judge = EdgeJudge()
    failure = judge.first_failure(changed(mutated(mutant)).named(edge))
    assert failure is not None
    assert (failure.proof, failure.edge) == (proof, edge)
    assert failure.goal in faults(proof, mutant)
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
    assert len(files) == len(list(OBLIGATIONS[proof](graph, None)))
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
    assert prove(one_end.obligations(graph), solver="both").disputed == (
        one_end.AT_FIRST,
        one_end.EVERY_MOMENT,
        "last-ack.acked",
    )


# ---- counterexamples to induction ----------------------------------------------------------------------------


def example(proof: str, mutant: str, goal: str) -> Counterexample:
    obligations = list(OBLIGATIONS[proof](changed(mutated(mutant)), None))
    return next(one for one in counterexamples(obligations, prove(obligations).faults) if one.goal == goal)


def test_a_counterexample_to_induction_shows_the_values_that_the_conjunct_and_the_guard_read() -> None:
    found = example("both ends", "two-way-handshake", "who is confirmed is known to its peer")
    values = {(value.place, value.variable): (value.before, value.after) for value in found.values}
    assert found.step == "listen.syn"
    assert found.says == "not (bound and confirmed) or PEER.PEER = LIFE"
    assert found.guard.startswith("not RST and not ACK and SYN and ISN.CLOCK =< ISN")
    assert values["X", "STATE"] == ("LISTEN", "ESTABLISHED")
    assert values["X", "PEER"][1] == values["an incarnation of Y", "LIFE"][1]
    assert values["an incarnation of Y", "PEER"][1] != values["X", "LIFE"][1]
    (segment,) = (value.before for value in found.values if value.place == "the segment that arrives")
    assert parse_segment(segment)[FIELD[CTL.SYN]]
    assert ("X", "DETACHED") not in values


def test_a_counterexample_to_a_claim_on_steps_shows_the_values_before_and_after() -> None:
    found = example("one end", "send-after-close", "S11 SEND fails after CLOSE")
    values = {value.variable: (value.before, value.after) for value in found.values}
    assert values == {"CLOSE.CALLED": ("true", "true"), "SENT": ("0", "1")}


def test_a_counterexample_in_one_reading_names_its_switch() -> None:
    found = example("one end", "close-by-the-letter", "the SYN is acknowledged after it")
    assert found.profile == ()
    (edge,) = (edge for edge in TCP.edges if edge.name == "close.syn-received.now")
    without = replace(edge.rule, emits=None, updates=(*edge.rule.updates, SND.UNA.becomes(SND.UNA + 3)))
    step = one_end.obligation(Graph((without,)).named(edge.name))
    broken = counterexample(step, "send numbers in order")
    assert broken is not None
    assert "close-by-the-letter" in broken.profile


def test_a_goal_that_is_proved_has_no_counterexample() -> None:
    step = one_end.obligation(TCP.named("last-ack.acked"))
    assert all(counterexample(step, goal) is None for goal in step.goals)


# ---- vacuous steps -------------------------------------------------------------------------------------------


def test_an_edge_that_a_profile_leaves_out_is_named_with_the_switches_that_would_enable_it() -> None:
    enabled = {one.step: one.enabled_by for one in left_out(PROFILES["rfc5961"])}
    assert enabled["reopen"] == ("+reopen-from-time-wait",)
    assert enabled["full-close.syn-received.now"] == ("+close-by-the-letter", "+half-duplex-close")
    assert all(enabled.values())


def test_a_step_that_a_switch_makes_vacuous_is_named_with_it() -> None:
    only = PROFILES["rfc5961"]
    graph = Graph(tuple(rule for rule in TCP.rules if rule.name == "step5.syn-received.bad"))
    (one,) = vacuous("both ends", prove(both_ends.obligations(graph, only)), only, graph)
    assert one.enabled_by == ("-rfc5961-ack",)
    assert one.explained


def test_a_step_that_no_profile_enables_is_not_explained() -> None:
    edge = TCP.named("output.fin.close-wait")
    graph = Graph((replace(edge.rule, guard=(*edge.rule.guard, SND.NXT < SND.UNA)),))
    for only in (None, PROFILES["rfc9293"]):
        (one,) = vacuous("one end", prove(one_end.obligations(graph, only)), only, graph)
        assert one.step == edge.name
        assert not one.explained


def test_the_invariant_does_not_hold_where_nothing_explains_a_vacuous_step() -> None:
    idle = (Vacuous("one end", "an edge"),)
    inductive, claim = ("G1", "the invariant of one end"), ("S11", "SEND fails after CLOSE")
    proof = prove(one_end.obligations(Graph(())))
    holds = {v.prop: v.holds for v in proved(proof, "one end", (inductive, claim), idle=idle)}
    assert holds == {inductive[1]: False, claim[1]: True}


# ---- the mutation gate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_breaks_the_proof_with_a_trace_or_is_harmless_for_a_reason(mutant: str) -> None:
    tried = try_mutant(mutant)
    assert tried.passes
    if tried.harmless and "proved" in tried.harmless:
        assert not faults("both ends", mutant)


def test_the_gate_has_enough_mutants_with_a_real_trace() -> None:
    assert sum(not mutant.harmless for mutant in MUTANTS.values()) >= 20

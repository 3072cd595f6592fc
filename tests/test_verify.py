"""The claims end to end, in the scopes that are small enough for a test; `halfclose verify` covers all of them."""

from __future__ import annotations

import pytest

from halfclose.checks.claims.decide import run_unit
from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.replay import replay
from halfclose.checks.claims.report import Report, Verdict
from halfclose.checks.claims.units import Unit, UnknownClaim, chosen, units
from halfclose.checks.readers.notation import parse_segment, show_segment
from halfclose.spec.claims.catalogue import BY_ID, CLAIMS
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.claims.properties import Always, Replay, Sometimes
from halfclose.spec.language.terms import FALSE
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import tcp
from halfclose.spec.world.scopes import SCOPES

_QUICK = {"half-close", "half-open", "simultaneous", "abort", "zero-window", "held"}
_UNITS = [u for u in units(CLAIMS) if u.kind != "explore" or u.where in _QUICK]


@pytest.mark.parametrize("unit", _UNITS, ids=lambda u: f"{u.where}{'-' + u.mutant if u.mutant else ''}")
def test_properties_hold_and_their_mutants_break_them(unit: Unit) -> None:
    for verdict in run_unit(unit):
        assert verdict.holds is not bool(unit.mutant), verdict.prop


@pytest.mark.parametrize(
    "mutant", sorted({m for c in CLAIMS for p in c.properties for m in p.broken_by if p.scope == "exchange"})
)
def test_mutants_break_the_exchange(mutant: str) -> None:
    unit = next(u for u in units(CLAIMS) if u.where == "exchange" and u.mutant == mutant)
    assert not any(verdict.holds for verdict in run_unit(unit))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda f: f.id)
def test_a_figure_of_the_rfc_can_be_replayed(figure: object) -> None:
    result = replay(figure, tcp(figure.scope.profile))  # type: ignore[arg-type, attr-defined]
    assert result.failed is None
    assert len(result.trace.steps) == len(figure.lines)  # type: ignore[attr-defined]


def test_a_figure_that_the_model_cannot_do_stops_at_its_line() -> None:
    figure = FIGURES["F12"]
    failed = replay(figure, tcp(figure.scope.profile, mutated("fin-wait-1-ignores-ack"))).failed
    assert failed is not None
    assert failed.states == "FIN-WAIT-2 / CLOSE-WAIT"


def test_figure_7_needs_reading_3() -> None:
    from halfclose.spec.language.profile import Profile

    assert replay(FIGURES["F7"], tcp(Profile())).failed is not None


@pytest.mark.parametrize(
    "text", ["<SEQ=100><CTL=SYN>", "<SEQ=300><ACK=101><CTL=SYN,ACK>", "<SEQ=1><ACK=2><DATA=3><CTL=FIN,ACK>"]
)
def test_a_segment_prints_as_it_is_read(text: str) -> None:
    assert show_segment(parse_segment(text)) == text


# ---- the report ----------------------------------------------------------------------------------------------


def verdict(claim: str, prop: str, holds: bool, mutant: str = "") -> Verdict:
    return Verdict(claim, prop, mutant, holds, "exploration", "x", 0.1, states=5)


def report(*verdicts: Verdict, mutants: bool = True) -> Report:
    return Report((BY_ID["S6"],), mutants, list(verdicts))


PROP = BY_ID["S6"].properties[0]


def test_a_claim_holds_when_it_is_decided_and_guarded() -> None:
    good = report(verdict("S6", PROP.name, True), verdict("S6", PROP.name, False, PROP.broken_by[0]))
    assert good.verdict(BY_ID["S6"]) == "holds"
    evidence = good.to_json()["claims"][0]["evidence"][0]
    assert evidence["broken_by"] == list(PROP.broken_by)
    assert evidence["states"] == 5


def test_a_claim_that_no_mutant_breaks_does_not_count_as_holding() -> None:
    bad = report(verdict("S6", PROP.name, True), verdict("S6", PROP.name, True, PROP.broken_by[0]))
    assert bad.verdict(BY_ID["S6"]) == "unknown"
    assert bad.unguarded()


def test_a_claim_without_a_verdict_is_unknown_and_one_refuted_fails() -> None:
    assert report().verdict(BY_ID["S6"]) == "unknown"
    assert report(verdict("S6", PROP.name, False)).verdict(BY_ID["S6"]) == "fails"


def test_without_mutants_a_claim_can_hold() -> None:
    assert report(verdict("S6", PROP.name, True), mutants=False).verdict(BY_ID["S6"]) == "holds"


def test_claims_are_chosen_by_id_in_either_case() -> None:
    assert [c.id for c in chosen(["s2", "S11"])] == ["S2", "S11"]
    with pytest.raises(UnknownClaim, match="S12"):
        chosen(["S99"])


def test_an_always_with_a_violation_at_the_start_fails_there() -> None:
    scope = SCOPES["abort"]
    judged = Judge(scope, [Always("never", "abort", (), FALSE)]).run(scope, tcp(scope.profile), stop_early=True)
    assert judged.exploration.states <= 10
    assert not judged.outcomes[0].holds


def test_a_sometimes_without_a_witness_fails() -> None:
    scope = SCOPES["abort"]
    judged = Judge(scope, [Sometimes("never", "abort", (), FALSE)]).run(scope, tcp(scope.profile))
    assert not judged.outcomes[0].holds


def test_every_claim_of_possibility_of_the_figures_is_a_replay() -> None:
    assert {p.scope for c in CLAIMS for p in c.properties if isinstance(p, Replay)} == set(FIGURES)

"""The main questions as functions of `halfclose`, and what `halfclose.checks` offers beside them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import halfclose
import halfclose.checks
from halfclose.spec import BadProgram, BadScope, UnknownSwitch


@pytest.mark.parametrize("name", halfclose.checks.__all__)
def test_a_public_name_can_be_imported_and_is_documented(name: str) -> None:
    assert getattr(halfclose.checks, name) is not None
    assert re.search(rf"\b{name}\b", halfclose.checks.__doc__ or "")


@pytest.mark.parametrize("name", ["explore", "verify", "prove", "vectors", "conform"])
def test_a_question_says_what_it_takes_and_raises(name: str) -> None:
    assert name in halfclose.__all__
    assert getattr(halfclose, name).__doc__
    assert f"{name}(" in (halfclose.__doc__ or "")


def test_importing_the_package_loads_no_solver_and_no_search() -> None:
    script = "import sys, halfclose.checks; print([m for m in ('z3', 'numpy', 'networkx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_full_close_can_lose_octets_and_a_half_close_cannot() -> None:
    full = halfclose.explore("open; send 1; close", "listen; send 1; read; close")
    assert full.lost_a
    assert full.lost_a.trace is not None
    assert str(full.lost_a) == f"can octets that A sent be lost? yes, in {len(full.lost_a.trace.steps)} steps"
    half = halfclose.explore("open; send 1; shutdown; read; close", "listen; send 1; read; close")
    assert not half.lost_a
    assert half.ends


def test_every_question_has_its_attribute() -> None:
    answers = halfclose.explore("open; shutdown; read", "listen; shutdown; read", losses=0, duplicates=0)
    names = [answer.question.id.replace("-", "_") for answer in answers.answers]
    assert [getattr(answers, name) for name in names] == list(answers.answers)


def test_an_exploration_that_was_cut_short_answers_neither_yes_nor_no() -> None:
    from halfclose.checks.explore.questions import ask
    from halfclose.spec import SCOPES, TCP

    scope = SCOPES["exchange"]
    answers = ask(scope, TCP.under(scope.profile), limit=10)
    with pytest.raises(ValueError, match="cut short"):
        bool(answers.lost_a)
    assert "unknown" in str(answers.lost_a)


def test_a_claim_is_verified() -> None:
    report = halfclose.verify("s9", jobs=1)
    (claim,) = report.claims
    assert (claim.id, report.verdict(claim)) == ("S9", "holds")


def test_the_proofs_of_one_profile_leave_nothing_broken() -> None:
    proofs = halfclose.prove("rfc5961")
    assert set(proofs) == {"one end", "both ends"}
    assert not any(proof.faults for proof in proofs.values())


def test_the_reference_passes_its_own_vectors() -> None:
    report = halfclose.conform("reference")
    assert report.count(halfclose.checks.Verdict.DEVIATES) == 0
    assert report.count(halfclose.checks.Verdict.PASSED) > 300


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(BadProgram):
        halfclose.explore("dance", "listen")
    with pytest.raises(UnknownSwitch):
        halfclose.vectors("nonsense")
    with pytest.raises(halfclose.checks.UnknownStack):
        halfclose.conform("nonsense")
    with pytest.raises(halfclose.checks.UnknownClaim):
        halfclose.verify("nonsense")


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        ({"wait": "nothing"}, "Wait.NOTHING"),
        ({"slots": "1"}, "slots must be a whole number"),
        ({"slots": 1.5}, "slots must be a whole number"),
        ({"losses": "any"}, "or None for no bound"),
        ({"iss": 5}, "two whole numbers"),
        ({"iss": (1000, 1)}, "iss must be less than 64"),
    ],
)
def test_a_bound_that_only_looks_like_one_is_refused(bounds: dict[str, object], word: str) -> None:
    with pytest.raises(BadScope, match=word):
        halfclose.explore("open; shutdown; read", "listen; read; shutdown", **bounds)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(BadProgram, match="at most 9 digits"):
        halfclose.explore(f"open; send {'9' * 5000}", "listen")


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(halfclose.checks.NoSolver, match="known are z3"):
        halfclose.prove(solver="nonsense")


def test_results_show_themselves_in_one_short_line() -> None:
    answers = halfclose.explore("open; shutdown; read", "listen; shutdown; read", losses=0, duplicates=0)
    for shown in (repr(answers), repr(halfclose.vectors("rfc9293")), repr(halfclose.verify("S9", mutants=False))):
        assert "\n" not in shown
        assert len(shown) < 600

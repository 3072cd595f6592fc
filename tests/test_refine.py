"""The reference against the specification: nothing diverges, and every seeded fault does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from halfclose.checks.refine import explore, stateful, vectors
from halfclose.checks.refine.faults import FAULTS, fault
from halfclose.checks.refine.run import Method, Task, perform, possible_edges
from halfclose.checks.refine.seeding import BadFault, Fault, seeded
from halfclose.reference import calls
from halfclose.spec.language.profile import PROFILES

_SCENARIOS = 15  # how many shapes of real bugs the faults must cover at least


def refine(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("halfclose")), "refine", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", ["narrow", "user-timeout", "again", "two-rfcs", "abort", "held-after-close", "half-close-narrow"]
)
def test_every_step_of_the_code_in_a_scope_is_allowed(name: str) -> None:
    found = explore.run(name, attacked=True)
    assert found.divergence is None
    assert found.complete
    assert found.edges <= possible_edges([name])


@pytest.mark.parametrize("name", ["half-close", "simultaneous", "full-close", "crash", "quiet"])
def test_every_step_of_the_code_among_honest_ends_is_allowed(name: str) -> None:
    found = explore.run(name)
    assert found.divergence is None
    assert found.complete
    assert found.freedoms == 0


def test_both_searches_of_the_code_see_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = explore.run("half-close")
    monkeypatch.setattr("halfclose.checks.explore.engine.find_spec", lambda name: None)
    plain = explore.run("half-close")
    assert (plain.states, plain.steps, plain.levels) == (compiled.states, compiled.steps, compiled.levels)


@pytest.mark.parametrize("number", range(2))
def test_no_step_at_32_bits_diverges(number: int) -> None:
    assert stateful.search(60, 40, number).diagram == ""


# ---- seeded faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", FAULTS, ids=lambda one: one.name)
def test_exploration_catches_the_fault_and_draws_it(one: Fault) -> None:
    found = perform(Task(Method.EXPLORE, "", one.name))
    assert "DIVERGES" in found.diagram
    assert "allowed: " in found.diagram


@pytest.mark.parametrize("one", FAULTS, ids=lambda one: one.name)
def test_some_vector_catches_the_fault_or_there_is_a_reason(one: Fault) -> None:
    found = perform(Task(Method.REPLAY, "", one.name))
    assert bool(found.diagram) is (one.why_not(Method.REPLAY.value) is None)


@pytest.mark.parametrize("name", ["fin-straddles-window", "last-ack-stuck", "no-time-wait", "syn-received-lost-ack"])
def test_the_search_catches_the_fault_and_shrinks_it(name: str) -> None:
    found = perform(Task(Method.SEARCH, "", name))
    assert "DIVERGES" in found.diagram
    assert len(found.diagram.splitlines()) < 40


def test_a_fault_is_gone_after_its_trial() -> None:
    code = calls.close.__code__
    with seeded(fault("data-retransmit-after-close")):
        assert calls.close.__code__ is not code
    assert calls.close.__code__ is code


def test_a_fault_that_does_not_fit_the_source_is_refused() -> None:
    with pytest.raises(BadFault, match="0 times"), seeded(Fault("x", "", "calls", "no such text", "")):
        pass


def test_the_faults_have_the_shapes_of_real_bugs() -> None:
    names = [one.name for one in FAULTS]
    assert len(set(names)) == len(names)
    scenarios = {name for name in names if (f'"{name}"') in _source_of_scenarios()}
    assert len(scenarios) >= _SCENARIOS


def _source_of_scenarios() -> str:
    from halfclose.checks.vectors import scenarios

    assert scenarios.__file__ is not None
    with open(scenarios.__file__, encoding="utf-8") as file:
        return file.read()


# ---- the command ---------------------------------------------------------------------------------------------


def test_the_command_reports_bounds_and_the_edges_that_were_never_exercised() -> None:
    done = refine("abort", "--by", "exploration", "--edges")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "abort: A 'open; send 1; abort'" in done.stdout
    assert "diverge" in done.stdout
    assert "never: " in done.stdout


def test_the_command_gives_the_same_as_json() -> None:
    done = refine("abort", "--by", "exploration", "--json", "-")
    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert (outcome["method"], outcome["name"], outcome["diagram"]) == ("exploration", "abort", "")
    assert outcome["states"] > 1000


def test_the_command_draws_how_a_fault_is_caught() -> None:
    done = refine("--fault", "no-time-wait", "--by", "exploration", "--by", "vectors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 trials caught" in done.stdout
    assert "DIVERGES: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"), [(["nowhere"], "unknown scope 'nowhere'"), (["--fault", "x"], "unknown fault 'x'")]
)
def test_what_does_not_exist_is_refused(arguments: list[str], words: str) -> None:
    done = refine(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_vector_of_the_reference_profile_passes_in_this_process() -> None:
    found = vectors.replay("reference")
    assert (found.failed, found.not_applicable) == (None, 0)
    assert found.passed == found.vectors
    assert "reference" in PROFILES

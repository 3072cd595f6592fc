"""Judging stacks: the specification as a stack passes, and each seeded fault is found."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spec_stack import FAULTS, SpecStack, faultless, process_ends_at_a_fin

from halfclose.checks.conform import entry
from halfclose.checks.conform.registry import UnknownStack
from halfclose.checks.conform.replay import judge
from halfclose.checks.conform.run import conform, run
from halfclose.checks.conform.verdicts import Report, Verdict
from halfclose.checks.stacks import linux, lwip
from halfclose.checks.stacks.stack import NotApplicable, Result, StackError, Verb
from halfclose.checks.vectors.generate import IRS_NOMINAL, ISS_NOMINAL
from halfclose.checks.vectors.scenarios import scenarios, wrapping
from halfclose.checks.vectors.script import Vector, VectorSet
from halfclose.spec.language.profile import PROFILES

LINUX = PROFILES["linux"]
SCENARIOS = {vector.id: vector for vector in scenarios(LINUX, ISS_NOMINAL, IRS_NOMINAL)}


def ignore(done: int, total: int) -> None:
    assert done <= total


def judged(make: Callable[[], SpecStack], name: str) -> Verdict:
    return judge(make(), SCENARIOS[name], LINUX).verdict


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_specification_as_a_stack_passes(name: str) -> None:
    row = judge(SpecStack(), SCENARIOS[name], LINUX)
    assert (row.verdict, row.what) == (Verdict.PASSED, "")


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_deviates_and_says_why(name: str) -> None:
    row = judge(FAULTS[name](), SCENARIOS[name], LINUX)
    assert row.verdict is Verdict.DEVIATES
    assert row.what.startswith("step ")
    assert "; allowed: " in row.what
    assert "RFC 9293 3." in row.rule


def test_a_fault_of_one_state_leaves_other_scenarios_alone() -> None:
    verdicts = {name: judged(FAULTS["last-ack-any-ack"], name) for name in SCENARIOS}
    found = {name for name, verdict in verdicts.items() if verdict is Verdict.DEVIATES}
    assert "last-ack-any-ack" in found
    assert found < {"last-ack-any-ack", "close-in-last-ack", "last-ack-old-segment", "four-way-close-passive"}


class _Renumbered(SpecStack):
    """Chooses its own initial sequence number, as a kernel does."""

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        super().start(peer_port=peer_port, local_port=local_port)


def test_a_stack_may_choose_its_own_numbers() -> None:
    verdicts = {judge(_Renumbered(), vector, LINUX).verdict for vector in SCENARIOS.values()}
    assert verdicts == {Verdict.PASSED}


def test_a_vector_that_wraps_needs_the_chosen_number() -> None:
    vector = wrapping(LINUX)[0]
    row = judge(_Renumbered(), vector, LINUX)
    assert (row.verdict, row.what) == (
        Verdict.NOT_APPLICABLE,
        "its initial sequence number cannot be chosen here",
    )


class _NoShutdown(SpecStack):
    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        if verb is Verb.SHUTDOWN:
            raise NotApplicable("no shutdown here")
        return super().call(verb, text=text, count=count)


def test_what_the_interface_lacks_is_not_applicable() -> None:
    row = judge(_NoShutdown(), SCENARIOS["four-way-close-active"], LINUX)
    assert (row.verdict, row.what) == (Verdict.NOT_APPLICABLE, "no shutdown here")


# ---- the child process ---------------------------------------------------------------------------------------


def _run(make: Callable[[], SpecStack], *names: str) -> Report:
    return run("spec", make, [SCENARIOS[name] for name in names], LINUX, ignore)


def test_a_stack_that_ends_its_process_costs_one_vector() -> None:
    names = ("half-close-send", "three-way-close-active", "half-close-receive")
    report = _run(process_ends_at_a_fin, *names)
    assert [row.verdict for row in report.rows] == [Verdict.PASSED, Verdict.DEVIATES, Verdict.PASSED]
    assert report.rows[1].what == "the stack's process ended (signal SIGABRT): assertion failed: no FIN here"


def _cannot() -> SpecStack:
    raise StackError("this stack is missing")


def test_a_stack_that_cannot_be_had_says_so_in_the_parent() -> None:
    with pytest.raises(StackError, match="this stack is missing"):
        _run(_cannot, "half-close-send")


class _Broken(SpecStack):
    def deliver(self, segment: object) -> None:
        raise ZeroDivisionError("a fault of the driver")


def _broken() -> SpecStack:
    return _Broken()


def test_a_fault_of_the_driver_is_not_blamed_on_the_stack() -> None:
    with pytest.raises(RuntimeError, match="a fault of the driver"):
        _run(_broken, "half-close-send")


def _names_needless_modules() -> SpecStack:
    needless = ("halfclose.checks.cli", "typer", "rich", "jsonschema_rs", "z3", "numpy")
    raise StackError(f"imported: {sorted(name for name in sys.modules if name.startswith(needless))}")


def test_the_process_of_a_stack_imports_nothing_of_the_command_line() -> None:
    with pytest.raises(StackError, match=r"imported: \[\]"):
        _run(_names_needless_modules, "half-close-send")


def test_the_parent_imports_no_driver_and_no_oracle() -> None:
    script = "import sys, halfclose.checks.conform.run; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    needless = {"pyroute2", "halfclose.checks.stacks.lwip", "halfclose.checks.oracle.oracle"}
    assert not needless & set(done.stdout.split())


def test_the_program_of_the_process_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(entry.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_report_is_plain_data() -> None:
    data = json.loads(json.dumps(_run(faultless, "half-close-send").to_json()))
    assert data["counts"] == {"passed": 1, "deviates": 0, "departs from advice": 0, "not applicable": 0}
    assert data["rows"][0]["verdict"] == "passed"


def _silent_syn(name: str, subject: int) -> Vector:
    return replace(SCENARIOS["four-way-close-passive"], id=name, subject=subject)


def test_a_failed_setting_up_refers_to_the_vector_that_shows_it() -> None:
    make = FAULTS["four-way-close-passive"]
    vectors = [_silent_syn("late", 12), SCENARIOS["four-way-close-passive"]]
    report = run("spec", make, vectors, LINUX, ignore)
    assert [row.verdict for row in report.rows] == [Verdict.NOT_APPLICABLE, Verdict.DEVIATES]
    assert report.rows[0].what == "its state cannot be reached: see four-way-close-passive"


def test_an_unknown_stack_is_refused() -> None:
    with pytest.raises(UnknownStack, match="known are linux, lwip"):
        conform("windows", VectorSet("linux", {}, {}))


@pytest.mark.parametrize("name", ["linux", "lwip"])
def test_a_real_stack_gives_the_same_report_twice(name: str) -> None:
    reason = {"linux": linux, "lwip": lwip}[name].available()
    if reason is not None:
        pytest.skip(reason)
    profile = PROFILES[name]
    chosen = (*scenarios(profile, ISS_NOMINAL, IRS_NOMINAL), *wrapping(profile)[:4])
    vectors = VectorSet(name, {"scenarios": chosen}, {})
    first, second = conform(name, vectors), conform(name, vectors)
    assert first == second
    verdicts = {row.id: row.verdict for row in first.rows}
    assert verdicts["s6-worked-example"] is Verdict.PASSED
    assert verdicts["half-close-send"] is Verdict.PASSED
    assert first.count(Verdict.PASSED) > len(chosen) // 2

"""The benchmark of the reference: its shape, who is left out and why; never how fast anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from halfclose.checks.bench.reference import core, pytcp, traffic
from halfclose.checks.bench.reference.apart import Failed, apart
from halfclose.checks.bench.reference.run import Case, Group, Sizes, cases, measure

SMALL = Sizes(megabytes=1, idle=2, runs=1)


def bench(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", "bench", "reference", *args]
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)


def test_the_figures_have_their_shape() -> None:
    groups = ("--only", "core", "--only", "memory")  # what crosses a link is tried below, and PyTCP takes seconds
    done = bench(*groups, "--megabytes", "1", "--idle", "3", "--runs", "1", "--json", "-")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert {one["group"] for one in figures} == {Group.CORE, Group.MEMORY}
    assert all(one["value"] > 0 for one in figures if not one["left_out"])
    assert all(one["reference_better_times"] == 1 for one in figures if one["stack"] == "reference")


def test_one_group_is_a_table_of_its_own() -> None:
    done = bench("--only", "memory", "--idle", "3")
    assert done.returncode == 0, done.stderr
    assert "idle connection" in done.stdout
    assert "segments" not in done.stdout


@pytest.mark.parametrize(
    ("args", "word"), [(("--only", "luck"), "luck"), (("--idle", "0"), "--idle"), (("--idle", "50000"), "16,000")]
)
def test_bad_requests_are_refused_in_one_line(args: tuple[str, ...], word: str) -> None:
    done = bench(*args)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert word in done.stderr


def test_a_peer_that_is_not_installed_is_left_out_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytcp, "find_spec", lambda name: None)
    (figure,) = measure([case for case in cases() if case.stack == "PyTCP"][:1], SMALL, lambda what: None)
    assert figure.value is None
    assert "pip install PyTCP" in figure.why


def test_a_measurement_that_dies_is_a_figure_that_says_why() -> None:
    case = Case(Group.CORE, "what", "unit", "stack", lambda sizes: float(apart("core", "no_such_function")))
    (figure,) = measure([case], SMALL, lambda what: None)
    assert (figure.value, "no_such_function" in figure.why) == (None, True)
    with pytest.raises(Failed):
        apart("core", "receives", -1, -1)


@pytest.mark.parametrize("octets", [1, 100_000, 1_000_000])
def test_all_the_text_arrives_whoever_carries_it(octets: int) -> None:
    assert core.through_connections(octets).octets == octets
    assert core.through_stacks(octets, idle=1).octets == octets
    assert 0 <= core.receives(octets).octets - octets < traffic.TEXT


def test_pytcp_takes_all_the_text_too() -> None:
    pytest.importorskip("pytcp")
    moved = apart("pytcp", "receives", 100_000)
    assert moved["octets"] == moved["segments"] * traffic.TEXT


@pytest.mark.parametrize("function", ["reference_receives", "reference_sends", "kernel"])
def test_all_the_text_crosses_the_link(function: str) -> None:
    try:
        carried = apart("link", function, 100_000)
    except Failed as failed:
        if "no private network" not in str(failed):
            raise
        pytest.skip(str(failed))
    assert carried["octets"] == 100_000
    assert carried["seconds"] > 0

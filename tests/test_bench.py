"""The benchmarks' shape and what they read from others; never how fast anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from halfclose.checks.bench.explorers.engines import Lane, Measured
from halfclose.checks.bench.explorers.plot import plot
from halfclose.checks.bench.explorers.scopes import COURSES, SERIES
from halfclose.checks.export.run import Unfinished, read_spin, read_tlc

SPIN = """\
State-vector 180 byte, depth reached 320, errors: {errors}
    14886 states, stored
   365120 transitions (= stored+matched)
"""
TLC = """\
Progress(17) at 2026-01-01 00:00:00: 59,458 states generated (59,458 s/min), 9,609 distinct states found, 38 left.
Model checking completed. No error has been found.
{generated} states generated, {states} distinct states found, 0 states left on queue.
Finished in 14s at (2026-01-01 00:00:00)
"""
TLC_VIOLATED = """\
Error: Invariant Agreed is violated.
665 states generated, 648 distinct states found, 12 states left on queue.
"""


def bench(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", "bench", "explore", *args]
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)


def test_the_figures_of_two_engines_have_their_shape() -> None:
    pytest.importorskip("numba")
    done = bench("--scope", "text-1-0", "--engine", "python", "--engine", "numba", "--json", "-")
    assert done.returncode == 0, done.stderr
    (scope,) = json.loads(done.stdout)["scopes"]
    assert scope.keys() == {"scope", "states", "engines"}
    assert (scope["scope"], scope["states"]) == ("text-1-0", SERIES[0].states)
    assert [(one["engine"], one["threads"]) for one in scope["engines"]] == [("python", 1), ("numba", 1), ("numba", 2)]
    assert all(
        one.keys() == {"engine", "threads", "seconds", "states_per_s", "bytes_per_state"} for one in scope["engines"]
    )


def test_the_series_ends_where_it_is_told_to() -> None:
    done = bench("--most", "5000", "--engine", "python")
    assert done.returncode == 0, done.stderr
    assert "text-1-0" in done.stdout
    assert "text-2-0" not in done.stdout


def test_the_series_grows() -> None:
    known = [course.states or 0 for course in SERIES]
    assert known == sorted(set(known))
    assert {course.name for course in SERIES} <= COURSES.keys()


def test_the_plot_is_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runs = [Measured(Lane("spin"), 10**n, 0.1 * 10**n, 100) for n in (3, 4)]
    plot([*runs, Measured(Lane("numba", 2), 1000, 0.5, 100)], tmp_path / "cost.svg")
    assert "<svg" in (tmp_path / "cost.svg").read_text()


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--scope", "nowhere"), "nowhere"),
        (("--engine", "steam"), "steam"),
        (("--most", "1"), "--most"),
        (("--memory", "much"), "memory"),
    ],
)
def test_bad_requests_are_refused_in_one_line(args: tuple[str, ...], word: str) -> None:
    done = bench(*args)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


# ---- what Spin and TLC print ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("errors", "holds"), [(0, True), (1, False)])
def test_spin_is_read(errors: int, holds: bool) -> None:
    assert read_spin(SPIN.format(errors=errors)) == (14886, holds)


def test_tlc_is_read() -> None:
    assert read_tlc(TLC.format(generated=665835, states="64,841")) == (64841, True)
    assert read_tlc(TLC_VIOLATED) == (648, False)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("error: max search depth too small\n" + SPIN, "deep"),
        ("pan: reached -DMEMLIM bound\n" + SPIN, "memory"),
        ("pan.c: no such file", "no such file"),
        ("", "nothing was printed"),
    ],
)
def test_a_search_of_spin_that_was_cut_short_is_no_result(said: str, word: str) -> None:
    with pytest.raises(Unfinished, match=word):
        read_spin(said)


@pytest.mark.parametrize("said", ["java.lang.OutOfMemoryError: Java heap space", "Error: parsing failed"])
def test_a_search_of_tlc_that_was_cut_short_is_no_result(said: str) -> None:
    with pytest.raises(Unfinished, match=r"memory|parsing failed"):
        read_tlc(said)

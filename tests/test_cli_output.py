"""What commands print: whole words at any width, right plurals, and how far they are where no bar can be drawn."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from commandline import FULL_CLOSE, HALFCLOSE, SHORT, halfclose, surroundings
from rich.console import Console

from halfclose.checks.cli import terminal
from halfclose.checks.cli.terminal import count


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "claim", "1 claim"),
        (11, "claim", "11 claims"),
        (0, "step", "0 steps"),
        (1, "query", "1 query"),
        (2, "query", "2 queries"),
        (1234, "state", "1,234 states"),
    ],
)
def test_a_number_has_its_noun_in_the_right_form(number: int, noun: str, words: str) -> None:
    assert count(number, noun) == words


def test_one_claim_holds_and_two_hold() -> None:
    assert re.search(r"^1 claim: 1 holds; ", halfclose("verify", "S8").stdout, re.MULTILINE)
    assert re.search(r"^2 claims: 2 hold; ", halfclose("verify", "S8", "G6").stdout, re.MULTILINE)


@pytest.mark.parametrize("names", [("S8", "s8"), ("s8", "S8"), ("s8", "s8")])
def test_a_claim_that_is_named_twice_counts_once(names: tuple[str, ...]) -> None:
    done = halfclose("verify", *names)
    assert "1 claim: 1 holds; " in done.stdout
    assert done.stdout.count("Four-way close:") == 1


# ---- headings ------------------------------------------------------------------------------------------------


def test_the_heading_says_why_a_switch_is_on_that_nobody_asked_for() -> None:
    heading = "profile rfc9293 with half-duplex-close, because a program calls close"
    assert heading in halfclose(*FULL_CLOSE).stdout.splitlines()


@pytest.mark.parametrize("profile", ["rfc9293", "rfc5961"])
def test_the_heading_names_the_profile_as_it_was_asked_for(profile: str) -> None:
    assert f"profile {profile}" in halfclose(*SHORT, "--profile", profile).stdout.splitlines()


def test_the_heading_gives_no_reason_for_a_switch_that_was_asked_for() -> None:
    assert "because" not in halfclose(*FULL_CLOSE, "--profile", "linux").stdout


# ---- narrow terminals ----------------------------------------------------------------------------------------


def words(text: str) -> set[str]:
    """Words and numbers, without the lines of tables."""
    return {word.strip(":,;.") for word in re.findall(r"[\w.:,;()+-]+", text)}


def printed(columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table as a terminal of this width gets it."""
    out = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=out, width=columns, color_system=None))
    made = terminal.table("mutant", "seen", "states", "broken by", numbers=("states",), title="Of all")
    made.add_row("two-way-handshake: the third segment is left out", "5,561", "12,345,678", "any-ack, no-time-wait")
    made.add_section()
    made.add_row("[bold]next[/]", "", "1", "syn-sent-again-with-a-new-number")
    terminal.show(made)
    return out.getvalue()


@pytest.mark.parametrize("columns", [40, 60, 80, 90, 130, 250])
def test_a_table_breaks_no_word_and_keeps_to_the_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(columns, monkeypatch)
    assert words(printed(250, monkeypatch)) - words(said) <= {"mutant"}
    assert max(map(len, said.splitlines())) <= columns
    assert "…" not in said


def test_a_table_becomes_lists_where_its_columns_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.rstrip() for line in printed(60, monkeypatch).splitlines()]
    assert lines == [
        "Of all",
        "two-way-handshake: the third segment is left out",
        "    seen: 5,561",
        "    states: 12,345,678",
        "    broken by: any-ack, no-time-wait",
        "next",
        "    states: 1",
        "    broken by: syn-sent-again-with-a-new-number",
    ]


def test_an_empty_table_is_its_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=out, width=60, color_system=None))
    terminal.show(terminal.table("mutant", "states", numbers=("states",)))
    assert words(out.getvalue()) == {"mutant", "states"}


@pytest.mark.parametrize("columns", [40, 60])
@pytest.mark.parametrize("arguments", [("verify", "S9"), FULL_CLOSE], ids=lambda arguments: arguments[0])
def test_a_narrow_terminal_loses_no_word_of_a_report(arguments: tuple[str, ...], columns: int) -> None:
    wide, narrow = (words(halfclose(*arguments, columns=width).stdout) for width in (250, columns))
    headings = {"claim", "and", "its", "properties", "question"}
    assert {word for word in wide - narrow if not re.fullmatch(r"\d+\.\d", word)} <= headings
    assert narrow & {"5,565", "CTL"}


# ---- progress ------------------------------------------------------------------------------------------------


def test_every_claim_is_told_as_soon_as_it_is_decided_where_stderr_is_a_pipe() -> None:
    done = halfclose("verify", "S9", "G6", "--mutant", "fin-wait-1-wrong-state")
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == [
        "halfclose: G6 Simultaneous open and close: fails",
        "halfclose: S9 Three-way close: fails",
    ]


def test_prove_tells_how_far_it_is_and_what_is_proved() -> None:
    lines = halfclose("prove").stderr.splitlines()
    assert "halfclose: the invariant of one end: proved" in lines
    assert "halfclose: the invariant of both ends: proved" in lines
    assert len(lines) == 8
    assert all(line.startswith("halfclose: ") for line in lines)


def test_refine_tells_how_far_it_is() -> None:
    lines = halfclose("refine", "abort", "half-open", "--by", "exploration").stderr.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"halfclose: comparing: {done} of 2" for done in (1, 2)]


def test_conform_tells_how_far_it_is(tmp_path: Path) -> None:
    assert halfclose("vectors", "-o", tmp_path).returncode == 0
    done = halfclose("conform", "--stack", "reference", tmp_path)
    lines = done.stderr.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(r"halfclose: replaying against reference: (\d+) of \1, \d+ s", lines[-1])


def on_a_terminal(*arguments: str, **environment: str) -> tuple[str, str]:
    """stdout, and what is drawn on a terminal that is stderr."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*HALFCLOSE, *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=surroundings(None, {"TERM": "xterm", **environment}),
    ) as running:
        os.close(theirs)
        drawn = b""
        while chunk := _read(ours):
            drawn += chunk
        out, _ = running.communicate(timeout=60)
    os.close(ours)
    return out, drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 10_000)
    except OSError:  # nobody holds the other end any more
        return b""


def test_a_terminal_gets_a_bar_in_the_place_of_lines() -> None:
    out, drawn = on_a_terminal("verify", "S8")
    assert "1 claim: 1 holds" in out
    assert "verifying" in drawn
    assert "halfclose: S8" not in drawn


def test_a_dumb_terminal_gets_lines() -> None:
    _, drawn = on_a_terminal("verify", "S8", TERM="dumb")
    assert drawn.splitlines() == ["halfclose: S8 Four-way close: holds"]


def test_colours_that_are_forced_draw_no_bar_into_a_file() -> None:
    done = halfclose("verify", "S8", FORCE_COLOR="1")
    assert re.sub(r"\x1b\[[\d;]*m", "", done.stderr) == "halfclose: S8 Four-way close: holds\n"


def test_no_color_means_none() -> None:
    _, drawn = on_a_terminal("verify", "S99", NO_COLOR="1")
    assert "\x1b" not in drawn

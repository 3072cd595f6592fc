"""What is refused before anything is done: targets that cannot be written, options that would be ignored, and names
that do not exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commandline import FULL_CLOSE, SHORT, halfclose, shell

FREE = ("explore", "--app-a", "free", "--app-b", "free")


def refused(*arguments: str | Path, cwd: Path | None = None) -> str:
    """The one line by which a command refuses."""
    done = halfclose(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("halfclose: ")


# ---- targets -------------------------------------------------------------------------------------------------

REPORTING = [
    ("verify",),
    ("verify", "--property", "mine.py"),
    ("prove",),
    ("prove", "--gate"),
    FULL_CLOSE,
    ("refine",),
    ("vectors", "-o", "out"),
    ("conform", "--stack", "reference", "out"),
    ("serve", ".", "--", "true"),
    ("fetch", "http://198.18.0.1/", "--", "true"),
    ("fuzz",),
    ("bench", "explore"),
    ("bench", "reference"),
    ("bench", "prove"),
    ("bench", "startup"),
]


@pytest.mark.parametrize("arguments", REPORTING, ids=" ".join)
def test_a_report_that_cannot_be_written_is_refused_before_the_run(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command, divider, program = " ".join(arguments).partition(" -- ")
    line = refused(*command.split(), "--json", "nowhere/x.json", *f"{divider}{program}".split(), cwd=tmp_path)
    assert line == "cannot write nowhere/x.json: No such file or directory\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "command"),
    [
        ("--json", SHORT),
        ("--resume", FREE),
        ("--plot", ("bench", "explore")),
        ("--output", ("fetch", "http://198.18.0.1/")),
    ],
)
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("folder", "Is a directory"),
        ("file/x", "Not a directory"),
        ("missing/x", "No such file or directory"),
        ("x" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("astray", "No such file or directory"),
        ("", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(
    option: str, command: tuple[str, ...], target: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "astray").symlink_to("missing/x")
    assert why in refused(*command, option, target, cwd=tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"folder", "file", "loop", "astray"}
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    "command",
    [("vectors", "-o"), ("prove", "--export"), ("export", "--scope", "exchange", "tla")],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("target", ["file", "file/x", "/dev/null/x", "astray"])
def test_a_folder_that_cannot_be_made_is_refused(command: tuple[str, ...], target: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "astray").symlink_to("missing")
    assert "is not a folder" in refused(*command, target, cwd=tmp_path)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "file").chmod(0o400)
    assert "Permission denied" in refused(*SHORT, "--json", "file", cwd=tmp_path)
    assert "Permission denied" in refused(*SHORT, "--json", "closed/x", cwd=tmp_path)
    assert "closed is read-only" in refused("vectors", "-o", "closed/x", cwd=tmp_path)


def test_a_relative_target_in_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = shell('cd gone; rmdir ../gone; "$@"', "vectors", "-o", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "halfclose: cannot write to out: No such file or directory\n"


def test_a_property_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_bytes(b"\xff")
    assert refused("verify", "--property", "mine.py", cwd=tmp_path) == "mine.py is not a text in UTF-8\n"


def test_a_run_that_is_refused_leaves_the_old_report_and_makes_no_new_one(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("kept")
    refused(*SHORT, "--limit", "0", "--json", "old.json", cwd=tmp_path)
    refused(*SHORT, "--limit", "0", "--json", "new.json", cwd=tmp_path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("old.json", "kept")]


@pytest.mark.parametrize("target", ["new.json", "link.json", "old.json"])
def test_a_report_is_written_where_it_can_be(target: str, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("long" * 10_000)
    (tmp_path / "link.json").symlink_to("behind.json")
    done = halfclose(*SHORT, "--json", target, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / target).read_text().endswith("\n}\n")
    assert "long" not in (tmp_path / target).read_text()


def test_a_device_is_written_without_being_opened_twice() -> None:
    assert halfclose(*SHORT, "--json", "/dev/stdout").stdout.endswith("\n}\n")


def test_the_content_and_the_report_do_not_mix_on_stdout() -> None:
    assert "cannot both go to stdout" in refused("fetch", "http://198.18.0.1/", "--json", "-")


# ---- options that would be ignored ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "S9", "--property", "mine.py"), "the argument 'claims' would be ignored with --property"),
        (("verify", "--property", "mine.py", "--mutant", "x"), "--mutant would be ignored with --property"),
        (("verify", "--property", "mine.py", "--no-mutants"), "--no-mutants would be ignored with --property"),
        (("verify", "--property", "mine.py", "--edges"), "--edges would be ignored with --property"),
        (("verify", "--property", "mine.py", "--jobs", "2"), "--jobs would be ignored with --property"),
        (("verify", "--mutant", "two-way-handshake", "--no-mutants"), "--no-mutants would be ignored with --mutant"),
        (("verify", "--mutant", "two-way-handshake", "--mutants"), "--mutants would be ignored with --mutant"),
        (("verify", "--json", "-", "--traces"), "--traces would be ignored with --json -"),
        (("verify", "--json", "-", "--edges"), "--edges would be ignored with --json -"),
        (("verify", "G2", "--profile", "rfc5961"), "--profile would be ignored"),
        (("prove", "--gate", "--mutant", "two-way-handshake"), "--mutant would be ignored with --gate"),
        (("prove", "--gate", "--profile", "rfc5961"), "--profile would be ignored with --gate"),
        (("prove", "--gate", "--solver", "z3"), "--solver would be ignored with --gate"),
        (("prove", "--gate", "--export", "out"), "--export would be ignored with --gate"),
        (("prove", "--gate", "--bridge"), "--bridge would be ignored with --gate"),
        (("prove", "--mutant", "two-way-handshake", "--minimal"), "--minimal would be ignored with --mutant"),
        ((*FULL_CLOSE, "--octets", "2"), "--octets would be ignored, because no program is free"),
        ((*FULL_CLOSE, "--engine", "python", "--memory", "1G"), "--memory"),
        (("export", "tla", "out", *FULL_CLOSE[1:], "--octets", "2"), "--octets would be ignored"),
        (("refine", "abort", "--faults"), "the argument 'scopes' would be ignored with --fault or --faults"),
        (("refine", "--fault", "no-time-wait", "--seeds", "3"), "--seeds would be ignored"),
        (("refine", "--fault", "no-time-wait", "--edges"), "--edges would be ignored"),
        (("refine", "--fault", "no-time-wait", "--faults"), "--faults would be ignored with --fault"),
        (("refine", "abort", "--by", "vectors"), "the argument 'scopes' would be ignored without --by exploration"),
        (("refine", "--by", "vectors", "--examples", "3"), "--examples would be ignored without --by search"),
        (("refine", "--by", "exploration", "--seeds", "3"), "--seeds would be ignored without --by search"),
        (("refine", "--edges", "--json", "-"), "--edges would be ignored with --json -"),
        (("conform", "out", "--stack", "reference", "--all", "--json", "-"), "--all would be ignored with --json -"),
        (("serve", ".", "--seed", "3"), "--seed would be ignored without --loss, --duplicate or --reorder"),
        (("fetch", "http://198.18.0.1/", "--seed", "3"), "--seed would be ignored without --loss"),
        (("fuzz", "--world", "3", "--packets", "9"), "--packets would be ignored with --world"),
        (("bench", "explore", "--scope", "text-1-0", "--most", "9999"), "--most would be ignored with --scope"),
        (("bench", "explore", "--scope", "text-1-0", "--patience", "1"), "--patience would be ignored with --scope"),
        (("bench", "reference", "--only", "memory", "--runs", "1"), "--runs would be ignored with --only memory"),
        (("bench", "reference", "--only", "link", "--idle", "1"), "--idle would be ignored with --only link"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused(*arguments, cwd=tmp_path)


def test_the_gate_is_found_under_its_old_name_too() -> None:
    assert "--bridge would be ignored with --gate" in refused("prove", "--mutants", "--bridge")
    assert "--mutants" not in halfclose("prove", "--help").stdout


def test_a_comparison_of_nothing_is_refused() -> None:
    assert "nothing is left to compare" in refused("refine", "--by", "search", "--seeds", "0")


# ---- bounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [FULL_CLOSE, ("export", "tla", "out", *FULL_CLOSE[1:])], ids=lambda c: c[0])
@pytest.mark.parametrize("iss", ["64,3", "3,64", "70,3"])
def test_an_iss_beyond_the_width_is_refused(command: tuple[str, ...], iss: str, tmp_path: Path) -> None:
    line = refused(*command, "--iss", iss, "--bits", "6", cwd=tmp_path)
    assert "iss must be less than 64 with sequence numbers of 6 bits" in line
    assert not list(tmp_path.iterdir())


def test_the_largest_iss_of_the_width_is_taken() -> None:
    assert halfclose(*SHORT, "--iss", "63,0", "--bits", "6").returncode == 0


@pytest.mark.parametrize(
    "option",
    ["--losses=--5", f"--losses={'9' * 5000}", f"--iss={'9' * 5000},1", "--iss=-1,3", f"--memory={'9' * 5000}G"],
)
def test_numbers_that_are_none_are_refused_and_not_repeated_at_length(option: str) -> None:
    assert len(refused(*FULL_CLOSE, option)) < 150


# ---- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "S99"), "unknown claim 'S99'; did you mean S9?"),
        (("verify", "nonsense"), "unknown claim 'NONSENSE'; `halfclose explain claims` lists them"),
        (("verify", "S9", "--mutant", "two-way-handshak"), "did you mean two-way-handshake?"),
        (("verify", "S9", "--profile", "rfc5691"), "rfc5961"),
        (("prove", "--mutant", "fin-sent-twise"), "fin-sent-twice"),
        (("export", "tla", "out", "--scope", "exchagne"), "unknown scope 'exchagne'; did you mean exchange?"),
        (("refine", "half-clos"), "unknown scope 'half-clos'; did you mean half-close"),
        (("refine", "xyzzy"), "unknown scope 'xyzzy'; `halfclose refine --help` lists them"),
        (("refine", "--fault", "no-time-wiat"), "unknown fault 'no-time-wiat'; did you mean no-time-wait"),
        (("conform", "out", "--stack", "linx"), "unknown stack 'linx'; did you mean linux?"),
        (("conform", "out", "--stack", "xyzzy"), "unknown stack 'xyzzy'; known are linux, lwip, reference"),
        (
            ("bench", "explore", "--scope", "text-2"),
            "unknown scope 'text-2'; did you mean text-2-2 or text-2-1 or text-2-0?",
        ),
        (("bench", "explore", "--engine", "num"), "unknown engine 'num'; did you mean numba?"),
        (("bench", "reference", "--only", "luck"), "unknown group 'luck'; known are core, link, memory"),
        (("bench", "prove", "--proof", "one-end"), "unknown proof 'one-end'; did you mean one end or both ends?"),
    ],
)
def test_a_name_that_does_not_exist_suggests_those_that_are_near(arguments: tuple[str, ...], said: str) -> None:
    line = refused(*arguments)
    assert said in line
    assert len(line) < 200

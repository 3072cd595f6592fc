"""How the command line starts: what it imports, and what it says before a command is called."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer
from commandline import halfclose, surroundings

import halfclose as package
from halfclose.checks.bench.startup import PEER, PROGRAMS, Failed, measure
from halfclose.checks.cli import bench, commands

#: Libraries that only some commands need.
HEAVY = ("cvc5", "h11", "hypothesis", "jsonschema", "networkx", "numba", "numpy", "pyroute2", "rich", "scipy", "z3")
COMMANDS = [("halfclose.checks.cli.", name, summary) for name, summary in commands.SUMMARIES.items()]
COMMANDS += [("halfclose.checks.cli.bench_", name, summary) for name, summary in bench.SUMMARIES.items()]


def imported_by(code: str) -> set[str]:
    """The modules that this code imports."""
    tell = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["bench", "--help"]])
def test_help_imports_no_library_of_a_command(arguments: list[str]) -> None:
    code = f"sys.argv[1:] = {arguments}; from halfclose.checks.cli.app import main; main()"
    modules = imported_by(code)
    assert "typer" in modules
    assert not modules & set(HEAVY)


def test_the_way_in_imports_nothing_that_takes_time() -> None:
    modules = imported_by("import halfclose, halfclose.checks, halfclose.checks.cli.app")
    assert not modules & {"typer", "importlib.metadata", *HEAVY}


def test_a_command_is_imported_without_the_others() -> None:
    modules = imported_by("sys.argv[1:] = ['graph']; from halfclose.checks.cli.app import main; main()")
    assert "halfclose.checks.cli.graph" in modules
    assert not modules & {"halfclose.checks.cli.verify", "z3", "numpy", "hypothesis"}


@pytest.mark.parametrize(("prefix", "name", "summary"), COMMANDS)
def test_the_summary_of_a_command_is_how_its_help_begins(prefix: str, name: str, summary: str) -> None:
    command = importlib.import_module(prefix + name).command
    help_text = inspect.getdoc(command if callable(command) and not isinstance(command, typer.Typer) else bench.options)
    assert help_text is not None
    first = help_text.splitlines()[0]
    assert first == summary or first.startswith((f"{summary.removesuffix('.')}:", f"{summary.removesuffix('.')};"))


@pytest.mark.parametrize("group", [[], ["bench"]])
def test_the_list_of_commands_cuts_no_summary(group: list[str]) -> None:
    listed = halfclose(*group, "--help").stdout.partition("Commands:")[2]
    summaries = bench.SUMMARIES if group else commands.SUMMARIES
    for name, summary in summaries.items():
        assert f"  {name} " in listed
        assert f" {summary.removesuffix('.')}" in listed
    assert "..." not in listed


@pytest.mark.parametrize("group", [[], ["bench"]])
def test_a_group_alone_prints_its_help_and_leaves_with_status_2(group: list[str]) -> None:
    done = halfclose(*group)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == halfclose(*group, "--help").stdout


def test_the_version_is_that_of_the_package() -> None:
    done = halfclose("--version")
    assert done.stdout == f"halfclose {version('halfclose')}\n"
    assert package.__version__ == version("halfclose")


def test_the_package_has_no_other_attribute() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = package.nonsense


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verfy"], "No such command 'verfy'. Did you mean 'verify'? See `halfclose --help`."),
        (["bench", "startp"], "Did you mean 'startup'? See `halfclose bench --help`."),
        (["verify", "--mutnt", "x"], "No such option: --mutnt"),
        (["conform"], "Missing argument 'DIR'."),
        (["serve", ".", "--loss", "200"], "less than or equal to 99. See"),
        (["refine", "--by", "luck"], "'exploration', 'search', 'vectors'"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(arguments: list[str], said: str) -> None:
    done = halfclose(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("halfclose: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "--help`." in done.stderr


@pytest.mark.parametrize("command", ["", *commands.SUMMARIES, *(f"bench {name}" for name in bench.SUMMARIES)])
@pytest.mark.parametrize("columns", [None, 60, 200])
def test_help_wraps_at_80_columns_or_at_the_width_of_the_terminal(command: str, columns: int | None) -> None:
    lines = halfclose(*command.split(), "--help", columns=columns).stdout.splitlines()
    assert max(map(len, lines)) <= min(columns or 80, 80)
    assert not any("…" in line for line in lines)


# ---- completion ----------------------------------------------------------------------------------------------


def completed(*words: str) -> str:
    """What bash would offer for the last of these words."""
    asked = {
        "_HALFCLOSE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("halfclose", *words)),
        "COMP_CWORD": str(len(words)),
    }
    code = "import sys; sys.argv[0] = 'halfclose'; from halfclose.checks.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=surroundings(None, asked)
    )
    assert done.stderr == ""
    return done.stdout


def test_commands_are_completed() -> None:
    assert completed("ex").split() == ["explore", "export", "explain"]


def test_commands_of_a_group_are_completed() -> None:
    assert completed("bench", "st").split() == ["startup"]


def test_options_of_a_command_are_completed() -> None:
    assert completed("verify", "--mut").split() == ["--mutant", "--mutants"]


def test_completing_a_command_imports_none() -> None:
    code = (
        "import os; sys.argv[0] = 'halfclose'; os.environ |= {'_HALFCLOSE_COMPLETE': 'complete_bash', "
        "'COMP_WORDS': 'halfclose ve', 'COMP_CWORD': '1'}; from halfclose.checks.cli.app import main; main()"
    )
    assert not imported_by(code) & {"halfclose.checks.cli.verify", *HEAVY}


def test_the_way_to_install_completion_is_offered() -> None:
    assert "--install-completion" in halfclose("--help").stdout


# ---- the benchmark -------------------------------------------------------------------------------------------


def test_bench_startup_compares_with_an_empty_application() -> None:
    done = halfclose("bench", "startup", "--runs", "1", "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    figures = {one["program"]: one for one in json.loads(done.stdout)["figures"]}
    assert figures.keys() == PROGRAMS.keys()
    assert figures[PEER]["times_peer"] == 1
    assert all(one["seconds"] > 0 for one in figures.values())


def test_bench_startup_measures_no_program_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROGRAMS, PEER, ("-c", "raise SystemExit(3)"))
    with pytest.raises(Failed, match="status 3"):
        measure(1)


def test_bench_startup_shows_a_table() -> None:
    done = halfclose("bench", "startup", "--runs", "1")
    assert "times the empty application" in done.stdout
    assert all(name in done.stdout for name in PROGRAMS)

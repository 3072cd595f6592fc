"""What becomes of a run whose output goes nowhere, and of one that is interrupted: never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from commandline import FULL_CLOSE, HALFCLOSE, SHORT, halfclose, shell, surroundings

CANNOT_WRITE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141

#: Ways to write to stdout: Typer's, Rich's, plain and long text, and the last words of a run that fails.
WRITERS = [
    ("--help",),
    ("--version",),
    ("verify", "--help"),
    ("explain", "S11"),
    ("graph", "--format", "json"),
    ("bench", "startup", "--runs", "1"),
    SHORT,
    FULL_CLOSE,
    (*FULL_CLOSE, "--json", "-"),
    ("verify", "S8"),
]
names = [" ".join(one)[:20] for one in WRITERS]


@pytest.mark.parametrize("arguments", WRITERS, ids=names)
def test_a_full_disk_is_said_in_one_line_and_has_a_status_of_its_own(
    arguments: tuple[str, ...],
) -> None:
    done = shell('"$@" >/dev/full', *arguments)
    assert done.returncode == CANNOT_WRITE
    assert done.stderr.splitlines()[-1] == "halfclose: cannot write to stdout: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", WRITERS, ids=names)
def test_a_closed_stdout_is_refused_before_anything_is_done(arguments: tuple[str, ...]) -> None:
    done = shell('"$@" >&-', *arguments)
    assert done.returncode == CANNOT_WRITE
    assert done.stderr == "halfclose: cannot write to stdout, because it is closed; >/dev/null silences it\n"


@pytest.mark.parametrize("arguments", WRITERS, ids=names)
def test_a_reader_that_went_away_ends_the_run_as_sigpipe_does(arguments: tuple[str, ...]) -> None:
    done = shell('"$@" | :; exit ${PIPESTATUS[0]}', *arguments)
    assert done.returncode == BROKEN_PIPE
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def test_a_reader_that_has_read_enough_gets_what_it_read() -> None:
    done = shell('"$@" | head -1; exit ${PIPESTATUS[0]}', "graph", "--format", "json")
    assert (done.returncode, done.stdout, done.stderr) == (BROKEN_PIPE, "{\n", "")


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("verify", "S99"), 2), (("verfy",), 2), (("verify", "S8"), 0), (FULL_CLOSE, 1), (("conform", "/nowhere"), 2)],
)
def test_a_stderr_that_takes_nothing_changes_no_status(where: str, arguments: tuple[str, ...], status: int) -> None:
    done = shell(f'"$@" {where}', *arguments)
    assert (done.returncode, done.stderr) == (status, "")
    assert bool(done.stdout) is (status != 2)


def test_both_streams_closed_is_still_no_success() -> None:
    assert shell('"$@" >&- 2>&-', "verify", "S8").returncode == CANNOT_WRITE


def test_a_closed_stdin_is_not_missed() -> None:
    assert shell('"$@" <&-', "verify", "S8").returncode == 0


def test_a_file_that_is_written_is_not_taken_for_a_closed_stream(tmp_path: Path) -> None:
    done = shell('"$@" 2>&- <&-', "verify", "S8", "--json", tmp_path / "claims.json")
    assert done.returncode == 0
    assert (tmp_path / "claims.json").read_text().startswith("{\n")


def test_json_into_a_full_disk_is_said_in_one_line() -> None:
    done = halfclose(*SHORT, "--json", "/dev/full")
    assert done.returncode == CANNOT_WRITE
    assert done.stderr == "halfclose: cannot write /dev/full: No space left on device\n"


@pytest.mark.parametrize(("encoding", "written"), [("ascii", "f\\xfcr"), ("latin-1", "für"), ("utf-8", "für")])
def test_what_the_encoding_lacks_is_escaped(encoding: str, written: str, tmp_path: Path) -> None:
    command = [*HALFCLOSE, "export", "tla", "für", "--scope", "exchange"]
    environment = surroundings(None, {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"})
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=True, env=environment)
    assert f"{written}/TCP.tla" in done.stdout.decode(encoding)


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"TERM": "dumb"},
        {"TERM": ""},
        {"NO_COLOR": "1"},
        {"COLUMNS": "0"},
        {"COLUMNS": "1"},
        {"COLUMNS": "-5"},
        {"COLUMNS": "wide"},
        {"LINES": "0"},
    ],
    ids=str,
)
def test_odd_terminals_change_no_answer(environment: dict[str, str]) -> None:
    done = halfclose(*SHORT, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no" in done.stdout.split()
    assert "the whole scope" in " ".join(done.stdout.split())


# ---- Ctrl-C --------------------------------------------------------------------------------------------------

INTERRUPTS_ITS_IMPORT = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"


@pytest.mark.parametrize(("library", "arguments"), [("typer", ["--help"]), ("z3", ["prove"]), ("rich", ["verify"])])
def test_ctrl_c_while_a_library_is_imported_is_said_in_one_line(
    library: str, arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / f"{library}.py").write_text(INTERRUPTS_ITS_IMPORT)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = halfclose(*arguments, PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "halfclose: interrupted\n")


def test_a_run_in_the_background_that_ignores_ctrl_c_goes_on_ignoring_it(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT); raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = shell(f'trap "" INT; PYTHONPATH={path} "$@"', "verify", "S8")
    assert "interrupted" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("prove",),
        ("refine", "--by", "search", "--examples", "100000"),
        ("vectors", "-o", "out"),
        ("fuzz",),
        ("verify", "--property", "mine.py"),
        ("bench", "startup", "--runs", "1000"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_ctrl_c_in_the_middle_of_a_run_is_said_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from halfclose.spec.claims.properties import Always\n"
        "from halfclose.spec.language.states import State\n"
        "from halfclose.spec.language.variables import in_state\n"
        "import os, signal, threading\n"
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "PROPERTY = Always('no CLOSED', 'exchange', (), ~in_state(State.CLOSED) | in_state(State.CLOSED))\n"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = surroundings(None, {})
    with subprocess.Popen(
        [*HALFCLOSE, *arguments], text=True, cwd=tmp_path, env=environment, start_new_session=True, **pipes
    ) as running:
        if "--property" not in arguments:
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(2.5)
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        _, errors = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED
    assert errors.splitlines()[-1].startswith("halfclose: interrupted")
    assert "Traceback" not in errors


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are listed in /proc")
def test_a_worker_that_is_killed_is_said_in_one_line() -> None:
    with subprocess.Popen(
        [*HALFCLOSE, "verify", "S2", "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings(None, {}),
    ) as running:
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while not (workers := children.read_text().split()):
            assert running.poll() is None
        os.kill(int(workers[-1]), signal.SIGKILL)
        out, errors = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert errors.splitlines()[-1].startswith("halfclose: a process that worked was killed")
    assert "Traceback" not in errors

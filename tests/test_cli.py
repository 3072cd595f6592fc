"""Each command once as a user types it, and what it says to bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from halfclose.checks.stacks import linux, lwip

FULL_CLOSE = ("explore", "--app-a", "open; send 1; close", "--app-b", "listen; send 1; read; close")


def halfclose(*args: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"}
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)


def test_verify_decides_claims_and_writes_them_as_json(tmp_path: Path) -> None:
    file = tmp_path / "claims.json"
    done = halfclose("verify", "S8", "S9", "G6", "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert "Four-way close" in done.stdout
    claims = {claim["id"]: claim for claim in json.loads(file.read_text())["claims"]}
    assert set(claims) == {"S8", "S9", "G6"}
    assert all(claim["verdict"] == "holds" for claim in claims.values())
    for evidence in (e for claim in claims.values() for e in claim["evidence"]):
        assert {"engine", "scope", "seconds", "broken_by"} <= evidence.keys()
        assert evidence["broken_by"]


def test_verify_of_a_mutant_fails_with_a_diagram() -> None:
    done = halfclose("verify", "S11", "--mutant", "close-wait-cannot-send")
    assert done.returncode == 1
    assert "counterexample" in done.stdout
    assert "CLOSE-WAIT" in done.stdout


def test_verify_decides_a_property_of_the_user_s_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from halfclose.spec.claims.properties import Always\n"
        "from halfclose.spec.language.states import State\n"
        "from halfclose.spec.language.variables import in_state\n"
        "PROPERTY = Always('no TIME-WAIT', 'half-close', ('no-trimming',), ~in_state(State.TIME_WAIT))\n"
    )
    done = halfclose("verify", "--property", str(file))
    assert done.returncode == 1
    assert "no TIME-WAIT: fails" in done.stdout
    assert "not inductive by itself: fin-wait-1.acked.fin" in done.stdout
    assert "mutant no-trimming: not tried: the property fails already" in done.stdout


def test_prove_refutes_every_query_and_writes_json_and_smt_lib(tmp_path: Path) -> None:
    done = halfclose("prove", "--minimal", "--json", str(tmp_path / "proof.json"), "--export", str(tmp_path / "smt"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(", 0 not refuted; ") == 2
    assert "implied by the other conjuncts: none" in done.stdout
    assert "ISN clock: " in done.stdout
    report = json.loads((tmp_path / "proof.json").read_text())
    assert report["implied"] == []
    claims = {claim["id"]: claim for claim in report["claims"]}
    assert claims.keys() == {"S1", "S2", "S4", "S5", "S7", "S10", "S11", "G1"}
    assert all(claim["verdict"] == "holds" for claim in claims.values())
    assert all("MSL" in evidence["assumes"] for claim in claims.values() for evidence in claim["evidence"])
    assert len(list((tmp_path / "smt").glob("*.smt2"))) > 600


def test_prove_carries_the_bridge_to_the_wire() -> None:
    done = halfclose("prove", "--bridge")
    assert done.returncode == 0, done.stderr
    assert "not proved" not in done.stdout
    assert "What remains assumed" in done.stdout


def test_prove_names_the_edge_where_a_mutant_breaks_the_invariant_and_draws_a_trace() -> None:
    done = halfclose("prove", "--mutant", "fin-sent-twice")
    assert done.returncode == 1
    assert "the proof breaks at output.fin@FIN-WAIT-1" in done.stdout
    assert "<CTL=FIN,ACK>" in done.stdout
    assert "need not be reachable" in done.stdout
    assert "To find a real trace" not in done.stdout, "it follows"


def test_prove_refutes_a_profile_that_gives_a_premise_up() -> None:
    done = halfclose("prove", "--profile", "close-by-the-letter")
    assert done.returncode == 1
    assert "broken by fin-wait-1.text" in done.stdout


def test_bench_prove_compares_the_solvers(tmp_path: Path) -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    done = halfclose("bench", "prove", "--proof", "one end", "--json", str(tmp_path / "bench.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["proofs"]
    assert [row["solver"] for row in rows] == ["z3", "cvc5"]
    assert all(row["proved"] for row in rows)


def test_explore_draws_how_a_full_close_loses_octets() -> None:
    done = halfclose(*FULL_CLOSE)
    assert done.returncode == 1
    assert "can octets that A sent be lost?" in done.stdout
    assert "<CTL=RST>" in done.stdout


def test_explore_advises_programs_that_do_not_lose_what_these_do() -> None:
    done = halfclose(*FULL_CLOSE)
    assert "advice: with A as 'open; send 1; shutdown; read; close', no octet can be lost (explored: " in done.stdout
    assert "B waits in 'read', in ESTABLISHED" in " ".join(done.stdout.split())


def test_programs_that_never_connect_do_not_pass() -> None:
    done = halfclose("explore", "--app-a", "listen; send 3; close", "--app-b", "listen; read; close")
    assert done.returncode == 1
    assert done.stderr == "halfclose: the two never connect, so that every 'no' is empty\n"
    assert done.stdout.count("no: they never connect") == 8


def test_explore_says_what_a_no_rests_on() -> None:
    done = halfclose("explore", "--app-a", "open; shutdown", "--app-b", "listen; shutdown", "--losses", "0")
    said = " ".join(done.stdout.split())
    assert "what a 'no' rests on: at most 1 segment under way in each direction" in said
    assert "no segment lost" in said


def test_explore_writes_json_to_stdout() -> None:
    done = halfclose(
        "explore", "--app-a", "open; send 1; shutdown; read", "--app-b", "listen; read; shutdown", "--json", "-"
    )
    assert done.returncode == 0
    answers = {a["id"]: a["answer"] for a in json.loads(done.stdout)["answers"]}
    assert answers["lost-a"] == "no"
    assert answers["ends"] == "yes"


@pytest.mark.parametrize(
    ("form", "sign"), [("mermaid", "stateDiagram-v2"), ("dot", "digraph TCP"), ("graphml", "<graphml")]
)
def test_graph_prints_each_format(form: str, sign: str) -> None:
    done = halfclose("graph", "--format", form)
    assert done.returncode == 0
    assert sign in done.stdout


def test_graph_as_json_lists_every_edge_with_its_citation() -> None:
    graph = json.loads(halfclose("graph", "--format", "json").stdout)
    assert len(graph["states"]) == 11
    assert all(edge["cite"] and edge["source"] and edge["target"] for edge in graph["edges"])


@pytest.mark.parametrize("name", ["S11", "last-ack.acked", "two-way-handshake", "rfc1337", "exchange", "F12"])
def test_explain_finds_claims_edges_mutants_switches_scopes_and_figures(name: str) -> None:
    done = halfclose("explain", name)
    assert done.returncode == 0
    assert name in done.stdout


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("verify", "S99"), "S99"),
        (("verify", "--mutant", "nonsense"), "nonsense"),
        (("verify", "--profile", "nonsense"), "nonsense"),
        (("verify", "S6", "--json", "/nowhere/x.json"), "cannot write"),
        (("verify", "--property", "/nowhere/mine.py"), "cannot read"),
        (("prove", "--mutant", "nonsense"), "nonsense"),
        (("prove", "--export", "/dev/null/x"), "cannot write"),
        (("explain", "nonsense"), "nonsense"),
        (("graph", "--profile", "nonsense"), "nonsense"),
        ((*FULL_CLOSE, "--slots", "0"), "slots"),
        ((*FULL_CLOSE, "--losses", "-1"), "losses"),
        ((*FULL_CLOSE, "--losses", "some"), "losses"),
        ((*FULL_CLOSE, "--bits", "3"), "bits"),
        ((*FULL_CLOSE, "--bits", "99"), "bits"),
        ((*FULL_CLOSE, "--iss", "1"), "iss"),
        ((*FULL_CLOSE, "--profile", "nonsense"), "nonsense"),
        ((*FULL_CLOSE, "--limit", "0"), "limit"),
        (("explore", "--app-a", "fly", "--app-b", "listen"), "--app-a: call 1: unknown call 'fly'"),
        (
            ("explore", "--app-a", "open", "--app-b", "send 3; close"),
            "--app-b: call 1, 'send 3': there is no",
        ),
        (("explore", "--app-a", "open; send 40", "--app-b", "listen; read"), "say --bits 7"),
    ],
)
def test_bad_input_gets_one_clear_line_and_status_2(args: tuple[str, ...], word: str) -> None:
    done = halfclose(*args)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    done = halfclose("vectors", "-o", str(folder))
    assert done.returncode == 0, done.stderr
    assert "edges covered" in done.stdout
    return folder


def test_vectors_are_json_and_the_worked_example_is_among_them(vectors: Path) -> None:
    written = [json.loads(file.read_text()) for file in vectors.glob("*.json") if file.name != "schema.json"]
    texts = json.dumps(written)
    assert all(number in texts for number in ("8001", "9001", "10001", "15001", "17001"))


@pytest.mark.parametrize(("stack", "driver"), [("linux", linux), ("lwip", lwip)])
def test_conform_replays_the_vectors_twice_alike(vectors: Path, stack: str, driver: ModuleType) -> None:
    if (reason := driver.available()) is not None:
        pytest.skip(reason)
    first, second = (halfclose("conform", "--stack", stack, str(vectors), "--json", "-") for _ in range(2))
    assert first.returncode in (0, 1), first.stderr
    assert first.stdout == second.stdout
    counts = json.loads(first.stdout)["counts"]
    assert counts["passed"] > 200


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_command_brings_threads_that_would_keep_conform_out_of_a_namespace() -> None:
    count = "import os; import halfclose.checks.cli.app; print(len(os.listdir('/proc/self/task')))"
    done = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_conform_refuses_a_stack_that_does_not_exist(vectors: Path) -> None:
    done = halfclose("conform", "--stack", "nonsense", str(vectors))
    assert done.returncode == 2
    assert "linux" in done.stderr


@pytest.mark.parametrize(
    ("content", "word"), [(None, "no such folder"), ("", "no vectors"), ("{", "JSON"), ('{"schema": 1}', "schema")]
)
def test_conform_refuses_a_bad_folder(tmp_path: Path, content: str | None, word: str) -> None:
    folder = tmp_path / "vectors"
    if content is not None:
        folder.mkdir()
    if content:
        (folder / "edges.json").write_text(content)
    done = halfclose("conform", "--stack", "linux", str(folder))
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_vectors_cannot_be_written_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = halfclose("vectors", "-o", str(tmp_path / "taken"))
    assert done.returncode == 2
    assert "cannot write" in done.stderr


@pytest.mark.parametrize("args", [("verify",), ("explore", "--app-a", "free", "--app-b", "free", "--slots", "2")])
def test_ctrl_c_ends_promptly_and_says_what_was_covered(args: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=tmp_path, **pipes) as process:
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out


def test_explore_that_was_cut_short_by_its_limit_does_not_pass() -> None:
    done = halfclose("explore", "--app-a", "open; send 1; shutdown; read", "--app-b", "listen; read", "--limit", "5")
    assert done.returncode == 1
    assert "unknown" in done.stdout
    assert "stopped at --limit" in done.stderr


def test_prove_fails_with_values_where_a_profile_breaks_a_conjunct_and_names_vacuous_steps(tmp_path: Path) -> None:
    done = halfclose("prove", "--profile", "close-by-the-letter", "--json", str(tmp_path / "proof.json"))
    assert done.returncode == 1
    assert "counterexample to induction: fin-wait-1.text breaks: what was received is what was sent" in done.stdout
    assert "need not be reachable" in done.stdout
    assert "not in this profile, but with reopen-from-time-wait on: reopen" in done.stdout
    report = json.loads((tmp_path / "proof.json").read_text())
    assert {one["goal"] for one in report["counterexamples"]} >= {"what was received is what was sent"}
    assert {"step": "reopen", "enabled_by": ["+reopen-from-time-wait"]}.items() <= next(
        one for one in report["vacuous"] if one["step"] == "reopen"
    ).items()


_FALSE_AT_FIRST = """
from halfclose.checks.cli.app import main
from halfclose.checks.prove import both_ends
from halfclose.spec.claims.invariant import Conjunct
from halfclose.spec.language.variables import GHOST
both_ends.NOW = (*both_ends.NOW, Conjunct("every end has lived", GHOST.LIFE > 0, "", ()))
main()
"""


def test_prove_fails_where_a_conjunct_of_both_ends_is_false_at_first() -> None:
    command = [sys.executable, "-c", _FALSE_AT_FIRST, "prove"]
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 1
    assert "counterexample to induction: the initial state breaks: every end has lived" in done.stdout

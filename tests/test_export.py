"""The exported models, run by the checkers they are written for: as many states as ours, and the same verdicts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from halfclose.checks.claims.judges import Judge
from halfclose.checks.export import run
from halfclose.checks.export.files import Language, write
from halfclose.checks.export.model import Model
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Always
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import RULES, tcp
from halfclose.spec.world.application import parse_application
from halfclose.spec.world.network import BadScope, Scope

PROPERTIES = {prop.name: prop for claim in CLAIMS for prop in claim.properties if isinstance(prop, Always)}


def scope(app_a: str, app_b: str, **bounds: object) -> Scope:
    return Scope(parse_application(app_a), parse_application(app_b), **({"slots": 1} | bounds))  # type: ignore[arg-type]


#: Scopes that are small enough for TLC, each with a property and a mutant that breaks it there.
SCOPES: dict[str, tuple[Scope, str, str]] = {
    "loss and duplication": (
        scope("open; send 1", "listen; read 1", losses=1, duplicates=1),
        "a prefix of what was sent",
        "retransmission-misaligned",
    ),
    "reordering": (
        scope("open; send 2", "listen", slots=2, slots_back=1, losses=0, duplicates=1, mss=1),
        "a prefix, over a network that reorders",
        "early-text-delivered",
    ),
    "a crash": (
        scope("free: open", "free: listen", slots=2, slots_back=1, lives=2, crashes=1, losses=0, duplicates=0),
        "agree on sequence numbers",
        "two-way-handshake",
    ),
}
#: Programs that notice something without a call to TCP.
NOTICING = scope(
    "open in time; send 1; drain in time; linger 1; close; on timeout: exit",
    "listen; read 2; close; on eof: poll; exit; on error: exit",
    losses=0,
    duplicates=0,
)
IN_ORDER = scope("open; send 1", "listen; read 1", slots=2, reorder=False)

needs_spin = pytest.mark.skipif(bool(run.spin_needs()), reason=run.spin_needs())
needs_tlc = pytest.mark.skipif(bool(run.tlc_needs()), reason=run.tlc_needs())


def modelled(of: Scope, prop: str = "", mutant: str = "") -> Model:
    rules = mutated(mutant) if mutant else RULES
    return Model(of, tcp(of.profile, rules), [PROPERTIES[prop]] if prop else [])


def ours(model: Model) -> tuple[int, bool]:
    """States, and whether the property holds."""
    judged = Judge(model.scope, model.properties).run(model.scope, model.graph)
    return judged.exploration.states, all(outcome.holds for outcome in judged.outcomes)


# ---- Spin ----------------------------------------------------------------------------------------------------


def spin(model: Model, folder: Path) -> tuple[int, bool]:
    done = run.spin(model, folder)
    return done.states, done.holds


@needs_spin
@pytest.mark.parametrize("name", SCOPES)
def test_spin_finds_the_same_states_and_no_violation(name: str, tmp_path: Path) -> None:
    of, prop, _ = SCOPES[name]
    model = modelled(of, prop)
    assert spin(model, tmp_path) == ours(model)


@needs_spin
@pytest.mark.parametrize("name", SCOPES)
def test_spin_finds_the_mutant(name: str, tmp_path: Path) -> None:
    of, prop, mutant = SCOPES[name]
    model = modelled(of, prop, mutant)
    assert (spin(model, tmp_path)[1], ours(model)[1]) == (False, False)


@needs_spin
def test_spin_finds_the_same_states_over_a_network_in_order(tmp_path: Path) -> None:
    model = modelled(IN_ORDER)
    assert spin(model, tmp_path) == ours(model)


@needs_spin
def test_spin_finds_the_same_states_of_programs_that_notice_something(tmp_path: Path) -> None:
    model = modelled(NOTICING)
    assert spin(model, tmp_path) == ours(model)


# ---- TLC -----------------------------------------------------------------------------------------------------


def tlc(model: Model, folder: Path) -> tuple[int, bool]:
    done = run.tlc(model, folder)
    return done.states, done.holds


@needs_tlc
@pytest.mark.parametrize("name", SCOPES)
def test_tlc_finds_the_same_states_and_no_violation(name: str, tmp_path: Path) -> None:
    of, prop, _ = SCOPES[name]
    model = modelled(of, prop)
    assert tlc(model, tmp_path) == ours(model)


@needs_tlc
@pytest.mark.parametrize("name", SCOPES)
def test_tlc_finds_the_mutant(name: str, tmp_path: Path) -> None:
    of, prop, mutant = SCOPES[name]
    model = modelled(of, prop, mutant)
    assert (tlc(model, tmp_path)[1], ours(model)[1]) == (False, False)


@needs_tlc
def test_tlc_finds_the_same_states_of_programs_that_notice_something(tmp_path: Path) -> None:
    model = modelled(NOTICING)
    assert tlc(model, tmp_path) == ours(model)


@needs_tlc
def test_a_server_and_two_workers_find_the_same_states(tmp_path: Path) -> None:
    """TLC's distributed mode, on this machine alone: both sides are told to be found on the loopback address."""
    model = modelled(IN_ORDER)
    write(model, Language.TLA, tmp_path)
    package = "tlc2.tool.distributed"
    here = (f"-D{package}.TLCServer.port={free_port()}", "-Djava.rmi.server.hostname=127.0.0.1")
    single = f"-D{package}.TLCWorker.threadCount=1"
    server = run.java(*here, f"{package}.TLCServer", "-deadlock", "TCP", temporary=tmp_path)
    worker = run.java(*here, single, f"{package}.TLCWorker", "127.0.0.1", temporary=tmp_path)
    with run.running(server, tmp_path, "server.txt") as serving:
        wait_for(tmp_path / "server.txt", "is ready", serving)
        with run.running(worker, tmp_path, "worker-1.txt"), run.running(worker, tmp_path, "worker-2.txt"):
            serving.wait(timeout=120)
    said = (tmp_path / "server.txt").read_text()
    assert said.count("Registration for worker") == 2, said
    assert run.read_tlc(said) == ours(model)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(file: Path, text: str, server: subprocess.Popen[bytes]) -> None:
    """Skips where Java's remote calls do not work here."""
    deadline = time.monotonic() + 120
    while text not in (said := file.read_text()):
        if "java.rmi" in said:
            pytest.skip("Java RMI does not work on the loopback interface here")
        assert server.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.1)


# ---- the text, and the command -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
def test_every_edge_of_the_scope_is_there_with_its_name_and_its_citation(language: Language, tmp_path: Path) -> None:
    model = modelled(SCOPES["a crash"][0])
    text = write(model, language, tmp_path)[0].read_text()
    for step in (step for steps in model.steps.values() for step in steps):
        assert f" {step.edge.name}: " in text
        assert f"RFC 9293 {', '.join(step.edge.rule.cite)}" in text


def test_numbers_too_wide_for_the_other_checkers_are_refused() -> None:
    with pytest.raises(BadScope, match="bits"):
        modelled(scope("open", "listen", bits=31))


def test_a_choice_of_initial_sequence_numbers_is_refused() -> None:
    with pytest.raises(BadScope, match="isns"):
        modelled(scope("open", "listen", isns=2))


def halfclose(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", "export", *args]
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


def test_the_command_writes_the_files_and_says_what_to_expect(tmp_path: Path) -> None:
    done = halfclose("tla", str(tmp_path), "--scope", "half-close", "--losses", "0", "--explore")
    assert done.returncode == 0, done.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"TCP.tla", "TCP.cfg", "README-tlc.md"}
    assert "holds: every normal ending shows the applications the same octets" in done.stdout
    assert "tlc2.tool.distributed.TLCServer" in (tmp_path / "README-tlc.md").read_text()


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ((), "--scope"),
        (("--scope", "nowhere"), "nowhere"),
        (("--scope", "exchange", "--property", "S3"), "S3"),
        (("--scope", "exchange", "--mutant", "none"), "none"),
        (("--scope", "exchange", "--losses", "many"), "losses"),
        (("--app-a", "fly", "--app-b", "listen"), "fly"),
    ],
)
def test_bad_requests_are_refused_in_one_line(args: tuple[str, ...], word: str, tmp_path: Path) -> None:
    done = halfclose("promela", str(tmp_path), *args)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())

"""Mechanical mutants: what they are, which judges notice them, and how results are kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from commandline import halfclose

from halfclose.checks.cli.mutate import print_one
from halfclose.checks.mutate.equivalence import equivalent
from halfclose.checks.mutate.judges import CLAIMS, EQUIVALENT, SURVIVES, TOTALITY, Judges
from halfclose.checks.mutate.make import mutants
from halfclose.checks.mutate.mutant import Mutant, alone, edge_of
from halfclose.checks.mutate.results import PROOFS, VECTORS, Result, key, load, save
from halfclose.checks.mutate.score import score
from halfclose.checks.mutate.vectors import Vectors
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.language.variables import RCV, SND
from halfclose.spec.tcp.graph import TCP


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges()


@pytest.fixture(scope="module")
def linux() -> Vectors:
    return Vectors(PROFILES["linux"])


# ---- the mutants ---------------------------------------------------------------------------------------------


def test_every_edge_has_mutants_of_its_target_and_of_each_update() -> None:
    parts = {(mutant.where, mutant.part) for mutant in mutants().values()}
    for edge in TCP.edges:
        assert any(where == edge.name for where, _ in parts), edge.name
        changing = {a.var.name for a in edge.rule.updates if a.value is not a.var}
        assert {(edge.name, name) for name in changing} <= parts


def test_no_two_mutants_mean_the_same() -> None:
    meanings = Counter(mutant.meaning for mutant in mutants().values())
    assert meanings.most_common(1)[0][1] == 1


def test_a_mutant_changes_its_own_edges_and_no_others() -> None:
    mutant = mutants()["step2.reset@ESTABLISHED/target/LISTEN"]
    right = {edge.name: edge for edge in TCP.edges}
    wrong = {edge.name: edge for rule in mutant.rules for edge in rule.edges()}
    assert right.keys() == wrong.keys()
    assert {name for name in right if right[name].target is not wrong[name].target} == {"step2.reset@ESTABLISHED"}


def test_a_shared_term_is_changed_wherever_it_stands() -> None:
    mutant = next(mutant for name, mutant in mutants().items() if name.startswith("term:acceptable"))
    assert len({edge.source for edge in mutant.edges.values()}) > 5


# ---- the proofs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "output.text@ESTABLISHED/out.WND/=RCV.BUFF",
        "retransmit.text@FIN-WAIT-1/out.WND/=RCV.BUFF",
        "output.ack@ESTABLISHED/out.WND/=RCV.BUFF",
        "step1.ack@CLOSE-WAIT/out.WND/=RCV.BUFF",
        "send.full@ESTABLISHED/signal/=ok",
        "step2.reset@FIN-WAIT-2/signal/dropped",
        "abort.reset@ESTABLISHED/out.FIN/toggled",
        "reassemble.unwanted@FIN-WAIT-1/out.SEQ/=SND.UNA",
        "step2.syn-received.active/target/LISTEN",
    ],
)
def test_what_no_claim_spoke_of_is_noticed_by_the_claims_on_steps(judges: Judges, name: str) -> None:
    assert judges.ask(mutants()[name]).by == CLAIMS


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("listen.syn/guard.2/dropped", TOTALITY),
        ("send.queue@ESTABLISHED/guard.0/dropped", TOTALITY),
        ("crash@ESTABLISHED/HELD.TEXT/dropped", EQUIVALENT),
        ("term:fin-sent/without-0", EQUIVALENT),
    ],
)
def test_each_mutant_is_noticed_by_the_first_judge_that_can(judges: Judges, name: str, by: str) -> None:
    assert judges.ask(mutants()[name]).by == by


def test_the_right_edges_are_noticed_by_nobody(judges: Judges) -> None:
    for name in ("established.fin", "listen.syn", "output.text@CLOSE-WAIT", "step4.reset@ESTABLISHED"):
        same = replace(alone(TCP.named(name)))
        assert judges.ask(Mutant(name, "", "", "", "", {name: edge_of(same)})).by == EQUIVALENT


def test_an_edge_that_sends_another_window_is_not_equivalent_and_one_with_another_dead_variable_is() -> None:
    right = TCP.named("step2.reset@ESTABLISHED")
    others = tuple(a for a in right.rule.updates if a.var is not SND.WND)
    dead = replace(alone(right), updates=(*others, SND.WND.becomes(RCV.WND)))
    assert equivalent(right, edge_of(dead))
    ack = TCP.named("output.ack@ESTABLISHED")
    assert ack.rule.emits is not None
    assert not equivalent(ack, edge_of(replace(alone(ack), emits=replace(ack.rule.emits, wnd=RCV.BUFF))))


# ---- the vectors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "closed.ack/out.SEQ/+1",
        "established.text/RCV.NXT/-1",
        "output.ack@ESTABLISHED/out.WND/=RCV.BUFF",
        "close.established/target/CLOSED",
        "send.full@ESTABLISHED/signal/=ok",
    ],
)
def test_a_vector_tells_a_mutant(linux: Vectors, name: str) -> None:
    assert linux.telling(mutants()[name])


def test_no_vector_tells_the_right_edge_or_what_a_socket_does_not_show(linux: Vectors) -> None:
    right = alone(TCP.named("established.text"))
    assert not linux.telling(Mutant(right.name, "", "", "", "", {right.name: edge_of(right)}))
    assert not linux.telling(mutants()["retransmit.text@ESTABLISHED/signal/=error: connection reset"])


def test_a_search_finds_a_vector_where_no_generated_one_tells(linux: Vectors) -> None:
    told = linux.found(mutants()["closed.ack/out.SEQ/+1"])
    assert told.startswith("<SEQ=") or "; " in told


# ---- what is kept --------------------------------------------------------------------------------------------


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    assert load(file) == {}
    save(file, {"a": Result(SURVIVES), "b": Result(CLAIMS, "x: y")})
    assert load(file) == {"a": Result(SURVIVES), "b": Result(CLAIMS, "x: y")}


@pytest.mark.parametrize("text", ["", "[]", '{"results": 7}', '{"results": {"a": {"other": 1}}}'])
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"^\S+ is no file of results of mutants; remove it, or name another one$"):
        load(file)


def test_a_key_depends_on_the_changed_edge_and_on_the_column() -> None:
    one = mutants()["listen.ack/out.SEQ/+1"]
    other = mutants()["listen.ack/out.SEQ/-1"]
    keys = {key(one, PROOFS), key(other, PROOFS), key(one, VECTORS)}
    assert len(keys) == 3
    assert key(one, PROOFS) == key(one, PROOFS)


def test_the_score_leaves_out_what_is_proved_equivalent_in_both_columns() -> None:
    proofs = {"a": Result(CLAIMS), "b": Result(EQUIVALENT), "c": Result(SURVIVES)}
    vectors = {"a": Result(VECTORS), "b": Result(SURVIVES), "crash@LISTEN/target/LISTEN": Result(SURVIVES)}
    one, other = score({PROOFS: proofs, VECTORS: vectors})
    assert (one.killed, one.real, one.equivalent, one.unexplained) == (1, 2, 1, ("c",))
    assert (other.killed, other.real, other.unexplained) == (1, 2, ())
    assert list(other.explained) == ["crash@LISTEN/target/LISTEN"]


# ---- the command ---------------------------------------------------------------------------------------------


def test_the_command_keeps_what_it_finds_and_does_not_judge_it_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    asked = ("mutate", "--edge", "listen.other", "--judge", "proofs", "--cache", str(kept), "--json", "-")
    first = halfclose(*asked)
    assert first.returncode == 0, first.stderr
    data = json.loads(first.stdout)
    assert data["columns"][0]["unexplained"] == []
    assert data["columns"][0]["killed"] + data["columns"][0]["equivalent"] == data["mutants"]
    found = load(kept)
    save(kept, dict.fromkeys(found, Result(SURVIVES)))
    again = halfclose(*asked)
    assert again.returncode == 1
    assert len(json.loads(again.stdout)["columns"][0]["unexplained"]) == data["mutants"]


def test_the_ids_of_an_edge_are_listed_without_asking_anybody() -> None:
    listed = halfclose("mutate", "--edge", "listen.syn", "--list")
    assert listed.returncode == 0
    assert listed.stdout.splitlines() == [name for name in mutants() if name.startswith("listen.syn/")]
    assert json.loads(halfclose("mutate", "--edge", "listen.syn", "--list", "--json", "-").stdout) == {
        "ids": listed.stdout.splitlines()
    }


def test_a_mutant_that_is_shown_names_each_column_once(capsys: pytest.CaptureFixture[str]) -> None:
    mutant = mutants()["listen.syn/guard.2/dropped"]
    print_one(mutant, {PROOFS: Result(TOTALITY, "LISTEN"), VECTORS: Result(VECTORS, "linux: listen.syn")})
    assert capsys.readouterr().out.splitlines()[-2:] == ["  proofs: totality: LISTEN", "  vectors: linux: listen.syn"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--edge", "listen.sny"), "unknown edge 'listen.sny'; did you mean listen.syn"),
        (("--show", "listen.syn/nothing"), "unknown mutant 'listen.syn/nothing'"),
        (("--show", "nope"), "unknown mutant 'nope'; `halfclose mutate --list` lists them"),
        (("--list", "--survivors"), "--survivors would be ignored with --list; leave it out"),
        (("--show", "x", "--sample", "3"), "--sample would be ignored with --show; leave it out"),
    ],
)
def test_a_wrong_use_is_refused_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    refused = halfclose("mutate", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1

"""`halfclose explain`: everything that has a name is listed and explained; `graph --format figure` is figure 5."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from halfclose.checks.explain.entry import Entry, Kind
from halfclose.checks.explain.figure5 import ARROWS, NOTE_2, PICTURE, Arrow, figure, place
from halfclose.checks.explain.index import KINDS, find, kind_named, suggest
from halfclose.checks.explain.page import index, listing, page
from halfclose.checks.explain.tables import readings_table
from halfclose.spec.language.profile import parse_profile
from halfclose.spec.language.readings import READINGS
from halfclose.spec.language.states import State
from halfclose.spec.tcp.graph import TCP, tcp
from halfclose.spec.world.application import Action


def explain(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "halfclose", "explain", *args], capture_output=True, text=True)


def the(name: str) -> Entry:
    """The one entry of this name."""
    (entry,) = find(name)
    return entry


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_everything_of_a_kind_is_found_by_its_name_and_fits_the_width(kind: Kind) -> None:
    for entry in kind.entries:
        assert entry in find(f"{entry.kind} {entry.name}")
        assert all(len(line) <= 80 for line in page(entry, 80)), entry.name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_listed_under_its_plural_and_its_singular(kind: Kind) -> None:
    assert kind_named(kind.name) is kind
    assert kind_named(kind.entries[0].kind) is kind
    assert all(len(line) <= 60 for line in listing(kind, 60))


def test_names_within_a_kind_are_unique() -> None:
    for kind in KINDS:
        assert len(set(kind.names)) == len(kind.names), kind.name


def test_the_index_counts_every_kind_and_fits_the_width() -> None:
    lines = list(index(KINDS, 80))
    assert all(len(line) <= 80 for line in lines)
    for kind in KINDS:
        assert any(line.startswith(f"{kind.name} ({len(kind.entries)}): ") for line in lines)


def test_a_state_shows_its_neighbours_in_figure_5_and_its_edges_by_event() -> None:
    facts = the("time-wait").known()
    assert facts["its place in figure 5"][1] == "CLOSING    --+--> TIME-WAIT --+--> CLOSED"
    assert facts["on TIME-WAIT TIMEOUT"] == ["to CLOSED: time-wait.timeout"]
    assert "from CLOSING: closing.acked" in facts["entered by"]


def test_a_variable_shows_who_sets_and_who_reads_it() -> None:
    facts = the("SND.UNA").known()
    assert any("established.ack" in line for line in facts["set by"])
    assert any("send.queue" in line for line in facts["read by"])
    assert any(line.startswith("S7 ") for line in facts["claims that speak of it"])


def test_a_ghost_shows_the_names_of_its_values() -> None:
    assert the("FATE").known()["values"][0].startswith("0 alive, 1 closed, 2 reset")


def test_an_edge_shows_what_it_notes_for_the_claims_by_name() -> None:
    assert "FATE <- closed" in the("last-ack.acked").known()["notes for the claims (ghosts)"]


def test_a_theorem_shows_its_formula_the_claims_that_use_it_and_its_mutants() -> None:
    facts = the("p1").known()
    assert facts["formula"] == [
        "GOOD and READ =< GOT and GOT =< PEER.SENT and "
        "(not (NOW([CLOSED or LISTEN]) and LIFE = NOW.LIFE) or NOW.READ =< GOT)"
    ]
    assert facts["used by"] == ["S2 Reliable, in order"]
    assert "no-trimming" in facts["broken by"]


def test_a_requirement_shows_what_cites_it_and_not_what_cites_a_longer_number() -> None:
    facts = the("MAY-1").known()
    assert any("full-close.unread" in line for line in facts["edges"])
    assert not any("MAY-12" in line for lines in facts.values() for line in lines)


def test_a_section_includes_its_steps_and_not_its_neighbours() -> None:
    assert any(line.startswith("step1.ack: ") for line in the("3.10.7.4").known()["edges"])
    assert not any(line.startswith("closed.rst") for line in the("3.10.7.4").known()["edges"])
    assert not any("3.5.1" in line for line in the("3.5").known().get("events", []))


def test_a_reading_is_found_by_its_number_and_names_its_switch() -> None:
    assert the("8") == the("reading 8") == the("Reading 8")
    assert the("8").known()["the other reading"][0].startswith("close-by-the-letter: ")


def test_a_scope_shows_programs_and_the_bounds_that_differ_without_any_python() -> None:
    facts = the("scope reuse-no-wait").known()
    assert "wait: nothing (default drained)" in facts["bounds other than the defaults"]
    assert "slots back: 1 (default as many as slots)" in facts["bounds other than the defaults"]
    assert not any("(app_a" in line or "frozenset" in line for lines in facts.values() for line in lines)


def test_the_case_of_a_name_decides_between_an_event_and_a_rule() -> None:
    assert [entry.kind for entry in find("CRASH")] == ["event"]
    assert {entry.kind for entry in find("crash")} == {"edge", "scope"}


def test_a_name_that_two_kinds_have_finds_both() -> None:
    assert [entry.kind for entry in find("close-by-the-letter")] == ["switch", "mutant"]


@pytest.mark.parametrize("action", Action, ids=lambda action: action.value)
def test_each_call_of_a_program_finds_what_a_program_is(action: Action) -> None:
    assert "program" in [entry.name for entry in find(action.value)] or find(action.value) == [the("scope abort")]


def test_what_a_program_answers_finds_it_and_a_call_that_an_event_has_too_finds_both() -> None:
    assert find("on eof") == find("in time") == find("linger") == [the("application program")]
    assert [entry.kind for entry in find("send")] == ["event", "application"]


def test_spaces_and_hyphens_are_alike_in_a_name() -> None:
    assert the("half close").name == "half-close"
    assert the("syn sent").name == "SYN-SENT"


def test_a_word_that_names_contain_suggests_them() -> None:
    assert "two-way-handshake" in suggest("handshake")


def test_a_rule_of_several_states_is_found_by_each_of_its_edges_and_without_the_state() -> None:
    assert the("send.queue@ESTABLISHED").name == "send.queue"
    assert len(find("step1.ack")) == 8


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TIMEWAIT", "TIME-WAIT"),
        ("snd.un", "SND.UNA"),
        ("MUST-111", "MUST-11"),
        ("reading 99", "reading 9"),
        ("last-ack.aked", "last-ack.acked"),
        ("mutant", "mutants"),
        ("rfc1338", "rfc1337"),
    ],
)
def test_a_misspelt_name_suggests_the_one_that_was_meant(name: str, meant: str) -> None:
    assert meant in suggest(name)


def test_without_a_name_the_command_lists_every_kind() -> None:
    done = explain()
    assert done.returncode == 0
    assert f"readings ({len(READINGS)}): " in done.stdout


def test_a_name_of_several_words_needs_no_quotes() -> None:
    assert explain("SEGMENT", "ARRIVES").stdout.startswith("event SEGMENT ARRIVES\n")


def test_json_says_what_the_page_says() -> None:
    (entry,) = json.loads(explain("P1", "--json", "-").stdout)["entries"]
    assert entry["kind"] == "theorem"
    assert entry["facts"]["used by"] == ["S2 Reliable, in order"]


def test_an_unknown_name_is_refused_with_a_suggestion_in_one_line() -> None:
    done = explain("TIMEWAIT")
    assert done.returncode == 2
    assert done.stderr.startswith("halfclose: nothing is called 'TIMEWAIT'; did you mean TIME-WAIT")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arrow", [*ARROWS, NOTE_2], ids=str)
def test_every_arrow_of_figure_5_is_a_cited_edge_of_the_graph(arrow: Arrow) -> None:
    edges = list(arrow.within(TCP))
    assert {edge.name for edge in edges} == set(arrow.edges)
    for edge in edges:
        assert (edge.source, edge.target) == (arrow.source, arrow.target)
        assert edge.cite


def test_every_label_of_figure_5_is_in_the_picture() -> None:
    for arrow in ARROWS:
        assert arrow.event in PICTURE
        assert all(part in PICTURE for part in arrow.action.split(", "))


def test_the_graph_s_other_state_changes_end_the_connection_or_pass_over_a_state() -> None:
    drawn = {(arrow.source, arrow.target) for arrow in (*ARROWS, NOTE_2)}
    others = {(edge.source, edge.target) for edge in TCP.edges if edge.source is not edge.target} - drawn
    assert {pair for pair in others if pair[1] is not State.CLOSED} == {
        (State.TIME_WAIT, State.SYN_RECEIVED),  # MAY-2
        (State.SYN_RECEIVED, State.CLOSE_WAIT),  # the ACK of the SYN carries a FIN
        (State.SYN_SENT, State.CLOSE_WAIT),  # the SYN,ACK carries a FIN
    }


def test_every_state_has_its_place_in_figure_5() -> None:
    for state in State:
        assert any(f"--> {state.value} --" in line for line in place(state))


def test_an_arrow_that_a_profile_has_no_edge_for_says_so() -> None:
    text = figure(tcp(parse_profile("rfc9293")))
    assert "SYN-RECEIVED -> FIN-WAIT-1  CLOSE\n    none in this profile\n" in text
    assert "none in this profile" not in figure(TCP)


def test_the_readings_as_markdown_have_a_row_each_and_their_switches_as_code() -> None:
    rows = readings_table().splitlines()
    assert len(rows) == len(READINGS) + 2
    assert len({row.count("|") for row in rows}) == 1
    assert "`rfc5961-rst`: " in rows[24]
    assert "`rfc5961-ack`: " in rows[24]

"""The numbered requirements of RFC 9293: all are there, each has its answer, and what is cited exists."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from peer import connected

from halfclose.checks.cli.requirements import summary
from halfclose.checks.explain.index import find
from halfclose.checks.explain.requirements import Answer, Row, rows
from halfclose.checks.vectors.generate import generate
from halfclose.checks.vectors.scenarios import SCENARIOS
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.language.readings import READINGS
from halfclose.spec.requirements.catalogue import BY_ID, REQUIREMENTS
from halfclose.spec.requirements.citation import fault, mentions
from halfclose.spec.requirements.left_out import LEFT_OUT, LeftOut
from halfclose.spec.requirements.numbering import FIGURES as CAPTIONS
from halfclose.spec.requirements.numbering import PARTS, SECTIONS, TABLES
from halfclose.spec.requirements.requirement import Requirement
from halfclose.spec.tcp.graph import RULES

ROOT = Path(__file__).parent.parent
SPEC = sorted((ROOT / "spec").rglob("*.py"))
#: Files outside of the specification that speak of the RFC.  Their decimal numbers may be anything.
OTHERS = [
    *sorted((ROOT / "checks").rglob("*.py")),
    *sorted((ROOT / "reference").rglob("*.py")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "README.md",
]

every_requirement = pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: one.id)
every_omission = pytest.mark.parametrize("each", LEFT_OUT, ids=lambda each: each.name)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def requirements(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "halfclose", "requirements", *args], capture_output=True, text=True)


def defined_in(file: Path) -> set[str]:
    """The names of classes, functions and methods that a file defines, methods behind their class: Stack.open."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            inner = node.body if isinstance(node, ast.ClassDef) else []
            found |= {f"{node.name}.{one.name}" for one in inner if isinstance(one, ast.FunctionDef)}
    return found


def stands_in(folder: str, place: str) -> bool:
    file, _, named = place.partition("::")
    return named in defined_in(ROOT / folder / file)


# ---- the list ----------------------------------------------------------------------------------------------------


def test_there_are_as_many_requirements_as_in_appendix_b_numbered_without_a_gap() -> None:
    for prefix, most in {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}.items():
        assert [one.number for one in REQUIREMENTS if one.prefix == prefix] == list(range(1, most + 1))
    assert len(BY_ID) == len(REQUIREMENTS) == 119


@every_requirement
def test_a_requirement_stands_in_a_section_that_exists_and_says_something(one: Requirement) -> None:
    assert one.section in SECTIONS
    assert re.fullmatch(r"\S.*[^.]", one.says)


def test_requirements_stand_in_the_order_of_their_sections() -> None:
    order = list(SECTIONS)
    places = sorted((one.line, order.index(one.section)) for one in REQUIREMENTS)
    assert [place for _, place in places] == sorted(place for _, place in places)


@every_requirement
def test_a_requirement_is_answered_or_left_out(one: Requirement) -> None:
    (row,) = (row for row in rows() if row.requirement is one)
    assert row.answer is not Answer.NOTHING


@every_requirement
def test_what_answers_a_requirement_exists(one: Requirement) -> None:
    assert not [each for each in one.by if not find(each)]
    assert not [place for place in one.reference if not stands_in("reference", place)]
    assert not [place for place in one.tests if not stands_in("tests", place)]


@pytest.mark.parametrize("acknowledged", [0, 100], ids=["text is under way", "nothing is under way"])
def test_a_window_that_shrinks_to_zero_is_probed(acknowledged: int) -> None:
    """MUST-35: the reference sends at least one octet again, or the first that waits, until the window opens."""
    peer = connected(wnd=100)
    peer.send(bytes(150))
    peer.deliver(ACK, 1, 1 + acknowledged, wnd=0)
    probes = [segment for _ in range(20) for segment in peer.wait(5.0)]
    assert len(probes) >= 3
    assert {(probe.seq, len(probe.text)) for probe in probes} == {(1 + acknowledged, 1)}
    assert peer.state() is State.ESTABLISHED


@every_requirement
def test_what_a_requirement_asks_can_be_read_alone(one: Requirement) -> None:
    """No word points to the requirement before it: each is shown by itself, too."""
    pointing = r"^(then|that|it|otherwise|such|these|the option)\b|\b(that while|these reports)\b"
    assert not re.search(pointing, one.says)


def test_a_requirement_that_only_the_reference_answers_says_why_it_is_not_specified() -> None:
    alone = [row.requirement for row in rows() if row.answer is Answer.REFERENCE]
    assert not [one.id for one in alone if not one.left_out and not one.note]


# ---- what is left out --------------------------------------------------------------------------------------------


@every_omission
def test_what_is_left_out_has_a_reason_in_whole_sentences_its_cost_and_its_place(each: LeftOut) -> None:
    for text in (each.reason, each.cost, each.reference):
        assert re.fullmatch(r"([A-Z].*\.)?", text), text
    assert len(each.reason.split()) > 5
    assert each.cost
    assert each.where
    assert not [cite for cite in each.where if fault(cite)]


def test_a_requirement_is_left_out_for_one_of_the_listed_reasons() -> None:
    used = {one.left_out.name for one in REQUIREMENTS if one.left_out}
    assert used <= {each.name for each in LEFT_OUT}
    assert len({each.name for each in LEFT_OUT}) == len(LEFT_OUT)


# ---- what is cited -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cite",
    [
        "3.10.7.4 step 5",
        "3.5 figure 7",
        "Figure 5",
        "table 6",
        "A.2",
        "B",
        "MUST-69",
        "REC-1",
        "RFC 5961",
        "3.5.2 group 3",
    ],
)
def test_a_citation_that_exists_has_no_fault(cite: str) -> None:
    assert fault(cite) is None


@pytest.mark.parametrize(
    ("cite", "wrong"),
    [
        ("MUST-99", "RFC 9293 has no requirement MUST-99"),
        ("SHLD-32", "RFC 9293 has no requirement SHLD-32"),
        ("3.10.9", "RFC 9293 has no section 3.10.9"),
        ("3.10.7.4 step 9", "section 3.10.7.4 of RFC 9293 has no step 9"),
        ("3.10.7.3 sixth", "section 3.10.7.3 of RFC 9293 has no sixth"),
        ("3.6 figure 7", "figure 7 of RFC 9293 stands in section 3.5, not 3.6"),
        ("figure 14", "RFC 9293 has no figure 14"),
        ("table 9", "RFC 9293 has no table 9"),
        ("RFC 9999", "RFC 9999 is not among the other RFCs that may be cited"),
    ],
)
def test_a_citation_that_does_not_exist_is_named(cite: str, wrong: str) -> None:
    assert fault(cite) == wrong


def test_citations_are_found_in_running_text_and_sections_of_other_rfcs_are_not_ours() -> None:
    text = "(3.10.7.4 step 1, MUST-11) as in Figure 7 and RFC 6298 3.99, but not in 13.5 or 3.5 s\n3.5.1 figure\n    9"
    assert list(mentions(text)) == ["3.10.7.4 step 1", "MUST-11", "Figure 7", "RFC 6298", "3.5", "3.5.1 figure 9"]


@pytest.mark.parametrize("file", SPEC, ids=name)
def test_everything_that_the_specification_cites_exists(file: Path) -> None:
    assert not {wrong for cite in mentions(file.read_text(encoding="utf-8")) if (wrong := fault(cite))}


@pytest.mark.parametrize("file", OTHERS, ids=name)
def test_requirements_figures_and_rfcs_that_other_files_cite_exist(file: Path) -> None:
    cites = [cite for cite in mentions(file.read_text(encoding="utf-8")) if not cite[0].isdecimal()]
    assert not {wrong for cite in cites if (wrong := fault(cite))}


def test_every_citation_of_an_edge_a_claim_a_figure_or_a_scenario_exists() -> None:
    cited = [(rule.name, cite) for rule in RULES for cite in rule.cite]
    cited += [(claim.id, cite) for claim in CLAIMS for cite in claim.cite]
    cited += [(figure.id, cite) for figure in FIGURES.values() for cite in figure.cite.split(", ")]
    cited += [(scenario.name, cite) for scenario in SCENARIOS for cite in scenario.cites]
    assert not [f"{owner}: {wrong}" for owner, cite in cited if (wrong := fault(cite))]


def test_the_steps_that_readings_speak_of_without_a_section_are_those_of_3_10_7_4() -> None:
    steps = {f"step {number}" for each in READINGS for number in re.findall(r"\bsteps? (\d+)", each.where)}
    assert steps <= set(PARTS["3.10.7.4"])


def test_figures_tables_and_parts_stand_in_sections_that_exist() -> None:
    assert {section for section, _ in (*CAPTIONS.values(), *TABLES.values())} | set(PARTS) <= set(SECTIONS)
    assert list(CAPTIONS) == list(range(1, 14))
    assert list(TABLES) == list(range(1, 9))


# ---- the command -------------------------------------------------------------------------------------------------


def test_the_command_shows_all_of_them_and_counts_them_in_its_last_line() -> None:
    done = requirements()
    assert done.returncode == 0
    last = done.stdout.rstrip().splitlines()[-1]
    assert last.startswith("119 requirements (69 MUST, 31 SHOULD, 18 MAY, 1 RECOMMENDED): ")


def test_json_has_the_rows_that_the_filters_leave() -> None:
    data = json.loads(requirements("--level", "should", "--section", "3.8.6", "--json", "-").stdout)
    assert [row["id"] for row in data["requirements"]] == [f"SHLD-{n}" for n in (14, 15, 16, 17, 18, 19, 29, 30)]
    assert data["summary"].startswith("8 requirements (8 SHOULD): ")


def test_a_level_is_asked_for_as_the_table_prints_it_and_a_section_as_the_rfc_prints_it() -> None:
    data = json.loads(requirements("--level", "Must not", "--section", "3.8.", "--json", "-").stdout)
    assert [(row["id"], row["level"]) for row in data["requirements"]] == [("MUST-29", "MUST NOT")]
    assert json.loads(requirements("--level", "SHLD", "--json", "-").stdout)["summary"].startswith("31 requirements")


def test_uncovered_ones_have_no_edge_and_those_left_out_no_reference_either() -> None:
    uncovered = json.loads(requirements("--uncovered", "--json", "-").stdout)["requirements"]
    left_out = json.loads(requirements("--left-out", "--json", "-").stdout)["requirements"]
    assert not [row for row in uncovered if row["edges"] or row["claims"] or row["by"]]
    assert [row for row in uncovered if not row["reference"]] == left_out
    assert all(row["left out"]["reason"] for row in left_out)


def test_what_is_specified_in_part_is_counted_apart_and_shown_with_what_is_left_out() -> None:
    data = json.loads(requirements("--section", "3.8.3", "--level", "MUST", "--json", "-").stdout)
    assert {row["id"]: row["answer"] for row in data["requirements"]}["MUST-20"] == "partly specified"
    assert "1 partly specified" in data["summary"]
    assert re.search(r"partly: .*; left out: soft\s+errors", requirements("--section", "3.8.3").stdout)


def test_filters_that_leave_nothing_say_so() -> None:
    assert summary([]) == "no requirement is of this kind"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--level", "WILL"), "--level WILL: there are MUST, SHOULD, MAY, RECOMMENDED, MUST NOT and SHOULD NOT"),
        (("--section", "3.88"), "--section: unknown section of RFC 9293 '3.88'; did you mean 3.8"),
    ],
)
def test_a_filter_that_does_not_exist_is_refused_in_one_line(arguments: tuple[str, ...], says: str) -> None:
    done = requirements(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"halfclose: {says}")
    assert done.stderr.count("\n") == 1


def test_explain_shows_one_row_with_its_sentence_its_edges_and_its_answer() -> None:
    (entry,) = find("MUST-36")
    facts = entry.known()
    assert entry.says == "MUST (specified): zero windows are probed"
    assert facts["its sentence"] == ["3.8.6.1 Zero-Window Probing: line 2174 of rfc9293.txt"]
    assert facts["edges"][0].startswith("probe: ")


def test_the_vectors_of_the_edges_of_a_requirement_are_in_the_group_and_field_that_explain_names() -> None:
    (entry,) = find("MUST-36")
    says = entry.known()["vectors"][-1]
    assert 'edges.json of `halfclose vectors -o FOLDER` whose "covers" names one of them' in says
    covered = {name for vector in generate(PROFILES["linux"]).groups["edges"] for name in vector.covers}
    assert "probe@ESTABLISHED" in covered


def test_explain_shows_why_a_requirement_is_left_out_and_which_requirements_go_with_a_reason() -> None:
    (urgent,) = find("MUST-30")
    assert urgent.known()["left out"][0].startswith("urgent data: New applications should not use it")
    (omission,) = find("omission urgent data")
    assert any(line.startswith("MUST-30: ") for line in omission.known()["requirements"])


def test_an_answer_in_the_specification_counts_for_more_than_one_in_the_reference() -> None:
    one = Requirement("MUST-1", "3.1", 1, "something", reference=("wire.py::decode",))
    assert Row(one, ("probe",), (), ()).answer is Answer.SPECIFIED
    assert Row(one, (), (), ()).answer is Answer.REFERENCE
    assert Row(replace(one, left_out=LEFT_OUT[0]), ("probe",), (), ()).answer is Answer.PARTLY
    assert Row(Requirement("MUST-1", "3.1", 1, "something"), (), (), ()).answer is Answer.NOTHING

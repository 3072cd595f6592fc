"""Vectors: what is generated, and how their files are read and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spec_stack import SpecStack

from halfclose.checks.conform.replay import judge
from halfclose.checks.conform.verdicts import Verdict
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.format import BadVectors, load, write
from halfclose.checks.vectors.generate import IRS_NOMINAL, ISS_NOMINAL, generate
from halfclose.checks.vectors.scenarios import numbers_of, scenarios, wrapping
from halfclose.checks.vectors.script import Call, Deliver, Expect, Packet, VectorSet
from halfclose.reference.wire import ACK
from halfclose.spec.language.edge import Event
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.tcp.graph import tcp

LINUX = PROFILES["linux"]


@pytest.fixture(scope="module")
def vectors() -> VectorSet:
    return generate(LINUX)


@pytest.fixture
def small() -> VectorSet:
    return VectorSet("linux", {"scenarios": scenarios(LINUX, ISS_NOMINAL, IRS_NOMINAL)}, {})


def test_every_edge_is_covered_or_named_as_unreachable(vectors: VectorSet) -> None:
    edges = {edge.name for edge in tcp(LINUX).edges if edge.event not in (Event.STATUS, Event.CRASH)}
    by_edges = {edge for vector in vectors.groups["edges"] for edge in vector.covers}
    assert by_edges | vectors.unreachable.keys() == edges
    assert not by_edges & vectors.unreachable.keys()
    assert len(vectors.unreachable) <= 6


def test_the_specification_itself_passes_every_vector(vectors: VectorSet) -> None:
    stack = SpecStack()
    rows = [judge(stack, vector, LINUX, port) for port, vector in enumerate(vectors.vectors)]
    assert [(row.id, row.what) for row in rows if row.verdict is not Verdict.PASSED] == []


def test_generation_and_files_are_the_same_twice(vectors: VectorSet, tmp_path: Path) -> None:
    write(vectors, tmp_path / "one")
    write(load(tmp_path / "one"), tmp_path / "two")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["edges.json", "scenarios.json", "schema.json", "wrap.json"]
    assert load(tmp_path / "two") == vectors
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_worked_example_bears_the_numbers_of_the_text(small: VectorSet) -> None:
    (vector,) = (vector for vector in small.vectors if vector.id == "s6-worked-example")
    delivered = [step.packet for step in vector.steps if isinstance(step, Deliver)]
    assert [(p.seq, p.octets) for p in delivered if p.octets] == [(8001, 1000), (9001, 1000)]
    expected = [step.outcomes[0] for step in vector.steps if isinstance(step, Expect)]
    assert (10_001, 0) in [(p.ack, p.octets) for outcome in expected for p in outcome]
    assert (15_001, 2000) in [(p.seq, p.octets) for outcome in expected for p in outcome]
    assert 17_001 in [p.ack for p in delivered]
    assert Call(Verb.SEND, 2000) in vector.steps


def test_the_wrapping_set_wraps_in_both_directions() -> None:
    wrapped = wrapping(LINUX)
    assert len(wrapped) >= 30
    for vector in wrapped:
        assert {"wrap", "chosen-iss"} <= set(vector.flags)
        for numbers in numbers_of(vector):
            assert min(numbers) < 3000
            assert max(numbers) >= (1 << 32) - 3000


def test_ids_are_distinct_and_each_step_is_followed_by_what_may_be_sent(vectors: VectorSet) -> None:
    assert len({vector.id for vector in vectors.vectors}) == len(vectors.vectors)
    for vector in vectors.vectors:
        assert not isinstance(vector.steps[0], Expect)
        assert vector.subject == 0 or not isinstance(vector.steps[vector.subject - 1], Expect)


# ---- files that are no vectors -------------------------------------------------------------------------------


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadVectors, match="no such folder"):
        load(tmp_path / "nothing")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{}")
    with pytest.raises(BadVectors, match="no vectors here"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "edges.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadVectors, match=r"edges\.json: not JSON"):
        load(tmp_path)


@pytest.mark.parametrize("document", [[], 7, None, "vectors"])
def test_json_of_another_kind_is_refused(tmp_path: Path, document: Any) -> None:
    (tmp_path / "edges.json").write_text(json.dumps(document))
    with pytest.raises(BadVectors) as problem:
        load(tmp_path)
    assert "\n" not in str(problem.value)


def _spoil(document: Any, where: str) -> None:
    vector = document["vectors"][0]
    match where:
        case "schema":
            document["schema"] = "halfclose-vectors-0"
        case "unknown key":
            vector["extra"] = 1
        case "missing key":
            del vector["steps"]
        case "unknown call":
            vector["steps"][0] = {"call": "fly", "returns": "ok"}
        case "number too large":
            vector["iss"] = 1 << 32
        case "boolean for a number":
            vector["iss"] = True
        case "two ids":
            document["vectors"].append(vector)
        case "no vectors":
            document["vectors"] = []


@pytest.mark.parametrize(
    "where",
    [
        "schema",
        "unknown key",
        "missing key",
        "unknown call",
        "number too large",
        "boolean for a number",
        "two ids",
        "no vectors",
    ],
)
def test_a_malformed_file_is_refused_in_one_line(small: VectorSet, tmp_path: Path, where: str) -> None:
    write(small, tmp_path)
    path = tmp_path / "scenarios.json"
    document = json.loads(path.read_text())
    _spoil(document, where)
    path.write_text(json.dumps(document))
    with pytest.raises(BadVectors) as problem:
        load(tmp_path)
    assert str(problem.value).startswith(str(tmp_path))
    assert "\n" not in str(problem.value)


def _set(document: Any, value: Any, *path: str | int) -> str:
    *before, last = path
    for key in before:
        document = document[key]
    document[last] = value
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


_FIRST = ("vectors", 0, "steps", 0)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ((*_FIRST, "call"), "fly", '"fly" is not one of'),
        (_FIRST, {"call": "open"}, '"returns" is a required property'),
        (_FIRST, {"deliver": {"flags": [], "seq": 1, "wnd": -1}}, "-1 is less than the minimum of 0"),
        (_FIRST, {"frob": 1}, "{'frob': 1} is no step: a step has one of call, deliver, fill, timeout, expect"),
        (_FIRST, 7, "7 is no step"),
        (("vectors", 0, "iss"), "15000", '"15000" is not of type "integer"'),
        (("vectors", 0, "iss"), 15_000.5, '15000.5 is not of type "integer"'),
    ],
)
def test_the_line_names_the_place_and_what_is_wrong_there(
    small: VectorSet, tmp_path: Path, path: tuple[str | int, ...], value: Any, problem: str
) -> None:
    write(small, tmp_path)
    file = tmp_path / "scenarios.json"
    document = json.loads(file.read_text())
    where = _set(document, value, *path)
    file.write_text(json.dumps(document))
    with pytest.raises(BadVectors) as refused:
        load(tmp_path)
    said = str(refused.value)
    assert said.startswith(f"{file}: {where}")
    assert problem in said


@pytest.mark.parametrize(
    ("number", "problem"), [("NaN", "NaN is no number"), ("-Infinity", "is no number"), ("1e999", "1e999 is too large")]
)
def test_what_is_no_number_is_refused(small: VectorSet, tmp_path: Path, number: str, problem: str) -> None:
    write(small, tmp_path)
    file = tmp_path / "scenarios.json"
    file.write_text(file.read_text().replace('"iss": 15000', f'"iss": {number}', 1))
    with pytest.raises(BadVectors, match=rf"scenarios\.json: not JSON \({problem}|{problem}"):
        load(tmp_path)


def test_half_of_a_surrogate_pair_is_refused_because_it_cannot_be_printed(small: VectorSet, tmp_path: Path) -> None:
    write(small, tmp_path)
    file = tmp_path / "scenarios.json"
    file.write_text(file.read_text().replace('"name": "', '"name": "\\ud800', 1))
    with pytest.raises(BadVectors, match="surrogates not allowed"):
        load(tmp_path)


def test_an_integer_may_be_written_with_a_fraction_of_zero(small: VectorSet, tmp_path: Path) -> None:
    write(small, tmp_path)
    file = tmp_path / "scenarios.json"
    file.write_text(file.read_text().replace('"iss": 15000', '"iss": 15000.0'))
    assert load(tmp_path) == small
    assert all(type(vector.iss) is int for vector in load(tmp_path).vectors)


def test_a_packet_keeps_every_field_on_its_way_through_json(small: VectorSet, tmp_path: Path) -> None:
    full = Packet(flags=ACK, seq=1, ack=2, wnd=3, octets=4, at=5, mss=6, edge=-7)
    vector = small.vectors[0]
    changed = type(vector)(**{**vars(vector), "steps": (Deliver(full), Expect(((full,), ())))})
    write(VectorSet("linux", {"one": (changed,)}, {}), tmp_path)
    assert load(tmp_path).vectors == (changed,)

"""Vectors as JSON files: the same vectors give the same bytes, and a file is read only if it matches the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from math import isinf
from pathlib import Path
from typing import Any

import jsonschema_rs

from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.script import (
    NOTES,
    Call,
    Deliver,
    Expect,
    Fill,
    Packet,
    Timeout,
    Vector,
    VectorSet,
    VectorStep,
)
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN

SCHEMA_NAME = "halfclose-vectors-1"
_SCHEMA_FILE = Path(__file__).with_name("schema.json")
_FLAGS = (("SYN", SYN), ("FIN", FIN), ("RST", RST), ("PSH", PSH), ("ACK", ACK))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONGEST_MESSAGE = 120  # characters; what is wrong may be a value of any length


class BadVectors(ValueError):
    """The folder holds no usable vectors; the message says in one line which file and what is wrong."""


def write(vectors: VectorSet, folder: Path) -> None:
    """Write one file a group, and the schema, into the folder, which is made if missing; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, group in sorted(vectors.groups.items()):
        used = {flag for vector in group for flag in vector.flags}
        document = {
            "schema": SCHEMA_NAME,
            "profile": vectors.profile,
            "group": name,
            "notes": {flag: NOTES[flag] for flag in sorted(used)},
            "unreachable": dict(sorted(vectors.unreachable.items())) if name == "edges" else {},
            "vectors": [_vector_out(vector) for vector in group],
        }
        (folder / f"{name}.json").write_text(_dump(document), encoding="ascii")
    (folder / _SCHEMA_FILE.name).write_text(_SCHEMA_FILE.read_text(encoding="ascii"), encoding="ascii")


def load(folder: Path) -> VectorSet:
    """Read every vector file of a folder; raises BadVectors."""
    if not folder.is_dir():
        raise BadVectors(f"{folder}: no such folder")
    files = sorted(path for path in folder.glob("*.json") if path.name != _SCHEMA_FILE.name)
    if not files:
        raise BadVectors(f"{folder}: no vectors here (no *.json)")
    documents = [_read(path) for path in files]
    profiles = {document["profile"] for document in documents}
    if len(profiles) > 1:
        raise BadVectors(f"{folder}: files of several profiles: {', '.join(sorted(profiles))}")
    groups = {d["group"]: tuple(map(_vector_in, d["vectors"])) for d in documents}
    unreachable = {edge: why for document in documents for edge, why in document["unreachable"].items()}
    loaded = VectorSet(profiles.pop(), groups, unreachable)
    _require_distinct(folder, loaded)
    return loaded


def _require_distinct(folder: Path, vectors: VectorSet) -> None:
    seen: set[str] = set()
    for vector in vectors.vectors:
        if vector.id in seen:
            raise BadVectors(f"{folder}: two vectors have the id {vector.id!r}")
        seen.add(vector.id)
    if not seen:
        raise BadVectors(f"{folder}: no vectors in its files")


def _read(path: Path) -> Any:
    """One file as plain data that matches the schema; raises BadVectors."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_float=_number, parse_constant=_refuse_constant)
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()  # half of a pair is no character, and cannot be printed
    except OSError as problem:
        raise BadVectors(f"{path}: {problem.strerror or problem}") from problem
    except (ValueError, RecursionError) as problem:
        raise BadVectors(f"{path}: not JSON ({problem})") from problem
    if isinstance(document, dict) and document.get("schema") != SCHEMA_NAME:
        raise BadVectors(_message(path, f"schema is {document.get('schema')!r}, not {SCHEMA_NAME!r}"))
    _require_schema(path, document)
    return document


def _number(text: str) -> int | float:
    """A number with a fraction or an exponent.  To JSON Schema 1.0 is an integer, so it has to be one here."""
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text} is too large")
    return int(number) if number.is_integer() else number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(_SCHEMA_FILE.read_text(encoding="ascii")))


def _require_schema(path: Path, document: Any) -> None:
    error = next(_validator().iter_errors(document), None)
    if error is not None:
        cause = _cause(error)
        where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in cause.instance_path)
        raise BadVectors(_message(path, f"${where}: {_words(cause)}"))


def _cause(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """The error itself; of a step that is none of the five kinds, the error of the kind that it comes closest to.

    That is the kind whose errors lie deepest in the step, then the one with the fewest errors.
    """
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.OneOfNotValid(kinds):
            first, second, *_ = sorted(kinds, key=_remoteness)
            return error if _remoteness(first) == _remoteness(second) else _cause(first[0])
    return error


def _words(error: jsonschema_rs.ValidationError) -> str:
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.OneOfNotValid):
        return f"{error.instance!r} is no step: a step has one of call, deliver, fill, timeout, expect"
    return error.message


def _remoteness(errors: list[jsonschema_rs.ValidationError]) -> tuple[int, int]:
    return -max(len(error.instance_path) for error in errors), len(errors)


def _message(path: Path, problem: str) -> str:
    """One line, of a bounded length."""
    line = " ".join(problem.split())
    return f"{path}: {line if len(line) <= _LONGEST_MESSAGE else f'{line[: _LONGEST_MESSAGE - 3]}...'}"


def _dump(document: Mapping[str, Any]) -> str:
    """JSON with one step a line: easy to read beside the RFC, and small changes make small differences."""
    head = {key: value for key, value in document.items() if key != "vectors"}
    vectors = ",\n".join(_dump_vector(vector) for vector in document["vectors"])
    return f'{json.dumps(head, indent=1)[:-2]},\n "vectors": [\n{vectors}\n ]\n}}\n'


def _dump_vector(vector: Mapping[str, Any]) -> str:
    lines = [f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in vector.items() if key != "steps"]
    steps = ",\n".join(f"    {json.dumps(step)}" for step in vector["steps"])
    return "  {\n" + ",\n".join(lines) + f',\n   "steps": [\n{steps}\n   ]\n  }}'


# ---- one vector ----------------------------------------------------------------------------------------------


def _vector_out(vector: Vector) -> dict[str, Any]:
    return {
        "id": vector.id,
        "name": vector.name,
        "covers": list(vector.covers),
        "cites": list(vector.cites),
        "flags": list(vector.flags),
        "iss": vector.iss,
        "irs": vector.irs,
        "subject": vector.subject,
        "steps": [_step_out(step) for step in vector.steps],
    }


def _step_out(step: VectorStep) -> dict[str, Any]:
    match step:
        case Call():
            octets = {"octets": step.octets} if step.octets else {}
            return {"call": step.verb.value} | octets | {"returns": step.returns}
        case Deliver():
            return {"deliver": _packet_out(step.packet)}
        case Fill():
            return {"fill": {"leave": step.leave, "octets": step.octets, "total": step.total}}
        case Timeout():
            return {"timeout": step.timer}
    return {"expect": [[_packet_out(packet) for packet in outcome] for outcome in step.outcomes]}


def _packet_out(packet: Packet) -> dict[str, Any]:
    shown: dict[str, Any] = {"flags": [name for name, bit in _FLAGS if packet.flags & bit], "seq": packet.seq}
    if packet.flags & ACK:
        shown["ack"] = packet.ack
    shown["wnd"] = packet.wnd
    if packet.octets:
        shown |= {"octets": packet.octets, "from": packet.at}
    optional = {"mss": packet.mss, "edge": packet.edge}
    return shown | {key: value for key, value in optional.items() if value is not None}


def _vector_in(document: Mapping[str, Any]) -> Vector:
    return Vector(
        id=document["id"],
        name=document["name"],
        covers=tuple(document["covers"]),
        cites=tuple(document["cites"]),
        flags=tuple(document["flags"]),
        iss=document["iss"],
        irs=document["irs"],
        subject=document["subject"],
        steps=tuple(map(_step_in, document["steps"])),
    )


def _step_in(step: Mapping[str, Any]) -> VectorStep:
    if "call" in step:
        return Call(Verb(step["call"]), step.get("octets", 0), step["returns"])
    if "deliver" in step:
        return Deliver(_packet_in(step["deliver"]))
    if "fill" in step:
        return Fill(step["fill"]["leave"], step["fill"]["octets"], step["fill"]["total"])
    if "timeout" in step:
        return Timeout(step["timeout"])
    return Expect(tuple(tuple(map(_packet_in, outcome)) for outcome in step["expect"]))


def _packet_in(packet: Mapping[str, Any]) -> Packet:
    flags = sum(bit for name, bit in _FLAGS if name in packet["flags"])
    return Packet(
        flags=flags,
        seq=packet["seq"],
        ack=packet.get("ack", 0),
        wnd=packet["wnd"],
        octets=packet.get("octets", 0),
        at=packet.get("from", 0),
        mss=packet.get("mss"),
        edge=packet.get("edge"),
    )

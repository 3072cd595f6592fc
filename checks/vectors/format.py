"""The JSON form of vectors: written with the same bytes for the same content, read only if the schema holds.

Sequence numbers are nominal: the stack's initial sequence number is taken to be `Vector.iss`, and whoever replays a
vector adds the difference to the actual one to every ACK number it delivers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema

from halfclose.checks.stacks.stack import Verb
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN

SCHEMA_NAME = "halfclose-vectors-1"
_SCHEMA_FILE = Path(__file__).with_name("schema.json")
_FLAGS = (("SYN", SYN), ("FIN", FIN), ("RST", RST), ("PSH", PSH), ("ACK", ACK))


class BadVectors(ValueError):
    """The folder holds no usable vectors; the message says in one line which file and what is wrong."""


@dataclass(frozen=True)
class Packet:
    """One segment of a vector.

    at: index in its sender's stream of the first of its octets.  edge: where given, seq is to be replaced by the
    right edge of the window that the stack has advertised last, plus this.
    """

    flags: int
    seq: int
    ack: int = 0
    wnd: int = 0
    octets: int = 0
    at: int = 0
    mss: int | None = None
    edge: int | None = None


@dataclass(frozen=True)
class Call:
    """A user call.  octets: how many to SEND, or the most to RECEIVE.  returns: what the specification answers."""

    verb: Verb
    octets: int = 0
    returns: str = "ok"


@dataclass(frozen=True)
class Deliver:
    """A segment arrives."""

    packet: Packet


@dataclass(frozen=True)
class Fill:
    """Text arrives in order, in segments of at most `octets`, until the advertised window is `leave` octets.

    total: how many octets that takes at the specification's own endpoint; where it takes a stack more, the peer's later
    numbers are higher by the difference.
    """

    leave: int
    octets: int
    total: int = 0


@dataclass(frozen=True)
class Timeout:
    """So much time passes that this timer runs out: retransmission, probe, user or time-wait."""

    timer: str


@dataclass(frozen=True)
class Expect:
    """What the stack may send now, before anything else happens: sequences of segments, the plainest first."""

    outcomes: tuple[tuple[Packet, ...], ...]


Step = Call | Deliver | Fill | Timeout | Expect


@dataclass(frozen=True)
class Vector:
    """One script from CLOSED.

    covers: the edges that it is there for.  iss, irs: nominal initial sequence numbers of the stack and its peer.
    subject: the step that takes those edges, counted from 1: the steps before it lead there, those after it show where
    it has led.  0 where the script as a whole is the subject.
    """

    id: str
    name: str
    covers: tuple[str, ...]
    cites: tuple[str, ...]
    flags: tuple[str, ...]
    iss: int
    irs: int
    subject: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class VectorSet:
    """Vectors by file, and the edges that none of them reaches, each with the reason."""

    profile: str
    groups: Mapping[str, tuple[Vector, ...]]
    unreachable: Mapping[str, str]

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """All of them, in the order of their files."""
        return tuple(vector for name in sorted(self.groups) for vector in self.groups[name])

    @cached_property
    def covered(self) -> frozenset[str]:
        """The edges that some vector is there for."""
        return frozenset(edge for vector in self.vectors for edge in vector.covers)


#: What the flags of a vector mean.
NOTES: dict[str, str] = {
    "timer": "needs a stack whose clock the tester moves",
    "advertised-window": "places a segment by the window that the stack advertised: see `edge` and `fill`",
    "choice": "the state is reached only by a stack that puts off what it may send; another one passes as well",
    "chosen-iss": "the stack's initial sequence number has to be the nominal one, or the vector shows nothing",
    "wrap": "sequence numbers pass 4294967295",
    "interface": "the subject is the answer to a user call; a stack may have no such call (3.9.1)",
}


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
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadVectors(f"{path}: {problem.strerror or problem}") from problem
    except (ValueError, RecursionError) as problem:
        raise BadVectors(f"{path}: not JSON ({problem})") from problem
    if isinstance(document, dict) and document.get("schema") != SCHEMA_NAME:
        raise BadVectors(f"{path}: schema is {document.get('schema')!r}, not {SCHEMA_NAME!r}")
    schema = json.loads(_SCHEMA_FILE.read_text(encoding="ascii"))
    fault = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if fault is not None:
        message = fault.message if len(fault.message) < 120 else f"{fault.message[:117]}..."
        raise BadVectors(f"{path}: {fault.json_path}: {message}".replace("\n", " "))
    return document


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


def _step_out(step: Step) -> dict[str, Any]:
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


def _step_in(step: Mapping[str, Any]) -> Step:
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

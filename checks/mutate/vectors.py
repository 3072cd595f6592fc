"""Which vector tells a mutant from the right specification, both driven as a stack with a virtual clock.

A vector is replayed once against the right specification, and all that is asked and answered is recorded.  A mutant is
told if it gives another answer to some call of the tester: another result, another segment, or a silence.  Most vectors
need not be replayed: if the changed edges do the same as the right ones wherever the vector has asked them anything, so
does the whole stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from halfclose.checks.conform.replay import judge
from halfclose.checks.mutate.mutant import Mutant
from halfclose.checks.mutate.recording import Asked, Recorder
from halfclose.checks.mutate.search import Search
from halfclose.checks.mutate.stack import SIZES, SpecStack
from halfclose.checks.oracle.endpoint import Endpoint, endpoint
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.checks.readers.python import AT, StepFunction, compile_edge
from halfclose.checks.vectors.generate import generate
from halfclose.checks.vectors.script import Call, Deliver, Fill, Packet, Timeout, Vector, VectorStep
from halfclose.reference.wire import Segment
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.profile import Profile, parse_profile
from halfclose.spec.language.variables import STATE
from halfclose.spec.tcp.graph import tcp

_STATE = AT[STATE]

#: The profiles whose vectors are asked, one after the other: together they take every edge that any vector takes.
ASKED = (
    "linux",
    "half-duplex-close+hold-out-of-order+remote-specified+reopen-from-time-wait",
    "rfc1337+half-duplex-close+text-on-syn+remote-specified+close-by-the-letter+hold-out-of-order",
    "half-duplex-close+receive-by-the-letter+reset-before-sequence+second-fin-advances+time-wait-acks-all+reset-by-reach",
)


@dataclass(frozen=True)
class _Recorded:
    """One vector, and what was recorded of it."""

    vector: Vector
    recorder: Recorder


class Vectors:
    """The vectors of one profile, each replayed once against the right specification."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        generated = generate(profile).vectors
        self._right: Endpoint = endpoint(profile, SIZES)
        self._edges = {edge.name: edge for edge in self._right.graph.edges}
        self._dead = dead_variables(self._right.graph.edges, frozenset())
        self._search = Search(profile, generated)
        self._recorded = tuple(self._record(generated))
        self._askers: dict[tuple[int, Event], dict[Asked, list[_Recorded]]] = {}
        for one in self._recorded:
            for asked in one.recorder.asked:
                at = asked[0][_STATE], asked[1]
                self._askers.setdefault(at, {}).setdefault(asked, []).append(one)

    def _record(self, vectors: Iterable[Vector]) -> Iterator[_Recorded]:
        for port, vector in enumerate(vectors):
            recorder = Recorder(self._right)
            judge(recorder, vector, self._profile, port)
            yield _Recorded(vector, recorder)

    def telling(self, mutant: Mutant) -> str:
        """The id of a vector that tells this mutant from the right specification; empty where none does."""
        wrong = {edge.name: edge for edge in tcp(self._profile, mutant.changed.rules).edges}
        right = {name: self._edges[name] for name in mutant.edges if name in self._edges}
        stack = SpecStack(edges=self._right.changed(right.values(), wrong.values()))
        names = dict.fromkeys((*right, *wrong))
        suspects = self._suspects((right.get(name), wrong.get(name)) for name in names)
        return next((one.vector.id for one in suspects if _told(one, stack)), "")

    def found(self, mutant: Mutant) -> str:
        """The inputs of a further vector that tells this mutant, in words; empty where the search finds none."""
        return "; ".join(map(_words, self._search.telling(mutant)))

    def _suspects(self, pairs: Iterable[tuple[Edge | None, Edge | None]]) -> tuple[_Recorded, ...]:
        """The vectors in which one of these pairs of edges was asked something that they answer differently."""
        found: dict[int, _Recorded] = {}
        for right, wrong in pairs:
            edge = right or wrong
            assert edge is not None
            told = right is None or wrong is None or right.rule.signal != wrong.rule.signal
            one, other = self._function(right), self._function(wrong)
            for asked, recorded in self._askers.get((edge.source.index, edge.event), {}).items():
                local, _, fields, choice = asked
                answer = one(local, fields, choice)
                if answer != other(local, fields, choice) or (told and answer is not None):
                    found |= {id(each): each for each in recorded}
        return tuple(found.values())

    def _function(self, edge: Edge | None) -> StepFunction:
        """The edge as a function that says nothing of variables that are dead after it."""
        if edge is None:
            return lambda local, fields, choice: None
        return compile_edge(edge, SIZES.arithmetic, self._dead[edge.target])


def _told(one: _Recorded, stack: SpecStack) -> bool:
    """Whether the stack gives another answer to the tester of this vector."""
    return any(call(stack) != answer for call, answer in one.recorder.answers)


@cache
def asked(profile: str) -> Vectors:
    """The vectors of one profile, recorded once in a process."""
    return Vectors(parse_profile(profile))


def told_by(mutant: Mutant) -> str:
    """The profile and the vector that tell a mutant; empty where none does."""
    for profile in ASKED:
        if vector := asked(profile).telling(mutant):
            return f"{profile}: {vector}"
    return ""


def found_by_search(mutant: Mutant) -> str:
    """The profile and the inputs of a vector that was found for this mutant alone; empty where none was."""
    for profile in ASKED:
        if inputs := asked(profile).found(mutant):
            return f"{profile}: {inputs}"
    return ""


def _words(step: VectorStep) -> str:
    match step:
        case Call():
            return f"{step.verb.name} {step.octets or ''}".strip()
        case Deliver():
            return show(fields_of(_segment(step.packet)))
        case Timeout():
            return f"{step.timer} timeout"
        case Fill():
            return f"text until the window is {step.leave}"
    return ""


def _segment(packet: Packet) -> Segment:
    return Segment(packet.seq, packet.ack, packet.flags, packet.wnd, bytes(packet.octets))

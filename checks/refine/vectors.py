"""Vectors replayed against the reference in this process, with a record of what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from halfclose.checks.conform.replay import judge
from halfclose.checks.conform.verdicts import Row, Verdict
from halfclose.checks.refine.story import Story
from halfclose.checks.stacks.reference import ReferenceStack
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.checks.vectors.generate import generate
from halfclose.checks.vectors.script import VectorSet
from halfclose.reference.wire import Segment
from halfclose.spec.language.profile import PROFILES


class Watched(ReferenceStack):
    """The reference as a stack under test that records its story."""

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        super().start(peer_port=peer_port, local_port=local_port, iss=iss)
        self.story = Story()

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        result = super().call(verb, text=text, count=count)
        octets = len(text) or count
        self.story.happens(f"{verb.name} {octets or ''}".strip() + f" -> {result.status}", self.state())
        return result

    def deliver(self, segment: Segment) -> None:
        super().deliver(segment)
        self.story.arrives(segment, self.state())

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        if seconds:
            self.story.happens(f"{seconds:g} s pass", self.state())

    def segments(self) -> list[Segment]:
        sent = super().segments()
        self.story.sends(sent)
        return sent


@dataclass(frozen=True)
class Replayed:
    """The vectors of one profile.  failed: the first that deviates, and its diagram."""

    profile: str
    vectors: int
    passed: int
    not_applicable: int
    failed: Row | None
    diagram: str


def replay(profile: str, tick: Callable[[], None] = lambda: None) -> Replayed:
    """Replay the vectors of a preset profile until one deviates."""
    vectors, counts = _vectors(profile), dict.fromkeys(Verdict, 0)
    for number, vector in enumerate(vectors.vectors):
        stack = Watched.following(PROFILES[profile].on)
        assert isinstance(stack, Watched)
        row = judge(stack, vector, PROFILES[profile], number)
        counts[row.verdict] += 1
        tick()
        if row.verdict in (Verdict.DEVIATES, Verdict.DEPARTS):
            diagram = f"{stack.story.diagram()}\n     DIVERGES: {row.what}\n     by: {row.rule}"
            return _replayed(profile, vectors, counts, row, diagram)
    return _replayed(profile, vectors, counts, None, "")


def _replayed(
    profile: str, vectors: VectorSet, counts: dict[Verdict, int], failed: Row | None, diagram: str
) -> Replayed:
    passed, skipped = counts[Verdict.PASSED], counts[Verdict.NOT_APPLICABLE]
    return Replayed(profile, len(vectors.vectors), passed, skipped, failed, diagram)


@cache
def _vectors(profile: str) -> VectorSet:
    return generate(PROFILES[profile])

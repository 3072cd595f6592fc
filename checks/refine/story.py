"""What happened to one endpoint, step by step, as a sequence diagram with the endpoint on the left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from halfclose.checks.oracle.oracle import Deviates
from halfclose.checks.oracle.sequence import distance
from halfclose.reference.wire import SYN, Segment

_STATE = 13  # the width of the longest state


@dataclass
class Story:
    """The lines so far; sequence numbers are relative to the first SYN in each direction."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)
    iss: int | None = None
    irs: int | None = None
    steps: int = 0

    def happens(self, what: str, state: str) -> None:
        """A call, or a timer, and the state afterwards."""
        self._begin(state, what)

    def arrives(self, segment: Segment, state: str) -> None:
        """A segment, and the state afterwards."""
        if segment.flags & SYN and self.irs is None:
            self.irs = segment.seq
        self._begin(state, f"<-- {self._show(segment, self.irs, self.iss)}")

    def sends(self, segments: Iterable[Segment]) -> None:
        """What the endpoint sent then."""
        for segment in segments:
            if segment.flags & SYN:
                self.iss = segment.seq
            self.lines.append(("", "", f"--> {self._show(segment, self.iss, self.irs)}"))

    def diagram(self, divergence: Deviates | None = None) -> str:
        """All lines, then what diverged and what the specification allows there."""
        drawn = [f"{number:>3}  {state:<{_STATE}} {text}".rstrip() for number, state, text in self.lines]
        if divergence is not None:
            drawn += why(divergence)
        return "\n".join(drawn)

    def _begin(self, state: str, text: str) -> None:
        self.steps += 1
        self.lines.append((str(self.steps), state, text))

    def _show(self, segment: Segment, first: int | None, other: int | None) -> str:
        return str(replace(segment, seq=_relative(segment.seq, first), ack=_relative(segment.ack, other)))


def why(divergence: Deviates) -> list[str]:
    """What diverged, what is allowed, and the rules that say so, in lines."""
    rules = [f"     by {edge.name}: {edge.rule.why} ({', '.join(edge.cite)})" for edge in divergence.edges[:3]]
    allowed = " or ".join(divergence.allowed) or "nothing of the kind"
    return [f"     DIVERGES: {divergence.seen}", f"     allowed: {allowed}", *rules]


def _relative(number: int, first: int | None) -> int:
    return number if first is None else distance(first, number)

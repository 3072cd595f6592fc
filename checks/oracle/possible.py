"""What an endpoint may hold of all that came early: bounds in place of one guess for each segment (SHLD-31).

An endpoint may keep all of an early segment, a part of it, or nothing, and nobody sees which until the gap before it is
filled: then the next ACK tells.  So nothing is guessed: every octet that came early *may* be held, none is held for
certain, and these bounds are two tuples, however many segments came.
"""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.checks.oracle.sequence import distance, wrap

_Range = tuple[int, int]


@dataclass(frozen=True)
class Possible:
    """Any part of these octets may be held, and any of these FINs.

    octets: ranges of sequence numbers, each the first one and the one behind its last, which neither overlap nor touch,
    the nearest first.  fins: sequence numbers of FINs, the nearest first.
    """

    octets: tuple[_Range, ...] = ()
    fins: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.octets or self.fins)

    def with_segment(self, nxt: int, first: int, end: int, fin: bool) -> Possible:
        """The same with the octets from first to before end, and with the FIN behind them.  nxt: RCV.NXT."""
        octets = _joined(nxt, [*self.octets, (first, end)] if first != end else [*self.octets])
        fins = {*self.fins, end} if fin else {*self.fins}
        return Possible(octets, tuple(sorted(fins, key=lambda number: distance(nxt, number))))

    def beyond(self, number: int) -> Possible:
        """What is left of it from this number on."""
        if not self:
            return self
        kept = ((first if distance(number, first) > 0 else number, end) for first, end in self.octets)
        octets = tuple((first, end) for first, end in kept if distance(first, end) > 0)
        return Possible(octets, tuple(fin for fin in self.fins if distance(number, fin) >= 0))

    def reach(self, nxt: int) -> int:
        """How many octets in order may follow RCV.NXT."""
        return next((distance(nxt, end) for first, end in self.octets if first == nxt), 0)

    def follows(self, nxt: int) -> bool:
        """Whether it may hold what comes next: the octet at RCV.NXT, or a FIN there."""
        return bool(self.reach(nxt)) or nxt in self.fins

    def settled(self, nxt: int) -> Possible:
        """The same once it is known that nothing at RCV.NXT is held, as it would have been acknowledged."""
        return self.beyond(wrap(nxt + 1)) if self.follows(nxt) else self


#: Nothing came early.
NOTHING = Possible()


def _joined(nxt: int, ranges: list[_Range]) -> tuple[_Range, ...]:
    joined: list[_Range] = []
    for first, end in sorted(ranges, key=lambda one: distance(nxt, one[0])):
        if joined and distance(first, joined[-1][1]) >= 0:
            start, before = joined.pop()
            joined.append((start, end if distance(before, end) > 0 else before))
        else:
            joined.append((first, end))
    return tuple(joined)

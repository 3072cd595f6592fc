"""The reassembly queue: text that arrived out of order, held until the gap is filled (3.10.7.4 step 1, SHLD-31).

What came with a SYN waits here too, until the connection is ESTABLISHED.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice

from halfclose.reference.sequence import add, distance, le, lt


class Reassembly:
    """Pieces that do not overlap or touch, in order, and the number of a FIN, if one was seen.

    The caller offers only what lies within the window.
    """

    __slots__ = ("_ends", "fin", "pieces")

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        self.fin: int | None = None
        self._ends: dict[int, int] = {}  # each piece's end by its start, in the order in which text arrived for them

    def __len__(self) -> int:
        """Octets held."""
        return sum(len(text) for _, text in self.pieces)

    def __bool__(self) -> bool:
        """Whether any text is held; cheaper than `len`, since a peer may send thousands of small pieces."""
        return bool(self.pieces)

    def hold(self, seq: int, text: bytes, fin: bool) -> None:
        """Hold text that begins at seq, and the FIN behind it; a segment that contradicts earlier ones is dropped."""
        end = add(seq, len(text))
        if self._contradicts(end, fin):
            return
        if fin:
            self.fin = end
        if not text:
            return
        first = bisect_left(self.pieces, 0, key=lambda piece: distance(seq, _end(piece)))
        behind = bisect_right(self.pieces, len(text), key=lambda piece: distance(seq, piece[0]))
        joined = (seq, text)
        for piece in self.pieces[first:behind]:  # those that overlap or touch
            joined = _join(joined, piece)
        for start, _ in self.pieces[first:behind]:
            del self._ends[start]
        self.pieces[first:behind] = [joined]
        self._ends[joined[0]] = _end(joined)

    def _contradicts(self, end: int, fin: bool) -> bool:
        """Whether it has text behind a FIN, or a FIN ahead of text or of another FIN."""
        if self.fin is not None:
            return self.fin != end if fin else lt(self.fin, end)
        return fin and bool(self.pieces) and lt(end, _end(self.pieces[-1]))

    def is_due(self, seq: int) -> bool:
        """Whether what begins at seq is held: text, or the FIN."""
        return self.fin == seq or bool(self.pieces and self.pieces[0][0] == seq)

    def take(self, seq: int) -> tuple[bytes, bool]:
        """Remove and return the text that begins at seq, and whether the FIN follows it; text before seq is dropped."""
        text = b""
        while self.pieces and le(self.pieces[0][0], seq):
            start, held = self.pieces.pop(0)
            del self._ends[start]
            text = text or held[distance(start, seq) :]
        if self.fin is None or lt(self.fin, seq):
            self.fin = None
            return text, False
        return text, add(seq, len(text)) == self.fin

    def drop_text(self) -> None:
        """Drop all text; a FIN stays."""
        self.pieces.clear()
        self._ends.clear()

    def blocks(self, most: int) -> tuple[tuple[int, int], ...]:
        """The SACK blocks of an ACK (RFC 2018 4): the block that text arrived for last, then the earlier ones.

        Each is its first number and the number behind its last, which may be the FIN's.
        """
        latest = islice(reversed(self._ends.items()), most)
        return tuple((start, add(end, end == self.fin)) for start, end in latest)


def _end(piece: tuple[int, bytes]) -> int:
    return add(piece[0], len(piece[1]))


def _join(one: tuple[int, bytes], other: tuple[int, bytes]) -> tuple[int, bytes]:
    """Two pieces that overlap or touch, as one."""
    first, second = (one, other) if le(one[0], other[0]) else (other, one)
    return first[0], first[1] + second[1][max(0, distance(second[0], _end(first))) :]

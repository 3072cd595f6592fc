"""One numbered requirement of RFC 9293, such as MUST-36, and what answers it here."""

from __future__ import annotations

from dataclasses import dataclass

from .left_out import LeftOut

#: The words of RFC 2119 behind each prefix of an id, asked and forbidden.
LEVELS = {
    "MUST": ("MUST", "MUST NOT"),
    "SHLD": ("SHOULD", "SHOULD NOT"),
    "MAY": ("MAY", "MAY"),
    "REC": ("RECOMMENDED", "NOT RECOMMENDED"),
}
PREFIXES = tuple(LEVELS)


@dataclass(frozen=True)
class Requirement:
    """One numbered requirement.  Edges and claims that cite its id answer it, without being named here.

    id: as the RFC writes it, e.g. "SHLD-14".
    section, line: where its sentence stands in RFC 9293, and the line of its id in the plain text edition, rfc9293.txt.
    says: what it asks, in brief and in our own words.
    by: what else of the specification answers it, by the names that `halfclose explain` knows.
    reference: what answers it in the reference, as `file::name` below reference/.
    tests: tests of the reference that would notice if it were not met, as `file::name` below tests/.
    left_out: what is left out with it, in whole or in part; None where nothing is.
    note: what a reader of the RFC should know besides.
    forbids: whether it says NOT.
    """

    id: str
    section: str
    line: int
    says: str
    by: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    left_out: LeftOut | None = None
    note: str = ""
    forbids: bool = False

    @property
    def prefix(self) -> str:
        """The id without its number: MUST, SHLD, MAY or REC."""
        return self.id.partition("-")[0]

    @property
    def number(self) -> int:
        """The number in the id."""
        return int(self.id.partition("-")[2])

    @property
    def level(self) -> str:
        """The words of RFC 2119: "MUST", "SHOULD NOT", ..."""
        return LEVELS[self.prefix][self.forbids]

"""The numbered requirements of RFC 9293, each with what answers it, and what is left out with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import Any

from halfclose.checks.explain.citations import citing
from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.uses import together
from halfclose.checks.vectors.scenarios import SCENARIOS
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.requirements.catalogue import REQUIREMENTS
from halfclose.spec.requirements.left_out import LEFT_OUT, LeftOut
from halfclose.spec.requirements.numbering import SECTIONS
from halfclose.spec.requirements.requirement import Requirement
from halfclose.spec.tcp.graph import RULES

#: Which vectors test the edges that answer a requirement.
_OF_EDGES = 'of the edges above: those in edges.json of `halfclose vectors -o FOLDER` whose "covers" names one of them'


class Answer(Enum):
    """Where a requirement is answered."""

    SPECIFIED = "specified"
    PARTLY = "partly specified"
    REFERENCE = "reference alone"
    LEFT_OUT = "left out"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Row:
    """A requirement and what answers it: names of edges and claims that cite it, and of scenarios among the vectors."""

    requirement: Requirement
    edges: tuple[str, ...]
    claims: tuple[str, ...]
    scenarios: tuple[str, ...]

    @property
    def specified_by(self) -> tuple[str, ...]:
        """Everything in the specification that answers it, each once."""
        return tuple(dict.fromkeys((*self.edges, *self.claims, *self.requirement.by)))

    @property
    def answer(self) -> Answer:
        """The strongest of its answers: the specification, or else the reference, or else a reason."""
        if self.specified_by:
            return Answer.PARTLY if self.requirement.left_out else Answer.SPECIFIED
        if self.requirement.reference:
            return Answer.REFERENCE
        return Answer.LEFT_OUT if self.requirement.left_out else Answer.NOTHING

    def to_json(self) -> dict[str, Any]:
        """The row as plain data."""
        one = self.requirement
        return {
            "id": one.id,
            "level": one.level,
            "section": one.section,
            "line": one.line,
            "says": one.says,
            "answer": self.answer.value,
            "edges": list(self.edges),
            "claims": list(self.claims),
            "by": list(one.by),
            "scenarios": list(self.scenarios),
            "reference": list(one.reference),
            "tests": list(one.tests),
            "left out": {"name": one.left_out.name, "reason": one.left_out.reason} if one.left_out else None,
            "note": one.note,
        }


@cache
def rows() -> tuple[Row, ...]:
    """Every requirement, by level and number."""
    return tuple(map(_row, REQUIREMENTS))


def _row(one: Requirement) -> Row:
    return Row(
        one,
        tuple(together(rule for rule in RULES if one.id in rule.cite)),
        tuple(claim.id for claim in CLAIMS if one.id in claim.cite),
        tuple(scenario.name for scenario in SCENARIOS if one.id in scenario.cites),
    )


def requirements() -> Iterator[Entry]:
    """The requirements of Appendix B."""
    for row in rows():
        one = row.requirement
        says = f"{one.level} ({row.answer.value}): {one.says}"
        yield Entry("requirement", one.id, says, partial(_requirement, row), (one.section, "Appendix B"))


def _requirement(row: Row) -> Facts:
    """What answers it, what is left out, and who speaks of it."""
    one = row.requirement
    facts = dict(citing(one.id))
    tested = [*row.scenarios, *[_OF_EDGES] * bool(row.edges)]
    return {
        "its sentence": [f"{one.section} {SECTIONS[one.section]}: line {one.line} of rfc9293.txt"],
        "edges": facts.pop("edges"),
        "claims": facts.pop("claims"),
        "answered by": list(one.by),
        "vectors": tested,
        "in the reference": [f"reference/{place}" for place in one.reference],
        "tested by": [_in_words(test) for test in one.tests],
        "left out": [f"{one.left_out.name}: {one.left_out.reason}"] if one.left_out else [],
        "note": [one.note] if one.note else [],
        **facts,
    }


def _in_words(test: str) -> str:
    """A test as its file and what it says, which can be wrapped; `halfclose requirements --json` has its name."""
    file, _, name = test.partition("::test_")
    return f"{file}: {name.replace('_', ' ')}"


def omissions() -> Iterator[Entry]:
    """What is left out."""
    for each in LEFT_OUT:
        yield Entry("omission", each.name, f"{each.what}.", partial(_omission, each), each.where)


def _omission(each: LeftOut) -> Facts:
    return {
        "why": [each.reason],
        "what it would take": [each.cost],
        "in the reference": [each.reference] if each.reference else [],
        "requirements": [f"{one.id}: {one.says}" for one in REQUIREMENTS if one.left_out is each],
    }

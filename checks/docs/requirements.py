"""docs/requirements.md: the requirements of `spec.requirements` with what answers them, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from halfclose.checks.docs import markdown
from halfclose.checks.explain.requirements import Answer, Row, rows
from halfclose.spec.requirements.left_out import LEFT_OUT
from halfclose.spec.requirements.numbering import SECTIONS

_INTRODUCTION = """\
RFC 9293 numbers 119 requirements: 69 MUST, 31 SHLD (SHOULD), 18 MAY and 1 REC (RECOMMENDED). Each of them is answered
here by the specification (the edges and claims that cite it, and what else is named), or by the reference alone, or is
left out, with the reason."""

_USE = """\
`halfclose requirements` shows the same table, `halfclose explain MUST-36` one requirement with its vectors and tests,
and `halfclose explain omissions` what is left out. The names in the last column are those that `halfclose explain`
knows; files are those of `reference/`. What is asked is put in our words: the sentences are in the RFC."""

_LEFT_OUT = """\
What RFC 9293 says and no edge, claim or switch stands for. Where the reference has it, the last column says so."""


def page() -> str:
    """The whole page."""
    sections = [f"## {title}\n\n{_table(group)}" for title, group in _by_section()]
    head = ("left out", "what", "where", "why", "what it would take", "in the reference")
    cells = [(each.name, each.what, ", ".join(each.where), each.reason, each.cost, each.reference) for each in LEFT_OUT]
    left_out = f"## Left out\n\n{_LEFT_OUT}\n\n{markdown.table(head, cells)}"
    return markdown.page("# Requirements", _INTRODUCTION, _USE, *sections, left_out)


def _by_section() -> Iterator[tuple[str, list[Row]]]:
    """The rows by the section of the second level that they stand in, such as 3.8, in the RFC's order."""
    in_order = sorted(rows(), key=lambda row: row.requirement.line)
    for section, group in groupby(in_order, key=lambda row: ".".join(row.requirement.section.split(".")[:2])):
        yield f"{section} {SECTIONS[section]}", list(group)


def _table(group: list[Row]) -> str:
    return markdown.table(("id", "section", "level", "what it asks", "answered by"), map(_cells, group))


def _cells(row: Row) -> tuple[str, ...]:
    one = row.requirement
    return one.id, one.section, one.level, one.says, _answered(row)


def _answered(row: Row) -> str:
    one = row.requirement
    parts = []
    if row.specified_by:
        parts.append(", ".join(f"`{name}`" for name in row.specified_by))
    if one.reference:
        alone = "the reference alone" if row.answer is Answer.REFERENCE else "the reference"
        parts.append(f"{alone}: {', '.join(f'`{place}`' for place in one.reference)}")
    if one.left_out:
        parts.append(f"left out: {one.left_out.name}")
    return "; ".join((*parts, one.note) if one.note else parts)

"""Tables of the declaration for documents, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from halfclose.spec.language.readings import READINGS, Reading

_HEAD = ("#", "where", "by default here", "the other reading", "what it costs")


def readings_table(readings: Iterable[Reading] = READINGS) -> str:
    """The readings as a Markdown table, a row a reading; switches are set as code."""
    return "\n".join(_rows(readings)) + "\n"


def _rows(readings: Iterable[Reading]) -> Iterator[str]:
    yield _row(_HEAD)
    yield _row(["---"] * len(_HEAD))
    for reading in readings:
        other = "; ".join(f"`{switch.name}`: {switch.means}" for switch in reading.switches)
        yield _row((str(reading.number), reading.where, reading.default, other, reading.cost))


def _row(cells: Iterable[str]) -> str:
    """A row; a bar within a cell would begin another one."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

"""What the oracle grants to a stack beyond the edges."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.oracle.freedoms import FREEDOMS, Freedom


def freedoms() -> Iterator[Entry]:
    """The freedoms of the oracle, each with the passage that gives it."""
    for freedom in FREEDOMS:
        yield Entry("freedom", freedom.name, freedom.says, partial(_freedom, freedom), (freedom.where,))


def _freedom(freedom: Freedom) -> Facts:
    return {
        "the passage": [freedom.quote],
        "departs from advice": [f"{freedom.departs}: the verdict says so"] if freedom.departs else [],
    }

"""The score: of all mutants, how many each judge notices, and which survive without a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halfclose.checks.mutate.explained import reason
from halfclose.checks.mutate.judges import EQUIVALENT, JUDGES, SEARCH, SURVIVES
from halfclose.checks.mutate.results import COLUMNS, PROOFS, VECTORS, Result


@dataclass(frozen=True)
class Column:
    """One column of the score.

    counts: how many mutants each judge noticed first.  equivalent: how many are proved to be no defects.  explained:
    survivors with their reasons.  unexplained: survivors without one.
    """

    name: str
    counts: Mapping[str, int]
    equivalent: int
    explained: Mapping[str, str]
    unexplained: tuple[str, ...]

    @property
    def killed(self) -> int:
        return sum(self.counts.values())

    @property
    def real(self) -> int:
        """All mutants that are not proved equivalent."""
        return self.killed + len(self.explained) + len(self.unexplained)

    @property
    def share(self) -> float:
        """The share of the mutants that are not equivalent which is noticed."""
        return self.killed / self.real if self.real else 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.name,
            "killed": self.killed,
            "of": self.real,
            "share": round(self.share, 4),
            "equivalent": self.equivalent,
            "by": dict(self.counts),
            "explained": dict(self.explained),
            "unexplained": list(self.unexplained),
        }


def score(found: Mapping[str, Mapping[str, Result]]) -> tuple[Column, ...]:
    """The columns.  found: for each column the result of each mutant, by its id.

    What is proved equivalent is no defect in any column.  A variable that nothing depends on any more may break an
    invariant and still be seen by no vector; so the column of the vectors has more equivalent mutants.
    """
    equivalent = {name for name, result in found.get(PROOFS, {}).items() if result.by == EQUIVALENT}
    return tuple(_column(name, found[name], equivalent) for name in COLUMNS if name in found)


def _column(name: str, results: Mapping[str, Result], equivalent: set[str]) -> Column:
    equivalent = equivalent | {mutant for mutant, result in results.items() if result.by == EQUIVALENT}
    order = JUDGES if name == PROOFS else (VECTORS, SEARCH)
    found = Counter(result.by for mutant, result in results.items() if mutant not in equivalent)
    left = [mutant for mutant, one in results.items() if one.by == SURVIVES and mutant not in equivalent]
    reasons = {mutant: reason(name, mutant) for mutant in left}
    return Column(
        name,
        {judge: found[judge] for judge in order if found[judge]},
        len(equivalent & results.keys()),
        {mutant: why for mutant, why in reasons.items() if why},
        tuple(mutant for mutant, why in reasons.items() if not why),
    )

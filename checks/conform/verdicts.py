"""The verdict on each vector, and the report on a stack."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Verdict(Enum):
    """The verdict on one vector.

    DEVIATES: from what the RFC requires.  DEPARTS: only from its advice (SHOULD, SHOULD NOT).  NOT_APPLICABLE: the
    stack's interface or its earlier steps prevent the test.
    """

    PASSED = "passed"
    DEVIATES = "deviates"
    DEPARTS = "departs from advice"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Row:
    """The verdict on one vector.

    what: of a deviation or departure, the step, what was seen and what is allowed; where the vector is not applicable,
    why; empty where it passed.  rule: the rule that was broken, in the specification's words, and the passage of the
    RFC.
    cause: equal for two deviations of the same kind.  step: the step that deviates, counted from 1.
    """

    id: str
    name: str
    verdict: Verdict
    what: str = ""
    rule: str = ""
    cause: str = ""
    step: int = 0


@dataclass(frozen=True, repr=False)
class Report:
    """The verdicts on all vectors, in their order."""

    stack: str
    version: str
    profile: str
    rows: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """How many vectors have this verdict."""
        return Counter(row.verdict for row in self.rows)[verdict]

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(verdict)} {verdict.value}" for verdict in Verdict)
        return f"<Report on {self.stack} {self.version}: {counts}>"

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; the same run gives the same data."""
        rows = [asdict(row) | {"verdict": row.verdict.value} for row in self.rows]
        counts = {verdict.value: self.count(verdict) for verdict in Verdict}
        head = {"schema": "halfclose-report-1", "stack": self.stack, "version": self.version, "profile": self.profile}
        return head | {"counts": counts, "rows": rows}

"""Replay vectors against a real TCP stack, and judge what it does by the specification.

The stack lives in a process of its own, which first enters a network namespace where the stack needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from halfclose.checks.conform.process import StackProcess
from halfclose.checks.conform.registry import driver
from halfclose.checks.conform.verdicts import Report, Row, Verdict
from halfclose.checks.stacks.stack import Stack
from halfclose.checks.vectors.script import Vector, VectorSet
from halfclose.spec.language.profile import PROFILES, Profile


def conform(
    stack: str,
    vectors: VectorSet,
    progress: Callable[[int, int], None] = lambda done, total: None,
    profile: Profile | None = None,
) -> Report:
    """Replay all vectors against the stack of this name, and judge it by its own profile, or by the one given.

    progress: told how many vectors are done, and of how many.  Raises UnknownStack, and StackError where the stack
    cannot be had on this machine.
    """
    found = driver(stack)
    judged_by = PROFILES.get(stack, Profile()) if profile is None else profile
    return run(stack, partial(found.make, judged_by), vectors.vectors, judged_by, progress, found.prepare)


def run(
    name: str,
    make: Callable[[], Stack],
    vectors: Iterable[Vector],
    profile: Profile,
    progress: Callable[[int, int], None],
    prepare: str = "",
) -> Report:
    """As `conform`, for a stack that `make` makes in its process, once that is prepared (see `Driver`)."""
    todo = tuple(vectors)
    rows: list[Row] = []
    with StackProcess(make, profile, prepare) as process:
        for port, vector in enumerate(todo):
            rows.append(process.judge(vector, port))
            progress(len(rows), len(todo))
        return Report(name, process.version, str(profile), tuple(_without_echoes(todo, rows)))


def _without_echoes(vectors: Sequence[Vector], rows: Sequence[Row]) -> Iterator[Row]:
    """The rows, each deviation once.

    A vector that deviates before its subject tests nothing.  Where another vector shows the same deviation in its own
    subject, the first one is not applicable, and refers to the other.  After a departure from advice a vector goes on,
    so where another one shows it, the first one has passed.
    """
    shown: dict[str, str] = {}
    for vector, row in zip(vectors, rows, strict=True):
        if row.cause and row.step >= vector.subject:
            shown.setdefault(row.cause, row.id)
    for vector, row in zip(vectors, rows, strict=True):
        is_echo = row.step < vector.subject and row.cause in shown
        if is_echo and row.verdict is Verdict.DEPARTS:
            yield Row(row.id, row.name, Verdict.PASSED)
        elif is_echo:
            what = f"its state cannot be reached: see {shown[row.cause]}"
            yield Row(row.id, row.name, Verdict.NOT_APPLICABLE, what)
        else:
            yield row

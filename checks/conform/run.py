"""Replay vectors against a real TCP stack, and judge what it does by the specification.

The stack lives in a child process, which enters a network namespace first where the stack needs one.  A stack that
ends or hangs its process costs the one vector that did it: the next goes to a new process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from halfclose.checks.conform.child import Child
from halfclose.checks.conform.registry import driver
from halfclose.checks.conform.verdicts import Report, Row, Verdict
from halfclose.checks.stacks.stack import Stack
from halfclose.checks.vectors.format import Vector, VectorSet
from halfclose.spec.language.profile import PROFILES, Profile

Progress = Callable[[int, int], None]


def conform(
    stack: str, vectors: VectorSet, progress: Progress = lambda done, total: None, profile: Profile | None = None
) -> Report:
    """Replay all vectors against a stack by name and judge it by its own profile, or by the one given.

    Raises UnknownStack, and StackError where the stack cannot be had on this machine.
    """
    found = driver(stack)
    judged_by = PROFILES.get(stack, Profile()) if profile is None else profile
    return run(stack, partial(found.make, judged_by), vectors.vectors, judged_by, progress, found.prepare)


def run(
    name: str,
    make: Callable[[], Stack],
    vectors: Iterable[Vector],
    profile: Profile,
    progress: Progress,
    prepare: str = "",
) -> Report:
    """As `conform`, for a stack that `make` makes in the child process, once it is prepared (see `Driver`)."""
    todo = tuple(vectors)
    rows: list[Row] = []
    with Child(make, profile, prepare) as child:
        for port, vector in enumerate(todo):
            rows.append(child.judge(vector, port))
            progress(len(rows), len(todo))
        return Report(name, child.version, str(profile), tuple(_without_echoes(todo, rows)))


def _without_echoes(vectors: Sequence[Vector], rows: Sequence[Row]) -> Iterator[Row]:
    """A vector whose setting-up already fails tests nothing, where another vector is there to show that failure."""
    shown: dict[str, str] = {}
    for vector, row in zip(vectors, rows, strict=True):
        if row.cause and row.step >= vector.subject:
            shown.setdefault(row.cause, row.id)
    for vector, row in zip(vectors, rows, strict=True):
        if row.step < vector.subject and row.cause in shown:
            what = f"its state cannot be reached: see {shown[row.cause]}"
            yield Row(row.id, row.name, Verdict.NOT_APPLICABLE, what)
        else:
            yield row

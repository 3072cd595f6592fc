"""Judges many mutants in several processes; what is known already is not judged again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import cache
from itertools import islice

from halfclose.checks.mutate.judges import EQUIVALENT, SEARCH, SURVIVES, Judges
from halfclose.checks.mutate.make import mutants
from halfclose.checks.mutate.results import PROOFS, VECTORS, Result
from halfclose.checks.mutate.vectors import ASKED, asked, found_by_search, told_by
from halfclose.checks.work.processes import ignore_interrupt, stop

_AT_ONCE = 40  # mutants that a process is given together


def judge(column: str, name: str) -> Result:
    """One mutant in one column, in this process."""
    mutant = mutants()[name]
    if column == PROOFS:
        return _judges().ask(mutant)
    if vector := told_by(mutant):
        return Result(VECTORS, vector)
    found = found_by_search(mutant)
    if found:
        return Result(SEARCH, found)
    return Result(EQUIVALENT if _judges().unseen(mutant) else SURVIVES)


def run(column: str, names: Iterable[str], jobs: int | None, done: Callable[[str, Result], None]) -> None:
    """Judge these mutants; done: is told each result.  Ctrl-C ends it at once."""
    todo = tuple(names)
    if not todo:
        return
    if column == VECTORS:
        for profile in ASKED:
            asked(profile)  # here, so that every process begins with what was recorded
    with ProcessPoolExecutor(jobs, initializer=ignore_interrupt) as pool:
        try:
            running = {pool.submit(_some, column, part) for part in _parts(todo)}
            while running:
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for one in ready:
                    for name, result in one.result():
                        done(name, result)
        except BaseException:
            stop(pool)
            raise


def _some(column: str, names: tuple[str, ...]) -> list[tuple[str, Result]]:
    return [(name, judge(column, name)) for name in names]


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    rest = iter(names)
    while part := tuple(islice(rest, _AT_ONCE)):
        yield part


@cache
def _judges() -> Judges:
    return Judges()

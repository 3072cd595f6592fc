"""How far a run is: a bar on a terminal; where stderr leads elsewhere, a few lines that can be read afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status

from halfclose.checks.cli.terminal import errors

_WIDTH = 45
_FIRST = 10.0  # seconds until the first line of what has no known end; then twice as many, and so on


class Advance(Protocol):
    """Tells that one more piece is done, or that all but so many are; what: the piece."""

    def __call__(self, what: str = "", done: int | None = None) -> None: ...


#: A bar can be drawn over itself; colours that are forced into a file do not make it a terminal.
DRAWN = errors.is_interactive and errors.file.isatty()


@contextmanager
def advancing(title: str, total: int, lines: int = 10) -> Iterator[Advance]:
    """Show how many pieces of all are done; title: what is being done to them.

    lines: the most that are written where no bar can be drawn; 0 where the caller tells something better.
    """
    if not DRAWN:
        yield _lines(title, total, lines)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def advance(what: str = "", done: int | None = None) -> None:
            words = f"{f'{title}: {what}':.<{_WIDTH}.{_WIDTH}}" if what else title
            if done is None:
                bar.update(task, description=words, advance=1)
            else:
                bar.update(task, description=words, completed=done)

        yield advance


def _lines(title: str, total: int, lines: int) -> Advance:
    started, so_far = time.monotonic(), 0

    def advance(what: str = "", done: int | None = None) -> None:
        nonlocal so_far
        before, so_far = so_far, so_far + 1 if done is None else done
        if total and before * lines // total < so_far * lines // total:
            tell(f"{title}: {so_far:,} of {total:,}, {time.monotonic() - started:.0f} s")

    return advance


@contextmanager
def working(title: str) -> Iterator[Callable[[str], None]]:
    """Show that something is being done whose end is not known; the function that is yielded takes how far it is."""
    if DRAWN:
        with Status(title, console=errors) as status:
            yield status.update
        return
    started = time.monotonic()
    due = started + _FIRST

    def update(words: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            tell(words)
            due += due - started

    yield update


def tell(words: str) -> None:
    """A line on stderr, where no bar can be drawn."""
    if not DRAWN:
        errors.print(f"halfclose: {words}", markup=False)

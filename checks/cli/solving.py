"""Ctrl-C while a solver works in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import z3

from halfclose.checks.cli.streams import leaving_at_once
from halfclose.checks.cli.terminal import errors


@contextmanager
def solving(worth: str) -> Iterator[None]:
    """Let Ctrl-C end the run at once, with one line; worth: what that says of the run.

    Left to itself, Z3 would take Ctrl-C for a query that it cannot decide; and where it reaches Python inside of a
    call to Z3, ctypes makes an error of its own of it.
    """
    z3.set_param("ctrl_c", False)
    with leaving_at_once(f"interrupted; {worth}", lambda: errors.show_cursor(True)):
        yield

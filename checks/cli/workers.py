"""Processes that die: killed by the system for lack of memory, or by hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from halfclose.checks.cli.terminal import refuse


@contextmanager
def workers(advice: str) -> Iterator[None]:
    """Say in one line that a process of a pool died; advice: what the user can do about it."""
    try:
        yield
    except BrokenProcessPool:
        refuse(f"a process that worked was killed, perhaps for lack of memory; {advice}")

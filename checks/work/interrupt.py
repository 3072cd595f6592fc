"""Ctrl-C that waits for a moment at which everything is in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread


@contextmanager
def patient() -> Iterator[Callable[[], None]]:
    """Delay Ctrl-C until the work is at a point where it can stop.

    Gives a function for such points: it raises KeyboardInterrupt if Ctrl-C was pressed.  A second Ctrl-C raises at
    once.  Outside the main thread, or where somebody else handles Ctrl-C, nothing is changed.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: None
        return
    pressed: list[int] = []

    def note(number: int, _: object) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    def interrupted() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)

"""The standard streams: a full disk or a reader that went away ends the run, but never by a traceback.

Python says where an error of output happened, which helps nobody, and leaves with status 1, which means here that a
claim fails.  Rich and Typer add answers of their own.  So the streams themselves decide: an error of stdout ends the
run by one line on stderr and status 2; a broken pipe by no word and status 141, as shells report SIGPIPE; and an error
of stderr ends nothing, since nobody could be told.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CANNOT_WRITE, INTERRUPTED, BROKEN_PIPE = 2, 130, 128 + signal.SIGPIPE


def guard() -> None:
    """Put the guarded streams in the place of those of Python; exit status 2 where stdout is closed."""
    if sys.stdout is None:
        say("cannot write to stdout, because it is closed; >/dev/null silences it")
        sys.exit(CANNOT_WRITE)
    _open_missing()
    sys.stdout = _text(_Output(sys.stdout.fileno(), "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Errors(2, "w", closefd=False), sys.stderr or sys.stdout)


def say(words: str) -> None:
    """One line on stderr, without any library."""
    if sys.stderr is not None:
        sys.stderr.write(f"halfclose: {words}\n")
        sys.stderr.flush()


@contextmanager
def leaving_at_once(words: str = "interrupted", tidy: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C end the process where it stands, with these words, after what `tidy` does.

    For what needs no cleaning up and is no place for KeyboardInterrupt: the import of a library ends in a traceback of
    it.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # it is ignored, e.g. in the background: so be it
        yield
        return

    def leave(_signal: int, _frame: FrameType | None) -> None:
        tidy()
        say(words)
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _open_missing() -> None:
    """Let closed descriptors lead nowhere, so that no file which is opened later is taken for a standard stream."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _text(raw: io.FileIO, like: TextIO) -> TextIO:
    """A text stream as Python would have made it; what cannot be encoded is escaped."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=like.encoding, errors="backslashreplace", line_buffering=raw.isatty()
    )


class _Output(io.FileIO):
    """stdout."""

    def write(self, octets: ReadableBuffer, /) -> int:
        try:
            return super().write(octets)
        except OSError as error:
            self._drain()
            if isinstance(error, BrokenPipeError):
                raise SystemExit(BROKEN_PIPE) from None
            say(f"cannot write to stdout: {error.strerror}")
            raise SystemExit(CANNOT_WRITE) from None

    def _drain(self) -> None:
        """Let what is still in a buffer flow nowhere: it would fail once more when Python ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class _Errors(io.FileIO):
    """stderr."""

    def write(self, octets: ReadableBuffer, /) -> int:
        try:
            return super().write(octets)
        except OSError:
            return memoryview(octets).nbytes

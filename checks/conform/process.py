"""The process that a stack lives in, as the parent sees it: started, asked for verdicts, and restarted when it ends.

The process runs `entry.py` as a program of its own.  With multiprocessing it would import the main module of the parent
again, which is the whole command line.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, TypeVar

from halfclose.checks.conform.verdicts import Row, Verdict
from halfclose.checks.stacks.stack import Stack, StackError
from halfclose.checks.vectors.script import Vector
from halfclose.spec.language.profile import Profile

_ENTRY = Path(__file__).with_name("entry.py")
_HANG = 60.0  # seconds of real time for one vector
_T = TypeVar("_T")


class StackProcess:
    """A process with one stack in it; use it as a context manager.

    A stack that ends its process, or gives no answer for _HANG seconds, costs the one vector that it was given: the
    next vector goes to a new process.  version: what the stack says of itself.
    """

    def __init__(self, make: Callable[[], Stack], profile: Profile, prepare: str = "") -> None:
        """make: called in the process, once it is prepared.  prepare: "module:function", or nothing (see `Driver`)."""
        self._work, self._prepare = pickle.dumps((make, profile)), prepare
        self.version = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any]
        self._output: IO[str]

    def __enter__(self) -> StackProcess:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def judge(self, vector: Vector, port: int) -> Row:
        """The verdict on one vector; port: see `replay.judge`.  Raises what went wrong in the judge itself."""
        if self._process is None:
            self._start()
        try:
            self._pipe.send((vector, port))
            if not self._pipe.poll(_HANG):
                self._stop()
                return Row(vector.id, vector.name, Verdict.DEVIATES, f"the stack gave no answer for {_HANG:.0f} s")
            return self._receive(Row)
        except (EOFError, ConnectionError):
            return Row(vector.id, vector.name, Verdict.DEVIATES, self._obituary())

    def _receive(self, kind: type[_T]) -> _T:
        """What the process sends; raises what went wrong there without being the stack's fault."""
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, kind)
        return answer

    def _start(self) -> None:
        """Raises StackError where the stack cannot be had."""
        self._pipe, far = Pipe()
        self._output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed in _stop
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_ENTRY), str(far.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=self._output,  # a stack may say here why it ends the process
            stderr=subprocess.STDOUT,
            pass_fds=[far.fileno()],
        )
        far.close()
        try:
            self._pipe.send((sys.path, self._prepare, self._work))
            self.version = self._receive(str)
        except (EOFError, ConnectionError):
            raise StackError(self._obituary()) from None

    def _obituary(self) -> str:
        """How the process ended, and the last line that it printed."""
        assert self._process is not None
        code = self._process.wait(_HANG)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
        self._output.seek(0)
        lines = [line for line in self._output.read().splitlines() if line.strip()]
        self._stop()
        last = f": {lines[-1]}" if lines else ""
        return f"the stack's process ended ({how}){last}"

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
            self._output.close()
            self._process = None

"""The process that a stack lives in: begun by the parent, and made anew when the stack ends or hangs it."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import IO, TypeVar

from halfclose.checks.conform.entry import enter
from halfclose.checks.conform.replay import judge
from halfclose.checks.conform.verdicts import Row, Verdict
from halfclose.checks.stacks.stack import Stack, StackError
from halfclose.checks.vectors.format import Vector
from halfclose.spec.language.profile import Profile

_HANG = 60.0  # seconds of real time for one vector
_T = TypeVar("_T")


class Child:
    """The process that the stack lives in, made anew when it is gone."""

    def __init__(self, make: Callable[[], Stack], profile: Profile, prepare: str = "") -> None:
        self._work, self._prepare = pickle.dumps((make, profile)), prepare
        self.version = ""
        self._process: SpawnProcess | None = None
        self._pipe: Connection
        self._output: IO[str]

    def __enter__(self) -> Child:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def judge(self, vector: Vector, port: int) -> Row:
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
        """What the child has to say; raises what went wrong there, which is no fault of the stack's."""
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, kind)
        return answer

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._output = tempfile.NamedTemporaryFile("r", errors="replace")  # noqa: SIM115 - closed in _stop
        arguments = (self._prepare, self._work, far, self._output.name)
        process = context.Process(target=enter, args=arguments, daemon=True)
        process.start()
        far.close()
        self._process = process
        try:
            self.version = self._receive(str)
        except EOFError:
            raise StackError(self._obituary()) from None

    def _obituary(self) -> str:
        """How the process ended, with the last it had to say."""
        process = self._process
        assert process is not None
        process.join(_HANG)
        code = process.exitcode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
        lines = [line for line in self._output.read().splitlines() if line.strip()]
        self._stop()
        last = f": {lines[-1]}" if lines else ""
        return f"the stack's process ended ({how}){last}"

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._output.close()
            self._process = None


def serve(
    make: Callable[[], Stack], profile: Profile, pipe: Connection, output: str, problem: Exception | None = None
) -> None:
    """The child: makes the stack, then answers vectors until the parent is gone.

    output: the file for what the stack prints.  problem: what kept the process from being prepared.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):  # a stack may say why it ends the process
        os.dup2(file, stream)
    try:
        if problem is not None:
            raise problem
        stack = make()
        pipe.send(stack.version)
        while True:
            vector, port = pipe.recv()
            pipe.send(judge(stack, vector, profile, port))
    except (EOFError, ConnectionError):
        pass
    except StackError as problem:
        pipe.send(problem)
    except Exception as problem:
        pipe.send(RuntimeError(f"the judge failed: {problem!r}\n{traceback.format_exc()}"))

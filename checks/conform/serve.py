"""What a stack's process does: it makes the stack, and answers each vector with its verdict."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

from halfclose.checks.conform.replay import judge
from halfclose.checks.stacks.stack import Stack, StackError
from halfclose.spec.language.profile import Profile


def serve(make: Callable[[], Stack], profile: Profile, pipe: Connection, problem: Exception | None = None) -> None:
    """Make the stack, send its version, then answer (vector, port) with a Row until the parent is gone.

    problem: what kept the process from being prepared; it is sent instead of everything else.
    """
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
    except StackError as reason:
        pipe.send(reason)
    except Exception as error:
        pipe.send(RuntimeError(f"the judge failed: {error!r}\n{traceback.format_exc()}"))

"""Where the process of a stack begins.  It imports the standard library alone, and nothing of this package.

Many libraries start threads when they are imported (NumPy does), and Linux moves a process into a new namespace only
while it has a single thread.  So whatever the stack has to prepare is done first, and everything else is imported
after that.
"""

from __future__ import annotations

import pickle
from importlib import import_module
from multiprocessing.connection import Connection


def enter(prepare: str, work: bytes, pipe: Connection, output: str) -> None:
    """Prepare this process, then serve vectors in it (see `child.serve`).

    prepare: "module:function", or nothing.  work: the pickled maker of the stack and its profile; they are unpickled
    here because unpickling imports the modules that they come from.
    """
    problem: Exception | None = None
    if prepare:
        module, _, function = prepare.partition(":")
        try:
            getattr(import_module(module), function)()
        except Exception as error:  # whatever it is, it is told the parent instead of a stack's name
            problem = error
    child = import_module("halfclose.checks.conform.child")
    child.serve(*pickle.loads(work), pipe, output, problem)

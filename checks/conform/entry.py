"""The program of a stack's process.  It imports the standard library alone, and nothing of this package.

Linux moves a process into a new namespace only while the process has a single thread, and many libraries start threads
when they are imported (NumPy does).  So whatever the stack needs to be prepared is done first, and everything else is
imported after that.

Usage: python entry.py FD, where FD is the process's end of the pipe to its parent (see `process.StackProcess`).
"""

from __future__ import annotations

import pickle
import signal
import sys
from importlib import import_module
from multiprocessing.connection import Connection


def main(descriptor: int) -> None:
    """Prepare this process, then serve vectors in it (see `serve.serve`)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent ends this process
    pipe: Connection = Connection(descriptor)
    path, prepare, work = pipe.recv()  # plain strings and octets, which can be unpickled without an import
    sys.path[:] = path
    problem = _problem_with(prepare)
    serve = import_module("halfclose.checks.conform.serve").serve
    serve(*pickle.loads(work), pipe, problem)  # unpickling imports the modules of the stack and its profile


def _problem_with(prepare: str) -> Exception | None:
    """Call "module:function", where one is given; what it raises is for the parent, which reports it."""
    if not prepare:
        return None
    module, _, function = prepare.partition(":")
    try:
        getattr(import_module(module), function)()
    except Exception as problem:
        return problem
    return None


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""A measurement in a process of its own, on one core, without assertions, so that no other measurement disturbs it.

    python -O -m halfclose.checks.bench.reference.apart MODULE FUNCTION [NUMBER ...]

prints what halfclose.checks.bench.reference.MODULE.FUNCTION(NUMBER ...) returns, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, is_dataclass
from importlib import import_module
from typing import Any

_PATIENCE = 600.0  # seconds


class Failed(RuntimeError):
    """The process did not come to a result; the message is the last line that it printed."""


def apart(module: str, function: str, *numbers: int) -> Any:
    """The result of the function, a dictionary where it is a dataclass; raises Failed."""
    command = [sys.executable, "-O", "-m", __name__, module, function, *map(str, numbers)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise Failed(f"came to no result within {_PATIENCE:.0f} s") from None
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or ["died without a word"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _main(module: str, function: str, *numbers: str) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    result = getattr(import_module(f"halfclose.checks.bench.reference.{module}"), function)(*map(int, numbers))
    print(json.dumps(asdict(result) if is_dataclass(result) and not isinstance(result, type) else result))


if __name__ == "__main__":
    _main(*sys.argv[1:])

"""`halfclose` as a user runs it, for the tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HALFCLOSE = (sys.executable, "-m", "halfclose")
#: Two programs whose full exploration takes a moment.
FULL_CLOSE = ("explore", "--app-a", "open; send 1; close", "--app-b", "listen; send 1; read; close")
#: Two programs that lose nothing.
SHORT = ("explore", "--app-a", "open; shutdown; read", "--app-b", "listen; read; shutdown", "--losses", "0")


def halfclose(
    *arguments: str | Path, cwd: Path | None = None, columns: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; stdout and stderr are pipes."""
    return subprocess.run(
        [*HALFCLOSE, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env=surroundings(columns, environment),
    )


def shell(line: str, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command inside a line of bash, as "$@"; its streams are what the line makes of them."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *HALFCLOSE, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env=surroundings(None, {}),
    )


def surroundings(columns: int | None, more: Mapping[str, str]) -> dict[str, str]:
    """The environment, but for what it says about the terminal of whoever runs the tests."""
    mine = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR")}
    return mine | ({} if columns is None else {"COLUMNS": str(columns)}) | dict(more)

"""Files and folders that a run is going to write: whether it can is found out before it begins."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from halfclose.checks.cli.terminal import refuse


def file(context: typer.Context, target: Path | None) -> Path | None:
    """Refuse a file that cannot be written, as a callback of an option; what is in it stays in it."""
    if target is not None and str(target) != "-" and not context.resilient_parsing:
        try:
            _try_file(target)
        except OSError as error:
            refuse(f"cannot write {target}: {error.strerror}")
    return target


def folder(context: typer.Context, target: Path | None) -> Path | None:
    """Refuse a folder in which nothing can be written and that cannot be made, as a callback of an option."""
    if target is not None and not context.resilient_parsing:
        try:
            _try_folder(target)
        except OSError as error:
            refuse(f"cannot write to {target}: {error.strerror}")
    return target


def _try_folder(target: Path) -> None:
    """Look at the folder, or at the one in which it would be made."""
    there = next(one for one in (target, *target.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        refuse(f"cannot write to {target}: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        refuse(f"cannot write to {target}: {there} is read-only")


def _try_file(target: Path) -> None:
    """Open a file for writing, without emptying it; one that was not there is not there afterwards either."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        real = os.path.realpath(target)
        os.close(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(real)
        return
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        os.close(os.open(target, os.O_WRONLY))
    elif not os.access(target, os.W_OK):  # a pipe or a device: to open it may be more than to look at it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


#: The option of every command that shows a report.
Json = Annotated[
    Path | None, typer.Option("--json", callback=file, help="Also write the report to this file; '-' is stdout.")
]

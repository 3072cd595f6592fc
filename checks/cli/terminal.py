"""What every command needs of the terminal: one console, errors as one line, JSON beside every table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

#: Tables want some width where there is no terminal to fit into.
_PIPED = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 130

console = Console(highlight=False, width=_PIPED)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

FAILS, WRONG_USE, INTERRUPTED = 1, 2, 130


def refuse(error: object) -> NoReturn:
    """One clear line on stderr, exit status 2."""
    errors.print(f"halfclose: {error}", style="red", markup=False)
    raise typer.Exit(WRONG_USE)


def write_json(data: Any, file: Path | None) -> None:
    """Write JSON to a file, or to stdout for '-'; nothing where no file was asked for."""
    if file is None:
        return
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    if str(file) == "-":
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"cannot write {file}: {error.strerror}")

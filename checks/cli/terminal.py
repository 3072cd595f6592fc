"""What every command needs of the terminal: one console, errors as one line, tables, JSON beside every table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table

#: Tables want some width where there is no terminal to fit into.
_PIPED = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 130
#: Nothing is wrapped more narrowly, however narrow a terminal says that it is.
_LEAST = 40

console = Console(highlight=False, width=_PIPED)
if console.width < _LEAST:
    console.width = _LEAST
errors = Console(stderr=True, highlight=False, soft_wrap=True)

FAILS, WRONG_USE, INTERRUPTED = 1, 2, 130


def refuse(error: object) -> NoReturn:
    """One clear line on stderr, exit status 2."""
    errors.print(f"halfclose: {error}", style="red", markup=False)
    raise typer.Exit(WRONG_USE)


def interrupted(what: str) -> NoReturn:
    """One line on stderr that says what an interrupted run is worth, exit status 130."""
    errors.print(f"halfclose: interrupted; {what}", style="yellow", markup=False)
    raise typer.Exit(INTERRUPTED)


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one: 1 claim, 11 claims, 2 queries."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {plural}"


def table(*names: str, numbers: tuple[str, ...] = (), **settings: Any) -> Table:
    """An empty table with these columns; those of numbers are flush right."""
    made = Table(header_style="bold", **({"show_edge": False, "pad_edge": False} | settings))
    for name in names:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return made


def show(made: Table) -> None:
    """Print a table in the width of the terminal; no word and no number is cut or broken.

    Where the terminal is too narrow for the columns, every row becomes a small list.
    """
    between = 3 * (len(made.columns) - 1) + (4 if made.show_edge else 0)
    least, wanted = zip(*map(_widths, made.columns), strict=True)
    spare = console.width - between - sum(least)
    if spare < 0:
        _show_rows(made)
        return
    growth = min(1.0, spare / max(1, sum(wanted) - sum(least)))
    for column, low, high in zip(made.columns, least, wanted, strict=True):
        column.width = low + int(growth * (high - low))
    console.print(made)


def _widths(column: Column) -> tuple[int, int]:
    """The width of the longest word of a column, and that of its longest line."""
    measured = [console.measure(cell) for cell in (column.header, *column.cells)]
    return max(one.minimum for one in measured), max(one.maximum for one in measured)


def _show_rows(made: Table) -> None:
    """Each row as a list: its first cell, and below it the others, each with the name of its column."""
    if made.title:
        console.print(made.title, style="bold")
    names = [str(column.header) for column in made.columns]
    for first, *others in zip(*(column.cells for column in made.columns), strict=True):
        console.print(first)
        for name, cell in zip(names[1:], others, strict=True):
            if cell:
                console.print(Padding(f"{name}: {cell}" if name else cell, (0, 0, 0, 4)))


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

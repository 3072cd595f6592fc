"""Entries, kinds and the whole index as lines of text that fit the width they are shown in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from halfclose.checks.explain.entry import Entry, Kind

#: No line is wider than this, however wide the terminal.
WIDEST = 80
_INDENT = "    "
_LINES_OF_NAMES = 3
_ADVICE = "`halfclose explain NAME` says what one of these is, `halfclose explain KIND` lists a kind."


def page(entry: Entry, width: int) -> list[str]:
    """One entry: its kind and name, what it says, and every fact under its heading."""
    cite = f"   ({', '.join(entry.cite)})" if entry.cite else ""
    lines = [*_fit([f"{entry.kind} {entry.name}{cite}"], "", width), *_fit([entry.says], _INDENT, width)]
    for heading, facts in entry.known().items():
        lines += ["", *_fit([heading], "", width), *_fit(facts, _INDENT, width)]
    return lines


def listing(kind: Kind, width: int) -> list[str]:
    """One kind: a line for each entry, or several where it does not fit in one."""
    lines = [*_title(kind, width), ""]
    for entry in kind.entries:
        lines += _wrapped(f"{entry.name}: {entry.says}", width, "", _INDENT)
    return lines


def index(kinds: Iterable[Kind], width: int) -> Iterator[str]:
    """Every kind with its count and its names, as many as three lines hold."""
    for kind in kinds:
        yield from _title(kind, width)
        yield from _names(kind, width)
        yield ""
    yield from _fit([_ADVICE], "", width)


def _title(kind: Kind, width: int) -> list[str]:
    return _wrapped(f"{kind.name} ({len(kind.entries)}): {kind.what}", width, "", _INDENT)


def _names(kind: Kind, width: int) -> list[str]:
    lines = _wrapped(", ".join(kind.names), width, _INDENT, _INDENT)
    if len(lines) <= _LINES_OF_NAMES:
        return lines
    return [*lines[: _LINES_OF_NAMES - 1], f"{_INDENT}... `halfclose explain {kind.name}` lists them all"]


def _fit(texts: Iterable[str], indent: str, width: int) -> list[str]:
    """Indented lines; one that is too wide continues in the next line, indented further."""
    lines: list[str] = []
    for text in texts:
        if len(indent) + len(text) <= width:
            lines.append(f"{indent}{text}".rstrip())
        else:
            lines += _wrapped(text, width, indent, f"{indent}  ")
    return lines


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    """Wrapped lines, broken at spaces only: names with hyphens stay whole, so that they can be copied."""
    return wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )

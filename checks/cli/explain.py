"""`halfclose explain`: what there is, by kind, and what each of it is, with its place in the RFC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import console, refuse, write_json
from halfclose.checks.explain.index import KINDS, find, kind_named, suggest
from halfclose.checks.explain.page import WIDEST, index, listing, page


def command(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            help="A claim (S11), a theorem (P1), an edge, a state (TIME-WAIT), a variable (SND.UNA), an event, a "
            "switch, a reading (reading 8), a scope, a figure (F12), a mutant, a requirement (MUST-11), a section "
            "(3.10.7.4), ...; or a kind of these (readings). Without a name: everything there is."
        ),
    ] = None,
    json_file: Json = None,
) -> None:
    """Say what something is, why, and where in RFC 9293 it stands; without a name, list everything that has one."""
    lines, data = _answer(" ".join(name or []), min(console.width, WIDEST))
    if str(json_file) != "-":
        console.print("\n".join(lines), markup=False, soft_wrap=True)
    write_json(data, json_file)


def _answer(name: str, width: int) -> tuple[Iterable[str], dict[str, Any]]:
    """Lines to print, and the same as data."""
    if not name:
        kinds = [{"kind": kind.name, "what": kind.what, "names": kind.names} for kind in KINDS]
        return index(KINDS, width), {"kinds": kinds}
    if kind := kind_named(name):
        entries = [{"name": entry.name, "says": entry.says} for entry in kind.entries]
        return listing(kind, width), {"kind": kind.name, "what": kind.what, "entries": entries}
    found = find(name)
    if not found:
        near = suggest(name)
        advice = f"did you mean {' or '.join(near)}?" if near else "`halfclose explain` lists what there is"
        refuse(f"nothing is called {name!r}; {advice}")
    pages = [page(entry, width) for entry in found]
    lines = [line for number, one in enumerate(pages) for line in (*[""] * bool(number), *one)]
    return lines, {"entries": [entry.to_json() for entry in found]}

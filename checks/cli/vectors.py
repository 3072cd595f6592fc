"""`halfclose vectors`: conformance test vectors out of the declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from halfclose.checks.cli.terminal import console, errors, refuse, write_json
from halfclose.checks.vectors.format import write
from halfclose.checks.vectors.generate import generate
from halfclose.spec.language.profile import UnknownSwitch, parse_profile


def command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the JSON files; made if it is missing.")],
    profile: Annotated[str, typer.Option(help="The behaviour that the vectors exercise.")] = "linux",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write a summary here; '-' is stdout.")] = None,
) -> None:
    """Write vectors that cover every reachable edge of the graph, at 32-bit values.

    Each vector is a script of calls and segments from CLOSED, with what the specification allows in answer. A stack
    is judged by its own profile; this one decides which edges there are to be covered.
    """
    try:
        decided = parse_profile(profile)
    except UnknownSwitch as error:
        refuse(error)
    with Status("generating vectors", console=errors):
        vectors = generate(decided)
    try:
        write(vectors, out)
    except OSError as error:
        refuse(f"cannot write to {out}: {error.strerror}")
    summary = {
        "profile": vectors.profile,
        "vectors": {name: len(group) for name, group in sorted(vectors.groups.items())},
        "edges_covered": len(vectors.covered),
        "unreachable": dict(sorted(vectors.unreachable.items())),
    }
    write_json(summary, json_file)
    if str(json_file) != "-":
        counts = ", ".join(f"{len(group)} {name}" for name, group in sorted(vectors.groups.items()))
        console.print(f"{len(vectors.vectors)} vectors in {out} ({counts})", markup=False)
        console.print(f"{len(vectors.covered)} edges covered, {len(vectors.unreachable)} cannot be reached:")
        for edge, reason in sorted(vectors.unreachable.items()):
            console.print(f"  {edge}: {reason}", markup=False)

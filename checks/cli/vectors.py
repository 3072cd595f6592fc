"""`halfclose vectors`: conformance test vectors out of the declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from halfclose.checks.cli import targets
from halfclose.checks.cli.progress import working
from halfclose.checks.cli.terminal import console, count, interrupted, refuse, write_json
from halfclose.checks.vectors.format import write
from halfclose.checks.vectors.generate import generate
from halfclose.spec.language.profile import UnknownSwitch, parse_profile


def command(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", callback=targets.folder, help="The folder for the JSON files; made if it is missing."
        ),
    ],
    profile: Annotated[str, typer.Option(help="The profile whose edges the vectors cover.")] = "linux",
    json_file: Annotated[
        Path | None,
        typer.Option("--json", callback=targets.file, help="Also write a summary to this file; '-' is stdout."),
    ] = None,
) -> None:
    """Write test vectors that cover every reachable edge.

    Each vector is a script of calls and segments at 32-bit values, which begins in CLOSED, with the answers that the
    specification allows. The profile decides which edges there are to be covered; `halfclose conform` judges a stack
    by the stack's own profile.
    """
    try:
        decided = parse_profile(profile)
    except UnknownSwitch as error:
        refuse(error)
    try:
        with working("generating vectors"):
            vectors = generate(decided)
        write(vectors, out)
    except OSError as error:
        refuse(f"cannot write to {out}: {error.strerror}")
    except KeyboardInterrupt:
        interrupted("the vectors are not all written")
    summary = {
        "profile": vectors.profile,
        "vectors": {name: len(group) for name, group in sorted(vectors.groups.items())},
        "edges_covered": len(vectors.covered),
        "unreachable": dict(sorted(vectors.unreachable.items())),
    }
    write_json(summary, json_file)
    if str(json_file) != "-":
        counts = ", ".join(f"{len(group)} {name}" for name, group in sorted(vectors.groups.items()))
        console.print(f"{count(len(vectors.vectors), 'vector')} in {out} ({counts})", markup=False)
        console.print(f"{count(len(vectors.covered), 'edge')} covered, {len(vectors.unreachable)} cannot be reached:")
        for edge, reason in sorted(vectors.unreachable.items()):
            console.print(f"  {edge}: {reason}", markup=False)

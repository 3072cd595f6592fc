"""What commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

import halfclose
from halfclose.checks.cli.lazy import PLAIN, help_without_command, lazy_group

#: By name, the first line of each command's help: the list of them is printed without importing one.
SUMMARIES = {
    "verify": "Decide the claims, and show that each could have failed.",
    "prove": "Prove the invariants of one end and of both, for all values.",
    "explore": "Say whether octets can be lost between two programs.",
    "refine": "Compare the reference with the specification, step by step.",
    "export": "Write a model of one scope for Spin or TLC.",
    "vectors": "Write test vectors that cover every reachable edge.",
    "conform": "Replay vectors against a stack and judge every answer.",
    "serve": "Serve a folder by HTTP over the reference's TCP.",
    "fetch": "Fetch a resource by HTTP over the reference's TCP.",
    "mutate": "Change every part of every edge, and say who notices.",
    "fuzz": "Send mutated packets into the reference, by the million.",
    "graph": "Print the transition graph.",
    "requirements": "Show the requirements of RFC 9293 and what answers each.",
    "explain": "Say what something is, why, and where in RFC 9293 it stands.",
    "bench": "Measure the checks and the reference beside their peers.",
}

app = typer.Typer(
    cls=lazy_group("halfclose.checks.cli.", SUMMARIES),
    help="TCP's connection life cycle (RFC 9293) as a model-checked specification.",
    epilog="Begin with `halfclose verify`; `halfclose explain S11` says what a claim means.",
    **PLAIN | {"add_completion": True},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"halfclose {halfclose.__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    help_without_command(context)

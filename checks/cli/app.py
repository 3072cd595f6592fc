"""The command line."""

from __future__ import annotations

import typer

from halfclose.checks.cli import (
    bench,
    conform,
    explain,
    explore,
    export,
    fetch,
    fuzz,
    graph,
    prove,
    refine,
    serve,
    vectors,
    verify,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="TCP's connection life cycle (RFC 9293) as a model-checked specification.",
    epilog="Begin with `halfclose verify`; `halfclose explain S11` says what a claim means.",
)
app.command("verify")(verify.command)
app.command("prove")(prove.command)
app.command("explore")(explore.command)
app.command("refine")(refine.command)
app.command("export")(export.command)
app.command("vectors")(vectors.command)
app.command("conform")(conform.command)
app.command("serve")(serve.command)
app.command("fetch")(fetch.command)
app.command("fuzz")(fuzz.command)
app.command("graph")(graph.command)
app.command("explain")(explain.command)
app.add_typer(bench.bench, name="bench")


def main() -> None:
    """Entry point of `halfclose`."""
    app()

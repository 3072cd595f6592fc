"""`halfclose bench`: how fast the checks and the reference are, side by side with their peers in one run."""

from __future__ import annotations

import typer

from halfclose.checks.cli.lazy import PLAIN, help_without_command, lazy_group

#: By name, the first line of each command's help.
SUMMARIES = {
    "explore": "Measure every explorer on the same scopes.",
    "reference": "Measure the reference, PyTCP and the kernel.",
    "prove": "Measure Z3 and cvc5 on both proofs.",
    "startup": "Measure how long the command line takes to start.",
}

command = typer.Typer(cls=lazy_group("halfclose.checks.cli.bench_", SUMMARIES), **PLAIN)


@command.callback(invoke_without_command=True)
def options(context: typer.Context) -> None:
    """Measure the checks and the reference beside their peers."""
    help_without_command(context)

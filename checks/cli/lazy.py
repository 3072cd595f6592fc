"""Groups of commands whose modules are imported when a command is called, and not for the sake of the list of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from halfclose.checks.cli import streams

#: Wrapped at 80 columns wherever it goes, with paragraphs as paragraphs; Typer's panels cut words on narrow terminals.
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}


def lazy_group(package: str, summaries: Mapping[str, str]) -> type[TyperGroup]:
    """A class of groups with these commands, each with the first line of its help.

    package: what the names of their modules begin with.  A module has a function `command`, or an application of that
    name where the command is a group itself.
    """

    class Lazy(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, summary in summaries.items():
                self.add_command(TyperCommand(name, help=summary))

        def resolve_command(self, context: Any, arguments: list[str]) -> Any:
            """The command itself, in the place of the one that stood for it in the list."""
            name, listed, rest = super().resolve_command(context, arguments)
            return name, _load(package + name, name) if name else listed, rest

        def invoke(self, context: Any) -> Any:
            """Run a command; what it does not say itself about Ctrl-C is said here."""
            try:
                return super().invoke(context)
            except KeyboardInterrupt:
                streams.say("interrupted")
                raise typer.Exit(streams.INTERRUPTED) from None

    return Lazy


def help_without_command(context: typer.Context) -> None:
    """A group alone on the line: its help, and exit status 2."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def _load(module: str, name: str) -> Any:
    with streams.leaving_at_once():
        command = import_module(module).command
    if not isinstance(command, typer.Typer):
        single = typer.Typer(**PLAIN)
        single.command(name)(command)
        command = single
    loaded = typer.main.get_command(command)
    loaded.name = name
    return loaded

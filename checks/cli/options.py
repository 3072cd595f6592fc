"""Options that do not go together, and names that do not exist: refused before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import typer

from halfclose.checks.cli.terminal import refuse
from halfclose.spec.language.names import near

_FEW = 8


def given(context: typer.Context, name: str) -> bool:
    """Whether the parameter with this name stands on the command line."""
    source: Any = context.get_parameter_source(name)
    return source is not None and not source.name.startswith("DEFAULT")


def refuse_ignored(context: typer.Context, reason: str, *names: str) -> None:
    """Refuse the parameters with these names where they were given, because they would be ignored.

    reason: what makes them so, as the end of the sentence, e.g. "with --property".
    """
    for name in names:
        if given(context, name):
            refuse(f"{_as_written(context, name)} would be ignored {reason}; leave it out")


def _as_written(context: typer.Context, name: str) -> str:
    """The parameter as a user writes it: an option, or the name of an argument."""
    (parameter,) = (one for one in context.command.params if one.name == name)
    if parameter.param_type_name == "argument":
        return f"the argument {name!r}"
    no = parameter.secondary_opts if context.params[name] is False else ()
    return str([*no, *parameter.opts][0])


def refuse_unknown(kind: str, names: Iterable[str], known: Collection[str], listing: str) -> None:
    """Refuse names that do not exist, and suggest those that are near.

    listing: the command that lists all of them, where they are many.
    """
    for name in names:
        if name in known:
            continue
        if similar := near(name, known):
            advice = f"did you mean {' or '.join(similar)}?"
        elif len(known) <= _FEW:
            advice = f"known are {', '.join(known)}"
        else:
            advice = f"`{listing}` lists them"
        refuse(f"unknown {kind} {name!r}; {advice}")

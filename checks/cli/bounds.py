"""The options that bound a scope, as `explore` and `export` take them."""

from __future__ import annotations

import typer

from halfclose.checks.cli.options import given
from halfclose.checks.cli.terminal import refuse
from halfclose.spec.world.application import Application, BadProgram, Free, parse_application
from halfclose.spec.world.network import Scope

APP_A = typer.Option(
    help="A's program, e.g. 'open; send 3; close'. 'free' makes any call at any time, 'free: CALLS' any of these."
)
APP_B = typer.Option(
    help="B's program, e.g. 'listen; send 1; read; close'; `halfclose explain program` lists the calls."
)
PROFILE = typer.Option(help="The switches that are on, joined by '+', e.g. rfc5961.")
SLOTS = typer.Option(
    help="How many segments the network holds in each direction; two and more can overtake each other."
)
LOSSES = typer.Option(help="How many segments the network may lose in all: a number, or 'any'.")
DUPLICATES = typer.Option(help="How many segments the network may duplicate in all: a number, or 'any'.")
REORDER = typer.Option(help="Whether the network may deliver segments in any order.")
OCTETS = typer.Option(help="How many octets a free application sends on one connection at most.")
LIVES = typer.Option(help="How many connections each end opens at most, one after the other.")
BUFFER = typer.Option(help="The size of the receive buffer in octets, and so of the largest window.")
MSS = typer.Option(help="How many octets of text one segment carries at most.")
BITS = typer.Option(help="The width of sequence numbers in bits.")
ISNS = typer.Option(
    help="From how many initial sequence numbers a new connection may choose, the least that the clock allows first."
)
CRASHES = typer.Option(help="How often an end may crash and lose its memory, both ends together.")
WAIT = typer.Option(
    help="When TIME-WAIT may end: 'drained' means once no segment is left in the network, 'nothing' at any time."
)
USER_TIMEOUT = typer.Option("--user-timeout", help="Let the user timeout expire at any time.")


def application(option: str, text: str) -> Application:
    """The application that an option gives; raises BadProgram, which names the option."""
    try:
        return parse_application(text)
    except BadProgram as error:
        raise BadProgram(f"{option}: {error}") from None


def refuse_pointless(context: typer.Context, scope: Scope) -> None:
    """Refuse bounds of the command line that mean nothing in this scope."""
    if given(context, "octets") and not any(isinstance(app, Free) for app in (scope.app_a, scope.app_b)):
        refuse("--octets would be ignored, because no program is free; say in the programs how much they send")

"""The command line's way in and out: what `halfclose` begins with, and how it ends.

Nothing is imported here that takes time: until `main` has begun, Ctrl-C would end in a traceback.
"""

from __future__ import annotations

import signal
import sys

from halfclose.checks.cli import streams


def main() -> None:
    """Entry point of `halfclose`."""
    streams.guard()
    status = _run()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is lost any more, so Ctrl-C needs no word
    sys.stdout.flush()
    sys.exit(status)


def _run() -> int:
    """The exit status of the command that the arguments name."""
    with streams.leaving_at_once():
        import typer

        from halfclose.checks.cli.commands import app
    try:
        return int(app(prog_name="halfclose", standalone_mode=False) or 0)
    except typer.TyperException as error:
        said, where = " ".join(error.format_message().replace("Value error, ", "").split()), getattr(error, "ctx", None)
        stop = "" if said.endswith((".", "?")) else "."
        streams.say(f"{said}{stop} See `{where.command_path} --help`." if where else said)
        return error.exit_code

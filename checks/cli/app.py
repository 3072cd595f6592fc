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
        return int(app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        where = getattr(error, "ctx", None)
        advice = f" See `{where.command_path} --help`." if where else ""
        streams.say(" ".join(error.format_message().split()) + advice)
        return error.exit_code

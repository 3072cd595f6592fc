"""`halfclose fetch`: a web client whose TCP is the reference, against a server on the kernel's TCP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.progress import Progress

from halfclose.checks.cli import link, targets
from halfclose.checks.cli.terminal import FAILS, errors, interrupted, refuse, write_json
from halfclose.reference.http.client import BadUrl, Incomplete, Url, fetch, parse_url
from halfclose.reference.link import cable
from halfclose.reference.link.host import Host
from halfclose.reference.link.namespace import NoNetwork, advice
from halfclose.reference.link.network import MANNERS
from halfclose.reference.link.stream import Stream
from halfclose.reference.link.weather import Odds

_PATIENCE = 20.0  # seconds for the server to answer, and for a connection to be set up
_PAUSE = 0.05  # seconds between two attempts
_FAREWELL = 5.0  # seconds for the connection to close in good order
_FIRST_ERROR = 300  # redirections are not followed


class _Failed(Exception):
    """The resource could not be fetched; the message says why."""


def command(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="http:// and an address; the kernel has 198.18.0.1 and [2001:2::1].")],
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="Run this as the server, in a network of its own."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=targets.file,
            help="Write the content to this file, once all of it is there; without, to stdout as it comes.",
        ),
    ] = None,
    loss: link.Loss = 0.0,
    duplicate: link.Duplicate = 0.0,
    reorder: link.Reorder = 0.0,
    seed: link.Seed = 0,
    json_file: targets.Json = None,
) -> None:
    """Fetch a resource by HTTP over the reference's TCP.

    The server uses the kernel's TCP, at 198.18.0.1 and 2001:2::1. With COMMAND, which starts the server, both run in a
    network namespace made for them; where user namespaces are allowed, that needs no privilege. Without, a virtual
    link to the present network is made, which needs CAP_NET_ADMIN there, and removed afterwards. Exit status 0: the
    resource was fetched; 1: it could not be; 2: wrong use. Example:

    halfclose fetch http://198.18.0.1:8000/README.md -o copy --loss 20 -- python3 -m http.server 8000
    """
    try:
        where = parse_url(url)
    except BadUrl as error:
        refuse(error)
    if str(output or "-") == "-" == str(json_file):
        refuse("the content and --json cannot both go to stdout; write one of them to a file")
    odds = link.odds_of(context, loss, duplicate, reorder)
    with _network(own=bool(command)):
        try:
            asyncio.run(_fetch(where, command or [], output, odds, seed, json_file))
        except _Failed as error:
            errors.print(f"halfclose: {error}", style="red", markup=False)
            raise typer.Exit(FAILS) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            interrupted("nothing is kept of what is not whole")


@contextlib.contextmanager
def _network(*, own: bool) -> Iterator[None]:
    """A network with a cable in it: one of our own, or the present one as long as it is needed."""
    if own:
        link.make_network()
        yield
        return
    try:
        with advice():
            cable.lay(MANNERS, ipv6=cable.has_ipv6())
    except NoNetwork:
        refuse("laying a cable in this network needs CAP_NET_ADMIN: run as root, or give the server's COMMAND after --")
    try:
        yield
    finally:
        cable.take_up()


async def _fetch(
    where: Url, command: list[str], output: Path | None, odds: Odds, seed: int, json_file: Path | None
) -> None:
    task = asyncio.current_task()
    assert task is not None
    link.on_signals(task.cancel, signal.SIGTERM)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(link.program(command, {}, quiet=True)) if command else None
        host = await stack.enter_async_context(link.host(odds, seed))
        try:
            stream = await _connect(host, where, server)
            with _file(output) as into:
                status = await _download(stream, where, into)
                if status >= _FIRST_ERROR:
                    raise _Failed(f"the server answers {status}")
        except (OSError, Incomplete) as error:
            raise _Failed(str(error) or type(error).__name__) from error
        write_json(link.tell(host), json_file)


async def _connect(host: Host, where: Url, server: asyncio.subprocess.Process | None) -> Stream:
    """Connect; to a server that has only just been started, again and again."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    return await host.connect(where.address, where.port)
                if server is None:
                    raise _Failed(f"nobody listens at {where.authority}")
                if server.returncode is not None:
                    raise _Failed(f"the server ended with status {server.returncode} before it answered")
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise _Failed(f"no answer from {where.authority} within {_PATIENCE:.0f} s") from None


async def _download(stream: Stream, where: Url, into: IO[bytes]) -> int:
    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task(f"fetching from {where.authority}", total=None)
        status = await fetch(stream, where, into, lambda done, total: bar.update(task, completed=done, total=total))
    with contextlib.suppress(OSError, TimeoutError):
        stream.shutdown()
        async with asyncio.timeout(_FAREWELL):
            await stream.closed()
    return status


@contextlib.contextmanager
def _file(output: Path | None) -> Iterator[IO[bytes]]:
    """Where the content goes; a file appears under its name only if all goes well."""
    if output is None or str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():  # a device or a pipe, in whose place no file should stand
        with output.open("wb") as into:
            yield into
        return
    with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as part:
        try:
            yield part
        except BaseException:
            os.unlink(part.name)
            raise
    os.replace(part.name, output)

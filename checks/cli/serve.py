"""`halfclose serve`: a web server whose TCP is the reference, for the kernel's TCP to fetch from."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from halfclose.checks.cli import link
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import console, errors, refuse, write_json
from halfclose.reference.http.server import serve
from halfclose.reference.link.host import Host
from halfclose.reference.link.weather import Odds
from halfclose.reference.wire import Address


def command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to serve.")],
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]", help="Run this in the same network, with the server's address in $HALFCLOSE_URL."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 80,
    loss: link.Loss = 0.0,
    duplicate: link.Duplicate = 0.0,
    reorder: link.Reorder = 0.0,
    seed: link.Seed = 0,
    json_file: Json = None,
) -> None:
    """Serve a folder by HTTP over the reference's TCP.

    The server runs in a network namespace made for it; where user namespaces are allowed, that needs no privilege.
    With COMMAND: run it in the same network and end with its exit status; $HALFCLOSE_URL6 is the address for IPv6.
    Without: serve until Ctrl-C, and say how to reach the server from another terminal. Example:

    halfclose serve . --loss 20 --duplicate 20 --reorder 20 -- sh -c 'curl -O $HALFCLOSE_URL/README.md'
    """
    if not folder.is_dir():
        refuse(f"{folder} is not a folder")
    odds = link.odds_of(context, loss, duplicate, reorder)
    user_namespace = link.make_network()
    status = asyncio.run(_serve(folder, command or [], port, odds, seed, user_namespace, json_file))
    raise typer.Exit(status)


async def _serve(
    folder: Path, command: list[str], port: int, odds: Odds, seed: int, user_namespace: bool, json_file: Path | None
) -> int:
    async with link.host(odds, seed) as host:
        server = asyncio.create_task(serve(host.listen(port), folder))
        visit = asyncio.create_task(_run(command, port) if command else _wait(host, port, user_namespace))
        try:
            await asyncio.wait({server, visit}, return_when=asyncio.FIRST_COMPLETED)
            if server.done():
                server.result()  # it never ends but by an error
            status = visit.result()
        finally:
            server.cancel()
            visit.cancel()
            await asyncio.wait({server, visit})
        write_json(link.tell(host), json_file)
        return status


async def _run(command: list[str], port: int) -> int:
    """Run the command; its exit status, or 128 and the number of the signal that ended it, as shells have it.

    SIGTERM ends it, by SIGKILL where it does not listen.
    """
    task = asyncio.current_task()
    assert task is not None
    link.on_signals(lambda: None, signal.SIGINT)  # the terminal sends it to the command, too
    link.on_signals(task.cancel, signal.SIGTERM)
    urls = [_url(address, port) for address in link.addresses()]
    environment = dict(zip(("HALFCLOSE_URL", "HALFCLOSE_URL6"), urls, strict=False))
    try:
        async with link.program(command, environment) as child:
            status = await child.wait()
    except asyncio.CancelledError:
        status = -signal.SIGTERM
    return status if status >= 0 else 128 - status


async def _wait(host: Host, port: int, user_namespace: bool) -> int:
    """Say where the server is, and serve until a signal comes."""
    enter = f"nsenter --target {os.getpid()} --net" + " --user --preserve-credentials" * user_namespace
    for address in link.addresses():
        console.print(_url(address, port), soft_wrap=True, markup=False)
    errors.print(f"from another terminal: {enter} curl {_url(link.addresses()[0], port)}/", markup=False)
    ended = asyncio.Event()
    link.on_signals(ended.set, signal.SIGINT, signal.SIGTERM)
    await ended.wait()
    return 0


def _url(address: Address, port: int) -> str:
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"http://{host}" + (f":{port}" if port != 80 else "")

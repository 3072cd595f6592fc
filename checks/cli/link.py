"""What `serve` and `fetch` share: the options of the link, its network, the other program, and the closing lines."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any

import typer

from halfclose.checks.cli.options import refuse_ignored
from halfclose.checks.cli.terminal import errors, refuse
from halfclose.reference.link import cable, network
from halfclose.reference.link.host import Host
from halfclose.reference.link.namespace import NoNetwork
from halfclose.reference.link.weather import Odds, Tally
from halfclose.reference.wire import Address

Loss = Annotated[float, typer.Option(min=0, max=99, help="Lose this percentage of all packets, in both directions.")]
Duplicate = Annotated[float, typer.Option(min=0, max=99, help="Duplicate this percentage of all packets.")]
Reorder = Annotated[
    float, typer.Option(min=0, max=99, help="Hold back this percentage of all packets until others overtake them.")
]
Seed = Annotated[
    int,
    typer.Option(
        help="Seed of the random choice of packets that are lost, duplicated or held back: the same seed chooses alike."
    ),
]

_PATIENCE = 3.0  # seconds from asking a program to end to making it


def odds_of(context: typer.Context, loss: float, duplicate: float, reorder: float) -> Odds:
    """What the link does to packets; refuses a seed for nothing."""
    if not (loss or duplicate or reorder):
        refuse_ignored(context, "without --loss, --duplicate or --reorder", "seed")
    return Odds(loss, duplicate, reorder)


def make_network() -> bool:
    """Move this process into a network of its own with a cable in it; says whether that took a user namespace."""
    try:
        return network.make()
    except NoNetwork as error:
        refuse(error)


def addresses() -> tuple[Address, ...]:
    """The reference's, in this network."""
    return (cable.NEAR, cable.NEAR6) if cable.has_ipv6() else (cable.NEAR,)


def host(odds: Odds, seed: int) -> Host:
    """The reference on the cable that is laid here; inside a running loop."""
    return Host(cable.Cable(), addresses(), odds=odds, seed=seed)


@asynccontextmanager
async def program(
    command: list[str], environment: Mapping[str, str], *, quiet: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another program, gone at the end whatever happens.  quiet: what it says on stdout goes to stderr."""
    try:
        child = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environment}, stdout=2 if quiet else None
        )
    except OSError as error:
        refuse(f"cannot run {command[0]}: {error.strerror}")
    try:
        yield child
    finally:
        if child.returncode is None:
            await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), _PATIENCE)
    finally:
        if child.returncode is None:  # it does not listen; or this is cancelled, because somebody lost patience before
            child.kill()
            await child.wait()


def on_signals(action: Any, *signals: signal.Signals) -> None:
    """Let these signals do this instead of ending the process; inside a running loop."""
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, action)


def tell(at: Host) -> dict[str, Any]:
    """Lines on stderr about what the link did to packets and what the stack made of them; the same as data."""
    for name, tally in (("sent", at.outbound.tally), ("received", at.inbound.tally)):
        errors.print(f"halfclose: packets {name}: {_words(tally)}", style="dim", markup=False)
    errors.print(f"halfclose: the stack: {at.stack.counters}", style="dim", markup=False)
    tallies = {"sent": asdict(at.outbound.tally), "received": asdict(at.inbound.tally)}
    return {**tallies, "stack": vars(at.stack.counters)}


def _words(tally: Tally) -> str:
    return (
        f"{tally.entered:,}; of these the link lost {tally.lost:,}, duplicated {tally.duplicated:,} "
        f"and reordered {tally.reordered:,}"
    )

"""`halfclose fuzz`: mutated packets into the reference, by the million."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.table import Table

from halfclose.checks.cli.terminal import FAILS, INTERRUPTED, console, errors, refuse, write_json
from halfclose.checks.fuzz.run import Failure, Fuzzed, fuzz
from halfclose.checks.fuzz.world import Delivered

_SHOWN = 10  # packets before a failure; --json has more of them


def command(
    packets: Annotated[int, typer.Option(help="How many mutated packets, at least.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same packets.")] = 0,
    world: Annotated[int | None, typer.Option(help="Only this world of the seed, e.g. one that failed.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here; '-': stdout.")] = None,
) -> None:
    """Mutated packets into two live stacks of the reference that talk to each other: nothing may be raised.

    In world after world users open, send, read, half-close, close and abort, and every packet under way is also
    delivered with flipped bits, numbers about the windows, other flags, options, text and lengths, mostly with its
    checksums mended. Then users close, timers run out, and no connection may be left. Exit status 1: something went
    wrong; the packets before it are printed, and --world repeats it.
    """
    if packets < 1:
        refuse("--packets must be at least 1")
    if world is not None and world < 0:
        refuse("--world must be at least 0")
    fuzzed, interrupted = Fuzzed(), False
    with Status("fuzzing", console=errors) as status:
        try:
            wanted = 1 if world is not None else packets
            fuzz(fuzzed, seed, wanted, first=world or 0, progress=lambda n: status.update(f"{n:,} mutated packets"))
        except KeyboardInterrupt:
            interrupted = True
    if str(json_file) != "-":
        _show(fuzzed, seed)
    write_json(_figures(fuzzed, seed), json_file)
    if fuzzed.failure is not None:
        raise typer.Exit(FAILS)
    if interrupted:
        errors.print("halfclose: interrupted; what is shown was done", style="yellow")
        raise typer.Exit(INTERRUPTED)


def _show(fuzzed: Fuzzed, seed: int) -> None:
    for title, counter in (("rounds in state", fuzzed.states), ("packets dropped", fuzzed.dropped)):
        table = Table(title, "", header_style="bold", show_edge=False, pad_edge=False)
        for name, number in counter.most_common():
            table.add_row(name, f"{number:,}")
        console.print(table, "")
    console.print(
        f"{fuzzed.mutants:,} mutated packets among {fuzzed.received:,}, {fuzzed.connections:,} connections, "
        f"{fuzzed.worlds:,} worlds of seed {seed}: "
        + ("[red]failed[/]" if fuzzed.failure else "nothing raised, none left")
    )
    if fuzzed.failure is not None:
        _show_failure(fuzzed.failure, seed)


def _show_failure(failure: Failure, seed: int) -> None:
    errors.print(f"halfclose: world {failure.world}: {failure.what}", style="red", markup=False)
    for delivered in failure.packets[-_SHOWN:]:
        console.print(f"{delivered.now:.3f} s, to host {delivered.host}: {delivered.packet.hex()}", soft_wrap=True)
    console.print(f"again: halfclose fuzz --seed {seed} --world {failure.world}")


def _figures(fuzzed: Fuzzed, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "worlds": fuzzed.worlds,
        "mutated": fuzzed.mutants,
        "received": fuzzed.received,
        "connections": fuzzed.connections,
        "states": dict(fuzzed.states.most_common()),
        "dropped": dict(fuzzed.dropped.most_common()),
        "failure": None if fuzzed.failure is None else _failure(fuzzed.failure),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {"world": failure.world, "what": failure.what, "packets": [_delivered(one) for one in failure.packets]}


def _delivered(delivered: Delivered) -> dict[str, Any]:
    return {"seconds": round(delivered.now, 6), "host": delivered.host, "packet": delivered.packet.hex()}

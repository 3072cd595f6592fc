"""`halfclose fuzz`: mutated packets into the reference, by the million."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from halfclose.checks.cli.options import refuse_ignored
from halfclose.checks.cli.progress import working
from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import FAILS, console, count, errors, interrupted, refuse, show, table, write_json
from halfclose.checks.fuzz.run import Failure, Fuzzed, fuzz
from halfclose.checks.fuzz.world import Delivered

_SHOWN = 10  # packets before a failure; --json has more of them


def command(
    context: typer.Context,
    packets: Annotated[int, typer.Option(help="Deliver at least this many mutated packets.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed of the random choices: the same seed gives the same packets.")] = 0,
    world: Annotated[
        int | None, typer.Option(help="Run only the world with this number, e.g. one that failed before.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Send mutated packets into the reference, by the million.

    A world is two stacks of the reference that talk to each other. Their users open, send, read, half-close, close
    and abort; every packet between them is also delivered mutated: with flipped bits, numbers near the edges of the
    windows, other flags, options, text and lengths, mostly with valid checksums. No packet may raise an exception,
    and after all users have closed and all timers have run out no connection may be left. Exit status 0: that is so;
    1: it is not, and the packets before the failure are printed (--world repeats it); 2: wrong use.
    """
    if world is not None:
        refuse_ignored(context, "with --world", "packets")
    if packets < 1:
        refuse("--packets must be at least 1")
    if world is not None and world < 0:
        refuse("--world must be at least 0")
    fuzzed, cut_short = Fuzzed(), False
    with working("fuzzing") as update:
        try:
            wanted = 1 if world is not None else packets
            fuzz(fuzzed, seed, wanted, first=world or 0, progress=lambda n: update(f"fuzzing: {n:,} mutated packets"))
        except KeyboardInterrupt:
            cut_short = True
    if str(json_file) != "-":
        _show(fuzzed, seed)
    write_json(_figures(fuzzed, seed), json_file)
    if fuzzed.failure is not None:
        raise typer.Exit(FAILS)
    if cut_short:
        interrupted("only what is shown was delivered")


def _show(fuzzed: Fuzzed, seed: int) -> None:
    for what, unit, counter in (("state", "rounds", fuzzed.states), ("dropped because", "packets", fuzzed.dropped)):
        made = table(what, unit, numbers=(unit,))
        for name, number in counter.most_common():
            made.add_row(name, f"{number:,}")
        show(made)
        console.print()
    console.print(
        f"{fuzzed.mutants:,} of {count(fuzzed.received, 'packet')} were mutated; "
        f"{count(fuzzed.connections, 'connection')}, {count(fuzzed.worlds, 'world')} of seed {seed}: "
        + ("[red]failed[/]" if fuzzed.failure else "no packet raised an exception, and no connection was left")
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

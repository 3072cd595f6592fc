"""The fuzzing run: one world after another until enough mutants were delivered, or until one goes wrong."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from halfclose.checks.fuzz.world import Delivered, Misbehaviour, World

_ROUNDS = 100  # of a world, before its users close


@dataclass(frozen=True)
class Failure:
    """What went wrong in a world, and the packets delivered before that, the latest last."""

    world: int
    what: str
    packets: tuple[Delivered, ...]


@dataclass
class Fuzzed:
    """The counts so far.

    mutants: mutated packets delivered.  received: all packets delivered.  dropped: packets that reached no connection,
    by reason.  states: how many rounds connections have spent in each state.
    """

    worlds: int = 0
    mutants: int = 0
    received: int = 0
    connections: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    failure: Failure | None = None

    def add(self, world: World) -> None:
        """Count one more world, whether or not it came to its end."""
        self.worlds += 1
        self.mutants += world.mutants
        self.connections += world.opened
        self.states.update({str(state): rounds for state, rounds in world.tally.items()})
        for stack in world.stacks:
            self.received += stack.counters.received
            self.dropped += stack.counters.reasons


def fuzz(fuzzed: Fuzzed, seed: int, mutants: int, *, first: int = 0, progress: Callable[[int], None]) -> None:
    """Deliver at least so many mutants, in whole worlds from number `first` on; the same seed gives the same packets.

    fuzzed: holds the counts at every moment.  progress: told how many mutants have been delivered.
    """
    number = first
    while fuzzed.mutants < mutants and fuzzed.failure is None:
        world = World(f"{seed}/{number}")
        what = _live(world)
        fuzzed.add(world)
        if what is not None:
            fuzzed.failure = Failure(number, what, tuple(world.last))
        progress(fuzzed.mutants)
        number += 1


def _live(world: World) -> str | None:
    """What went wrong; None where nothing did."""
    try:
        for _ in range(_ROUNDS):
            world.round()
        world.settle()
    except Misbehaviour as misbehaviour:
        return str(misbehaviour)
    except Exception as error:  # no packet and no call may raise anything but CallError
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {where.name}, line {where.lineno} of {where.filename}: {error}"
    return None

"""World after world until so many mutants were delivered; the first one that goes wrong ends the run."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from halfclose.checks.fuzz.world import Delivered, Fault, World

_ROUNDS = 100  # of a world, before its users close


@dataclass(frozen=True)
class Failure:
    """What went wrong in a world, and the packets before, the latest last."""

    world: int
    what: str
    packets: tuple[Delivered, ...]


@dataclass
class Fuzzed:
    """What was done so far.  dropped: packets that no connection saw, by reason; states: rounds spent in each."""

    worlds: int = 0
    mutants: int = 0
    received: int = 0
    connections: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    failure: Failure | None = None

    def add(self, world: World) -> None:
        """One more world, as far as it came."""
        self.worlds += 1
        self.mutants += world.mutants
        self.connections += world.opened
        self.states.update({str(state): rounds for state, rounds in world.tally.items()})
        for stack in world.stacks:
            self.received += stack.counters.received
            self.dropped += stack.counters.reasons


def fuzz(fuzzed: Fuzzed, seed: int, mutants: int, *, first: int = 0, progress: Callable[[int], None]) -> None:
    """Deliver so many mutants, in whole worlds from number `first` on; the same ones for the same seed.

    fuzzed holds what was done at every moment.  progress: is told the mutants delivered.
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
    """What went wrong, None for nothing."""
    try:
        for _ in range(_ROUNDS):
            world.round()
        world.settle()
    except Fault as fault:
        return str(fault)
    except Exception as error:  # whatever it is, it should not have been raised
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {where.name}, line {where.lineno} of {where.filename}: {error}"
    return None

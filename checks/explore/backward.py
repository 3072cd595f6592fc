"""Which states of a complete compiled search can no longer reach a goal.

Goals are marked, then every state with a step to a marked state, until nothing changes; the unmarked states are the
answer.  Steps are computed again in each round and not stored: this is fast, and leaves the memory to the states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.states import Blocks, words
from halfclose.checks.explore.sweep import Sweep
from halfclose.spec.world.network import BadScope


def _scratch(result: Sweep) -> tuple[tuple[e.Words, e.Words], e.Words]:
    misses = np.array([e.FIRST_MISS])  # without room for misses: everything is in the tables by now
    return words(k.BATCH * result.tables.most_successors, result.layout.wide), misses


def cannot_reach(result: Sweep, goals: Callable[[int], bool]) -> Iterator[int]:
    """See Exploration.  A state has hope if it is a goal or has a step to a state with hope; raises BadScope."""
    seen, system = result.seen, result.system
    if system.mirrored:
        raise BadScope("with symmetry it cannot be said what stays reachable")
    wanted = np.zeros_like(seen.judged)
    for a, b in np.argwhere(seen.judged):
        wanted[a, b] = goals(system.key(int(a), int(b), 0, 0, (0, 0, 0)))
    hope = np.zeros(seen.slots.size, np.uint8)
    blocks = [block for level in seen.levels for region in level for block in region]
    for block in blocks:
        k.mark(*block, result.model.layout, seen.slots, seen.slots_hi, wanted, hope)
    scratch, misses = _scratch(result)
    left, before = result.states, -1
    while left and left != before:
        before = left
        left = sum(
            k.spread(*block, result.model, seen.slots, seen.slots_hi, hope, *scratch, misses)
            for block in reversed(blocks)
        )
    for level in seen.levels:
        yield from sorted(result.keys(_unmarked(result, level, hope)), key=system.content)


def _unmarked(result: Sweep, level: list[Blocks], hope: e.Flags) -> tuple[e.Words, e.Words]:
    """The states of a level without hope."""
    los, his = [], []
    for blocks in level:
        for lo, hi in blocks:
            here = np.empty(lo.size, np.bool_)
            k.unmarked(lo, hi, result.layout.wide, result.seen.slots, result.seen.slots_hi, hope, here.view(np.uint8))
            los.append(lo[here])
            his.append(hi[here] if hi.size else hi)
    return np.concatenate(los), np.concatenate(his)

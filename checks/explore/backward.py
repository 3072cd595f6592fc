"""What is asked of a finished search by the kernel, going backwards: the way to a state, and what cannot reach a goal.

Neither predecessors nor steps are kept: they are computed again, which is fast, and leaves the memory to the states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from halfclose.checks.explore import kernel as k
from halfclose.checks.explore.states import Blocks, words
from halfclose.spec.world.network import BadScope

if TYPE_CHECKING:
    from halfclose.checks.explore.compiled import Swept


def path(result: Swept, state: int) -> list[int]:
    """The states from the first to this one: a predecessor in each level before, the one with the least key."""
    words_ = _canonical(result, state)
    keys = [result.layout.key_of(result.system, words_)]
    for level in reversed(result.seen.levels[: _depth(result, words_)]):
        words_ = _before(result, words_, level)
        keys.append(result.layout.key_of(result.system, words_))
    return _as_it_is(result, keys[::-1], state) if result.system.mirrored else keys[::-1]


def _canonical(result: Swept, state: int) -> tuple[int, int]:
    """The words that stand for a state: its own or, with symmetry, those of its mirror image."""
    system, layout = result.system, result.layout
    words_ = layout.state_of(system, state)
    if not system.mirrored:
        return words_
    return min(words_, layout.state_of(system, system.mirror(state)), key=lambda pair: pair[::-1])


def _as_it_is(result: Swept, path_: list[int], state: int) -> list[int]:
    """A path of the unreduced model to this state, for one whose states stand for their mirror images as well."""
    system = result.system
    keys = [system.initial]
    for after in path_[1:]:
        both = after, system.mirror(after)
        keys.append(next(key for key, _ in system.successors(keys[-1]) if key in both))
    return keys if keys[-1] == state else [system.mirror(key) for key in keys]


def _depth(result: Swept, state: tuple[int, int]) -> int:
    """The level in which a state stands."""
    lo, hi = state
    for depth, level in enumerate(result.seen.levels):
        for blocks in level:
            for low, high in blocks:
                if (low == lo).any() and (not high.size or ((low == lo) & (high == hi)).any()):
                    return depth
    raise KeyError(state)


def _before(result: Swept, state: tuple[int, int], level: list[Blocks]) -> tuple[int, int]:
    scratch, misses = _scratch(result)
    found = []
    for blocks in level:
        for lo, hi in blocks:
            at = k.predecessor(lo, hi, *state, result.model, *scratch, misses)
            if at >= 0:
                found.append((int(lo[at]), int(hi[at]) if hi.size else 0))
    return min(found)


def _scratch(result: Swept) -> tuple[tuple[k.Words, k.Words], k.Words]:
    misses = np.array([k.FIRST_MISS])  # no room: everything is in the tables by now
    return words(k.BATCH * result.tables.most_successors, result.layout.wide), misses


def cannot_reach(result: Swept, goals: Callable[[int], bool]) -> Iterator[int]:
    """See Exploration.  Whatever has a step to a hopeful state is hopeful, until nothing changes."""
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
        yield from result.keys(_unmarked(result, level, hope))


def _unmarked(result: Swept, level: list[Blocks], hope: k.Flags) -> tuple[k.Words, k.Words]:
    """The states of a level without hope."""
    los, his = [], []
    for blocks in level:
        for lo, hi in blocks:
            here = np.empty(lo.size, np.bool_)
            k.unmarked(lo, hi, result.layout.wide, result.seen.slots, result.seen.slots_hi, hope, here.view(np.uint8))
            los.append(lo[here])
            his.append(hi[here] if hi.size else hi)
    return np.concatenate(los), np.concatenate(his)

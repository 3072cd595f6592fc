"""The inner loops of the compiled search, compiled by numba: functions over arrays of integers and nothing else.

They know states only as packed keys of one or two words (`lo`, and `hi` where WIDE is set; see layout.py), and the
behaviour of the ends only as tables (`StepTables`, filled by tables.py).  No rule of TCP is evaluated here: a step that
is not in the tables yet is reported as a miss, and its state is put back until the machines have filled the tables.
All numbers are int64, because numba turns a mixture of int64 and uint64 into float64.

A level goes through two functions.  `expand` writes the successors of its states to buffers, and leaves out those that
were written a moment ago; `insert` puts them into the hash set and returns the new ones.  The hash set holds whole keys
(so two states are never confused) in open addressing with linear probing.  It has one region for each thread, and a
key's hash says to which region it belongs, so threads never write to the same place.

`mark`, `spread` and `unmarked` find the states that can no longer reach a goal (see backward.py).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from halfclose.checks.explore.encoding import (
    AB,
    ARRIVE,
    BA,
    BOUND,
    BUDGET_MASK,
    CONTENT,
    COST,
    CRASH,
    DUPLICATE,
    EMPTY,
    ENTRY_MASK,
    ENTRY_NEXT,
    ENTRY_REST,
    FIELD_MASK,
    LOSS,
    MEMORY,
    MIRRORED,
    MISS_INDEX,
    MISS_KIND,
    MISS_SIDE,
    MOVE_MASK,
    MOVE_SEGMENT,
    MOVE_WAITS,
    OWN,
    REQUESTED,
    SHIFT,
    SLOTS,
    SUM,
    UNKNOWN,
    USED,
    WIDE,
    A,
    B,
    Flags,
    StepTables,
    Words,
)

#: Keys that are looked up together, so that the processor fetches all their slots at once instead of one by one.
TOGETHER = 16
#: States that are expanded by one call of `successors`.
BATCH = 32


@njit(cache=True)
def mix(lo: int, hi: int) -> int:
    """A hash of a key, well mixed in its low bits (the slot) as in its high bits (the region)."""
    h = (lo + hi * -4417276706812531889) * -7046029254386353131
    h = (h ^ ((h >> 32) & 0xFFFFFFFF)) * -4658895280553007687
    return h ^ ((h >> 29) & 0x7FFFFFFFF)


@njit(cache=True)
def _pack(pair: int, rest: int, other_pair: int, other_rest: int, wide: bool, mirrored: bool) -> tuple[int, int]:
    """The words of a state; with symmetry, those of the lesser of the state and its mirror image."""
    if not wide:
        key, other = pair | rest, other_pair | other_rest
        return (other if mirrored and other < key else key), 0
    if mirrored and (other_rest < rest or (other_rest == rest and other_pair < pair)):  # as in one word
        return other_pair, other_rest
    return pair, rest


@njit(cache=True, nogil=True)
def successors(
    lo: Words,
    hi: Words,
    start: int,
    stop: int,
    model: StepTables,
    out: Words,
    out_hi: Words,
    ends: Words,
    misses: Words,
) -> None:
    """Write the successors of the states from start to stop; a successor of two steps is written twice.

    ends: for each state, where its successors end in `out`; -1 minus that place where a step of it is not in the
    tables.  This is one long function on purpose: a call that passes arrays on costs more than a step.
    """
    lay = model.layout
    wide, mirrored, crashes = lay[WIDE] != 0, lay[MIRRORED] != 0, lay[BOUND + MEMORY] != 0
    n = 0
    for i in range(start, stop):
        key, tail, before, complete = lo[i], hi[i] if wide else lo[i], n, True
        a, b = (key >> lay[A]) & lay[FIELD_MASK + A], (key >> lay[B]) & lay[FIELD_MASK + B]
        x, y = (tail >> lay[AB]) & lay[FIELD_MASK + AB], (tail >> lay[BA]) & lay[FIELD_MASK + BA]
        used = (tail >> lay[USED]) & lay[FIELD_MASK + USED]
        can_lose, can_copy, can_crash = True, True, crashes
        if used or lay[BOUND + LOSS] == 0:
            can_lose = _affordable(used, lay[BOUND + LOSS], lay[SHIFT + LOSS], lay[BUDGET_MASK + LOSS])
        if used or lay[BOUND + DUPLICATE] == 0:
            can_copy = _affordable(used, lay[BOUND + DUPLICATE], lay[SHIFT + DUPLICATE], lay[BUDGET_MASK + DUPLICATE])
        if used and crashes:
            can_crash = _affordable(used, lay[BOUND + MEMORY], lay[SHIFT + MEMORY], lay[BUDGET_MASK + MEMORY])
        for side in range(2):
            local, peer, sent, coming = (b, a, y, x) if side else (a, b, x, y)
            own, other = (lay[B], lay[A]) if side else (lay[A], lay[B])
            forth, back = (lay[BA], lay[AB]) if side else (lay[AB], lay[BA])
            full, room = model.size[sent] >= lay[SLOTS + side], model.room[sent]
            content = model.content[coming]
            if content < 0:
                complete = False
                if content == UNKNOWN and misses[0] < misses.size:
                    model.content[coming] = REQUESTED
                    misses[misses[0]] = CONTENT << MISS_KIND | coming << MISS_INDEX
                    misses[0] += 1
                content = 0
            first, last = model.first_entry[content], model.first_entry[content + 1]
            for e in range(first - 2, last):
                # first the end's own moves, then the loss of its memory, then each segment that is on its way to it
                segment, rest, copied, cost = 0, coming, False, used
                if e == first - 2:
                    row, kind = model.own[side, local], OWN
                elif e == first - 1:
                    if not crashes:
                        continue
                    row, kind, cost = model.crash[side, local], CRASH, used + lay[COST + MEMORY]
                else:
                    entry = model.entries[e]
                    segment, rest, copied = entry & ENTRY_MASK, (entry >> ENTRY_REST) & ENTRY_MASK, can_copy
                    row, kind = model.arrive[side, local, segment], ARRIVE
                    deliverable = (entry >> ENTRY_NEXT) & 1
                    unanswered = deliverable and row == 0 and lay[BOUND + LOSS] >= 0
                    for lost in range(2):
                        if unanswered if lost else can_lose:
                            out[n], high = _pack(
                                local << own | peer << other,
                                sent << forth | rest << back | (used + (0 if lost else lay[COST + LOSS])) << lay[USED],
                                local << other | peer << own,
                                sent << back | rest << forth | (used + (0 if lost else lay[COST + LOSS])) << lay[USED],
                                wide,
                                mirrored,
                            )
                            if wide:
                                out_hi[n] = high
                            n += 1
                    if not deliverable:
                        continue
                if row < 0:
                    complete = False
                    if row == UNKNOWN and misses[0] < misses.size:
                        if kind == OWN:
                            model.own[side, local] = REQUESTED
                        elif kind == CRASH:
                            model.crash[side, local] = REQUESTED
                        else:
                            model.arrive[side, local, segment] = REQUESTED
                        misses[misses[0]] = kind << MISS_KIND | side << MISS_SIDE | local << MISS_INDEX | segment
                        misses[0] += 1
                    continue
                if kind == CRASH and not can_crash:
                    continue
                for m in range(model.first[row], model.first[row + 1]):
                    move = model.moves[m]
                    flags = move >> MOVE_WAITS
                    if flags:
                        if flags & 1 and sent | coming:
                            continue
                        model.fired[m] = 1
                    after, emitted, bag = move & MOVE_MASK, ((move >> MOVE_SEGMENT) & MOVE_MASK) - 1, sent
                    if emitted >= 0 and not full:
                        bag = model.sum[room, emitted]
                        if bag < 0:
                            complete = False
                            if bag == UNKNOWN and misses[0] < misses.size:
                                model.sum[room, emitted] = REQUESTED
                                misses[misses[0]] = SUM << MISS_KIND | sent << MISS_INDEX | emitted
                                misses[0] += 1
                            continue
                    out[n], high = _pack(
                        after << own | peer << other,
                        bag << forth | rest << back | cost << lay[USED],
                        after << other | peer << own,
                        bag << back | rest << forth | cost << lay[USED],
                        wide,
                        mirrored,
                    )
                    if wide:
                        out_hi[n] = high
                    n += 1
                    if copied:
                        again = used + lay[COST + DUPLICATE]
                        out[n], high = _pack(
                            after << own | peer << other,
                            bag << forth | coming << back | again << lay[USED],
                            after << other | peer << own,
                            bag << back | coming << forth | again << lay[USED],
                            wide,
                            mirrored,
                        )
                        if wide:
                            out_hi[n] = high
                        n += 1
        if not complete:
            n = before
        ends[i - start] = n if complete else -1 - n


@njit(cache=True)
def _affordable(used: int, bound: int, shift: int, mask: int) -> bool:
    return bound < 0 or ((used >> shift) & mask) < bound


@njit(cache=True, nogil=True)
def expand(
    lo: Words,
    hi: Words,
    start: int,
    model: StepTables,
    recent: Words,
    recent_hi: Words,
    out: NDArray[np.int64],
    out_hi: NDArray[np.int64],
    filled: Words,
    back: Words,
    back_hi: Words,
    tally: Words,
    scratch: Words,
    scratch_hi: Words,
    misses: Words,
) -> int:
    """Write the successors of a block's states to `out`, by region; returns where it stopped for lack of room.

    back: receives the states of which a step is not in the tables.  tally: counts the steps, and the states put back.
    recent: keys that were written lately (a direct-mapped cache); most steps lead to one of those, which is skipped.
    """
    wide, regions, mask = model.layout[WIDE], filled.size, recent.size - 1
    ends = np.empty(BATCH, np.int64)
    for i in range(start, lo.size, BATCH):
        if tally[1] + BATCH > back.size or filled.max() + scratch.size > out.shape[1]:
            return i
        stop = min(lo.size, i + BATCH)
        successors(lo, hi, i, stop, model, scratch, scratch_hi, ends, misses)
        n = 0
        for j in range(stop - i):
            if ends[j] < 0:
                back[tally[1]] = lo[i + j]
                if wide:
                    back_hi[tally[1]] = hi[i + j]
                tally[1] += 1
            else:
                n = ends[j]
        tally[0] += n
        for j in range(n):
            after, after_high = scratch[j], scratch_hi[j] if wide else 0
            h = mix(after, after_high)
            place = (h >> 20) & mask
            known = recent[place] == after
            if wide:
                known = known and recent_hi[place] == after_high
            region = (((h >> 48) & 0x7FFF) * regions) >> 15
            at = filled[region]
            recent[place] = out[region, at] = after
            if wide:
                recent_hi[place] = out_hi[region, at] = after_high
            filled[region] = at + (0 if known else 1)
    return lo.size


@njit(cache=True, nogil=True)
def insert(
    lo: Words,
    hi: Words,
    start: int,
    stop: int,
    layout: Words,
    slots: Words,
    slots_hi: Words,
    most: int,
    new: Words,
    new_hi: Words,
    judged: Flags,
    pairs: Words,
    pairs_hi: Words,
    tally: Words,
) -> int:
    """Add keys to one region of the hash set; returns where it stopped for lack of room.

    new: receives the keys that were not in the set.  pairs: receives those of them whose pair of local states is not
    marked in `judged` yet.  tally: counts the keys in the region, in `new` and in `pairs`.
    """
    wide, mask = layout[WIDE], slots.size - 1
    at, seen = np.empty(TOGETHER, np.int64), np.empty(TOGETHER, np.int64)
    for i in range(start, stop, TOGETHER):
        together = min(TOGETHER, stop - i)
        if max(tally[0] + together - most, tally[1] + together - new.size, tally[2] + together - pairs.size) > 0:
            return i
        for j in range(together):
            at[j] = mix(lo[i + j], hi[i + j] if wide else 0) & mask
            seen[j] = slots[at[j]]
        for j in range(together):
            key, high, slot = lo[i + j], hi[i + j] if wide else 0, at[j]
            if seen[j] == key and not wide:
                continue
            while slots[slot] != EMPTY and (slots[slot] != key or (wide and slots_hi[slot] != high)):
                slot = (slot + 1) & mask
            if slots[slot] != EMPTY:
                continue
            slots[slot] = new[tally[1]] = key
            if wide:
                slots_hi[slot] = new_hi[tally[1]] = high
            tally[0] += 1
            tally[1] += 1
            a, b = (key >> layout[A]) & layout[FIELD_MASK + A], (key >> layout[B]) & layout[FIELD_MASK + B]
            if not judged[a, b]:
                judged[a, b] = 1
                pairs[tally[2]] = key
                if wide:
                    pairs_hi[tally[2]] = high
                tally[2] += 1
    return stop


@njit(cache=True, nogil=True)
def place(lo: Words, hi: Words, wide: int, slots: Words, slots_hi: Words) -> None:
    """Put keys into a region that holds none of them and has room for all."""
    mask = slots.size - 1
    for i in range(lo.size):
        slot = mix(lo[i], hi[i] if wide else 0) & mask
        while slots[slot] != EMPTY:
            slot = (slot + 1) & mask
        slots[slot] = lo[i]
        if wide:
            slots_hi[slot] = hi[i]


@njit(cache=True)
def deal(lo: Words, hi: Words, wide: int, regions: int, to: Flags) -> None:
    """Say to which region each key belongs."""
    for i in range(lo.size):
        to[i] = (((mix(lo[i], hi[i] if wide else 0) >> 48) & 0x7FFF) * regions) >> 15


@njit(cache=True)
def _slot(key: int, high: int, wide: bool, slots: NDArray[np.int64], slots_hi: NDArray[np.int64]) -> int:
    """The number of the slot that holds a key, counted over all regions; the key must be in the hash set."""
    regions, size = slots.shape
    h = mix(key, high)
    region, slot = (((h >> 48) & 0x7FFF) * regions) >> 15, h & (size - 1)
    while slots[region, slot] != key or (wide and slots_hi[region, slot] != high):
        slot = (slot + 1) & (size - 1)
    return int(region * size + slot)


@njit(cache=True)
def mark(
    lo: Words,
    hi: Words,
    layout: Words,
    slots: NDArray[np.int64],
    slots_hi: NDArray[np.int64],
    goals: Flags,
    hope: Flags,
) -> None:
    """Mark the states whose pair of local states is a goal; hope: one flag for each slot of the hash set."""
    wide = layout[WIDE] != 0
    for i in range(lo.size):
        key = lo[i]
        a, b = (key >> layout[A]) & layout[FIELD_MASK + A], (key >> layout[B]) & layout[FIELD_MASK + B]
        if goals[a, b]:
            hope[_slot(key, hi[i] if wide else 0, wide, slots, slots_hi)] = 1


@njit(cache=True, nogil=True)
def spread(
    lo: Words,
    hi: Words,
    model: StepTables,
    slots: NDArray[np.int64],
    slots_hi: NDArray[np.int64],
    hope: Flags,
    scratch: Words,
    scratch_hi: Words,
    misses: Words,
) -> int:
    """Mark the states of a block that have a step to a marked state; returns how many stay unmarked."""
    wide, left, n = model.layout[WIDE] != 0, 0, 0
    batch, batch_hi = np.empty(BATCH, np.int64), np.empty(BATCH, np.int64)
    own, ends = np.empty(BATCH, np.int64), np.empty(BATCH, np.int64)
    for i in range(lo.size):
        high = hi[i] if wide else 0
        own[n] = _slot(lo[i], high, wide, slots, slots_hi)
        if not hope[own[n]]:
            batch[n], batch_hi[n] = lo[i], high
            n += 1
        if n < BATCH and i + 1 < lo.size:
            continue
        successors(batch, batch_hi, 0, n, model, scratch, scratch_hi, ends, misses)
        first = 0
        for j in range(n):
            for s in range(first, ends[j]):
                if hope[_slot(scratch[s], scratch_hi[s] if wide else 0, wide, slots, slots_hi)]:
                    hope[own[j]] = 1
                    break
            first = ends[j]
            left += not hope[own[j]]
        n = 0
    return left


@njit(cache=True)
def unmarked(
    lo: Words, hi: Words, wide: bool, slots: NDArray[np.int64], slots_hi: NDArray[np.int64], hope: Flags, to: Flags
) -> None:
    """Say which states of a block are not marked."""
    for i in range(lo.size):
        to[i] = 1 - hope[_slot(lo[i], hi[i] if wide else 0, wide, slots, slots_hi)]

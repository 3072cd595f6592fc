"""How the kernel packs a state into one or two 63-bit words: which index stands in which bits.

Interned indices grow while a search goes on, so a layout fits what there is and leaves some room; when an index
outgrows its field the keys are packed again.  As long as everything fits, one word does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halfclose.checks.explore import encoding as k
from halfclose.checks.explore.encoding import Words
from halfclose.checks.explore.system import FIELD_BITS, System
from halfclose.spec.world.network import BadScope, Scope

#: Bits of a word that are used: not the sign, which marks empty slots.
WORD = 63
Block = tuple[Words, Words]
NOTHING: Words = np.empty(0, np.int64)


@dataclass(frozen=True)
class Layout:
    """widths: of the local states of A and B, the bags from A and from B, and what was used of the budgets."""

    widths: tuple[int, ...]
    wide: bool
    bounds: tuple[int, ...]  # of losses, duplicates and crashes; -1: without bound

    @property
    def shifts(self) -> tuple[int, ...]:
        a, b, ab, ba, _ = self.widths
        first = 0 if self.wide else a + b
        return 0, a, first, first + ab, first + ab + ba

    @property
    def capacities(self) -> tuple[int, ...]:
        """How many indices of each kind fit."""
        return tuple(1 << width for width in self.widths)

    def array(self, scope: Scope, mirrored: bool = False) -> Words:
        """What the kernel needs to know of it, and of the scope's bounds."""
        lay = np.zeros(k.LAYOUT_SIZE, np.int64)
        lay[k.A : k.USED + 1] = self.shifts
        lay[k.FIELD_MASK : k.FIELD_MASK + 5] = [size - 1 for size in self.capacities]
        lay[k.WIDE], lay[k.MIRRORED] = self.wide, mirrored
        lay[k.SLOTS : k.SLOTS + 2] = scope.slots, scope.slots_back or scope.slots
        lay[k.BOUND : k.BOUND + 3] = self.bounds
        shift = 0
        for i, bound in enumerate(self.bounds):
            bits = max(bound, 0).bit_length()
            lay[k.SHIFT + i], lay[k.BUDGET_MASK + i] = shift, (1 << bits) - 1
            lay[k.COST + i] = 1 << shift if bound > 0 else 0
            shift += bits
        return lay

    def pack(self, fields: tuple[Any, ...]) -> tuple[Any, Any]:
        """The words of one state, or of an array of each field."""
        a, b, ab, ba, used = (field << shift for field, shift in zip(fields, self.shifts, strict=True))
        return (a | b, ab | ba | used) if self.wide else (a | b | ab | ba | used, NOTHING)

    def unpack(self, block: tuple[Any, Any]) -> tuple[Any, ...]:
        """What `pack` put together."""
        lo, hi = block
        words = (lo, lo, hi, hi, hi) if self.wide else (lo,) * 5
        return tuple(
            (word >> shift) & (size - 1) for word, shift, size in zip(words, self.shifts, self.capacities, strict=True)
        )

    def key_of(self, system: System, state: tuple[int, int]) -> int:
        """The state as the system writes it; state: its two words."""
        return self._key(system, *self.unpack(state))

    def _key(self, system: System, a: int, b: int, ab: int, ba: int, used: int) -> int:
        spent = []
        for bound in self.bounds:
            bits = max(bound, 0).bit_length()
            spent.append(used & ((1 << bits) - 1))
            used >>= bits
        return system.key(a, b, ab, ba, spent)

    def keys_of(self, system: System, block: Block) -> list[int]:
        """As key_of, for all states of a block at once."""
        a, b, ab, ba, used = self.unpack(block)
        low = (a | b << FIELD_BITS | ab << 2 * FIELD_BITS).tolist()
        if not used.any():
            return [first | last << 3 * FIELD_BITS for first, last in zip(low, ba.tolist(), strict=True)]
        rows = zip(*(field.tolist() for field in (a, b, ab, ba, used)), strict=True)
        return [self._key(system, *row) for row in rows]

    def state_of(self, system: System, key: int) -> tuple[int, int]:
        """The two words of a state."""
        *indices, spent = system.fields(key)
        used = shift = 0
        for bound, count in zip(self.bounds, spent, strict=True):
            used |= count << shift
            shift += max(bound, 0).bit_length()
        lo, hi = self.pack((*indices, used))
        return lo, hi if self.wide else 0


def fit(scope: Scope, counts: tuple[int, int, int]) -> Layout:
    """A layout for so many local states of A, of B, and bags: in one word if possible, else in two."""
    bounds = tuple(-1 if n is None else n for n in (scope.losses, scope.duplicates, scope.crashes))
    used = sum(max(bound, 0).bit_length() for bound in bounds)
    a, b, bags = (max(count - 1, 1).bit_length() for count in counts)
    needed = (a, b, bags, bags)
    spare = (WORD - used - sum(needed)) // 4
    if spare >= 0:
        return Layout((*(min(bits + spare, FIELD_BITS) for bits in needed), used), False, bounds)
    bag = min(FIELD_BITS, (WORD - used) // 2)
    if bags > bag or max(a, b) > FIELD_BITS:
        what = "contents of the network" if bags > bag else "local states"
        raise BadScope(f"the scope has too many {what} for the key; lower slots, octets, lives or buffer")
    return Layout((FIELD_BITS, FIELD_BITS, bag, bag, used), True, bounds)


#: Keys of two words compare by the second word and, where it is equal, by the first.
_WIDE = np.dtype([("hi", np.int64), ("lo", np.int64)])
Keys = NDArray[Any]


def joined(blocks: Iterable[tuple[Any, Any]]) -> Keys:
    """The keys of some blocks as one array that can be sorted and searched."""
    los, his = zip(*blocks, strict=True)
    lo, hi = np.concatenate(los), np.concatenate(his)
    if not hi.size:
        return lo
    keys = np.empty(lo.size, _WIDE)
    keys["lo"], keys["hi"] = lo, hi
    return keys


def parted(keys: Keys) -> Block:
    """The block of these keys."""
    return (keys["lo"], keys["hi"]) if keys.dtype == _WIDE else (keys, NOTHING)

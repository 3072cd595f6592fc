"""How the searches pack a state into one or two words of 63 bits: which index stands in which bits.

The largest index grows while a search goes on.  So a layout is made for the indices that there are, with some bits to
spare; when an index outgrows its field, all keys are packed again by a new layout.  One word is used as long as
everything fits in it.  (The key of system.py is another one: a Python integer, whose fields are always as wide.)
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

#: Bits of a word that are used: all but the sign, since -1 marks an empty slot.
WORD = 63
Block = tuple[Words, Words]
NOTHING: Words = np.empty(0, np.int64)


@dataclass(frozen=True)
class Layout:
    """Where the five fields stand.

    widths: the bits of each: the local states of A and B, the bags from A and from B, what was used of the budgets.
    wide: two words, the local states in the first one (lo) and the rest in the second (hi).
    """

    widths: tuple[int, ...]
    wide: bool
    bounds: tuple[int, ...]  # the most losses, duplicates and crashes; -1: without bound

    @property
    def shifts(self) -> tuple[int, ...]:
        a, b, ab, ba, _ = self.widths
        first = 0 if self.wide else a + b
        return 0, a, first, first + ab, first + ab + ba

    @property
    def capacities(self) -> tuple[int, ...]:
        """How many different values each field can hold."""
        return tuple(1 << width for width in self.widths)

    def array(self, scope: Scope, mirrored: bool = False) -> Words:
        """The layout and the scope's bounds as one array, with the places that encoding.py names."""
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
        """The words of one state, or of many; fields: five numbers, or five arrays of equal length."""
        a, b, ab, ba, used = (field << shift for field, shift in zip(fields, self.shifts, strict=True))
        return (a | b, ab | ba | used) if self.wide else (a | b | ab | ba | used, NOTHING)

    def unpack(self, block: tuple[Any, Any]) -> tuple[Any, ...]:
        """The fields of one state or of many, as `pack` takes them."""
        lo, hi = block
        words = (lo, lo, hi, hi, hi) if self.wide else (lo,) * 5
        return tuple(
            (word >> shift) & (size - 1) for word, shift, size in zip(words, self.shifts, self.capacities, strict=True)
        )

    def key_of(self, system: System, state: tuple[int, int]) -> int:
        """The key that the system has for a state; state: its two words."""
        return self._key(system, *self.unpack(state))

    def _key(self, system: System, a: int, b: int, ab: int, ba: int, used: int) -> int:
        spent = []
        for bound in self.bounds:
            bits = max(bound, 0).bit_length()
            spent.append(used & ((1 << bits) - 1))
            used >>= bits
        return system.key(a, b, ab, ba, spent)

    def keys_of(self, system: System, block: Block) -> list[int]:
        """The same as `key_of` for all states of a block at once."""
        a, b, ab, ba, used = self.unpack(block)
        low = (a | b << FIELD_BITS | ab << 2 * FIELD_BITS).tolist()
        if not used.any():
            return [first | last << 3 * FIELD_BITS for first, last in zip(low, ba.tolist(), strict=True)]
        rows = zip(*(field.tolist() for field in (a, b, ab, ba, used)), strict=True)
        return [self._key(system, *row) for row in rows]

    def state_of(self, system: System, key: int) -> tuple[int, int]:
        """The two words of a state; key: as the system writes it."""
        *indices, spent = system.fields(key)
        used = shift = 0
        for bound, count in zip(self.bounds, spent, strict=True):
            used |= count << shift
            shift += max(bound, 0).bit_length()
        lo, hi = self.pack((*indices, used))
        return lo, hi if self.wide else 0


def fit(scope: Scope, counts: tuple[int, int, int]) -> Layout:
    """A layout for so many local states of A, of B, and bags, in one word if possible; raises BadScope.

    In one word, the bits that are left over are shared among the four indices.
    """
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


#: Keys of two words are ordered by the second word and, where it is equal, by the first.
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
    """The opposite of `joined`: these keys as one block."""
    return (keys["lo"], keys["hi"]) if keys.dtype == _WIDE else (keys, NOTHING)

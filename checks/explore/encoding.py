"""How the steps of a scope are written in arrays of integers: tables.py fills them, the searches read them.

Several small numbers share a word; for each of them its lowest bit is named here, and a mask for its width.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]
Table = NDArray[np.int32]
Flags = NDArray[np.uint8]

#: Items of a table that hold no index: nobody has asked for it yet; it was asked for, and is filled in after this pass.
UNKNOWN, REQUESTED = -1, -2
#: An empty slot of the hash set; keys are never negative.
EMPTY = -1

#: A miss, that is an item that the tables lack: its kind | side | local state or bag | segment.
OWN, CRASH, ARRIVE, CONTENT, SUM = range(5)
MISS_KIND, MISS_SIDE, MISS_INDEX, MISS_MASK = 60, 59, 28, (1 << 28) - 1
#: In a list of misses, item COUNT is the place after the last miss; the first one stands at FIRST_MISS.
COUNT, FIRST_MISS = 0, 1
#: A move: the local state that it leads to | the segment that it sends, plus one | whether it waits for an empty
#: network | whether it must be noted when it is taken (`fired`).
MOVE_SEGMENT, MOVE_WAITS, MOVE_MARKED, MOVE_MASK = 24, 48, 49, (1 << 24) - 1
#: An entry, that is one segment in a bag: its index | the bag without it | whether it can be delivered now.
ENTRY_REST, ENTRY_NEXT, ENTRY_MASK = 24, 48, (1 << 24) - 1

#: Places in `StepTables.layout`: for each field its shift, and its mask from FIELD_MASK on; two flags; the most
#: segments under way from A and from B; and for each budget (losses, duplicates, losses of memory) its bound or -1, the
#: cost of one, and its shift and mask within the field USED.
A, B, AB, BA, USED = range(5)
FIELD_MASK, WIDE, MIRRORED, SLOTS = 5, 10, 11, 12
BOUND, COST, SHIFT, BUDGET_MASK = 14, 17, 20, 23
LAYOUT_SIZE = 26
LOSS, DUPLICATE, MEMORY = range(3)


class StepTables(NamedTuple):
    """The steps of one scope as tables (see tables.py).

    first, first_entry: row n of the moves (entries) begins at item n and ends where row n + 1 begins.
    """

    layout: Words
    own: Table  # side, local -> row of moves
    crash: Table  # side, local -> row of moves
    arrive: Table  # side, local, segment -> row of moves
    first: Words
    moves: Words
    fired: Flags  # by move: whether it was taken, for those that are marked
    content: Table  # bag -> row of entries
    first_entry: Words
    entries: Words
    size: Table  # bag -> how many segments it has
    room: Table  # bag that is not full -> its room, a row of sum
    sum: Table  # room, segment -> bag

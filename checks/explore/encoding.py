"""How the steps of a scope are written in arrays of integers: what the tables hold and the searches over them read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]
Table = NDArray[np.int32]
Flags = NDArray[np.uint8]

#: Entries of a table that hold no index: nobody has asked yet; somebody has, and the answer comes after this pass.
UNKNOWN, REQUESTED = -1, -2
#: An empty slot of the hash set; keys are never negative.
EMPTY = -1

#: What is missing: kind | side | local state or bag | segment.
OWN, CRASH, ARRIVE, CONTENT, SUM = range(5)
MISS_KIND, MISS_SIDE, MISS_INDEX, MISS_MASK = 60, 59, 28, (1 << 28) - 1
#: The list of misses begins with the place behind its last one.
COUNT, FIRST_MISS = 0, 1
#: A move: the local state it leads to | the segment it sends, plus one | whether it waits for an empty network |
#: whether somebody wants to know that it was taken.
MOVE_SEGMENT, MOVE_WAITS, MOVE_MARKED, MOVE_MASK = 24, 48, 49, (1 << 24) - 1
#: One segment in a bag: its index | the bag without it | whether it can be delivered.
ENTRY_REST, ENTRY_NEXT, ENTRY_MASK = 24, 48, (1 << 24) - 1

#: Places in `StepTables.layout`: the shifts and masks of the fields, the flags, room for segments each way, and for
#: each budget (losses, duplicates, losses of memory) its bound or -1, its cost, and its shift and mask within USED.
A, B, AB, BA, USED = range(5)
FIELD_MASK, WIDE, MIRRORED, SLOTS = 5, 10, 11, 12
BOUND, COST, SHIFT, BUDGET_MASK = 14, 17, 20, 23
LAYOUT_SIZE = 26
LOSS, DUPLICATE, MEMORY = range(3)


class StepTables(NamedTuple):
    """One scope as tables. `first` cuts the moves into rows, `first_entry` the entries of bags."""

    layout: Words
    own: Table  # side, local -> row of moves
    crash: Table  # side, local -> row of moves
    arrive: Table  # side, local, segment -> row of moves
    first: Words
    moves: Words
    fired: Flags  # by move: a marked one was taken
    content: Table  # bag -> row of entries
    first_entry: Words
    entries: Words
    size: Table  # bag -> segments in it
    room: Table  # bag -> its row in sum, where it is not full
    sum: Table  # room, segment -> bag

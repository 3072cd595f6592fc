"""What goes on for ever: a program that waits, a connection that never ends.  Decided by fairness, shown by a lasso."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from halfclose.checks.explore import outcomes
from halfclose.checks.explore.arrows import Arrows, Marks, arrows
from halfclose.checks.explore.fairness import staying
from halfclose.checks.explore.lasso import entry, lasso
from halfclose.checks.explore.system import PAIR_MASK, System
from halfclose.checks.explore.table_search import TableSearch
from halfclose.checks.explore.trace import Lasso
from halfclose.checks.readers.python import AT
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import GHOST, STATE, Fate

#: The state graph of a larger scope is not drawn up; with its steps it takes some ten times the memory of its states.
MOST_STATES = 1_000_000
_STATES = tuple(State)


@dataclass(frozen=True)
class ForEver:
    """A behaviour that goes on for ever.  stands: in words, where both ends stand in it."""

    lasso: Lasso
    stands: str


class Waiting:
    """Asks one complete search, of at most MOST_STATES states, what can go on for ever."""

    def __init__(self, search: TableSearch):
        self._search, self._system = search, search.system

    @cached_property
    def _graph(self) -> Arrows:
        return arrows(self._search)

    def program(self, side: int) -> ForEver | None:
        """Whether the program of an end can wait for ever."""
        return self._find(lambda key: outcomes.waits(self._system, key, side))

    def connection(self) -> ForEver | None:
        """Whether an end can keep its connection for ever."""
        return self._find(lambda key: outcomes.open_still(self._system, key))

    def listening(self) -> str:
        """The ends that can stay in LISTEN for ever, by name: "A", "B", "AB" or ""."""
        listens = State.LISTEN.index
        stay = [lambda key, side=side: self._system.local(key, side)[AT[STATE]] == listens for side in (0, 1)]
        return "".join(name for name, holds in zip("AB", stay, strict=True) if self._find(holds))

    def _find(self, holds: Callable[[int], bool]) -> ForEver | None:
        part = staying(self._graph, self._where(holds))
        if not part:
            return None
        key = part.graph.keys[entry(part)]
        return ForEver(lasso(self._graph, part, self._search.path), "; ".join(_stands(self._system, key)))

    def _where(self, holds: Callable[[int], bool]) -> Marks:
        """The states in which something holds that depends on the pair of local states alone."""
        keys = self._graph.keys
        pairs = {key & PAIR_MASK: key for key in keys}
        verdicts = {pair: holds(key) for pair, key in pairs.items()}
        return np.fromiter((verdicts[key & PAIR_MASK] for key in keys), np.bool_, len(keys))


def _stands(system: System, key: int) -> Iterator[str]:
    """Where each end stands: its application and the state of its connection."""
    for side, name in enumerate("AB"):
        local, counter = system.application(key, side)
        caller, state = system.machines[side].caller, _STATES[local[AT[STATE]]]
        call = caller.call(local, counter)
        if caller.end < 0:
            does = "may call what it likes"
        elif call is None:
            does = "has come to its end"
        elif outcomes.met_end(system, key, side):
            does = f"has met the end of file in '{call}'"
        elif state is State.CLOSED and local[AT[GHOST.FATE]] in _TOLD:
            does = f"was told in '{call}' that its connection {_TOLD[local[AT[GHOST.FATE]]]}"
        else:
            does = f"waits in '{call}'"
        yield f"{name} {does}, in {state.value}"


_TOLD = {Fate.RESET: "was reset", Fate.REFUSED: "was refused", Fate.TIMED_OUT: "timed out"}

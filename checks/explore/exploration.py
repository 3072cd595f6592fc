"""A search of one scope: what it has found, and the shortest way to it.

Both engines search breadth first: they visit the states level by level, a level being the states that are equally many
steps away from the initial one.  A counterexample is therefore a shortest one.  Nor does it depend on the engine which
of several shortest ones is shown: states and steps are compared by what they are (`System.content`, `System.rank`),
never by the indices that a search happened to give them, and the least is taken:

- of the states of the first level in which a property is settled, the least;
- of the steps that lead to a state from the level before, the first in the order of ends, kinds and edges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from halfclose.checks.explore.system import Action, System


@dataclass(frozen=True)
class Finding:
    """Where a property was settled: the state and, for a property of steps, the step out of it."""

    prop: int
    state: int
    action: Action | None = None
    reached: int | None = None


@dataclass
class Exploration(ABC):
    """A search that was begun, and all that it has found so far.

    findings: by the number of the property.  levels: the depth of the deepest state.  complete: every reachable state
    was seen.  stopped: why it ended early, where its caller did not ask for that ("memory"); else empty.
    """

    system: System
    findings: dict[int, Finding] = field(default_factory=dict)
    levels: int = 0
    steps: int = 0
    seconds: float = 0.0
    complete: bool = False
    stopped: str = ""

    @abstractmethod
    def run(self, tell: Callable[[int, int], None] | None = None) -> None:
        """Search to the end, or until the inquiry is answered; after an interrupt, what was found is still there."""

    @property
    @abstractmethod
    def states(self) -> int:
        """How many states were seen."""

    @property
    def memory(self) -> int | None:
        """The memory that it takes, in bytes; None where that is not known."""
        return None

    def keep(self, file: Path | None) -> Path | None:
        """Save the search if it can be resumed; returns the file: this one, or one named after its scope."""
        return None

    @abstractmethod
    def by_level(self) -> Iterator[list[int]]:
        """The states, level by level; within a level in no particular order."""

    @abstractmethod
    def taken(self) -> frozenset[str]:
        """The names of the edges that some explored state can take."""

    @abstractmethod
    def cannot_reach(self, goals: Callable[[int], bool]) -> Iterator[int]:
        """The states from which no goal can be reached any more, those nearest to the initial state first.

        goals: whether a state is a goal, judged by its pair of local states alone.  The search must be complete.
        """

    # ---- the way to a state ----------------------------------------------------------------------------------

    def path(self, state: int) -> list[int]:
        """The states on a shortest path from the initial state to this one, both included."""
        keys = [self.representative(state)]
        for depth in range(self.depth(keys[0]) - 1, -1, -1):
            keys.append(self._before(depth, keys[-1]))
        keys.reverse()
        return _unmirrored(self.system, keys, state) if self.system.mirrored else keys

    def _before(self, depth: int, state: int) -> int:
        """The predecessor in this level of a state in the next one: that with the least step to it."""
        steps = (
            (self.system.rank(key, item.action), key)
            for key in self.near(depth, state)
            for after, item in self.system.successors(key)
            if self.representative(after) == state
        )
        return min(steps)[1]

    def representative(self, state: int) -> int:
        """The state that stands for this one: itself or, with symmetry, perhaps its mirror image."""
        return state

    @abstractmethod
    def depth(self, state: int) -> int:
        """The level of a state, which must have been seen."""

    @abstractmethod
    def near(self, depth: int, state: int) -> Iterator[int]:
        """The states of a level that share the local state of an end with this one: one step changes one end."""


def _unmirrored(system: System, path: list[int], state: int) -> list[int]:
    """Turn a path on which states stand for their mirror images, too, into a path of the whole model to this state."""
    keys = [system.initial]
    for after in path[1:]:
        both = after, system.mirror(after)
        keys.append(next(key for key, _ in system.successors(keys[-1]) if key in both))
    return keys if keys[-1] == state else [system.mirror(key) for key in keys]

"""The deadlines of many connections: a heap in which outdated entries stay until they come to the top."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
_SPARE = 64


class Deadlines(Generic[Key]):
    """At most one deadline for each key, in seconds; a change takes logarithmic time."""

    def __init__(self) -> None:
        self._wanted: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []  # an entry is valid if _wanted has the same; numbers break ties
        self._numbers = count()

    def set(self, key: Key, when: float | None) -> None:
        """Replace the deadline of this key; None takes it away."""
        if when == self._wanted.get(key):
            return
        if when is None:
            del self._wanted[key]
            return
        self._wanted[key] = when
        heapq.heappush(self._heap, (when, next(self._numbers), key))
        if len(self._heap) > 2 * len(self._wanted) + _SPARE:
            self._sweep()

    @property
    def first(self) -> float | None:
        """The earliest deadline, None where there is none."""
        while self._heap:
            when, _, key = self._heap[0]
            if self._wanted.get(key) == when:
                return when
            heapq.heappop(self._heap)
        return None

    def due(self, now: float) -> list[Key]:
        """Remove the deadlines that have come, and return their keys, the earliest first."""
        keys = []
        while (first := self.first) is not None and first <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._wanted[key]
            keys.append(key)
        return keys

    def _sweep(self) -> None:
        """Drop all outdated entries at once."""
        self._heap = [(when, next(self._numbers), key) for key, when in self._wanted.items()]
        heapq.heapify(self._heap)

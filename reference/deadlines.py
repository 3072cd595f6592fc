"""When each of many connections wants to be called: a heap, from which what no longer holds is dropped late."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
_SPARE = 64


class Deadlines(Generic[Key]):
    """At most one deadline a key, in seconds; a change costs the logarithm of how many there are."""

    def __init__(self) -> None:
        self._wanted: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []  # holds where _wanted says the same; numbers break ties
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
        """Take away the deadlines that have come, the earliest first."""
        keys = []
        while (first := self.first) is not None and first <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._wanted[key]
            keys.append(key)
        return keys

    def _sweep(self) -> None:
        """Drop all at once what no longer holds."""
        self._heap = [(when, next(self._numbers), key) for key, when in self._wanted.items()]
        heapq.heapify(self._heap)

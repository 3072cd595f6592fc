"""What the parts of the compiled search know of it: `checkpoint` keeps it, `backward` questions it when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from halfclose.checks.explore import encoding as e
from halfclose.checks.explore.exploration import Finding
from halfclose.checks.explore.layout import Block, Layout
from halfclose.checks.explore.states import States
from halfclose.checks.explore.system import System
from halfclose.checks.explore.tables import Tables


class Sweep(Protocol):
    """A compiled search.

    whole: its steps and findings as they were when the last level was complete.  model: the tables as the kernel
    reads them.
    """

    system: System
    findings: dict[int, Finding]
    steps: int
    seconds: float
    seen: States
    tables: Tables
    model: e.StepTables
    whole: tuple[int, dict[int, Finding]]

    @property
    def layout(self) -> Layout: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def states(self) -> int: ...

    def keys(self, block: Block) -> list[int]: ...

    def resume(self, layout: Layout, levels: Iterable[Block], tick: Callable[[], None]) -> None: ...

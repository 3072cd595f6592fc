"""What `checkpoint` and `backward` need of a compiled search; a protocol, so that they do not import it."""

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

    seen: its states.  model: the tables as the kernel reads them.  whole: its steps and findings at the moment when the
    last level was complete.
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

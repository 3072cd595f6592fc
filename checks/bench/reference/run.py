"""The benchmark of the reference and, for comparison, of PyTCP and the kernel: a case is one figure of one stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from halfclose.checks.bench.reference import link, pytcp
from halfclose.checks.bench.reference.apart import Failed, apart

_MB = 1_000_000
_SLOWER, _FASTER = 20, 50


class Group(StrEnum):
    """Cases that belong together."""

    CORE = "core"
    LINK = "link"
    MEMORY = "memory"


@dataclass(frozen=True)
class Sizes:
    """The sizes of a benchmark.

    megabytes: of text, in 10^6 octets.  idle: connections that do nothing.  runs: of which the fastest counts.
    """

    megabytes: int
    idle: int
    runs: int


@dataclass(frozen=True)
class Case:
    """One figure of one stack.

    measure: returns the figure, in `unit`.  lacks: what is missing on this machine to measure it; empty for nothing.
    """

    group: Group
    what: str
    unit: str
    stack: str
    measure: Callable[[Sizes], float]
    lacks: str = ""


@dataclass(frozen=True)
class Figure:
    """The figure of a case; value is None where it could not be measured, and then why says the reason."""

    case: Case
    value: float | None
    why: str = ""


def cases() -> list[Case]:
    """Everything, in the order of the table."""
    packets, octets = "packets/s", "octets"
    from_kernel, to_kernel = "text from the kernel", "text to the kernel"
    tap_missing = pytcp.needs() or link.tap_needs()
    taken, idle, missing = "packets with text are taken and read", "an idle connection in memory", pytcp.needs()
    return [
        Case(Group.CORE, "segments between two connections", "segments/s", "reference", _rate("through_connections")),
        Case(Group.CORE, "packets between two stacks", packets, "reference", _rate("through_stacks")),
        Case(Group.CORE, "the same beside idle connections", packets, "reference", _rate_beside_idle),
        Case(Group.CORE, taken, packets, "reference", _rate("receives")),
        Case(Group.CORE, taken, packets, "PyTCP", _rate("receives", "pytcp"), missing),
        Case(Group.LINK, from_kernel, "MB/s", "reference", _speed("reference_receives")),
        Case(Group.LINK, from_kernel, "MB/s", "PyTCP", _speed("pytcp_receives", 1 / _SLOWER), tap_missing),
        Case(Group.LINK, from_kernel, "MB/s", "kernel", _speed("kernel", _FASTER)),
        Case(Group.LINK, to_kernel, "MB/s", "reference", _speed("reference_sends")),
        Case(Group.LINK, to_kernel, "MB/s", "PyTCP", _speed("pytcp_sends", 1 / _SLOWER), tap_missing),
        Case(Group.LINK, to_kernel, "MB/s", "kernel", _speed("kernel", _FASTER)),
        Case(Group.MEMORY, idle, octets, "reference", lambda sizes: _octets("core", sizes)),
        Case(Group.MEMORY, idle, octets, "PyTCP", lambda sizes: _octets("pytcp", sizes), missing),
    ]


def measure(chosen: list[Case], sizes: Sizes, progress: Callable[[str], None]) -> Iterator[Figure]:
    """Measure one case after the other; progress: told which one is being measured."""
    for case in chosen:
        if case.lacks:
            yield Figure(case, None, case.lacks)
            continue
        progress(f"{case.what}: {case.stack}")
        try:
            yield Figure(case, case.measure(sizes))
        except Failed as failed:
            yield Figure(case, None, str(failed))


def _rate(function: str, module: str = "core") -> Callable[[Sizes], float]:
    return lambda sizes: _fastest(sizes, module, function, sizes.megabytes * _MB)


def _rate_beside_idle(sizes: Sizes) -> float:
    return _fastest(sizes, "core", "through_stacks", sizes.megabytes * _MB, sizes.idle)


def _fastest(sizes: Sizes, module: str, function: str, *numbers: int) -> float:
    """Segments or packets a second."""
    runs = (apart(module, function, *numbers) for _ in range(sizes.runs))
    return max(float(run["segments"] / run["seconds"]) for run in runs)


def _speed(function: str, scale: float = 1) -> Callable[[Sizes], float]:
    """10^6 octets a second; scale: how much more text a fast stack is given, or how much less a slow one."""

    def fastest(sizes: Sizes) -> float:
        octets = int(sizes.megabytes * _MB * scale)
        runs = (apart("link", function, octets) for _ in range(sizes.runs))
        return max(float(run["octets"] / run["seconds"] / _MB) for run in runs)

    return fastest


def _octets(module: str, sizes: Sizes) -> float:
    return float(apart(module, "octets_of_idle", sizes.idle))

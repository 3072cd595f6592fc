"""A compiled search in a file, so that another run can resume it: every complete level, and what the indices mean.

The file is a zip of NumPy arrays.  A level that was not complete is left out, and expanded again.  The tables of steps
are left out, too, because the machines can evaluate them again.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from halfclose.checks.explore.exploration import Finding
from halfclose.checks.explore.layout import NOTHING, Layout
from halfclose.checks.explore.options import BadCheckpoint
from halfclose.checks.explore.states import Blocks
from halfclose.checks.explore.sweep import Sweep
from halfclose.checks.explore.system import Action

_FORMAT = 1


def save(result: Sweep, file: Path) -> None:
    """Write the search, first to another file that then replaces this one: so it is never half written."""
    partial = file.with_name(file.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for name, array in _arrays(result):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        os.replace(partial, file)
    except OSError as error:
        raise BadCheckpoint(f"cannot write {file}: {error.strerror}") from error


def load(result: Sweep, file: Path, tick: Callable[[], None]) -> None:
    """Bring a new search to where the saved one was; raises BadCheckpoint.  tick: is called now and then."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            head = json.loads(str(archive["head"]))
            if head["format"] != _FORMAT or head["fingerprint"] != result.fingerprint:
                raise BadCheckpoint(f"{file} is the search of another scope, or of other rules; name another file")
            result.system.restore(
                (_tuples(archive["locals_a"]), _tuples(archive["locals_b"])),
                _tuples(archive["segments"]),
                [tuple(bag) for bag in head["bags"]],
            )
            layout = Layout(tuple(head["widths"]), head["wide"], tuple(head["bounds"]))
            count = head["levels"]
            result.resume(layout, ((archive[f"lo{i}"], archive[f"hi{i}"]) for i in range(count)), tick)
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, ValueError) as error:
        if isinstance(error, BadCheckpoint):
            raise
        raise BadCheckpoint(f"{file} is not a saved search") from error
    result.steps, result.seconds = head["steps"], head["seconds"]
    result.findings = {finding.prop: finding for finding in map(_finding, head["findings"])}
    result.whole = result.steps, dict(result.findings)


def _arrays(result: Sweep) -> Iterator[tuple[str, np.typing.NDArray[Any]]]:
    a, b = (machine.locals for machine in result.system.machines)
    steps, findings = result.whole
    head = {
        "format": _FORMAT,
        "fingerprint": result.fingerprint,
        "widths": result.layout.widths,
        "wide": result.layout.wide,
        "bounds": result.layout.bounds,
        "bags": result.system.bags,
        "levels": len(result.seen.levels),
        "steps": steps,
        "seconds": result.seconds,
        "findings": [[f.prop, f.state, f.action, f.reached] for f in findings.values()],
    }
    yield "head", np.array(json.dumps(head))
    yield "locals_a", np.array([(*local, counter) for local, counter in a], np.int64)
    yield "locals_b", np.array([(*local, counter) for local, counter in b], np.int64)
    yield "segments", np.array(result.system.shared.by_id, np.int64)
    for depth, level in enumerate(result.seen.levels):
        yield f"lo{depth}", _joined(level, 0)
        yield f"hi{depth}", _joined(level, 1)


def _joined(level: list[Blocks], word: int) -> np.typing.NDArray[np.int64]:
    return np.concatenate([NOTHING, *(block[word] for blocks in level for block in blocks)])


def _tuples(array: np.typing.NDArray[Any]) -> list[tuple[int, ...]]:
    return [tuple(row) for row in array.tolist()]


def _finding(saved: list[Any]) -> Finding:
    prop, state, action, reached = saved
    return Finding(prop, state, None if action is None else Action(*action), reached)

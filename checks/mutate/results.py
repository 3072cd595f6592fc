"""What became of a mutant, kept in a file so that only what has changed is judged again.

A result belongs to a *key*: a hash of the changed edges, of the right edges beside them, and of whatever judges them.
So an edge that was changed, or a claim, leads to other keys, and the results of all the rest are still good.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import halfclose
from halfclose.checks.mutate.mutant import Mutant, meaning
from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import State
from halfclose.spec.tcp.graph import TCP

#: The two columns of the score: what reads the specification, and what drives it as a stack.
PROOFS, VECTORS = "proofs", "vectors"
COLUMNS = (PROOFS, VECTORS)

#: The folders whose code decides what a column says.
_JUDGES = {
    PROOFS: (
        "spec/language",
        "spec/claims",
        "checks/readers",
        "checks/prove",
        "checks/claims/totality.py",
        "checks/mutate/judges.py",
        "checks/mutate/equivalence.py",
    ),
    VECTORS: (
        "spec/language",
        "checks/readers",
        "checks/oracle",
        "checks/conform",
        "checks/vectors",
        *(f"checks/mutate/{name}.py" for name in ("vectors", "recording", "search", "stack", "equivalence")),
    ),
}


@dataclass(frozen=True)
class Result:
    """One mutant in one column.

    by: the judge that notices it; "equivalent" where Z3 proves that there is nothing to notice; "survives" otherwise.
    why: the goal that fails and where, or the vector that tells the mutant.
    """

    by: str
    why: str = ""


def key(mutant: Mutant, column: str) -> str:
    """What the result of a mutant depends on, as a hash."""
    beside = frozenset((edge.source, edge.event) for edge in mutant.edges.values())
    right = _right(None if column == VECTORS else beside)  # a vector may take any edge on its way
    return _hash(repr((column, _judges(column), mutant.id, mutant.meaning, right)))


@cache
def _right(beside: frozenset[tuple[State, Event]] | None) -> str:
    """A hash of the right edges of these states and events, or of all."""
    edges = (edge for edge in TCP.edges if beside is None or (edge.source, edge.event) in beside)
    return _hash(repr(sorted(map(meaning, edges))))


@cache
def _judges(column: str) -> str:
    """A hash of the code of the judges."""
    return _hash("".join(file.read_text(encoding="utf-8") for part in _JUDGES[column] for file in _sources(part)))


def _sources(part: str) -> Iterable[Path]:
    package, _, rest = part.partition("/")
    (root,) = {Path(path) for path in __import__(f"halfclose.{package}", fromlist=["__path__"]).__path__}
    here = root / rest
    return (here,) if here.suffix else sorted(here.rglob("*.py"))


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def default_file() -> Path:
    """In the user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "halfclose" / "mutate.json"


def load(file: Path) -> dict[str, Result]:
    """The results in this file by their keys; none without a file.  Raises ValueError where it is another file."""
    if not file.exists():
        return {}
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {known: Result(**result) for known, result in data["results"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{file} is no file of results of mutants; remove it, or name another one") from None


def save(file: Path, results: Mapping[str, Result]) -> None:
    """Write the results whole or not at all; raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = {"halfclose": halfclose.__version__, "results": {known: asdict(one) for known, one in results.items()}}
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(data), encoding="utf-8")
    part.replace(file)

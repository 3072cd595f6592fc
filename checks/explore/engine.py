"""Which search explores: the compiled one where numba is installed, plain Python otherwise; their results are equal."""

from __future__ import annotations

from importlib.util import find_spec

from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.options import Engine, Inquiry, NoEngine, Options, Tell
from halfclose.checks.explore.plain import PlainSearch
from halfclose.checks.explore.system import System


def begin(
    system: System,
    inquiry: Inquiry | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
) -> Exploration:
    """A search that is ready to run, by this engine; raises NoEngine."""
    if not compiles(engine):
        return PlainSearch(system, inquiry)
    # Only here: numba is not always installed, and takes half a second to import.
    from halfclose.checks.explore.compiled import CompiledSearch

    return CompiledSearch(system, inquiry, options)


def explore(
    system: System,
    inquiry: Inquiry | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
    tell: Tell | None = None,
) -> Exploration:
    """Begin a search and run it."""
    search = begin(system, inquiry, engine, options)
    search.run(tell)
    return search


def compiles(engine: Engine) -> bool:
    """Whether the compiled search does it; raises NoEngine where it should and cannot."""
    present = find_spec("numba") is not None
    if engine is Engine.NUMBA and not present:
        raise NoEngine("numba is not installed: pip install 'halfclose[fast]'")
    return present and engine is not Engine.PYTHON

"""Which search explores a scope: the compiled one where numba is installed, otherwise the one with NumPy.

Both give the same results, traces included.
"""

from __future__ import annotations

from importlib.util import find_spec

from halfclose.checks.explore.options import Engine, Inquiry, NoEngine, Options, Tell
from halfclose.checks.explore.system import System
from halfclose.checks.explore.table_search import TableSearch
from halfclose.checks.explore.vector import VectorSearch


def begin(
    system: System,
    inquiry: Inquiry | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
) -> TableSearch:
    """A search by this engine that has not run yet; raises NoEngine and BadScope."""
    if not compiles(engine):
        return VectorSearch(system, inquiry)
    # Only here: numba is not always installed, and takes half a second to import.
    from halfclose.checks.explore.compiled import CompiledSearch

    return CompiledSearch(system, inquiry, options)


def explore(
    system: System,
    inquiry: Inquiry | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
    tell: Tell | None = None,
) -> TableSearch:
    """Begin a search and run it; raises what `begin` and its `run` raise."""
    search = begin(system, inquiry, engine, options)
    search.run(tell)
    return search


def compiles(engine: Engine) -> bool:
    """Whether this engine is the compiled search; raises NoEngine where it is asked for and not installed."""
    present = find_spec("numba") is not None
    if engine is Engine.NUMBA and not present:
        raise NoEngine("numba is not installed: pip install 'halfclose[fast]'")
    return present and engine is not Engine.PYTHON

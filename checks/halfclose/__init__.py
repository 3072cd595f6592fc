"""TCP's connection life cycle (RFC 9293): a model-checked specification with an executable reference.

The main questions, each a function that says in its docstring what it takes, returns and raises:

    explore(app_a, app_b)       what can become of the octets of two programs: .lost_a, .reset_b, .ends ...
    verify(*claims)             which claims hold, and could they have failed
    prove()                     the proofs by induction, for any number of octets
    vectors(profile)            test vectors for other implementations
    conform(stack)              what a stack does differently

`halfclose.spec` has the declaration, `halfclose.reference` the executable TCP, and `halfclose.checks` what these
functions return.  Each says in its own docstring what may be imported from it; that is kept working.

This folder is the root of the installed package: `halfclose.spec`, `halfclose.reference` and `halfclose.checks` are
the folders of these names beside each other in the repository (see `[tool.setuptools.package-dir]` in pyproject.toml).
"""

from typing import Any

import lazy_loader

_public, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """The version is looked up when it is asked for: `importlib.metadata` takes longer to import than Python itself."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _public(name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("halfclose")
    except PackageNotFoundError:  # the folders are used where they lie, without an installation
        return "0+unknown"

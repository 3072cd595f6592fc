"""TCP's connection life cycle (RFC 9293): a model-checked specification with an executable reference.

This folder is the root of the installed package: `halfclose.spec`, `halfclose.reference` and `halfclose.checks` are
the folders of these names beside each other in the repository (see `[tool.setuptools.package-dir]` in pyproject.toml).
"""

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    """The version, looked up when it is asked for: `importlib.metadata` takes longer to import than Python to start."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("halfclose")
    except PackageNotFoundError:  # the folders are used where they lie, without an installation
        return "0+unknown"

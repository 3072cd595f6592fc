"""TCP's connection life cycle (RFC 9293): a model-checked specification with an executable reference.

This folder is the root of the installed package: `halfclose.spec`, `halfclose.reference` and `halfclose.checks` are
the folders of these names beside each other in the repository (see `[tool.setuptools.package-dir]` in pyproject.toml).
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("halfclose")
except PackageNotFoundError:  # the folders are used where they lie, without an installation
    __version__ = "0+unknown"

__all__ = ["__version__"]

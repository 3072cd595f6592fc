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


def __getattr__(name: str) -> object:
    """A public name, `__all__`, or the version.  What each needs is imported only then: the command line passes by here
    on its way to where it can be interrupted without a traceback."""
    if name == "__version__":
        return _version()
    import lazy_loader

    public, _, names = lazy_loader.attach_stub(__name__, __file__)
    if name == "__all__":
        return names
    if name not in names:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return public(name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("halfclose")
    except PackageNotFoundError:  # the folders are used where they lie, without an installation
        return "0+unknown"

"""Seeding a fault: a few words of the reference's source are replaced, for as long as a `with` block lasts.

The functions keep their identity and are given other code, so that modules which have imported them run the fault too.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any


class BadFault(ValueError):
    """The fault does not fit the source it is meant for; the message says how often its text stands there."""


@dataclass(frozen=True)
class Fault:
    """A defect that a real stack has shipped, or might.

    name: of the vector scenario that shows it, where there is one.  what: the defect in a sentence.  module: of the
    reference.  old, new: the text that is replaced, which occurs there once, and its replacement.  escapes: the
    methods that cannot catch it, each with the reason.
    """

    name: str
    what: str
    module: str
    old: str
    new: str
    escapes: tuple[tuple[str, str], ...] = ()

    def why_not(self, method: str) -> str | None:
        """Why this method cannot catch it; None where it must."""
        return dict(self.escapes).get(method)


@contextmanager
def seeded(fault: Fault) -> Iterator[None]:
    """The reference with the fault in it; raises BadFault."""
    module = import_module(f"halfclose.reference.{fault.module}")
    changed = _changed(module, fault)
    kept = [(function, function.__code__) for function, _ in changed]
    try:
        for function, code in changed:
            function.__code__ = code
        yield
    finally:
        for function, code in kept:
            function.__code__ = code


def _changed(module: ModuleType, fault: Fault) -> list[tuple[FunctionType, CodeType]]:
    source = inspect.getsource(module)
    if source.count(fault.old) != 1:
        raise BadFault(f"fault {fault.name}: its text stands {source.count(fault.old)} times in {fault.module}.py")
    faulty = ModuleType(module.__name__)
    faulty.__dict__.update({name: value for name, value in vars(module).items() if name.startswith("__")})
    exec(compile(source.replace(fault.old, fault.new), f"{fault.module}.py with {fault.name}", "exec"), vars(faulty))
    theirs = dict(_functions(faulty))
    pairs = [(function, theirs[name].__code__) for name, function in _functions(module)]
    differing = [(function, code) for function, code in pairs if _differ(function.__code__, code)]
    if not differing:
        raise BadFault(f"fault {fault.name} changes no function of {fault.module}.py")
    return differing


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Every function and method that the module defines, by its qualified name."""
    for holder in (module, *(value for value in vars(module).values() if inspect.isclass(value))):
        if holder is not module and holder.__module__ != module.__name__:
            continue
        for value in vars(holder).values():
            function: Any = value.fget if isinstance(value, property) else value
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function.__qualname__, function


def _differ(one: CodeType, other: CodeType) -> bool:
    constants = [[c for c in code.co_consts if not isinstance(c, CodeType)] for code in (one, other)]
    nested = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (one, other)]
    if one.co_code != other.co_code or one.co_names != other.co_names or constants[0] != constants[1]:
        return True
    return any(_differ(a, b) for a, b in zip(*nested, strict=True))

"""One thing that has a name, and a kind of such things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: What is known of something: a heading and its lines, in the order in which they are shown.
Facts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Entry:
    """One thing that has a name.

    kind: in the singular, e.g. "state".  says: what it is, in one line.  facts: gives everything else; it is called
    only when that is shown.  cite: where RFC 9293 specifies it.  also: other names by which it is found.
    """

    kind: str
    name: str
    says: str
    facts: Callable[[], Facts]
    cite: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def known(self) -> dict[str, list[str]]:
        """The facts by heading, without the headings that have no lines."""
        return {heading: list(lines) for heading, lines in self.facts().items() if lines}

    def names(self) -> Iterator[str]:
        """Every name that finds it, the one with its kind included: "state TIME-WAIT"."""
        for name in (self.name, *self.also):
            yield name
            yield f"{self.kind} {name}"

    def to_json(self) -> dict[str, Any]:
        """The entry as plain data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "says": self.says,
            "cite": list(self.cite),
            "facts": self.known(),
        }


@dataclass(frozen=True)
class Kind:
    """All things of one kind.  name: in the plural.  what: which things these are, in a few words."""

    name: str
    what: str
    collect: Callable[[], Iterator[Entry]]

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The things themselves, in the order of their declaration."""
        return tuple(self.collect())

    @property
    def names(self) -> list[str]:
        return [entry.name for entry in self.entries]

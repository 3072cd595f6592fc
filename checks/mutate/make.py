"""All mechanical mutants, each once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from halfclose.checks.mutate.mutant import Mutant, meaning
from halfclose.checks.mutate.parts import mutants_of
from halfclose.checks.mutate.shared import mutants_of_shared
from halfclose.spec.tcp.graph import TCP


@cache
def mutants() -> dict[str, Mutant]:
    """Every mutant by its id, those of each edge in the order of the declaration, then those of shared terms.

    What means the same as the right edge is no mutant, and of several that mean the same the first counts.
    """
    seen: set[tuple[tuple[str, ...], ...]] = set()
    found: dict[str, Mutant] = {}
    right = {meaning(edge) for edge in TCP.edges}
    for mutant in _all():
        changed = tuple(one for one in mutant.meaning if one not in right)
        if changed and changed not in seen:
            seen.add(changed)
            found.setdefault(mutant.id, mutant)
    return found


def _all() -> Iterator[Mutant]:
    for edge in TCP.edges:
        yield from mutants_of(edge)
    yield from mutants_of_shared()

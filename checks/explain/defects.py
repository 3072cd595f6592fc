"""What would break TCP: mutants of the specification, and faults seeded into the reference."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.refine.faults import FAULTS
from halfclose.checks.refine.seeding import Fault
from halfclose.spec.claims.agreement import AGREEMENT
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.invariant import INVARIANT
from halfclose.spec.mutants.defects import MUTANTS, mutated
from halfclose.spec.tcp.graph import RULES


def mutants() -> Iterator[Entry]:
    """Defects that the claims must notice."""
    for mutant in MUTANTS.values():
        yield Entry("mutant", mutant.name, mutant.what, partial(_mutant, mutant.name))


def _mutant(name: str) -> Facts:
    broken = [f"{claim.id} {prop.name}" for claim in CLAIMS for prop in claim.properties if name in prop.broken_by]
    return {
        "changes": _changed(name),
        "breaks": broken,
        "breaks the proof of": [each.name for each in (*INVARIANT, *AGREEMENT) if name in each.broken_by],
        "harmless to safety": [MUTANTS[name].harmless] if MUTANTS[name].harmless else [],
        "try it": [f"halfclose verify --mutant {name}"],
    }


def _changed(name: str) -> list[str]:
    """The rules that a mutant changes and those that it removes."""
    originals = set(map(id, RULES))
    left = {rule.name: rule for rule in mutated(name)}
    changed = [rule.name for rule in left.values() if id(rule) not in originals]
    removed = [rule.name for rule in RULES if rule.name not in left]
    return [", ".join(changed)] * bool(changed) + [f"removed: {', '.join(removed)}"] * bool(removed)


def faults() -> Iterator[Entry]:
    """Defects of code that the comparison with the specification must notice."""
    for fault in FAULTS:
        yield Entry("fault", fault.name, fault.what, partial(_fault, fault))


def _fault(fault: Fault) -> Facts:
    return {
        "seeded into": [f"reference/{fault.module}.py"],
        "in place of": fault.old.strip("\n").splitlines(),
        "stands": fault.new.strip("\n").splitlines(),
        "cannot be caught by": [f"{method}: {why}" for method, why in fault.escapes],
        "try it": [f"halfclose refine --fault {fault.name}"],
    }

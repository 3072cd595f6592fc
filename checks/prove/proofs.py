"""The two inductive proofs by name: of one end whoever its peer is, and of both ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from halfclose.checks.prove import both_ends, one_end
from halfclose.checks.prove.obligation import Obligation
from halfclose.spec.claims.agreement import AGREEMENT
from halfclose.spec.claims.invariant import INVARIANT
from halfclose.spec.language.edge import Edge, Rule
from halfclose.spec.language.profile import Profile
from halfclose.spec.tcp.graph import RULES, Graph

#: The obligations of each proof, for a graph and one profile, or for all profiles (None).
OBLIGATIONS: dict[str, Callable[[Graph, Profile | None], Iterator[Obligation]]] = {
    "one end": one_end.obligations,
    "both ends": both_ends.obligations,
}


def of_one_edge(profile: Profile | None) -> dict[str, Callable[[Edge], Obligation]]:
    """The obligations of any one edge, for one profile or for all."""
    said = both_ends.base(profile)
    return {
        "one end": lambda edge: one_end.obligation(edge, profile),
        "both ends": lambda edge: both_ends.obligation(edge, said),
    }


#: What each proof is about.
TITLES: dict[str, str] = {"one end": one_end.ONE_END, "both ends": both_ends.BOTH_ENDS}

#: What each proof rests on: a property that uses it holds only if all of these do.
CONJUNCTS: dict[str, tuple[str, ...]] = {
    "one end": tuple(conjunct.name for conjunct in INVARIANT),
    "both ends": tuple(conjunct.name for conjunct in (*INVARIANT, *AGREEMENT)),
}


def changed(rules: tuple[Rule, ...]) -> Graph:
    """The edges of a mutant that are not the declaration's own; only they can break a proof that holds."""
    own = {id(rule) for rule in RULES}
    return Graph(tuple(rule for rule in rules if id(rule) not in own))

"""The conditions of properties as terms: what a property says, which variables it reads, where code finds those.

A condition can speak of more than one end's variables now.  Its *twins* stand for the same variables elsewhere: of the
peer, of this end after the step, of the segment that is sent (spec/language/variables, TWINS).
"""

from __future__ import annotations

from collections.abc import Iterable

from halfclose.spec.claims.properties import Always, OnStep, Property, Sometimes, Stays
from halfclose.spec.language.terms import Kind, Term, Var, variables
from halfclose.spec.language.variables import EMITS, SEGMENT, TCB, TWINS

_STORED = (Kind.TCB, Kind.GHOST)


def places() -> dict[Var, str]:
    """Python code for each variable of a claim: an item of one of the tuples that the generated function is given.

    L: this end; P: its peer; A: this end after the step; G: the segment received; O: the segment sent.  E: whether a
    segment is sent.
    """
    tcb = {var: i for i, var in enumerate(TCB)}
    fields = {var: i for i, var in enumerate(SEGMENT)}
    places = {var: f"L[{i}]" for var, i in tcb.items()} | {var: f"G[{i}]" for var, i in fields.items()}
    letter = {"PEER": "P", "AFTER": "A", "OUT": "O"}
    for twin, (where, var) in ((twin, at) for twin, at in TWINS.items() if at[0] in letter):
        places[twin] = f"{letter[where]}[{tcb[var] if var in tcb else fields[var]}]"
    return places | {EMITS: "E"}


def watched(terms: Iterable[Term]) -> frozenset[Var]:
    """The stored variables that these conditions read, of whichever end and moment; exploration must keep them."""
    own = (TWINS.get(var, ("", var))[1] for var in variables(*terms))
    return frozenset(var for var in own if var.kind in _STORED)


def condition(prop: Property) -> Term:
    """The condition of a property that exploration decides; raises TypeError for any other kind."""
    match prop:
        case Always(holds=term) | OnStep(holds=term) | Sometimes(witness=term) | Stays(goal=term):
            return term
    raise TypeError(f"{prop.name} is not decided by exploration")

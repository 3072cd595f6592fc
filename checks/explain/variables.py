"""What formulas are made of: variables, the fields of a segment, and terms that have a name of their own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.uses import blanks, by_event, formula, reading, setting
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.language.terms import NAMES, Kind, Sort, Term, Var, variables
from halfclose.spec.language.variables import CHOICES, CONSTANTS, CTL, SEG, SEGMENT, TCB, TWINS
from halfclose.spec.tcp.graph import RULES

_SORTS = {
    Sort.BOOL: "a condition",
    Sort.NUM: "a number of octets, or a count",
    Sort.SEQ: "a sequence number, compared modulo the size of the sequence space (3.4)",
}
_PLACES = {
    Kind.TCB: "stored by the endpoint",
    Kind.GHOST: "a ghost: kept for the claims alone, no edge depends on it",
    Kind.SEGMENT: "a field of the segment that arrives",
    Kind.SEGMENT_GHOST: "a ghost of the segment: kept for the claims alone, it is not on the wire",
    Kind.CHOICE: "chosen by the user, the implementation or the clock when the event happens",
    Kind.CONSTANT: "fixed for a whole connection by the scope",
}


def endpoint() -> Iterator[Entry]:
    """The variables that an endpoint stores, chooses, or is given as constants."""
    for var in (*TCB, *CHOICES, *CONSTANTS):
        yield Entry("variable", var.name, var.means, partial(_variable, var))


def segment() -> Iterator[Entry]:
    """The fields of a segment, and SEG.LEN, which is derived from them."""
    for var in SEGMENT:
        also = (f"CTL.{var.name}",) if var in _BITS else ()
        yield Entry("segment field", var.name, var.means, partial(_field, var), also=also)
    yield Entry("segment field", "SEG.LEN", f"stands for {formula(SEG.LEN)}", partial(_term, SEG.LEN))


_BITS = frozenset((CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST))


def named() -> Iterator[Entry]:
    """Terms that guards and claims call by a name."""
    seen = {"SEG.LEN"}
    for term, name in NAMES.items():
        if name not in seen and not name.startswith("[") and "(" not in name:
            seen.add(name)
            yield Entry("term", name, f"stands for {formula(term)}", partial(_term, term))


def _variable(var: Var) -> Facts:
    sets = setting(var)
    cleared = sum(blanks(a) for _, a in sets)
    return _nature(var) | {
        "set by": by_event(rule for rule, a in sets if not blanks(a)),
        "set to zero by": [f"{cleared} rules, most of them because they create or delete the TCB"] if cleared else [],
        "read by": by_event(reading(var)),
        "claims that speak of it": _claims(var),
    }


def _field(var: Var) -> Facts:
    senders = [rule for rule in RULES if rule.emits and rule.emits.fields()[var].value] if var in _BITS else []
    return _nature(var) | {
        "read by": by_event(reading(var)),
        "set in the segments of": by_event(senders),
        "claims that speak of it": _claims(var),
    }


def _nature(var: Var) -> dict[str, list[str]]:
    values = [f"{number} {name}" for number, name in enumerate(var.values)]
    return {"sort": [_SORTS[var.sort]], "where": [_PLACES[var.kind]], "values": [", ".join(values)] if values else []}


def _term(term: Term) -> Facts:
    return {"read by": by_event(reading(term))}


def _claims(var: Var) -> list[str]:
    """The properties whose formula reads this variable, of either end, before or after a step."""
    return [
        f"{claim.id} {prop.name}"
        for claim in CLAIMS
        for prop in claim.properties
        for term in (getattr(prop, field, None) for field in ("holds", "witness", "goal"))
        if isinstance(term, Term) and var in {TWINS.get(read, ("", read))[1] for read in variables(term)}
    ]

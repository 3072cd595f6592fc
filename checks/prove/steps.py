"""What claims on steps say of one edge, once everything is put in that the edge alone decides.

Its states, its event, its signal and the control bits of its segment are constants of an edge.  With these put in, most
claims say nothing of most edges, and the solver need not be asked about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from halfclose.checks.readers.smt import reads
from halfclose.spec.claims.properties import Law, OnStep
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.step import EVENT, SIGNAL, event_number, signal_number
from halfclose.spec.language.terms import FALSE, TRUE, Sort, Term, Var, num, rebuild
from halfclose.spec.language.variables import CTL, EMITS, STATE, TWINS, after, out


def _twin(term: Term) -> Var:
    assert isinstance(term, Var)
    assert term in TWINS
    return term


#: The control bits of the segment that is sent.
_BITS = tuple(_twin(out(bit)) for bit in (CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST))
_AFTER_STATE = _twin(after(STATE))
_DECIDED = frozenset((STATE, _AFTER_STATE, EVENT, SIGNAL, EMITS, *_BITS))


def said_of(edge: Edge, claims: Mapping[str, OnStep | Law]) -> dict[str, Term]:
    """Each claim, as far as the edge does not decide it."""
    known = _known(edge)
    return {name: _said(claim, tuple(known[var] for var in _constants(claim))) for name, claim in claims.items()}


@cache
def _constants(claim: OnStep | Law) -> tuple[Var, ...]:
    """The variables of a claim that an edge decides."""
    return tuple(var for var in reads(claim.holds) if var in _DECIDED)


@cache
def _said(claim: OnStep | Law, values: tuple[int, ...]) -> Term:
    """The claim with these values of its constants; few combinations occur, so few terms are built."""
    constants = _constants(claim)
    return _put_in(claim.holds, {var: _term(var, value) for var, value in zip(constants, values, strict=True)})


def _put_in(term: Term, values: Mapping[Var, Term]) -> Term:
    """As `substitute`, but what is behind a part that decides the whole is not looked at: most claims end there."""
    if isinstance(term, Var):
        return values.get(term, term)
    if not any(var in values for var in reads(term)):
        return term
    decides = {"or": TRUE, "and": FALSE}.get(term.op)
    parts: list[Term] = []
    for arg in term.args:
        parts.append(_put_in(arg, values))
        if parts[-1] is decides:
            return parts[-1]
    return rebuild(term, tuple(parts))


def _term(var: Var, value: int) -> Term:
    return (TRUE if value else FALSE) if var.sort is Sort.BOOL else num(value)


def _known(edge: Edge) -> dict[Var, int]:
    """What is constant of an edge: no bit is set in a segment that it does not send."""
    emits = edge.rule.emits
    bits = (False,) * len(_BITS) if emits is None else (emits.syn, emits.ack, emits.fin, emits.rst)
    return {
        STATE: edge.source.index,
        _AFTER_STATE: edge.target.index,
        EVENT: event_number(edge.event),
        SIGNAL: signal_number(edge.rule.signal),
        EMITS: int(emits is not None),
        **dict(zip(_BITS, map(int, bits), strict=True)),
    }

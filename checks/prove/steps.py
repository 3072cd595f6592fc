"""What claims on steps say of one edge, once everything is put in that the edge alone decides.

Its states, its event, its signal and the control bits of its segment are constants of an edge.  With these put in, most
claims say nothing of most edges, and the solver need not be asked about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from halfclose.spec.claims.properties import Law, OnStep
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.states import State
from halfclose.spec.language.step import EVENT, SIGNAL, event_number, signal_number
from halfclose.spec.language.terms import FALSE, TRUE, Term, Var, all_of, any_of, num, rebuild
from halfclose.spec.language.variables import CTL, EMITS, STATE, TWINS, after, out

_BITS = (CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST)


@dataclass(frozen=True)
class _Outline:
    """What is constant of an edge.  bits: those of the segment that it sends, or None where it sends none."""

    source: State
    target: State
    event: Event
    signal: str
    bits: tuple[bool, ...] | None


def said_of(edge: Edge, claims: Mapping[str, OnStep | Law]) -> dict[str, Term]:
    """Each claim, as far as the edge does not decide it."""
    emits = edge.rule.emits
    bits = None if emits is None else (emits.syn, emits.ack, emits.fin, emits.rst)
    outline = _Outline(edge.source, edge.target, edge.event, edge.rule.signal, bits)
    return {name: _said(claim, outline) for name, claim in claims.items()}


@cache
def _said(claim: OnStep | Law, outline: _Outline) -> Term:
    return _decided(claim.holds, _known(outline))


def _decided(term: Term, known: Mapping[Var, Term]) -> Term:
    """As `substitute`, but what its first parts decide is not looked at further: that spares most of the work."""
    if isinstance(term, Var):
        return known.get(term, term)
    match term.op:
        case "literal":
            return term
        case "and" | "or":
            join, absorbing = (all_of, FALSE) if term.op == "and" else (any_of, TRUE)
            parts: list[Term] = []
            for arg in term.args:
                parts.append(_decided(arg, known))
                if parts[-1] is absorbing:
                    return absorbing
            return join(*parts)
        case "ite":
            condition = _decided(term.args[0], known)
            if condition.op == "literal":
                return _decided(term.args[1 if condition is TRUE else 2], known)
    return rebuild(term, tuple(_decided(arg, known) for arg in term.args))


@cache
def _known(outline: _Outline) -> dict[Var, Term]:
    bits = outline.bits or (False,) * len(_BITS)
    sent = {_twin(out(bit)): TRUE if value else FALSE for bit, value in zip(_BITS, bits, strict=True)}
    return {
        STATE: num(outline.source.index),
        _twin(after(STATE)): num(outline.target.index),
        EVENT: num(event_number(outline.event)),
        SIGNAL: num(signal_number(outline.signal)),
        EMITS: FALSE if outline.bits is None else TRUE,
        **sent,
    }


def _twin(term: Term) -> Var:
    assert isinstance(term, Var)
    assert term in TWINS
    return term

"""Which variables are easily mistaken for each other: those of one sort that stand near each other in 3.3.1."""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.spec.language.edge import Event
from halfclose.spec.language.terms import NONE, ORIGIN, Sort, Term, Var
from halfclose.spec.language.variables import CLOCK, HELD, IRS, ISS, RCV, SEG, SND, TEXT_END

_OF_A_VARIABLE: dict[Var, tuple[Term, ...]] = {
    ISS: (SND.NXT, IRS),
    IRS: (ISS, RCV.NXT),
    SND.UNA: (SND.NXT, ISS),
    SND.NXT: (SND.UNA, SND.END),
    SND.END: (SND.NXT, SND.UNA),
    SND.WND: (RCV.WND,),
    SND.WL1: (SND.WL2, RCV.NXT),
    SND.WL2: (SND.WL1, SND.UNA),
    RCV.NXT: (IRS, SND.NXT),
    RCV.WND: (RCV.BUFF, RCV.USER, SND.WND),
    RCV.USER: (RCV.WND,),
    HELD.SEQ: (RCV.NXT,),
    HELD.TEXT: (RCV.WND,),
    CLOCK: (SND.NXT, ISS),
}

#: What else is at hand when a segment arrives.
_OF_THE_SEGMENT: dict[Sort, tuple[Term, ...]] = {Sort.SEQ: (SEG.SEQ, SEG.ACK), Sort.NUM: (SEG.WND, SEG.TEXT)}

_OF_A_FIELD: dict[Var, tuple[Term, ...]] = {
    SEG.SEQ: (SND.NXT, SND.UNA, ISS, RCV.NXT, ORIGIN),
    SEG.ACK: (RCV.NXT, IRS, SND.NXT),
    SEG.WND: (RCV.WND, RCV.BUFF, SND.WND, NONE),
    SEG.TEXT: (NONE,),
    SEG.AT: (NONE,),
}
_OF_A_FIELD_IN_ANSWER: dict[Var, tuple[Term, ...]] = {
    SEG.SEQ: (SEG.SEQ, SEG.ACK),
    SEG.ACK: (SEG.SEQ, SEG.ACK, TEXT_END),
    SEG.WND: (SEG.WND,),
}


def of_variable(var: Var, event: Event) -> Iterator[Term]:
    """What an update of this variable may take by mistake."""
    yield from _OF_A_VARIABLE.get(var, ())
    if event is Event.SEGMENT:
        yield from _OF_THE_SEGMENT.get(var.sort, ())


def of_field(field: Var, event: Event) -> Iterator[Term]:
    """What a field of a segment that is sent may take by mistake."""
    yield from _OF_A_FIELD.get(field, ())
    if event is Event.SEGMENT:
        yield from _OF_A_FIELD_IN_ANSWER.get(field, ())

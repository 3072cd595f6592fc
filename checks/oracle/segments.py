"""Segments as the specification sees them: the fields of a wire segment, and their notation for people."""

from __future__ import annotations

from halfclose.checks.oracle.sequence import wrap
from halfclose.checks.readers.python import FIELD
from halfclose.checks.readers.python import Segment as Fields
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import CTL, SEG, SEGMENT

NO_FIELDS: Fields = (0,) * len(SEGMENT)
#: The control bits that the specification knows: its variable, the bit on the wire, and the RFC's name.
CONTROL_BITS = ((CTL.SYN, SYN, "SYN"), (CTL.FIN, FIN, "FIN"), (CTL.RST, RST, "RST"), (CTL.ACK, ACK, "ACK"))

_BIT_OF_FIELD = tuple((FIELD[var], bit) for var, bit, _ in CONTROL_BITS)
_SEQ, _ACK, _WND, _TEXT = (FIELD[var] for var in (SEG.SEQ, SEG.ACK, SEG.WND, SEG.TEXT))
_HAS_ACK = FIELD[CTL.ACK]


def fields_of(segment: Segment) -> Fields:
    """A wire segment as the specification sees it; an ACK number without the ACK bit counts as 0."""
    fields, flags = list(NO_FIELDS), segment.flags
    for at, bit in _BIT_OF_FIELD:
        fields[at] = 1 if flags & bit else 0
    fields[_SEQ], fields[_WND], fields[_TEXT] = segment.seq, segment.wnd, len(segment.text)
    fields[_ACK] = segment.ack if fields[_HAS_ACK] else 0
    return tuple(fields)


def fields_with(values: dict[Var, int]) -> Fields:
    """A segment with these fields, and 0 in all others."""
    return tuple(values.get(var, 0) for var in SEGMENT)


def flags_of(fields: Fields) -> int:
    """The control bits as on the wire."""
    return sum(bit for at, bit in _BIT_OF_FIELD if fields[at])


def show(fields: Fields, shift: int = 0, peer: bool = False, other: int = 0) -> str:
    """The segment in the RFC's notation, e.g. <SEQ=100><ACK=300><CTL=FIN,ACK>.

    shift: subtracted from the numbers of the endpoint's own sequence space.  other: subtracted from those of its
    peer's.  peer: whether the peer sent the segment.
    """
    bits = [name for var, _, name in CONTROL_BITS if fields[FIELD[var]]]
    own, others = (other, shift) if peer else (shift, other)
    number, acknowledge = fields[_SEQ], wrap(fields[_ACK] - others)
    numberless = fields[FIELD[CTL.RST]] and fields[_HAS_ACK] and number == 0  # 3.5.2: zero where there is no number
    if peer or not numberless:
        number = wrap(number - own)
    parts = [f"<SEQ={number}>", f"<ACK={acknowledge}>" if fields[_HAS_ACK] else ""]
    parts += [f"<DATA={fields[_TEXT]}>" if fields[_TEXT] else "", f"<CTL={','.join(bits)}>"]
    return "".join(parts)

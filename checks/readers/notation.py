"""Segments as the RFC's figures write them, <SEQ=100><ACK=300><CTL=SYN,ACK>, and such text as segments."""

from __future__ import annotations

import re

from halfclose.checks.readers.python import FIELD, Segment
from halfclose.spec.language.variables import CTL, SEG

_SEGMENT = re.compile(r"<SEQ=(?P<seq>\d+)>(?:<ACK=(?P<ack>\d+)>)?(?:<DATA=(?P<text>\d+)>)?<CTL=(?P<bits>[A-Z,]+)>")
_BITS = (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK)


def show_segment(segment: Segment) -> str:
    """The segment as the RFC's figures write it, with absolute sequence numbers."""
    bits = ",".join(var.name for var in _BITS if segment[FIELD[var]])
    ack = f"<ACK={segment[FIELD[SEG.ACK]]}>" if segment[FIELD[CTL.ACK]] else ""
    text = f"<DATA={segment[FIELD[SEG.TEXT]]}>" if segment[FIELD[SEG.TEXT]] else ""
    return f"<SEQ={segment[FIELD[SEG.SEQ]]}>{ack}{text}<CTL={bits}>"


def parse_segment(text: str) -> Segment:
    """The segment of this text; raises ValueError.  Its ghosts are 0: no incarnation of the scope sent it."""
    parts = _SEGMENT.fullmatch(text)
    if parts is None:
        raise ValueError(f"not a segment: {text!r}")
    fields = dict.fromkeys(FIELD, 0)
    names = parts["bits"].split(",")
    for var in _BITS:
        fields[var] = int(var.name in names)
    fields[SEG.SEQ], fields[SEG.ACK], fields[SEG.TEXT] = (int(parts[name] or 0) for name in ("seq", "ack", "text"))
    return tuple(fields.values())

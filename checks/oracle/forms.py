"""The forms of segments that the oracle asks for: what an observed segment may be to a hypothesis."""

from __future__ import annotations

from operator import itemgetter

from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.segments import fields_with
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import FIELD
from halfclose.checks.readers.python import Segment as Fields
from halfclose.spec.language.states import SENDING, State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import CLOSE_CALLED, CTL, ISS, RCV, SEG, SND

_SYN, _FIN, _RST, _ACK = (FIELD[var] for var in (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK))
_SEQ, _NUMBER, _TEXT = (FIELD[var] for var in (SEG.SEQ, SEG.ACK, SEG.TEXT))
_ALL = itemgetter(_SYN, _ACK, _FIN, _RST, _SEQ, _NUMBER, _TEXT)
_RESET = itemgetter(_RST, _SEQ)
_BITS = itemgetter(_SYN, _FIN, _RST, _ACK)
_ONLY_ACK, _SYN_FIN_ACK = (0, 0, 0, 1), (1, 1, 0, 1)


def matches(expected: Fields, seen: Fields) -> bool:
    """Equal in every field but the window; of a RST that has a sequence number, only that counts.

    Freedom reset-with-ack-bit: receivers of a reset look at nothing else (3.5.3).
    """
    compared = _RESET if expected[_RST] and not expected[_ACK] else _ALL
    return bool(compared(expected) == compared(seen))


def ack_now(h: Hypothesis) -> Fields:
    """<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"""
    return fields_with({CTL.ACK: 1, SEG.SEQ: h[SND.NXT], SEG.ACK: h[RCV.NXT]})


def reset_at(number: int) -> Fields:
    """<SEQ=number><CTL=RST>"""
    return fields_with({CTL.RST: 1, SEG.SEQ: number})


def is_bare_ack(fields: Fields) -> bool:
    """Whether the segment acknowledges and does nothing else."""
    return _BITS(fields) == _ONLY_ACK and not fields[_TEXT]


def is_probe_behind(h: Hypothesis, fields: Fields) -> bool:
    """Whether this is the probe segment of 3.8.4, at a number that the peer has acknowledged (MUST-26)."""
    shaken = (h.state in SENDING or h.state is State.FIN_WAIT_2) and h[SND.UNA] == h[SND.NXT] != h[ISS]
    numbered = fields[_SEQ] == wrap(h[SND.NXT] - 1) and fields[_NUMBER] == h[RCV.NXT]
    return bool(shaken and numbered and _BITS(fields) == _ONLY_ACK and fields[_TEXT] <= 1)


def is_syn_ack_with_fin(h: Hypothesis, fields: Fields) -> bool:
    """Whether this is the SYN,ACK of SYN-RECEIVED with all text behind it, and the FIN of a CLOSE that is queued."""
    queued = h.state is State.SYN_RECEIVED and h[CLOSE_CALLED] and _BITS(fields) == _SYN_FIN_ACK
    whole = fields[_SEQ] == h[ISS] and fields[_TEXT] == distance(h[ISS], h[SND.END]) - 1
    return bool(queued and whole and fields[_NUMBER] == h[RCV.NXT])


def is_refused_by_group_2(h: Hypothesis, fields: Fields) -> bool:
    """3.5.2: "the incoming segment acknowledges something not yet sent (the segment carries an unacceptable ACK)"."""
    if h.state is not State.SYN_RECEIVED or fields[_RST] or not fields[_ACK]:
        return False
    return not (distance(h[SND.UNA], fields[_NUMBER]) > 0 <= distance(fields[_NUMBER], h[SND.NXT]))


def is_of_unknown_age(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment's ACK is older than every window that the peer has offered, as MAX.SND.WND may be."""
    return bool(fields[_ACK]) and distance(fields[_NUMBER], h[SND.UNA]) > h.largest


def is_at_right_edge(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment is empty and its number lies just beyond the window (reading 32)."""
    at_edge = fields[_SEQ] == wrap(h[RCV.NXT] + h[RCV.WND])
    return at_edge and not (fields[_TEXT] or fields[_SYN] or fields[_FIN])


def repeats(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment holds nothing that was not sent before, and something that is not acknowledged."""
    if not _is_text(h, fields):
        return False
    first, text_end = fields[_SEQ], wrap(fields[_SEQ] + fields[_TEXT])
    end = wrap(text_end + fields[_FIN])
    inside = distance(h[ISS], first) > 0 and distance(end, h[SND.NXT]) >= 0 and distance(h[SND.UNA], end) > 0
    return inside and (text_end == h[SND.END] if fields[_FIN] else distance(text_end, h[SND.END]) >= 0)


def beyond(h: Hypothesis, fields: Fields) -> Fields:
    """The segment without the text that was sent before, where it has some that was not."""
    known = distance(fields[_SEQ], h[SND.NXT])
    left = fields[_TEXT] - known
    is_new = left + fields[_FIN] > 0 and left >= 0
    if not _is_text(h, fields) or known <= 0 or not is_new or distance(h[ISS], fields[_SEQ]) <= 0:
        return fields
    return changed(fields, {SEG.SEQ: h[SND.NXT], SEG.TEXT: left})


def changed(fields: Fields, values: dict[Var, int]) -> Fields:
    """The segment with these fields replaced."""
    after = list(fields)
    for var, value in values.items():
        after[FIELD[var]] = value
    return tuple(after)


def without_text(fields: Fields) -> Fields:
    """The segment without its text and its FIN."""
    return changed(fields, {SEG.TEXT: 0, CTL.FIN: 0})


def _is_text(h: Hypothesis, fields: Fields) -> bool:
    """Whether the segment holds text or the FIN, after the handshake, and acknowledges up to RCV.NXT."""
    length = fields[_TEXT] + fields[_FIN]
    shaken = h.state in SENDING and h[SND.UNA] != h[ISS]
    plain = fields[_ACK] and not fields[_SYN] and not fields[_RST]
    return bool(shaken and plain and length and fields[_NUMBER] == h[RCV.NXT])

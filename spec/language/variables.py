"""The variables of one endpoint, of an arriving segment, and of the choices the RFC leaves open.

Where the RFC has a name for a variable, it is used (3.3.1, 3.8.6.2.2).  Four things that RFC 9293 describes without
naming a variable are variables here: SND.END and CLOSE.CALLED stand for the user's SEND buffer and the queued CLOSE,
ACK.OWED for an acknowledgment that is due but may be delayed (3.8.6.3), HELD.* for a segment kept for later (SHLD-31).

An *incarnation* is one life of a connection at one end, from its OPEN or its SYN to the deletion of the TCB.  The
ghosts count them, because most errors of TCP are mistaking a segment of one incarnation for one of another.
"""

from __future__ import annotations

from collections.abc import Iterator

from .states import State
from .terms import Kind, Sort, Term, Var, any_of, named, one_if, substitute_named, variable, variables

_BOOL, _NUM, _SEQ = Sort.BOOL, Sort.NUM, Sort.SEQ

#: Everything that an endpoint stores; the explorer stores a local state as a tuple in this order.
TCB: list[Var] = []


def _tcb(name: str, sort: Sort, means: str, kind: Kind = Kind.TCB, values: tuple[str, ...] = ()) -> Var:
    var = variable(name, sort, kind, means, values)
    TCB.append(var)
    return var


#: The state itself, as its position in the RFC's order.  An edge sets it to its target; no rule assigns it.
STATE = _tcb("STATE", _NUM, "connection state", values=tuple(state.value for state in State))
ISS = _tcb("ISS", _SEQ, "initial send sequence number")
IRS = _tcb("IRS", _SEQ, "initial receive sequence number")


class SND:
    """Send sequence variables (3.3.1 table 2)."""

    UNA = _tcb("SND.UNA", _SEQ, "send unacknowledged")
    NXT = _tcb("SND.NXT", _SEQ, "send next")
    END = _tcb("SND.END", _SEQ, "one past the last octet the user has sent; a FIN takes this number")
    WND = _tcb("SND.WND", _NUM, "send window, an offset from SND.UNA")
    WL1 = _tcb("SND.WL1", _SEQ, "segment sequence number used for the last window update")
    WL2 = _tcb("SND.WL2", _SEQ, "segment acknowledgment number used for the last window update")
    BUFF = variable("SND.BUFF", _NUM, Kind.CONSTANT, "octets the send buffer holds")
    MSS = variable("SND.MSS", _NUM, Kind.CONSTANT, "most text in one segment (Eff.snd.MSS, 3.7.1)")
    MAX_WND = variable("MAX.SND.WND", _NUM, Kind.CONSTANT, "largest window the peer may offer, hard-coded (MAY-12)")


class RCV:
    """Receive sequence variables (3.3.1 table 3) and the receive buffer (3.8.6.2.2)."""

    NXT = _tcb("RCV.NXT", _SEQ, "receive next")
    WND = _tcb("RCV.WND", _NUM, "receive window")
    USER = _tcb("RCV.USER", _NUM, "octets received and acknowledged, not yet read by the user")
    BUFF = variable("RCV.BUFF", _NUM, Kind.CONSTANT, "octets the receive buffer holds")


PASSIVE = _tcb("PASSIVE", _BOOL, "the connection came from the LISTEN state (MUST-11)")
CLOSE_CALLED = _tcb("CLOSE.CALLED", _BOOL, "the user has called CLOSE: a FIN is queued or sent")
DETACHED = _tcb("DETACHED", _BOOL, "the user has fully closed and reads no more (MAY-1)")
ACK_OWED = _tcb("ACK.OWED", _BOOL, "an acknowledgment is due, perhaps delayed (3.8.6.3)")


class HELD:
    """One segment beyond RCV.NXT, kept for later (SHLD-31)."""

    SET = _tcb("HELD", _BOOL, "a segment is held")
    SEQ = _tcb("HELD.SEQ", _SEQ, "its first sequence number")
    TEXT = _tcb("HELD.TEXT", _NUM, "octets of its text that fit the window")
    FIN = _tcb("HELD.FIN", _BOOL, "it carries a FIN within the window")


#: This belongs to the host and not to the TCB: it outlives every connection and every crash (3.4.1-3.4.3).
CLOCK = _tcb("ISN.CLOCK", _SEQ, "the earliest initial sequence number the clock gives now")


class Fate:
    """How an incarnation ended, as its user was told (MUST-12): the values of the ghost FATE."""

    ALIVE, CLOSED, RESET, REFUSED, TIMED_OUT, ABORTED, CRASHED = range(7)


_FATES = tuple(name.lower().replace("_", "-") for name in vars(Fate) if name.isupper())


class GHOST:
    """What the claims need to know and TCP does not know; no guard reads these."""

    LIFE = _tcb("LIFE", _NUM, "incarnations this end has opened", Kind.GHOST)
    PEER = _tcb("PEER", _NUM, "the peer's incarnation whose SYN gave IRS", Kind.GHOST)
    SENT = _tcb("SENT", _NUM, "octets SEND has accepted in this incarnation", Kind.GHOST)
    READ = _tcb("READ", _NUM, "octets the user has read", Kind.GHOST)
    GOT = _tcb("GOT", _NUM, "octets taken into the receive buffer", Kind.GHOST)
    GOOD = _tcb("GOOD", _BOOL, "every octet taken was the peer's next one, and meant for this end", Kind.GHOST)
    WHOLE = _tcb("WHOLE", _BOOL, "no FIN was taken before all the peer sent ahead of its CLOSE", Kind.GHOST)
    EOF = _tcb("EOF", _BOOL, "the user has been shown the end of the peer's stream", Kind.GHOST)
    JOINED = _tcb("JOINED", _BOOL, "this incarnation has been ESTABLISHED", Kind.GHOST)
    LAST = _tcb("LAST", _NUM, "the peer's incarnation that the last joined one was bound to", Kind.GHOST)
    FRESH = _tcb("FRESH", _BOOL, "no two incarnations were ever bound to the same one of the peer", Kind.GHOST)
    BOUND = _tcb("BOUND", _BOOL, "whoever confirmed a connection had sent the SYN it began with", Kind.GHOST)
    FATE = _tcb("FATE", _NUM, "how the last incarnation ended", Kind.GHOST, _FATES)
    HELD_LIFE = _tcb("HELD.LIFE", _NUM, "incarnation of the held segment's sender", Kind.GHOST)
    HELD_TO = _tcb("HELD.TO", _NUM, "incarnation that the held segment was meant for", Kind.GHOST)
    HELD_AT = _tcb("HELD.AT", _NUM, "stream index of the held text", Kind.GHOST)
    HELD_SENT = _tcb("HELD.SENT", _NUM, "octets its sender had submitted before the held FIN", Kind.GHOST)


class CTL:
    """Control bits of the arriving segment (3.1)."""

    SYN = variable("SYN", _BOOL, Kind.SEGMENT, "synchronize sequence numbers")
    ACK = variable("ACK", _BOOL, Kind.SEGMENT, "the acknowledgment field is significant")
    FIN = variable("FIN", _BOOL, Kind.SEGMENT, "no more data from the sender")
    RST = variable("RST", _BOOL, Kind.SEGMENT, "reset the connection")


class SEG:
    """Current segment variables (3.3.1 table 4).

    TEXT and LEN are lengths: octets have no content here, only an index in their sender's stream (the ghost AT).
    """

    SEQ = variable("SEG.SEQ", _SEQ, Kind.SEGMENT, "segment sequence number")
    ACK = variable("SEG.ACK", _SEQ, Kind.SEGMENT, "segment acknowledgment number")
    WND = variable("SEG.WND", _NUM, Kind.SEGMENT, "segment window")
    TEXT = variable("SEG.TEXT", _NUM, Kind.SEGMENT, "octets of text")
    LEN = named("SEG.LEN", TEXT + one_if(CTL.SYN) + one_if(CTL.FIN))
    LIFE = variable("SEG.LIFE", _NUM, Kind.SEGMENT_GHOST, "incarnation of the sender")
    TO = variable("SEG.TO", _NUM, Kind.SEGMENT_GHOST, "incarnation of the peer that it is meant for; 0 unknown")
    AT = variable("SEG.AT", _NUM, Kind.SEGMENT_GHOST, "index of the first octet of text in the sender's stream")
    SENT = variable("SEG.SENT", _NUM, Kind.SEGMENT_GHOST, "with a FIN: octets SEND had accepted")


#: The fields of a segment; the explorer stores a segment as a tuple in this order.
SEGMENT: tuple[Var, ...] = (
    CTL.SYN,
    CTL.ACK,
    CTL.FIN,
    CTL.RST,
    SEG.SEQ,
    SEG.ACK,
    SEG.WND,
    SEG.TEXT,
    SEG.LIFE,
    SEG.TO,
    SEG.AT,
    SEG.SENT,
)

#: What the RFC leaves open when an event happens.
N = variable("N", _NUM, Kind.CHOICE, "octets of this SEND, RECEIVE or segment")
WITH_FIN = variable("WITH.FIN", _BOOL, Kind.CHOICE, "the retransmitted segment carries the FIN too")
ISN = variable("ISN", _SEQ, Kind.CHOICE, "the initial sequence number chosen for a new connection")
CHOICES = (N, WITH_FIN, ISN)
CONSTANTS = (SND.BUFF, SND.MSS, SND.MAX_WND, RCV.BUFF)


# ---- terms over these variables that several rules use ---------------------------------------------------------

#: Our FIN has been sent: it occupies SND.END.
FIN_SENT = named("fin-sent", CLOSE_CALLED & (SND.NXT == SND.END + 1))

#: The arriving segment acknowledges our FIN.
ACKS_FIN = named("acks-our-fin", FIN_SENT & (SEG.ACK == SND.END + 1))

#: Right edge of the receive window: the first number beyond it.
RIGHT_EDGE = RCV.NXT + RCV.WND

#: The number of the first octet of text, behind the SYN where there is one.
TEXT_START = named("TEXT.START", SEG.SEQ + one_if(CTL.SYN))

#: The number behind the last octet of text (the FIN's own number, if there is one).
TEXT_END = named("TEXT.END", SEG.SEQ + one_if(CTL.SYN) + SEG.TEXT)

#: Nothing is left in the receive buffer.
NOTHING_UNREAD = RCV.USER == 0


def in_state(*states: State) -> Term:
    """The connection is in one of these states."""
    names = " or ".join(state.value for state in states)
    return named(f"[{names}]", any_of(*(STATE == state.index for state in states)))


# ---- twins ---------------------------------------------------------------------------------------------------
#
# A claim often speaks of the same variable in two places: SND.UNA of this end and RCV.NXT of its peer, a value before
# a step and after it.  For that a variable has twins, e.g. PEER.RCV.NXT, and the functions below replace the variables
# of a term by their twins: peer(RCV.NXT <= SND.NXT) is PEER.RCV.NXT <= PEER.SND.NXT.

#: For each twin, where it is ("PEER", "AFTER", "OUT", "YOUNGER", "NOW", "PEER NOW") and the variable it is a twin of.
TWINS: dict[Var, tuple[str, Var]] = {}
_BY_NAME: dict[tuple[str, str], Var] = {}


def _twin(where: str, var: Var) -> Var:
    key = where, var.name
    if key not in _BY_NAME:
        means = f"{var.means} ({where.lower()})"
        _BY_NAME[key] = variable(f"{where}.{var.name}", var.sort, var.kind, means, var.values)
        TWINS[_BY_NAME[key]] = where, var
    return _BY_NAME[key]


def peer(term: Term) -> Term:
    """The same term with the two ends exchanged: about the other end, and about this one where it named the PEER."""
    back = {var: TWINS[var][1] for var in variables(term) if TWINS.get(var, ("", var))[0] == "PEER"}
    forth = {var: _twin("PEER", var) for var in _varying(term)}
    return substitute_named(term, {**back, **forth}, "PEER")


def after(term: Term) -> Term:
    """The same term about this end after the step."""
    return _elsewhere("AFTER", term)


def out(term: Term) -> Term:
    """A term over the fields of a segment, about the segment that the step sends."""
    return _elsewhere("OUT", term)


def younger(term: Term) -> Term:
    """A term about one incarnation of an end: the same about a later incarnation of it."""
    return _elsewhere("YOUNGER", term)


def now(term: Term) -> Term:
    """A term about any incarnation of an end: the same about the incarnation that the end lives now."""
    return _elsewhere("NOW", term)


def peer_now(term: Term) -> Term:
    """A term about any incarnation of an end: the same about the other end as it is now."""
    return _elsewhere("PEER NOW", term)


def _elsewhere(where: str, term: Term) -> Term:
    return substitute_named(term, {var: _twin(where, var) for var in _varying(term)}, where)


def _varying(term: Term) -> Iterator[Var]:
    return (var for var in variables(term) if var.kind in _VARYING and var not in TWINS)


_VARYING = (Kind.TCB, Kind.GHOST, Kind.SEGMENT, Kind.SEGMENT_GHOST)

#: Whether the step sends a segment at all.
EMITS = variable("EMITS", _BOOL, Kind.SEGMENT, "the step sends a segment")

"""Words for tests of the oracle: connections, and segments whose numbers count from the initial ones."""

from __future__ import annotations

from halfclose.checks.oracle.oracle import Oracle
from halfclose.checks.oracle.sequence import pattern
from halfclose.checks.stacks.stack import NOTHING_KNOWN, Known, Result, Verb
from halfclose.reference.wire import ACK, SYN, Segment
from halfclose.spec.language.profile import PROFILES, parse_profile
from halfclose.spec.language.states import State

ISS, IRS, WINDOW = 15_000, 8000, 5000
OK = Result("ok")


def of_stack(
    seq: int, ack: int, flags: int = ACK, octets: int = 0, wnd: int = WINDOW, scale: int | None = None
) -> Segment:
    return Segment(ISS + seq, IRS + ack if flags & ACK else 0, flags, wnd, pattern(seq - 1, octets), scale=scale)


def of_peer(
    seq: int,
    ack: int,
    flags: int = ACK,
    octets: int = 0,
    wnd: int = WINDOW,
    mss: int | None = None,
    scale: int | None = None,
) -> Segment:
    index = seq if flags & SYN else seq - 1
    return Segment(IRS + seq, ISS + ack if flags & ACK else 0, flags, wnd, pattern(index, octets), mss=mss, scale=scale)


def oracle_of(profile: str = "reference", known: Known = NOTHING_KNOWN) -> Oracle:
    """An oracle for a stack in CLOSED."""
    return Oracle(PROFILES.get(profile) or parse_profile(profile), known=known)


def opened(
    profile: str = "reference",
    known: Known = NOTHING_KNOWN,
    *,
    wnd: int = WINDOW,
    offered: int = WINDOW,
    mss: int | None = None,
    scales: tuple[int | None, int | None] = (None, None),
) -> Oracle:
    """A connection that an active OPEN has established.

    wnd: the peer's first window.  offered: the stack's.  mss: what the peer's SYN offers.  scales: of the stack's and
    of the peer's.
    """
    oracle = oracle_of(profile, known)
    oracle.call(Verb.OPEN, 0, OK, ISS)
    oracle.observe(of_stack(0, 0, SYN, wnd=offered, scale=scales[0]))
    oracle.silence()
    oracle.deliver(of_peer(0, 1, SYN | ACK, wnd=wnd, mss=mss, scale=scales[1]))
    oracle.observe(of_stack(1, 1, wnd=offered))
    oracle.silence()
    assert oracle.is_in(State.ESTABLISHED)
    return oracle


def sends(oracle: Oracle, octets: int) -> None:
    """The user sends so many octets, and all of them are taken."""
    oracle.call(Verb.SEND, octets, Result("ok", accepted=octets))


def receives(oracle: Oracle, first: int, octets: int) -> None:
    """The user asks for many octets, and gets these of the peer's stream."""
    oracle.call(Verb.RECEIVE, 100_000, Result("ok", text=pattern(first, octets)))


def names(oracle: Oracle) -> tuple[str, ...]:
    """The freedoms that every hypothesis has used, by name."""
    used = [{freedom.name for freedom in h.taken} for h in oracle.hypotheses]
    return tuple(sorted(set.intersection(*used)))


def departs_from(oracle: Oracle) -> tuple[str, ...]:
    """The SHOULDs that the endpoint has disregarded."""
    return tuple(freedom.departs for freedom in oracle.departures)

"""One endpoint of the specification at 32 bits: its edges as functions of a local state and wire segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from halfclose.checks.readers.python import AT, FIELD, Arithmetic, Choice, Local, StepFunction, compile_edge
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind
from halfclose.spec.language.terms import show as show_term
from halfclose.spec.language.variables import CTL, RCV, SEG, SEGMENT, SND, STATE, TCB
from halfclose.spec.tcp.graph import RULES, tcp

#: The largest window without scaling; also "hard-coded" MAX.SND.WND (MAY-12).
LARGEST_WINDOW = 65_535
#: Octets that the tester's SYN offers as MSS: no segment may hold more.
OFFERED_MSS = 2000

STATES = tuple(State)
_MASK = 0xFFFF_FFFF
_HALF = 1 << 31
NO_FIELDS: Fields = (0,) * len(SEGMENT)
NO_CHOICE: Choice = (0, 0, 0)
_BITS = ((CTL.SYN, SYN, "SYN"), (CTL.FIN, FIN, "FIN"), (CTL.RST, RST, "RST"), (CTL.ACK, ACK, "ACK"))

#: The event of each user call.
EVENTS: dict[Verb, Event] = {
    Verb.OPEN: Event.OPEN_ACTIVE,
    Verb.LISTEN: Event.OPEN_PASSIVE,
    Verb.SEND: Event.SEND,
    Verb.RECEIVE: Event.RECEIVE,
    Verb.SHUTDOWN: Event.CLOSE,
    Verb.CLOSE: Event.FULL_CLOSE,
    Verb.ABORT: Event.ABORT,
}


def pattern(first: int, octets: int) -> bytes:
    """The text of every stream: octet i is i modulo 251, a prime, so that a displaced octet shows."""
    start = first % 251
    return (bytes(range(251)) * ((start + octets) // 251 + 1))[start : start + octets]


def distance(a: int, b: int) -> int:
    """How far b lies beyond a in the sequence space, negative if before it."""
    return ((b - a + _HALF) & _MASK) - _HALF


def fields_of(segment: Segment) -> Fields:
    """A wire segment as the specification sees it; an ACK number without the ACK bit counts for nothing."""
    values = {var: int(bool(segment.flags & bit)) for var, bit, _ in _BITS}
    acknowledged = segment.ack if segment.flags & ACK else 0
    values |= {SEG.SEQ: segment.seq, SEG.ACK: acknowledged, SEG.WND: segment.wnd, SEG.TEXT: len(segment.text)}
    return tuple(values.get(var, 0) for var in SEGMENT)


def show(fields: Fields, shift: int = 0, peer: bool = False, other: int = 0) -> str:
    """In the RFC's notation.  peer: whether the peer sent it.

    shift: what to take off the numbers of the stack's own sequence space; other: and off those of its peer's.
    """
    bits = [name for var, _, name in _BITS if fields[FIELD[var]]]
    has_ack, is_rst = fields[FIELD[CTL.ACK]], fields[FIELD[CTL.RST]]
    number, acknowledge = fields[FIELD[SEG.SEQ]], fields[FIELD[SEG.ACK]]
    own, others = (other, shift) if peer else (shift, other)
    acknowledge = (acknowledge - others) & _MASK
    if peer or not (is_rst and has_ack and number == 0):  # 3.5.2: sequence number zero stands for none
        number = (number - own) & _MASK
    parts = [f"<SEQ={number}>", f"<ACK={acknowledge}>" if has_ack else ""]
    text = fields[FIELD[SEG.TEXT]]
    parts += [f"<DATA={text}>" if text else "", f"<CTL={','.join(bits)}>"]
    return "".join(parts)


class Code:
    """The edges of a profile as functions, by state and event; other profiles may add edges that differ from these."""

    def __init__(
        self,
        profile: Profile,
        numbers: Arithmetic,
        rules: tuple[Rule, ...] = RULES,
        others: Iterable[Profile] = (),
    ) -> None:
        self.graph = tcp(profile, rules)
        self._functions: dict[tuple[int, Event], list[tuple[Edge, StepFunction]]] = {}
        known: set[str] = set()
        for graph in (self.graph, *(tcp(other, rules) for other in others)):
            for edge in graph.edges:
                meaning = _meaning(edge)
                if meaning not in known and edge.event not in (Event.STATUS, Event.CRASH):
                    known.add(meaning)
                    at = self._functions.setdefault((edge.source.index, edge.event), [])
                    at.append((edge, compile_edge(edge, numbers)))

    def fire(
        self, local: Local, event: Event, fields: Fields = NO_FIELDS, choice: Choice = NO_CHOICE
    ) -> Iterator[tuple[Edge, Local, Fields | None]]:
        """Every edge whose guard holds: the edge, the next local state, and the segment sent, if any."""
        for edge, function in self._functions.get((local[AT[STATE]], event), ()):
            result = function(local, fields, choice)
            if result is not None:
                yield edge, *result


def _meaning(edge: Edge) -> str:
    """What distinguishes two edges of one name under two profiles."""
    updates = [f"{var.name}={show_term(value)}" for var, value in edge.updates.items() if var.kind is Kind.TCB]
    return " ".join((edge.name, edge.target.value, show_term(edge.guard), *updates))


@cache
def plain_code(profile: Profile, sizes: tuple[int, int], rules: tuple[Rule, ...] = RULES) -> Code:
    """The edges of one profile and no other.  sizes: of the receive buffer and the send buffer, in octets."""
    return Code(profile, numbers(*sizes), rules)


def numbers(
    receive_buffer: int, send_buffer: int, mss: int = OFFERED_MSS, largest_window: int = LARGEST_WINDOW
) -> Arithmetic:
    """32-bit arithmetic with these sizes in octets; largest_window: what MAX.SND.WND stands for."""
    constants = {SND.BUFF: send_buffer, SND.MSS: mss, SND.MAX_WND: largest_window, RCV.BUFF: receive_buffer}
    return Arithmetic(32, constants)


def put(local: Local, **values: int) -> Local:
    """The local state with variables replaced, by their names with _ for a full stop."""
    changed = list(local)
    for name, value in values.items():
        changed[_BY_NAME[name]] = value
    return tuple(changed)


_BY_NAME = {var.name.replace(".", "_"): i for i, var in enumerate(TCB)}


def outputs(code: Code, local: Local) -> Iterator[tuple[Fields, Edge, Local]]:
    """What an endpoint may send by itself now, each edge once and with the most text it allows."""
    most = most_text(local)
    for octets in dict.fromkeys((most, 0)):
        for edge, after, sent in code.fire(local, Event.OUTPUT, choice=(octets, 0, 0)):
            if sent is not None and (octets == sent[FIELD[SEG.TEXT]]):
                yield sent, edge, after


def most_text(local: Local) -> int:
    """How many octets of new text the next segment may hold."""
    una, nxt, end, window = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END, SND.WND))
    usable = distance(nxt, (una + window) & _MASK)
    return max(0, min(OFFERED_MSS, distance(nxt, end), usable))


def unacknowledged_text(local: Local) -> int:
    """How many octets of text the segment at the front of the retransmission queue may hold."""
    una, nxt, end = (local[AT[var]] for var in (SND.UNA, SND.NXT, SND.END))
    return max(0, min(distance(una, nxt), distance(una, end), OFFERED_MSS))

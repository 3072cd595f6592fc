"""What a transition is: one labelled edge of the state graph.

An endpoint is a state machine with variables (an extended finite state machine).  When a user calls or a segment
arrives, exactly one edge that leaves the current state on that event has a guard that holds.  Taking an edge does up
to four things at once:

    the state becomes the edge's target            it may be the same state
    variables change                               the edge's updates, all computed from the values before
    a segment is sent                              its emission, where it has one
    the user is told something                     its signal, where it has one

RFC 9293 3.10 is written as passages that often speak of several states together.  A `Rule` is such a passage as it
stands there; it unfolds into one `Edge` for each of its states.  An edge has exactly one source and one target: where
the RFC says "if our FIN has been acknowledged enter X, otherwise Y", there are two rules, so that every change of
state can be seen in the graph and none is hidden in a condition.

Ghosts are variables that TCP does not have.  They record what claims speak of, such as which octet of which
incarnation a number stood for.  An edge may set them, but nothing that an endpoint does may depend on them; otherwise
the claims would be about a protocol that cannot be built.  `reads_a_ghost` checks that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from .states import State
from .terms import NONE, ORIGIN, TRUE, Assignment, Kind, Term, Var, all_of, show, substitute, variables
from .variables import CTL, GHOST, SEG


class Event(Enum):
    """What can happen to an endpoint (3.10)."""

    OPEN_ACTIVE = "OPEN (active)"
    OPEN_PASSIVE = "OPEN (passive)"
    SEND = "SEND"
    RECEIVE = "RECEIVE"
    CLOSE = "CLOSE"
    FULL_CLOSE = "full CLOSE"
    ABORT = "ABORT"
    STATUS = "STATUS"
    SEGMENT = "SEGMENT ARRIVES"
    OUTPUT = "OUTPUT"
    REASSEMBLE = "REASSEMBLE"
    RETRANSMISSION_TIMEOUT = "RETRANSMISSION TIMEOUT"
    PROBE_TIMEOUT = "PROBE TIMEOUT"
    USER_TIMEOUT = "USER TIMEOUT"
    TIME_WAIT_TIMEOUT = "TIME-WAIT TIMEOUT"
    CRASH = "CRASH"

    @property
    def means(self) -> str:
        """What happens, and where the RFC speaks of it."""
        return _MEANS[self]


_MEANS = {
    Event.OPEN_ACTIVE: "the user asks for a connection (3.10.1)",
    Event.OPEN_PASSIVE: "the user waits for a peer to connect (3.10.1)",
    Event.SEND: "the user hands over octets to be sent (3.10.2)",
    Event.RECEIVE: "the user asks for octets that have arrived (3.10.3)",
    Event.CLOSE: "the user has nothing more to send (3.10.4)",
    Event.FULL_CLOSE: "the socket API's close(): the user will neither send nor read any more (3.6.1, MAY-1)",
    Event.ABORT: "the user gives the connection up (3.10.5)",
    Event.STATUS: "the user asks for the state of the connection (3.10.6)",
    Event.SEGMENT: "a segment arrives from the network (3.10.7)",
    Event.OUTPUT: "the implementation sends what it may or must, when it likes (3.7, 3.8)",
    Event.REASSEMBLE: "the gap before a segment that was held for later is filled (SHLD-31)",
    Event.RETRANSMISSION_TIMEOUT: "the retransmission timer expires (3.10.8)",
    Event.PROBE_TIMEOUT: "it is time to probe a window of zero (3.8.6.1)",
    Event.USER_TIMEOUT: "the user timeout expires (3.10.8)",
    Event.TIME_WAIT_TIMEOUT: "the time-wait timeout expires: 2 MSL have passed (3.10.8)",
    Event.CRASH: "the host loses its memory and restarts (3.5.1)",
}

CALLS = (
    Event.OPEN_ACTIVE,
    Event.OPEN_PASSIVE,
    Event.SEND,
    Event.RECEIVE,
    Event.CLOSE,
    Event.FULL_CLOSE,
    Event.ABORT,
    Event.STATUS,
)

#: Events that nobody causes: the endpoint acts by itself, so a state may have no edge for them, or several.
SPONTANEOUS = (Event.OUTPUT, Event.PROBE_TIMEOUT)

TIMERS = (
    Event.RETRANSMISSION_TIMEOUT,
    Event.PROBE_TIMEOUT,
    Event.USER_TIMEOUT,
    Event.TIME_WAIT_TIMEOUT,
)


@dataclass(frozen=True, eq=False)
class Emission:
    """A segment that an edge sends; its fields are computed from the values before the edge and the arriving segment.

    syn, ack, fin, rst: its control bits.  seq, acknowledge, wnd: SEG.SEQ, SEG.ACK and SEG.WND.  text: octets of text.
    at: for the claims, the index in the sender's stream of the first octet of text.
    """

    syn: bool = False
    ack: bool = False
    fin: bool = False
    rst: bool = False
    seq: Term = ORIGIN
    acknowledge: Term = ORIGIN
    wnd: Term = NONE
    text: Term = NONE
    at: Term = NONE

    def fields(self) -> dict[Var, Term]:
        """Every field of the segment as a term, ghosts included."""
        bits = zip((CTL.SYN, CTL.ACK, CTL.FIN, CTL.RST), (self.syn, self.ack, self.fin, self.rst), strict=True)
        flags: dict[Var, Term] = {var: TRUE if bit else ~TRUE for var, bit in bits}
        sent = GHOST.SENT if self.fin else NONE
        to = NONE if self.rst else GHOST.PEER
        return flags | {
            SEG.SEQ: self.seq,
            SEG.ACK: self.acknowledge,
            SEG.WND: self.wnd,
            SEG.TEXT: self.text,
            SEG.LIFE: GHOST.LIFE,
            SEG.TO: to,
            SEG.AT: self.at,
            SEG.SENT: sent,
        }

    def substitute(self, values: Mapping[Var, Term]) -> Emission:
        """The same segment with variables of its terms replaced."""
        return replace(
            self,
            seq=substitute(self.seq, values),
            acknowledge=substitute(self.acknowledge, values),
            wnd=substitute(self.wnd, values),
            text=substitute(self.text, values),
            at=substitute(self.at, values),
        )

    def __str__(self) -> str:
        bits = [name for name in ("syn", "fin", "rst", "ack") if getattr(self, name)]
        acknowledge = f"<ACK={show(self.acknowledge)}>" if self.ack else ""
        text = "" if self.text.op == "literal" else f"<DATA={show(self.text)}>"
        return f"<SEQ={show(self.seq)}>{acknowledge}{text}<CTL={','.join(bits).upper()}>"


@dataclass(frozen=True, eq=False)
class Rule:
    """A passage of the RFC.

    target: None where the state stays the same.  cite: sections and requirement ids.  guard: conditions that must all
    hold.  updates, ghosts: assignments to real variables and to ghosts.  signal: what the user is told.  why: one line
    for people, in the words of the RFC where it has some.
    """

    name: str
    event: Event
    states: tuple[State, ...]
    target: State | None
    cite: tuple[str, ...]
    guard: tuple[Term, ...] = ()
    updates: tuple[Assignment, ...] = ()
    ghosts: tuple[Assignment, ...] = ()
    emits: Emission | None = None
    signal: str = ""
    why: str = ""

    def edges(self) -> Iterator[Edge]:
        """One edge for each state, in the RFC's order."""
        for state in self.states:
            name = self.name if len(self.states) == 1 else f"{self.name}@{state.value}"
            yield Edge(name, state, self.target or state, self)


@dataclass(frozen=True, eq=False)
class Edge:
    """One arrow of the graph: a rule in one of its states."""

    name: str
    source: State
    target: State
    rule: Rule

    @property
    def event(self) -> Event:
        return self.rule.event

    @property
    def cite(self) -> tuple[str, ...]:
        return self.rule.cite

    @property
    def guard(self) -> Term:
        return all_of(*self.rule.guard)

    @property
    def updates(self) -> dict[Var, Term]:
        """The new value of every variable that changes, ghosts included, computed from the values before."""
        return {a.var: a.value for a in (*self.rule.updates, *self.rule.ghosts)}

    def emission(self) -> dict[Var, Term] | None:
        """The fields of the segment that is sent, computed from the values before; None where nothing is sent.

        Only the segment's ghosts are taken from the values after the edge: a SYN belongs to the incarnation that the
        edge opens.
        """
        if self.rule.emits is None:
            return None
        after = {a.var: a.value for a in self.rule.ghosts}
        return {var: substitute(term, after) for var, term in self.rule.emits.fields().items()}


def reads_a_ghost(rule: Rule) -> bool:
    """Whether a guard, a real update or a real field of the segment depends on a ghost, which is forbidden."""
    ghosts = (Kind.GHOST, Kind.SEGMENT_GHOST)
    terms = [*rule.guard, *(a.value for a in rule.updates)]
    if rule.emits is not None:
        terms += [term for var, term in rule.emits.fields().items() if var.kind is Kind.SEGMENT]
    return any(var.kind in ghosts for var in variables(*terms))

"""One scope as data, ready to be printed in either language.

The states of the exported model correspond one to one to those of the explorer.  So the model chooses the least initial
sequence number that is allowed, resets in each state the variables that no edge can read again (`dead_variables`), and
leaves out ghosts that neither the network nor an application nor a property reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from halfclose.checks.explore.system import System
from halfclose.checks.readers.conditions import watched
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.checks.readers.python import Local
from halfclose.spec.claims.properties import Always
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import (
    FALSE,
    NAMES,
    TRUE,
    Kind,
    Sort,
    Term,
    Var,
    earlier,
    num,
    rebuild,
    show,
    substitute,
    variable,
    walk,
)
from halfclose.spec.language.variables import (
    CLOCK,
    GHOST,
    ISN,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    STATE,
    TCB,
    TEXT_END,
    TWINS,
    Fate,
)
from halfclose.spec.tcp.graph import Graph, decided
from halfclose.spec.tcp.updates import NEXT_ISN
from halfclose.spec.world.calls import CONNECTED, MORE_TO_READ, Call, application_reads, calls
from halfclose.spec.world.network import BadScope, Scope

#: Spin and TLC count with 32-bit integers with a sign, and SEQ + NUM must not overflow them.
_WIDEST = 30

#: The most incarnations an end may open, where an edge opens one.
LIVES = variable("LIVES", Sort.NUM, Kind.CONSTANT, "incarnations an end may open")

#: Numbers that have names of their own.
VALUES: dict[Var, tuple[str, ...]] = {
    STATE: tuple(state.name for state in State),
    GHOST.FATE: tuple(f"FATE_{name}" for name in vars(Fate) if name.isupper()),
}

#: Terms that a model repeats and the declaration leaves without a name, for example the text that is taken, and the
#: ACK that may set the send window (3.10.7.4 step 5).
_NAMED_HERE = {
    RIGHT_EDGE: "right-edge",
    earlier(TEXT_END, RIGHT_EDGE) - RCV.NXT: "taken",
    (SND.UNA <= SEG.ACK) & ((SND.WL1 < SEG.SEQ) | ((SND.WL1 == SEG.SEQ) & (SND.WL2 <= SEG.ACK))): "newer",
    CONNECTED: "connected",
    MORE_TO_READ: "more-to-read",
}

#: What an end does by itself whenever it may, in the order of RFC 9293 3.10.
SPONTANEOUS = (
    Event.OUTPUT,
    Event.REASSEMBLE,
    Event.RETRANSMISSION_TIMEOUT,
    Event.PROBE_TIMEOUT,
    Event.USER_TIMEOUT,
    Event.TIME_WAIT_TIMEOUT,
)


@dataclass(frozen=True, eq=False)
class ScopedEdge:
    """An edge inside the scope.

    guard: its conjuncts, without that on the state.  updates: of the variables that its target still needs.  sent: the
    fields of the segment it emits, without those that are 0; None where it emits nothing.  All terms read the values
    before the edge.
    """

    edge: Edge
    guard: tuple[Term, ...]
    updates: dict[Var, Term]
    sent: dict[Var, Term] | None

    @property
    def name(self) -> str:
        return identifier(self.edge.name)

    def comment(self) -> tuple[str, ...]:
        """The edge's name, the RFC's passages, and why."""
        edge, rule = self.edge, self.edge.rule
        arrow = f"{edge.source.value} -> {edge.target.value}" if edge.target is not edge.source else edge.source.value
        return f"{edge.name}: {arrow}", f"RFC 9293 {', '.join(rule.cite)}", *filter(None, (rule.why or rule.signal,))


class Model:
    """A scope, the graph under its profile, and the properties to be judged."""

    def __init__(self, scope: Scope, graph: Graph, properties: Sequence[Always] = ()):
        if scope.bits > _WIDEST:
            raise BadScope(f"bits must be at most {_WIDEST} for Spin and TLC, which count with 32 bits and a sign")
        if scope.isns > 1:
            raise BadScope("isns must be 1 for Spin and TLC: the model chooses the least initial sequence number")
        self.scope, self.graph, self.properties = scope, graph, tuple(properties)
        seen = watched(prop.holds for prop in properties)
        system = System(scope, graph, seen)
        self.initial: tuple[Local, ...] = tuple(system.local(system.initial, side) for side in (0, 1))
        self._decided = decided(scope.profile)
        dead = dead_variables(graph.edges, seen | application_reads(scope))
        never = [i for i, var in enumerate(TCB) if all(var in names for names in dead.values())]
        dropped = {TCB[i] for i in never if not any(local[i] for local in self.initial)}
        self.variables = tuple(var for var in TCB if var not in dropped)
        self._dead = dead

    def forgotten(self, state: State) -> tuple[Var, ...]:
        """The variables that, from this state on, no edge can read before writing them."""
        return tuple(var for var in self.variables if var in self._dead[state])

    @cached_property
    def calls(self) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
        """What A's application may call, and B's."""
        scope = self.scope
        a, b = (calls(app, scope.lives_of(app), scope.octets_of(app)).calls for app in (scope.app_a, scope.app_b))
        return a, b

    @cached_property
    def octets(self) -> tuple[int, int]:
        """The most text that a segment of A has, and of B."""
        a, b = (min(self.scope.mss, self.scope.octets_of(app)) for app in (self.scope.app_a, self.scope.app_b))
        return a, b

    @cached_property
    def slots(self) -> tuple[int, int]:
        """Segments under way from A to B, and back."""
        return self.scope.slots, self.scope.slots_back or self.scope.slots

    @cached_property
    def steps(self) -> dict[Event, tuple[ScopedEdge, ...]]:
        """The edges of each event that the scope can see, in the declaration's order."""
        called = {call.does for both in self.calls for call in both}
        return {
            event: tuple(self._step(edge) for edge in self.graph.edges if edge.event is event)
            for event in Event
            if event in called or event is Event.SEGMENT or event in self.spontaneous or self._crashes(event)
        }

    @cached_property
    def spontaneous(self) -> tuple[Event, ...]:
        return tuple(e for e in SPONTANEOUS if e is not Event.USER_TIMEOUT or self.scope.user_timeout)

    def _crashes(self, event: Event) -> bool:
        return event is Event.CRASH and self.scope.crashes > 0

    def _step(self, edge: Edge) -> ScopedEdge:
        """The edge, with every condition decided that its state and the profile decide."""
        next_isn = substitute(NEXT_ISN, self._decided)
        known = {STATE: num(edge.source.index), ISN: next_isn if edge.source is State.TIME_WAIT else CLOCK}
        guard = [_decide(condition, known) for condition in edge.rule.guard]
        needed = [var for var in self.variables if var not in self._dead[edge.target]]
        updates = {var: _decide(edge.updates[var], known) for var in needed if var in edge.updates}
        if GHOST.LIFE in updates:
            guard.append(updates[GHOST.LIFE] <= LIVES)
        emission = edge.emission()
        sent = None if emission is None else {var: _decide(term, known) for var, term in emission.items()}
        return ScopedEdge(
            edge,
            tuple(condition for condition in guard if not _holds_by_itself(condition)),
            {var: term for var, term in updates.items() if term is not var},
            sent and {var: term for var, term in sent.items() if term.op != "literal" or term.value},
        )

    @cached_property
    def definitions(self) -> dict[str, Term]:
        """Terms that have a name in the declaration and occur in this scope, by an identifier; inner terms first."""
        named = {term: name for term, name in NAMES.items() if not name.startswith("[")} | _NAMED_HERE
        decided = ((name, substitute(term, self._decided)) for term, name in named.items())
        known = {show(term): (identifier(name).upper(), term) for name, term in decided if term.args}
        terms = [term for group in self.steps.values() for step in group for term in _terms(step)]
        terms += [call.may for both in self.calls for call in both]
        used = {key(node) for term in terms for node in walk(term)}
        return dict(known[text] for text in sorted(used & known.keys(), key=len))


def key(term: Term) -> str:
    """Equal for equal terms, wherever they were built."""
    return show(substitute(term, {}))


def identifier(name: str) -> str:
    """The name of an edge, a variable or a property as a name of a program."""
    return re.sub(r"\W+", "_", name).strip("_")


def field(var: Var) -> str:
    """The name of a segment's field: SEG.SEQ is SEQ in a record, and the control bits are told from the numbers."""
    return var.name.removeprefix("SEG.") if "." in var.name else f"CTL_{var.name}"


def base(var: Var) -> Var:
    """The variable that this is, or whose twin it is."""
    return TWINS.get(var, ("", var))[1]


def _decide(term: Term, known: Mapping[Var, Term]) -> Term:
    """The term with variables replaced, and equalities of what became numbers decided."""
    if isinstance(term, Var) or not term.args:
        return substitute(term, known)
    args = tuple(_decide(arg, known) for arg in term.args)
    if term.op == "==" and all(arg.op == "literal" for arg in args):
        return TRUE if args[0].value == args[1].value else FALSE
    return rebuild(term, args)


def _holds_by_itself(condition: Term) -> bool:
    """TRUE, or a number compared with itself, which remains where the least initial sequence number is chosen."""
    if condition.op == "<=":
        return key(condition.args[0]) == key(condition.args[1])
    return condition.op == "literal" and bool(condition.value)


def _terms(step: ScopedEdge) -> Iterable[Term]:
    return (*step.guard, *step.updates.values(), *(step.sent or {}).values())

"""Vectors from the graph: for every edge a short script that takes it in its last step.

The theory is transition coverage, by breadth-first search.  A node is a local state of one endpoint at 32 bits, with
the path of inputs that leads there from CLOSED.  From each node everything in `stimuli.menu` is tried.  Where the
reaction takes an edge that no vector covers yet, the path becomes a vector: its inputs, what the endpoint may send
after each of them (`render`), and a few more inputs that show which state it has reached (`probe`).

At 32 bits there are too many states to visit all of them.  States that enable the same edges are alike for this
purpose: of those with the same `_outline` only the first is explored further.

There are three passes.  In the first one the endpoint sends everything it may at once, as any stack will do.  In the
second, for the edges that are still missing, it may put off what it may send (flag "choice").  The third repeats the
edges of SYN-RECEIVED after a passive OPEN, because real stacks treat that case apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.checks.oracle.endpoint import STATES, Reaction
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.render import flags_of, render
from halfclose.checks.vectors.scenarios import scenarios, wrapping
from halfclose.checks.vectors.script import Call, Expect, Vector, VectorSet, VectorStep
from halfclose.checks.vectors.stimuli import FAR, NEAR, TEXT, Peer, menu
from halfclose.checks.vectors.tester import Taken, Tester
from halfclose.reference.wire import ACK, FIN, SYN
from halfclose.spec.language.edge import CALLS, Edge, Event
from halfclose.spec.language.profile import CLOSE_BY_THE_LETTER, HALF_DUPLEX, HOLD, PROFILES, Profile
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import (
    ACK_OWED,
    CLOSE_CALLED,
    DETACHED,
    HELD,
    IRS,
    ISS,
    PASSIVE,
    RCV,
    SND,
    STATE,
)

#: Nominal initial sequence numbers of the stack and of its peer: those of the worked example.
ISS_NOMINAL, IRS_NOMINAL = 15_000, 8000
_DEEPEST, _DEEPEST_PASSIVE = 9, 4  # steps
_NO_VECTOR = (Event.STATUS, Event.CRASH)


@dataclass(frozen=True)
class Node:
    """A state, and a shortest path that leads there."""

    local: Local
    path: tuple[Taken, ...] = ()


def generate(profile: Profile) -> VectorSet:
    """Vectors for one profile: groups `edges`, `scenarios` and `wrap`."""
    tester = Tester(profile, ISS_NOMINAL, IRS_NOMINAL)
    search = _Search(tester)
    edges = [*search.run(eager=True), *search.run(eager=False)]
    edges += _Search(tester, passive=True).run(eager=True)
    unreachable = {name: _why_not(edge, profile) for name, edge in search.missing.items()}
    groups = {
        "edges": tuple(edges),
        "scenarios": scenarios(profile, ISS_NOMINAL, IRS_NOMINAL),
        "wrap": wrapping(profile),
    }
    name = next((name for name, preset in PROFILES.items() if preset == profile), str(profile))
    return VectorSet(name, groups, unreachable)


class _Search:
    """One search for vectors.  missing: the edges that have none yet, by name.

    passive: only the edges of SYN-RECEIVED, reached by a passive OPEN.
    """

    def __init__(self, tester: Tester, *, passive: bool = False) -> None:
        self.tester, self.passive = tester, passive
        self.missing = {edge.name: edge for edge in tester.endpoint.graph.edges if edge.event not in _NO_VECTOR}
        if passive:
            late = (Event.SEGMENT, Event.RETRANSMISSION_TIMEOUT)
            self.missing = {
                name: edge
                for name, edge in self.missing.items()
                if edge.source is State.SYN_RECEIVED and edge.event in late and "passive" not in name
            }

    def run(self, *, eager: bool) -> Iterator[Vector]:
        """Vectors for edges that have none yet; eager: the endpoint sends whatever it may at once."""
        known: set[Local] = set()
        outlines: set[tuple[int, ...]] = set()
        level = [Node(self.tester.initial)]
        for _ in range(_DEEPEST_PASSIVE if self.passive else _DEEPEST):
            following: list[Node] = []
            if not self.missing:
                return
            for node in level:
                for taken in self._steps(node.local, eager):
                    local = taken.in_all.local
                    new = [edge for edge in taken.in_all.edges if edge.name in self.missing]
                    if new:
                        yield self._vector(Node(local, (*node.path, taken)), new, eager)
                    if local in known:
                        continue
                    known.add(local)
                    outline = _outline(local)
                    if outline not in outlines:
                        outlines.add(outline)
                        following.append(Node(local, (*node.path, taken)))
            level = following

    def _steps(self, local: Local, eager: bool) -> Iterator[Taken]:
        endpoint = self.tester.endpoint
        for step in menu(self.tester, local):
            if self.passive and isinstance(step, Call) and step.verb is not Verb.LISTEN:
                continue
            for at_once in self.tester.react(local, step):
                yield Taken(step, at_once, endpoint.settle(at_once) if eager else at_once)
        if not eager:
            for fired in endpoint.spontaneous(local):
                reaction = Reaction(local).then(*fired)
                yield Taken(None, reaction, reaction)

    def _vector(self, node: Node, new: list[Edge], eager: bool) -> Vector:
        for edge in new:
            del self.missing[edge.name]
        steps = render(self.tester, node.path)
        flags = set(() if eager else ("choice",)) | flags_of(steps)
        if new[0].event in CALLS and new[0].rule.signal:
            flags.add("interface")
        settled = self.tester.endpoint.settle(Reaction(node.local))
        probes = render(self.tester, probe(self.tester, settled.local))
        cites = dict.fromkeys(cite for edge in new for cite in edge.rule.cite)
        covers = tuple(dict.fromkeys(edge.name for edge in new))
        return Vector(
            id=slug(covers[0]) + (".passive-open" if self.passive else ""),
            name=_title(node.path[-1], new[0]),
            covers=covers,
            cites=tuple(cites),
            flags=tuple(sorted(flags | flags_of(probes))),
            iss=self.tester.iss,
            irs=self.tester.irs,
            subject=max(i for i, step in enumerate(steps, 1) if not isinstance(step, Expect)),
            steps=(*steps, *probes),
        )


_FLAGS = tuple(AT[var] for var in (STATE, PASSIVE, CLOSE_CALLED, DETACHED, ACK_OWED, HELD.SET, HELD.FIN))
_NUMBERS = tuple(AT[var] for var in (SND.UNA, SND.NXT, SND.END, ISS, IRS, RCV.NXT, HELD.SEQ))
_OCTETS = tuple(AT[var] for var in (SND.WND, RCV.WND, RCV.USER))
_HOLDS = AT[HELD.SET]


def _outline(local: Local) -> tuple[int, ...]:
    """What decides which edges a state enables: states that are alike in this are explored once."""
    una, nxt, end, iss, irs, expected, held = (local[at] for at in _NUMBERS)
    usable, room, unread = (local[at] for at in _OCTETS)
    return (
        *(local[at] for at in _FLAGS),
        (usable > 0) + (usable > NEAR),
        (room > 0) + (room > NEAR) + (room > TEXT),
        unread > 0,
        una == iss,
        min(max(distance(una, nxt), 0), 2),
        min(max(distance(nxt, end), -1), 1),
        distance(irs, expected) > TEXT,
        bool(local[_HOLDS]) and distance(held, expected) >= 0,
        una != wrap(iss + 1),
    )


def probe(tester: Tester, local: Local) -> tuple[Taken, ...]:
    """Steps that show which state the endpoint is in.

    They are: two reads, an old segment (whose answer shows SND.NXT and RCV.NXT), the peer's FIN, and an old segment
    again.  The old segments carry no acknowledgment and no window that could change anything.
    """
    state = STATES[local[AT[STATE]]]
    if state is State.SYN_SENT:
        return (tester.take(local, Peer(tester, local).segment(SYN | ACK)),)
    if state in (State.CLOSED, State.LISTEN):
        return (tester.take(local, Peer(tester, local).segment(ACK, octets=TEXT)),)
    path: list[Taken] = []
    for name in ("receive", "receive", "old", "fin", "old"):
        peer = Peer(tester, local)
        steps: dict[str, VectorStep] = {
            "receive": Call(Verb.RECEIVE, 10 * TEXT),
            "old": peer.segment(ACK, -FAR, ack=peer.una, octets=TEXT, wnd=local[AT[SND.WND]]),
            "fin": peer.segment(ACK | FIN),
        }
        path.append(tester.take(local, steps[name]))
        local = path[-1].in_all.local
    return tuple(path)


def slug(name: str) -> str:
    """An identifier from an edge's name."""
    return name.lower().replace("@", ".")


#: Rules that need a switch of the profile, by the beginning of their names.
_NEEDS = {
    "retransmit.syn-ack.closing": CLOSE_BY_THE_LETTER,
    "reassemble.": HOLD,
    "receive.detached": HALF_DUPLEX,
}


def _why_not(edge: Edge, profile: Profile) -> str:
    """Why no vector takes this edge."""
    needed = [switch.name for start, switch in _NEEDS.items() if edge.name.startswith(start)]
    if edge.rule.name.endswith(".unwanted"):
        needed.append(HALF_DUPLEX.name)
    missing = [name for name in needed if name not in profile.on]
    if missing:
        return f"possible only with the switch {missing[0]}"
    if edge.source is State.LAST_ACK:
        return "the FIN, which leads to LAST-ACK, follows all text and carries every acknowledgment that was owed"
    if edge.source is State.SYN_SENT:
        return "a CLOSE in SYN-SENT deletes the TCB at once"
    return f"no script of at most {_DEEPEST} inputs leads there"


def _title(taken: Taken, edge: Edge) -> str:
    where = edge.source.value
    what = edge.rule.why or edge.rule.signal or edge.event.value
    return f"{edge.event.value} in {where}: {what}"

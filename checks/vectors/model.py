"""One endpoint of the specification that speaks at nominal numbers: the source of every vector's expectations.

It is the plainest implementation that the specification allows: it sends what it may as soon as it may, in the
largest segments, and acknowledges at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from halfclose.checks.oracle.endpoint import (
    EVENTS,
    LARGEST_WINDOW,
    NO_FIELDS,
    STATES,
    fields_of,
    outputs,
    plain_code,
    put,
    unacknowledged_text,
)
from halfclose.checks.readers.python import AT, FIELD, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.script import PEER_WINDOW, TIMERS, Call, Deliver, Fill, Packet, Timeout, VectorStep
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.edge import Edge, Event, Rule
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import OTHER, State
from halfclose.spec.language.variables import CLOCK, CTL, IRS, RCV, SEG, SND, STATE, TCB
from halfclose.spec.tcp.graph import RULES

#: Nominal sizes in octets: what the stack can keep for its user, and for its peer.
RECEIVE_BUFFER, SEND_BUFFER = 4000, 10_000
WIRE_BITS = ((CTL.SYN, SYN), (CTL.ACK, ACK), (CTL.FIN, FIN), (CTL.RST, RST))


@dataclass(frozen=True)
class Moved:
    """Where one input, and what followed it, has led.  returns: what a user call returned."""

    local: Local
    edges: tuple[Edge, ...] = ()
    sent: tuple[Fields, ...] = ()
    returns: str = "ok"

    def then(self, edge: Edge, local: Local, sent: Fields | None) -> Moved:
        """One step more."""
        return replace(self, local=local, edges=(*self.edges, edge), sent=self.sent + ((sent,) if sent else ()))


class Model:
    """The endpoint's steps under one profile.  iss, irs: the nominal initial sequence numbers of both ends."""

    def __init__(self, profile: Profile, iss: int, irs: int, rules: tuple[Rule, ...] = RULES) -> None:
        self.code = plain_code(profile, (RECEIVE_BUFFER, SEND_BUFFER), rules)
        self.iss, self.irs = iss, irs
        self.initial = put((0,) * len(TCB), ISN_CLOCK=iss)

    def react(self, local: Local, step: VectorStep) -> list[Moved]:
        """What an input does, before anything spontaneous; none where it does nothing, several where a timer may."""
        match step:
            case Call(verb=Verb.RECEIVE):
                return self._receive(local, step.octets)
            case Call():
                return self._fire(local, EVENTS[step.verb], count=step.octets)
            case Deliver():
                return self._fire(local, Event.SEGMENT, self.fields(step.packet))
            case Fill():
                return self._fill(local, step)
            case Timeout():
                return self._time_out(local, TIMERS[step.timer])
        return []

    def settle(self, moved: Moved) -> Moved:
        """Let the endpoint do everything it may do by itself, the plainest first."""
        while (step := next(self.spontaneous(moved.local), None)) is not None:
            moved = moved.then(*step)
        return moved

    def spontaneous(self, local: Local) -> Iterator[tuple[Edge, Local, Fields | None]]:
        """What the endpoint may do by itself: what nobody sees, then text with the FIN, text, FIN, bare ACK."""
        yield from self.code.fire(local, Event.REASSEMBLE)
        unseen = [step for step in self.code.fire(local, Event.OUTPUT) if step[2] is None]
        yield from unseen
        offers = sorted(outputs(self.code, local), key=lambda offer: (-_text(offer[0]), -offer[0][FIELD[CTL.FIN]]))
        yield from ((edge, after, sent) for sent, edge, after in offers)

    def outcomes(self, moved: Moved, most: int = 6) -> tuple[tuple[Fields, ...], ...]:
        """Everything the endpoint may send until it has nothing more to send, the plainest first."""
        found: dict[tuple[Fields, ...], None] = {}
        stack = [moved]
        while stack and len(found) < most:
            now = stack.pop()
            steps = list(self.spontaneous(now.local))
            if not steps:
                found[now.sent] = None
            stack.extend(now.then(*step) for step in reversed(steps))
        return tuple(found)

    def fields(self, packet: Packet) -> Fields:
        """A delivered segment as the specification sees it."""
        return fields_of(Segment(packet.seq, packet.ack, packet.flags, packet.wnd, bytes(packet.octets)))

    def packet(self, fields: Fields) -> Packet:
        """A segment that the endpoint sends, as vectors write it."""
        bits = sum(bit for var, bit in WIRE_BITS if fields[FIELD[var]])
        seq, ack, wnd = (fields[FIELD[var]] for var in (SEG.SEQ, SEG.ACK, SEG.WND))
        octets = _text(fields)
        return Packet(bits, seq, ack, wnd, octets, fields[FIELD[SEG.AT]] if octets else 0)

    def stream_index(self, local: Local, seq: int) -> int:
        """The index in the peer's stream of the octet with this number."""
        irs = local[AT[IRS]] if STATES[local[AT[STATE]]] in OTHER else self.irs
        return (seq - irs - 1) & 0xFFFF_FFFF

    # ---- inputs ----------------------------------------------------------------------------------------------

    def _fire(self, local: Local, event: Event, fields: Fields = NO_FIELDS, count: int = 0) -> list[Moved]:
        replaces = STATES[local[AT[STATE]]] is State.TIME_WAIT
        beyond = (local[AT[SND.NXT]] + LARGEST_WINDOW + 1) & 0xFFFF_FFFF
        isn = beyond if replaces else local[AT[CLOCK]]
        fired = self.code.fire(local, event, fields, (count, 0, isn))
        return [Moved(after, (edge,), (sent,) if sent else (), edge.rule.signal or "ok") for edge, after, sent in fired]

    def _receive(self, local: Local, octets: int) -> list[Moved]:
        """Ask for so many octets; where fewer are on hand, those are what a socket interface gives."""
        on_hand = local[AT[RCV.USER]]
        asked = self._fire(local, Event.RECEIVE, count=octets)
        if not on_hand:
            return asked
        if on_hand < octets:
            part = [moved.edges for moved in asked if moved.returns == "part"]
            asked = self._fire(local, Event.RECEIVE, count=on_hand)
            asked = [replace(moved, edges=(*edges, *moved.edges)) for moved in asked for edges in part] or asked
        got = f"{min(on_hand, octets)} octets"
        return [replace(m, returns=got if m.local[AT[RCV.USER]] < on_hand else m.returns) for m in asked]

    def _fill(self, local: Local, step: Fill) -> list[Moved]:
        moved = Moved(local)
        while (room := moved.local[AT[RCV.WND]] - step.leave) > 0:
            nxt, ack = moved.local[AT[RCV.NXT]], moved.local[AT[SND.NXT]]
            packet = Packet(ACK, nxt, ack, PEER_WINDOW, min(room, step.octets))
            (arrived,) = self._fire(moved.local, Event.SEGMENT, self.fields(packet))
            if arrived.local[AT[RCV.WND]] >= moved.local[AT[RCV.WND]]:
                return []  # not a state that takes text
            settled = self.settle(arrived)
            moved = replace(settled, edges=(), sent=(*moved.sent, *settled.sent))
        return [moved]

    def _time_out(self, local: Local, event: Event) -> list[Moved]:
        text = unacknowledged_text(local)
        fired = {
            (edge.name, after): Moved(after, (edge,), (sent,) if sent else ())
            for with_fin in (1, 0)
            for edge, after, sent in self.code.fire(local, event, choice=(text, with_fin, 0))
        }
        return list(fired.values())


def _text(fields: Fields) -> int:
    return fields[FIELD[SEG.TEXT]]

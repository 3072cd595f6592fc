"""The tester of one endpoint, its user and its peer in one person: carries out the steps of a script.

Everything that TCP does is the endpoint's (`oracle.endpoint`).  Here the steps of vectors become its events, and its
segments become the packets of vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from halfclose.checks.oracle.endpoint import STATES, Endpoint, Reaction, Sizes, endpoint
from halfclose.checks.oracle.segments import fields_of, flags_of
from halfclose.checks.oracle.sequence import wrap
from halfclose.checks.readers.python import AT, FIELD, Local, initial
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.vectors.script import PEER_WINDOW, TIMERS, Call, Deliver, Fill, Packet, Timeout, VectorStep
from halfclose.reference.wire import ACK, Segment
from halfclose.spec.language.profile import Profile
from halfclose.spec.language.states import OTHER
from halfclose.spec.language.variables import IRS, RCV, SEG, SND, STATE

#: Nominal sizes: what the stack can keep for its user, and for its peer.
_SIZES = Sizes(receive_buffer=4000, send_buffer=10_000)


@dataclass(frozen=True)
class Taken:
    """One step of a path.

    step: the input; None where the endpoint acted by itself.  at_once: what the endpoint did on the input itself.
    in_all: the same with everything that it did by itself after that.
    """

    step: VectorStep | None
    at_once: Reaction
    in_all: Reaction


class Tester:
    """The tester of an endpoint that follows one profile.

    iss, irs: the nominal initial sequence numbers of the endpoint and of the tester.  initial: the endpoint in CLOSED.
    """

    def __init__(self, profile: Profile, iss: int, irs: int) -> None:
        self.endpoint: Endpoint = endpoint(profile, _SIZES)
        self.iss, self.irs = iss, irs
        self.initial: Local = initial(iss)

    def take(self, local: Local, step: VectorStep) -> Taken:
        """One input to an endpoint that sends everything it may at once."""
        (at_once, *_) = self.react(local, step) or [Reaction(local)]
        return Taken(step, at_once, self.endpoint.settle(at_once))

    def react(self, local: Local, step: VectorStep) -> list[Reaction]:
        """What the endpoint does at once; none where it does nothing, several where a timer may do several things."""
        match step:
            case Call():
                return self.endpoint.call(local, step.verb, step.octets)
            case Deliver():
                return self.endpoint.arrive(local, _fields(step.packet))
            case Fill():
                return self._fill(local, step)
            case Timeout():
                return self.endpoint.time_out(local, TIMERS[step.timer])
        return []

    def _fill(self, local: Local, step: Fill) -> list[Reaction]:
        reaction = Reaction(local)
        while (room := reaction.local[AT[RCV.WND]] - step.leave) > 0:
            nxt, ack = reaction.local[AT[RCV.NXT]], reaction.local[AT[SND.NXT]]
            packet = Packet(ACK, nxt, ack, PEER_WINDOW, min(room, step.octets))
            arrived, *_ = self.endpoint.arrive(reaction.local, _fields(packet)) or [reaction]
            if arrived.local[AT[RCV.WND]] >= reaction.local[AT[RCV.WND]]:
                return []  # not a state that takes text
            settled = self.endpoint.settle(arrived)
            reaction = replace(settled, edges=(), sent=(*reaction.sent, *settled.sent))
        return [reaction]

    def stream_index(self, local: Local, seq: int) -> int:
        """The index in the tester's stream of the octet with this number."""
        irs = local[AT[IRS]] if STATES[local[AT[STATE]]] in OTHER else self.irs
        return wrap(seq - irs - 1)


def _fields(packet: Packet) -> Fields:
    return fields_of(Segment(packet.seq, packet.ack, packet.flags, packet.wnd, bytes(packet.octets)))


def packet_of(fields: Fields) -> Packet:
    """A segment that the endpoint sends, as vectors write it."""
    seq, ack, wnd, octets = (fields[FIELD[var]] for var in (SEG.SEQ, SEG.ACK, SEG.WND, SEG.TEXT))
    return Packet(flags_of(fields), seq, ack, wnd, octets, fields[FIELD[SEG.AT]] if octets else 0)

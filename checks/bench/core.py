"""The reference without a network: text from one end to the other, as segments or as packets, in one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from halfclose.reference.connection import Connection
from halfclose.reference.stack import Socket, Stack
from halfclose.reference.tcb import State

_A, _B = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")
_PORT = 80
_CHUNK = bytes(65_536)  # what a user sends and reads at once
_HOP = 0.000_1  # virtual seconds a round trip


@dataclass(frozen=True)
class Moved:
    """Octets of text that arrived, in so many segments or packets both ways, within so many seconds."""

    octets: int
    segments: int
    seconds: float

    @property
    def rate(self) -> float:
        """Segments a second."""
        return self.segments / self.seconds

    @property
    def megabytes(self) -> float:
        """10^6 octets of text a second."""
        return self.octets / self.seconds / 1e6


def through_connections(octets: int) -> Moved:
    """Two connections that hand each other segments."""
    sender, receiver = (Connection(isn=lambda now: 0) for _ in range(2))

    def carry(now: float) -> int:
        count = 0
        for source, target in ((sender, receiver), (receiver, sender)):
            for segment in source.segments():
                target.segment_arrives(segment, now)
                count += 1
        return count

    receiver.listen(0.0)
    sender.open(0.0)
    while carry(0.0):
        pass
    return _move(sender, receiver, octets, carry)


def through_stacks(octets: int) -> Moved:
    """Two stacks that hand each other IPv4 packets, checksums and all."""
    one, other = Stack([_A], secret=bytes(16)), Stack([_B], secret=bytes(16))
    sender, receiver = connect(one, other)
    return _move(sender, receiver, octets, lambda now: carry_packets(one, other, now))


def connect(one: Stack, other: Stack, connections: int = 1) -> tuple[Connection, Connection]:
    """So many connections between two stacks; the two ends of the last one."""
    listener = other.listen(Socket(None, _PORT))
    for _ in range(connections):
        mine = one.open(Socket(_B, _PORT), 0.0)
        while carry_packets(one, other, 0.0):
            pass
        theirs = listener.accept()
    assert theirs is not None
    return mine, theirs


def carry_packets(one: Stack, other: Stack, now: float) -> int:
    """Every packet that waits, to the other end; how many they were."""
    count = 0
    for source, target in ((one, other), (other, one)):
        for packet in source.packets():
            target.packet_arrives(packet, now)
            count += 1
    return count


def _move(sender: Connection, receiver: Connection, octets: int, carry: Callable[[float], int]) -> Moved:
    """The sender's user fills the send buffer, the receiver's user reads all there is."""
    now, arrived, segments, left = 0.0, 0, 0, octets
    started = time.perf_counter()
    while arrived < octets:
        now += _HOP
        room = min(left, sender.tcb.config.send_buffer - len(sender.tcb.text))
        if room:
            left -= sender.send(_CHUNK[:room], now)
        moved = carry(now)
        segments += moved
        arrived += len(receiver.receive(len(_CHUNK), now) or b"")
        if not moved:
            now = min(end.deadline or now for end in (sender, receiver))
            sender.tick(now)
            receiver.tick(now)
    assert sender.state is State.ESTABLISHED
    return Moved(octets, segments, time.perf_counter() - started)

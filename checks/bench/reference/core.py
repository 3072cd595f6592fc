"""The reference without a network, in one process: text as segments and as packets, and memory of idle connections."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from halfclose.checks.bench.reference import traffic
from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.tcb import State
from halfclose.reference.wire import decode

_A, _B = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")
_PORT = 80
_CHUNK = bytes(65_536)  # what a user sends and reads at once
_HOP = 0.000_1  # virtual seconds a round trip


@dataclass(frozen=True)
class Moved:
    """What was carried: octets of text that arrived, segments or packets in both directions, and seconds."""

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


def through_stacks(octets: int, idle: int = 0) -> Moved:
    """Two stacks that hand each other IPv4 packets, checksums and all, beside so many idle connections."""
    one, other = Stack([_A], secret=bytes(16)), Stack([_B], secret=bytes(16))
    listener = other.listen(Socket(None, _PORT))
    pairs = [_connect(one, other, listener) for _ in range(idle + 1)]
    return _move(*pairs[-1], octets, lambda now: _carry_packets(one, other, now))


def _connect(one: Stack, other: Stack, listener: Listener) -> tuple[Connection, Connection]:
    mine = one.open(Socket(_B, _PORT), 0.0)
    while _carry_packets(one, other, 0.0):
        pass
    theirs = listener.accept()
    assert theirs is not None
    return mine, theirs


def receives(octets: int) -> Moved:
    """One stack takes packets that were made in advance; the ACKs that it sends for every second are not counted."""
    stack = Stack([traffic.RECEIVER], secret=bytes(16))
    (receiver,) = _accepted(stack, 1)
    packets = traffic.text(receiver.tcb.ISS, octets)
    arrived = 0
    started = time.perf_counter()
    for number, packet in enumerate(packets, 1):
        stack.packet_arrives(packet, 0.0)
        if number % traffic.READ_EVERY == 0 or number == len(packets):
            arrived += len(receiver.receive(len(_CHUNK), 0.0) or b"")
            stack.packets()
    return Moved(arrived, len(packets), time.perf_counter() - started)


def octets_of_idle(connections: int) -> float:
    """What Python allocates for one accepted connection that has nothing to do."""
    stack = Stack([traffic.RECEIVER], secret=bytes(16))
    tracemalloc.start()
    kept = _accepted(stack, connections)
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return allocated / len(kept)


def _accepted(stack: Stack, connections: int) -> list[Connection]:
    listener, kept = stack.listen(Socket(None, traffic.PORT)), []
    for number in range(connections):
        stack.packet_arrives(traffic.syn(number), 0.0)
        (answer,) = stack.packets()
        stack.packet_arrives(traffic.ack(decode(answer).segment.seq, number), 0.0)
        connection = listener.accept()
        assert connection is not None
        kept.append(connection)
    return kept


def _carry_packets(one: Stack, other: Stack, now: float) -> int:
    """Deliver every waiting packet to the other end; returns how many."""
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

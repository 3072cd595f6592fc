"""Half-open floods: the backlog is bounded, established connections keep working, and new clients get in."""

from __future__ import annotations

import tracemalloc
from ipaddress import IPv4Address

from hosts import A, B, accepted, connect, exchange, host

from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.tcb import State
from halfclose.reference.wire import SYN, Datagram, Segment, encode

_BACKLOG = 16
_MOST_A_CONNECTION = 20_000  # octets; 4,000 that stay would take many times as much
_FIRST_SOURCE = int(IPv4Address("10.10.0.0"))


class Flooded:
    """A server with one established connection, and a flood of SYNs from sources that never answer."""

    def __init__(self) -> None:
        self.client, self.server = host(A), host(B)
        self.listener: Listener = self.server.listen(Socket(None, 80), backlog=_BACKLOG)
        self.mine, self.theirs = connect(self.client, self.server, self.listener)
        self.now = 0.0

    def flood(self, count: int, seconds: float, *, first: int = 0) -> None:
        """So many SYNs, evenly over so many seconds; what the server says is for nobody."""
        for n in range(first, first + count):
            self.now += seconds / count
            source = IPv4Address(_FIRST_SOURCE + n)
            syn = Segment(n, 0, SYN, 1000, mss=1460)
            self.server.packet_arrives(encode(Datagram(source, B, 1024 + n % 60_000, 80, syn)), self.now)
            pass_time(self.server, self.now)
            self.server.packets()

    def rest(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self.server.deadline) is not None and deadline <= until:
            self.server.tick(deadline)
            self.server.packets()
        self.now = until


def pass_time(stack: Stack, now: float) -> None:
    if (deadline := stack.deadline) is not None and deadline <= now:
        stack.tick(now)


def talk(flooded: Flooded) -> bytes | None:
    """A question over the established connection, and what the server read of it."""
    flooded.mine.send(b"still there?", flooded.now)
    exchange(flooded.client, flooded.server, flooded.now)
    return flooded.theirs.receive(100, flooded.now)


def newcomer(flooded: Flooded) -> Connection:
    connection = flooded.client.open(Socket(B, 80), flooded.now)
    exchange(flooded.client, flooded.server, flooded.now)
    return connection


def test_a_flood_takes_the_backlog_and_nothing_else() -> None:
    flooded = Flooded()
    flooded.flood(1000, seconds=0.5)
    assert len(flooded.server) == 1 + _BACKLOG
    assert flooded.server.counters.no_room == 1000 - _BACKLOG
    assert talk(flooded) == b"still there?"
    assert flooded.listener.accept() is None


def test_a_client_gets_in_as_soon_as_a_half_open_connection_did_not_answer_once() -> None:
    flooded = Flooded()
    flooded.flood(1000, seconds=0.5)
    assert newcomer(flooded).state is State.SYN_SENT
    flooded.rest(1.0)
    assert newcomer(flooded).state is State.ESTABLISHED
    assert accepted(flooded.listener).state is State.ESTABLISHED
    assert flooded.server.counters.recycled == 1


def test_half_open_connections_go_away_with_time() -> None:
    flooded = Flooded()
    flooded.flood(_BACKLOG, seconds=0.1)
    flooded.rest(flooded.theirs.tcb.config.user_timeout + 1)
    assert len(flooded.server) == 1
    assert flooded.listener.has_room()


def test_a_client_that_answers_is_never_recycled() -> None:
    flooded = Flooded()
    clients = [newcomer(flooded) for _ in range(_BACKLOG)]
    flooded.flood(1000, seconds=10.0)
    assert [accepted(flooded.listener).state for _ in clients] == [State.ESTABLISHED] * _BACKLOG
    assert flooded.server.counters.recycled == 0


def test_a_long_flood_takes_no_more_memory_than_a_short_one() -> None:
    flooded = Flooded()
    flooded.flood(2000, seconds=2.0)
    tracemalloc.start()
    flooded.flood(4000, seconds=4.0, first=2000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(flooded.server) == 1 + _BACKLOG
    assert grown < _MOST_A_CONNECTION * _BACKLOG
    assert talk(flooded) == b"still there?"

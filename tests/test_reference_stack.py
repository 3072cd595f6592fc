"""The reference's stack: demultiplexing, listeners, strangers, both families of addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from halfclose.reference.calls import CallError
from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, RST, SYN, Address, Datagram, Segment, decode, encode

FAMILIES: list[tuple[Address, Address]] = [
    (IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")),
    (IPv6Address("fd00::1"), IPv6Address("fd00::2")),
]
A, B = FAMILIES[0]


def host(*addresses: Address) -> Stack:
    return Stack(addresses, secret=b"0123456789abcdef" + addresses[0].packed)


def exchange(one: Stack, other: Stack, now: float = 0.0) -> None:
    """Carry packets until none is left."""
    while packets := [(other, packet) for packet in one.packets()] + [(one, packet) for packet in other.packets()]:
        for target, packet in packets:
            target.packet_arrives(packet, now)


def from_stranger(flags: int, *, source: Address = B, port: int = 1000, target: Address = A) -> bytes:
    return encode(Datagram(source, target, port, 80, Segment(5, 7 if flags & ACK else 0, flags, 1000)))


def answers(stack: Stack) -> list[Segment]:
    return [decode(packet).segment for packet in stack.packets()]


def accepted(listener: Listener) -> Connection:
    connection = listener.accept()
    assert connection is not None
    return connection


@pytest.mark.parametrize(("client", "server"), FAMILIES)
def test_two_hosts_exchange_text_and_close(client: Address, server: Address) -> None:
    one, other = host(client), host(server)
    listener = other.listen(Socket(None, 80))
    mine = one.open(Socket(server, 80), 0.0)
    exchange(one, other)
    theirs = accepted(listener)
    mine.send(b"question", 0.0)
    exchange(one, other)
    assert theirs.receive(100, 0.0) == b"question"
    theirs.send(b"answer", 0.0)
    theirs.shutdown(0.0)
    exchange(one, other)
    assert (mine.receive(100, 0.0), mine.receive(100, 0.0)) == (b"answer", b"")
    mine.shutdown(0.0)
    exchange(one, other)
    assert (mine.state, theirs.state) == (State.CLOSED, State.TIME_WAIT)
    assert one.deadline is None
    other.tick(240.0)
    assert other.deadline is None


def test_connections_of_one_listener_are_told_apart() -> None:
    one, other = host(A), host(B)
    listener = other.listen(Socket(B, 80))
    clients = [one.open(Socket(B, 80), 0.0) for _ in range(3)]
    exchange(one, other)
    for number, client in enumerate(clients):
        client.send(b"%d" % number, 0.0)
    exchange(one, other)
    assert {accepted(listener).receive(10, 0.0) for _ in clients} == {b"0", b"1", b"2"}
    assert listener.accept() is None


def test_a_full_backlog_drops_the_syn_and_a_later_one_gets_in() -> None:
    one, other = host(A), host(B)
    listener = other.listen(Socket(None, 80), backlog=1)
    first, second = one.open(Socket(B, 80), 0.0), one.open(Socket(B, 80), 0.0)
    exchange(one, other)
    assert [first.state, second.state] == [State.ESTABLISHED, State.SYN_SENT]
    accepted(listener)
    one.tick(1.0)
    exchange(one, other, 1.0)
    assert str(second.state) == "ESTABLISHED"


def test_a_reset_of_a_half_open_connection_leaves_the_backlog() -> None:
    stack = host(A)
    listener = stack.listen(Socket(None, 80), backlog=1)
    stack.packet_arrives(from_stranger(SYN), 0.0)
    (answer,) = answers(stack)
    assert answer.flags == SYN | ACK
    reset = Segment(6, 0, RST, 0)
    stack.packet_arrives(encode(Datagram(B, A, 1000, 80, reset)), 0.0)
    assert listener.has_room()
    assert listener.accept() is None
    assert stack.deadline is None


@pytest.mark.parametrize("listening", [False, True])
def test_an_ack_for_no_connection_is_reset(listening: bool) -> None:
    stack = host(A)
    if listening:
        stack.listen(Socket(None, 80))
    stack.packet_arrives(from_stranger(ACK), 0.0)
    assert [(s.flags, s.seq) for s in answers(stack)] == [(RST, 7)]


def test_a_syn_for_no_listener_is_reset_and_a_reset_is_not_answered() -> None:
    stack = host(A)
    stack.packet_arrives(from_stranger(SYN), 0.0)
    assert [(s.flags, s.seq, s.ack) for s in answers(stack)] == [(RST | ACK, 0, 6)]
    stack.packet_arrives(from_stranger(RST), 0.0)
    assert answers(stack) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [("10.9.0.2", "10.9.0.3"), ("224.0.0.1", "10.9.0.1"), ("255.255.255.255", "10.9.0.1"), ("10.9.0.2", "224.0.0.1")],
)
def test_other_peoples_and_group_addresses_are_not_answered(source: str, target: str) -> None:
    stack = host(A)
    stack.packet_arrives(from_stranger(SYN, source=IPv4Address(source), target=IPv4Address(target)), 0.0)
    assert answers(stack) == []


def test_a_damaged_packet_is_dropped() -> None:
    stack = host(A)
    packet = bytearray(from_stranger(SYN))
    packet[-1] ^= 1
    stack.packet_arrives(bytes(packet), 0.0)
    stack.packet_arrives(b"", 0.0)
    assert answers(stack) == []


def test_open_twice_between_the_same_sockets_is_an_error() -> None:
    stack = host(A)
    stack.open(Socket(B, 80), 0.0, local=Socket(A, 4000))
    with pytest.raises(CallError, match="connection already exists"):
        stack.open(Socket(B, 80), 0.0, local=Socket(None, 4000))
    with pytest.raises(CallError, match="remote socket unspecified"):
        stack.open(Socket(None, 80), 0.0)
    with pytest.raises(CallError, match="illegal"):
        stack.open(Socket(B, 80), 0.0, local=Socket(B, 4000))


def test_unlisten_aborts_what_nobody_accepted() -> None:
    one, other = host(A), host(B)
    listener = other.listen(Socket(None, 80))
    client = one.open(Socket(B, 80), 0.0)
    exchange(one, other)
    other.unlisten(listener)
    exchange(one, other)
    assert client.state is State.CLOSED


def test_ipv6_syn_offers_what_an_ipv6_packet_holds() -> None:
    client, server = FAMILIES[1]
    stack = host(client)
    stack.open(Socket(server, 80), 0.0)
    (syn,) = answers(stack)
    assert syn.mss == 1440

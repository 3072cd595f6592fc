"""Hosts of the reference's stack, and packets between them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.wire import ACK, Address, Datagram, Segment, decode, encode

FAMILIES: list[tuple[Address, Address]] = [
    (IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")),
    (IPv6Address("fd00::1"), IPv6Address("fd00::2")),
]
A, B = FAMILIES[0]


def host(*addresses: Address, config: Config | None = None) -> Stack:
    return Stack(addresses, secret=b"0123456789abcdef" + addresses[0].packed, config=config or Config())


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


def connect(client: Stack, server: Stack, listener: Listener, now: float = 0.0) -> tuple[Connection, Connection]:
    """A new connection from A to port 80 of B: the client's end and the server's."""
    mine = client.open(Socket(B, 80), now)
    exchange(client, server, now)
    return mine, accepted(listener)

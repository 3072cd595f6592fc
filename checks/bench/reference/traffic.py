"""Packets made in advance, so that only their receiver is measured: handshakes, and text that follows them."""

from __future__ import annotations

from ipaddress import IPv4Address

from halfclose.reference.wire import ACK, SYN, Datagram, Segment, encode

SENDER, RECEIVER = IPv4Address("198.18.0.1"), IPv4Address("198.18.0.2")
PORT = 80
TEXT = 1460  # octets a packet
READ_EVERY = 16  # packets; the window never closes
_FIRST_PORT, _ISS, _WINDOW = 1024, 1000, 65_535


def syn(number: int = 0) -> bytes:
    """The SYN of the sender's connection with this number."""
    return _packet(number, Segment(_ISS, 0, SYN, _WINDOW, mss=TEXT))


def ack(iss: int, number: int = 0) -> bytes:
    """The ACK that ends the handshake; iss: the receiver's."""
    return _packet(number, Segment(_ISS + 1, iss + 1, ACK, _WINDOW))


def text(iss: int, octets: int) -> list[bytes]:
    """So many octets over the connection with number 0, in whole packets; iss: the receiver's."""
    zeros = bytes(TEXT)
    return [_packet(0, Segment(_ISS + 1 + at, iss + 1, ACK, _WINDOW, zeros)) for at in range(0, octets, TEXT)]


def _packet(number: int, segment: Segment) -> bytes:
    return encode(Datagram(SENDER, RECEIVER, _FIRST_PORT + number, PORT, segment))

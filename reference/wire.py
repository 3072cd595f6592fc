"""TCP segments on the wire: the header of RFC 9293 3.1 inside IPv4 (RFC 791) or IPv6 (RFC 8200), with checksums.

Options: MSS (3.7.1), window scale and timestamps (RFC 7323 2.2, 3.2), SACK-permitted and SACK (RFC 2018 2, 3);
others are skipped (MUST-6).

Encoding and decoding are pure functions.  Decoding a packet that is no well-formed TCP segment raises Malformed, and
nothing else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

_NAMES = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (URG, "URG"), (ACK, "ACK"))  # in the RFC's order
_IP = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_TCP = struct.Struct("!HHIIBBHHH")
_CHECKSUM = 16  # where it stands in the TCP header
_PROTOCOL, _HOPS = 6, 64
_IPV6_ADDRESS = 16  # octets
_OPTION_END, _OPTION_NOP, _OPTION_MSS, _OPTION_SCALE, _OPTION_TIMESTAMPS = 0, 1, 2, 3, 8
_OPTION_SACK_PERMITTED, _OPTION_SACK = 4, 5
_BLOCK = struct.Struct("!II")  # of SACK


Address = IPv4Address | IPv6Address
Block = tuple[int, int]
_Options = tuple[int | None, int | None, tuple[int, int] | None, bool, tuple[Block, ...]]


class Malformed(ValueError):
    """The octets are not a TCP segment; the message names the field that is wrong."""


class OtherProtocol(Malformed):
    """The packet is whole, but carries no TCP."""


@dataclass(frozen=True)
class Segment:
    """One TCP segment.  seq, ack and mss are in octets; ack counts only where ACK is among the flags.

    wnd: the field as it stands, before scaling.  scale: the shift count offered.  timestamps: TSval and TSecr.
    sack: the first number of each block, and the number behind its last; four fit, or three beside timestamps.
    """

    seq: int
    ack: int
    flags: int
    wnd: int
    text: bytes = b""
    mss: int | None = None
    scale: int | None = None
    timestamps: tuple[int, int] | None = None
    sack_permitted: bool = False
    sack: tuple[Block, ...] = ()

    def __str__(self) -> str:
        """As the RFC writes it, with the window behind: <SEQ=100><ACK=300><DATA=10><CTL=FIN,ACK> WND=65535."""
        ack = f"<ACK={self.ack}>" if self.flags & ACK else ""
        data = f"<DATA={len(self.text)}>" if self.text else ""
        bits = ",".join(name for bit, name in _NAMES if self.flags & bit)
        return f"<SEQ={self.seq}>{ack}{data}<CTL={bits}> WND={self.wnd}"

    @property
    def length(self) -> int:
        """SEG.LEN: the sequence numbers the segment occupies, SYN and FIN included (RFC 9293 3.4)."""
        return len(self.text) + bool(self.flags & SYN) + bool(self.flags & FIN)


@dataclass(frozen=True)
class Datagram:
    """A segment between two sockets, as one packet carries it; both addresses are of one family."""

    source: Address
    target: Address
    source_port: int
    target_port: int
    segment: Segment


def internet_checksum(octets: bytes) -> int:
    """The 16-bit one's complement sum of RFC 1071; zero over a block that includes a correct checksum."""
    if len(octets) % 2:
        octets += b"\0"
    number = int.from_bytes(octets, "big")
    total = number % 0xFFFF  # the sum of its words with carries added: 2^16 is 1 modulo 2^16 - 1
    if total == 0 and number:
        total = 0xFFFF
    return 0xFFFF - total


def encode(datagram: Datagram) -> bytes:
    """The IPv4 or IPv6 packet, its checksums filled in."""
    s = datagram.segment
    addresses = datagram.source.packed + datagram.target.packed
    ports = (datagram.source_port, datagram.target_port)
    options = _encode_options(s)
    offset = (_TCP.size + len(options)) // 4
    tcp = _TCP.pack(*ports, s.seq, s.ack, offset << 4, s.flags, s.wnd, 0, 0) + options + s.text
    checksum = internet_checksum(pseudo_header(addresses, len(tcp)) + tcp)
    return _ip_header(addresses, len(tcp)) + tcp[:_CHECKSUM] + checksum.to_bytes(2, "big") + tcp[_CHECKSUM + 2 :]


def decode(packet: bytes) -> Datagram:
    """The segment in an IPv4 or IPv6 packet; raises Malformed, for a fragment and IPv6 extension headers too."""
    protocol, addresses, tcp = decode_ip(packet)
    if protocol != _PROTOCOL:
        raise OtherProtocol("not a whole TCP segment")
    if len(tcp) < _TCP.size:
        raise Malformed("TCP header cut short")
    if internet_checksum(pseudo_header(addresses, len(tcp)) + tcp):
        raise Malformed("TCP checksum")
    source_port, target_port, segment = _decode_tcp(tcp)
    return Datagram(*address_pair(addresses), source_port, target_port, segment)


def decode_ip(packet: bytes) -> tuple[int, bytes, bytes]:
    """The protocol of a packet, both its addresses as octets, and what it carries; raises Malformed."""
    return _decode_ipv6(packet) if packet[:1] and packet[0] >> 4 == 6 else _decode_ipv4(packet)


def address_pair(octets: bytes) -> tuple[Address, Address]:
    """Two addresses of one family that stand one behind the other."""
    half = len(octets) // 2
    return _address(octets[:half]), _address(octets[half:])


@lru_cache(maxsize=256)
def _address(octets: bytes) -> Address:
    return IPv4Address(octets) if len(octets) < _IPV6_ADDRESS else IPv6Address(octets)


def _decode_ipv4(packet: bytes) -> tuple[int, bytes, bytes]:
    if len(packet) < _IP.size:
        raise Malformed("IPv4 header cut short")
    first, _, total, _, fragment, _, protocol, _, source, target = _IP.unpack_from(packet)
    start = (first & 0x0F) * 4
    if first >> 4 != 4 or start < _IP.size or not start <= total <= len(packet):
        raise Malformed("IPv4 header lengths")
    if fragment & 0x3FFF:
        raise Malformed("not a whole TCP segment")
    if internet_checksum(packet[:start]):
        raise Malformed("IPv4 checksum")
    return protocol, source + target, packet[start:total]


def _decode_ipv6(packet: bytes) -> tuple[int, bytes, bytes]:
    if len(packet) < _IPV6.size:
        raise Malformed("IPv6 header cut short")
    _, length, following, _, source, target = _IPV6.unpack_from(packet)
    if len(packet) < _IPV6.size + length:
        raise Malformed("IPv6 payload length")
    return following, source + target, packet[_IPV6.size : _IPV6.size + length]


def _decode_tcp(tcp: bytes) -> tuple[int, int, Segment]:
    source_port, target_port, seq, ack, offset, flags, wnd, _, _ = _TCP.unpack_from(tcp)
    start = (offset >> 4) * 4
    if not _TCP.size <= start <= len(tcp):
        raise Malformed("TCP data offset")
    found = _decode_options(tcp[_TCP.size : start])
    return source_port, target_port, Segment(seq, ack, flags, wnd, tcp[start:], *found)


def _encode_options(segment: Segment) -> bytes:
    options = b""
    if segment.mss is not None:
        options += struct.pack("!BBH", _OPTION_MSS, 4, segment.mss)
    if segment.scale is not None:
        options += struct.pack("!BBBB", _OPTION_NOP, _OPTION_SCALE, 3, segment.scale)
    if segment.timestamps is not None:
        options += struct.pack("!BBBBII", _OPTION_NOP, _OPTION_NOP, _OPTION_TIMESTAMPS, 10, *segment.timestamps)
    if segment.sack_permitted:
        options += struct.pack("!BBBB", _OPTION_NOP, _OPTION_NOP, _OPTION_SACK_PERMITTED, 2)
    if segment.sack:
        blocks = b"".join(_BLOCK.pack(*block) for block in segment.sack)
        options += struct.pack("!BBBB", _OPTION_NOP, _OPTION_NOP, _OPTION_SACK, 2 + len(blocks)) + blocks
    return options


def _decode_options(options: bytes) -> _Options:
    """As the fields of Segment, in their order; an option of the wrong length is skipped."""
    at, mss, scale, timestamps = 0, None, None, None
    sack_permitted = False
    sack: tuple[Block, ...] = ()
    while at < len(options) and options[at] != _OPTION_END:
        if options[at] == _OPTION_NOP:
            at += 1
            continue
        if at + 1 >= len(options) or not 2 <= options[at + 1] <= len(options) - at:
            raise Malformed("TCP option length")
        kind, length = options[at], options[at + 1]
        if (kind, length) == (_OPTION_MSS, 4):
            (mss,) = struct.unpack_from("!H", options, at + 2)
        elif (kind, length) == (_OPTION_SCALE, 3):
            scale = options[at + 2]
        elif (kind, length) == (_OPTION_TIMESTAMPS, 10):
            timestamps = struct.unpack_from("!II", options, at + 2)
        elif (kind, length) == (_OPTION_SACK_PERMITTED, 2):
            sack_permitted = True
        elif kind == _OPTION_SACK and length > 2 and (length - 2) % _BLOCK.size == 0:
            sack = tuple((first, end) for first, end in _BLOCK.iter_unpack(options[at + 2 : at + length]))
        at += length
    return mss, scale, timestamps, sack_permitted, sack


def pseudo_header(addresses: bytes, length: int, protocol: int = _PROTOCOL) -> bytes:
    """3.1 and RFC 8200 8.1, which differ only in zeros."""
    return addresses + struct.pack("!HH", length, protocol)


def _ip_header(addresses: bytes, length: int) -> bytes:
    half = len(addresses) // 2
    source, target = addresses[:half], addresses[half:]
    if half == _IPV6_ADDRESS:
        return _IPV6.pack(6 << 28, length, _PROTOCOL, _HOPS, source, target)
    blank = _IP.pack(0x45, 0, _IP.size + length, 0, 0, _HOPS, _PROTOCOL, 0, source, target)
    return _IP.pack(0x45, 0, _IP.size + length, 0, 0, _HOPS, _PROTOCOL, internet_checksum(blank), source, target)

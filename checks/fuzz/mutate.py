"""Mutants: packets that are almost right, because each is made from one that is under way, with a few changes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from halfclose.reference.wire import ACK, FIN, PSH, URG, internet_checksum

_BOUNDARIES = (0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF)
_NEAR = (-65_536, -1461, -2, -1, 0, 1, 2, 536, 1460, 65_534, 65_535, 65_536)  # windows and segments, one more or less
_KINDS = (0, 1, 2, 3, 4, 5, 8, 30, 254)  # of options
_LONGEST_TEXT = 1460
_LEAST_TCP = 20
_MENDED = 0.9  # the share of mutants with right lengths and checksums; the others keep those of the original packet

#: Where a TCP header has its fields: offset and octets.
_SEQ, _ACK, _FLAGS, _WND, _URGENT = (4, 4), (8, 4), (13, 1), (14, 2), (18, 2)
_FIELDS = (_SEQ, _ACK, _FLAGS, _WND, _URGENT, (0, 2), (2, 2), (12, 1))


class Mutator:
    """Makes mutants; the same random state gives the same mutants."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ways: tuple[Callable[[bytearray, int], None], ...] = (
            *(self._aim,) * 6,
            self._flip,
            self._bound,
            self._options,
            self._text,
            self._cut,
            self._ip_header,
        )

    def mutant(self, packet: bytes) -> bytes:
        """A variation of a whole IPv4 or IPv6 packet with a TCP segment."""
        mutated = bytearray(packet)
        start = 40 if packet[0] >> 4 == 6 else 20
        self._random.choice(self._ways)(mutated, start)
        while self._random.random() < 0.3:
            self._random.choice(self._ways)(mutated, start)
        return mend(mutated) if self._random.random() < _MENDED else bytes(mutated)

    def _aim(self, packet: bytearray, start: int) -> None:
        """Any flags, with numbers in or near the windows, so that the mutant passes the first checks."""
        for field in (_SEQ, _ACK):
            if self._random.random() < 0.5:
                delta = self._random.choice((*_NEAR, self._random.randrange(-2000, 70_000)))
                _write(packet, start, field, _read(packet, start, field) + delta)
        if self._random.random() < 0.5:
            _write(packet, start, _FLAGS, self._flags(_read(packet, start, _FLAGS)))
        if self._random.random() < 0.3:
            _write(packet, start, _WND, self._random.choice((0, 1, 2, 1460, 32_768, 65_535)))

    def _flags(self, flags: int) -> int:
        """Mostly one flag more or less, and seldom SYN or RST, which end connections."""
        if self._random.random() < 0.9:
            return flags ^ self._random.choice((FIN, FIN, ACK, PSH, URG))
        return self._random.randrange(256)

    def _flip(self, packet: bytearray, start: int) -> None:
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(packet)) if packet else 0
            packet[at : at + 1] = bytes(octet ^ 1 << self._random.randrange(8) for octet in packet[at : at + 1])

    def _bound(self, packet: bytearray, start: int) -> None:
        _write(packet, start, self._random.choice(_FIELDS), self._random.choice(_BOUNDARIES))

    def _options(self, packet: bytearray, start: int) -> None:
        """Other options: octets at random, or kinds and lengths that look like options."""
        if len(packet) < start + _LEAST_TCP:
            return
        end = start + max(_LEAST_TCP, (packet[start + 12] >> 4) * 4)
        words = self._random.randrange(11)
        garbage = bytearray()
        while len(garbage) < words * 4:
            kind, length = self._random.choice(_KINDS), self._random.randrange(12)
            octets = max(0, length - self._random.choice((1, 2, 2, 2)))
            garbage += bytes((kind, length)) + self._random.randbytes(octets)
        packet[start + _LEAST_TCP : end] = garbage[: words * 4]
        packet[start + 12] = (5 + words) << 4

    def _text(self, packet: bytearray, start: int) -> None:
        """More text, or none."""
        if self._random.random() < 0.2:
            del packet[start + _LEAST_TCP :]
        packet += self._random.randbytes(self._random.choice((1, 2, 100, _LONGEST_TEXT)))
        del packet[start + 60 + _LONGEST_TEXT :]

    def _cut(self, packet: bytearray, start: int) -> None:
        del packet[self._random.randrange(len(packet) + 1) :]

    def _ip_header(self, packet: bytearray, start: int) -> None:
        at = self._random.randrange(start)
        packet[at : at + 1] = self._random.randbytes(len(packet[at : at + 1]))


def mend(packet: bytearray) -> bytes:
    """Correct the lengths and checksums, in as much of the headers as there is."""
    version, size = (packet[0] >> 4, (packet[0] & 0x0F) * 4) if packet else (0, 0)
    if version == 4 and 20 <= size <= len(packet):
        packet[2:4] = len(packet).to_bytes(2, "big")
        packet[10:12] = bytes(2)
        packet[10:12] = internet_checksum(bytes(packet[:size])).to_bytes(2, "big")
        _mend_tcp(packet, size, packet[12:20])
    elif version == 6 and len(packet) >= 40:
        packet[4:6] = (len(packet) - 40).to_bytes(2, "big")
        _mend_tcp(packet, 40, packet[8:40])
    return bytes(packet)


def _mend_tcp(packet: bytearray, start: int, addresses: bytearray) -> None:
    length = len(packet) - start
    if length < _LEAST_TCP:
        return
    packet[start + 16 : start + 18] = bytes(2)
    pseudo_header = bytes(addresses) + length.to_bytes(4, "big") + bytes((0, 0, 0, 6))
    checksum = internet_checksum(pseudo_header + bytes(packet[start:]))
    packet[start + 16 : start + 18] = checksum.to_bytes(2, "big")


def _read(packet: bytearray, start: int, field: tuple[int, int]) -> int:
    at, octets = field
    return int.from_bytes(packet[start + at : start + at + octets], "big")


def _write(packet: bytearray, start: int, field: tuple[int, int], value: int) -> None:
    """Overwrite as much of the field as there is."""
    at, octets = start + field[0], field[1]
    room = len(packet[at : at + octets])
    packet[at : at + octets] = (value % (1 << 8 * octets)).to_bytes(octets, "big")[:room]

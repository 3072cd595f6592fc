"""The wire format against itself; test_wire_scapy.py has it against an independent codec."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfclose.reference.wire import (
    ACK,
    FIN,
    RST,
    SYN,
    Block,
    Datagram,
    Malformed,
    Segment,
    decode,
    encode,
    internet_checksum,
)

A, B = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")
word, port = st.integers(0, 2**32 - 1), st.integers(1, 65535)
segments = st.builds(
    Segment,
    seq=word,
    ack=word,
    flags=st.integers(0, 63),
    wnd=st.integers(0, 65535),
    text=st.binary(max_size=40),
    mss=st.none() | st.integers(1, 65535),
    scale=st.none() | st.integers(0, 255),
    timestamps=st.none() | st.tuples(word, word),
    sack_permitted=st.booleans(),
    sack=st.lists(st.tuples(word, word), max_size=1).map(tuple),  # one beside all the others
)
A6, B6 = IPv6Address("fd00::1"), IPv6Address("fd00::2")


@given(segments, port, port)
def test_what_is_encoded_is_decoded(segment: Segment, source: int, target: int) -> None:
    datagram = Datagram(A, B, source, target, segment)
    assert decode(encode(datagram)) == datagram


@given(segments, port, port)
def test_what_is_encoded_over_ipv6_is_decoded(segment: Segment, source: int, target: int) -> None:
    datagram = Datagram(A6, B6, source, target, segment)
    assert decode(encode(datagram)) == datagram


@given(st.lists(st.tuples(word, word), max_size=4), st.none() | st.tuples(word, word))
def test_four_blocks_fit_or_three_beside_timestamps(blocks: list[Block], timestamps: tuple[int, int] | None) -> None:
    sack = tuple(blocks[: 4 if timestamps is None else 3])
    datagram = Datagram(A, B, 1, 2, Segment(1, 2, ACK, 3, b"text", timestamps=timestamps, sack=sack))
    assert decode(encode(datagram)) == datagram


@given(segments, st.data())
def test_a_flipped_bit_is_never_taken_for_the_segment(segment: Segment, data: st.DataObject) -> None:
    datagram = Datagram(A, B, 1, 2, segment)
    packet = bytearray(encode(datagram))
    at = data.draw(st.integers(0, len(packet) * 8 - 1))
    packet[at // 8] ^= 1 << at % 8
    with pytest.raises(Malformed):
        decode(bytes(packet))


@given(st.binary(max_size=120))
def test_octets_that_are_no_segment_raise_malformed_and_nothing_else(octets: bytes) -> None:
    with pytest.raises(Malformed):
        decode(octets)


def test_seg_len_counts_syn_and_fin() -> None:
    assert Segment(0, 0, SYN | FIN, 0, b"ab").length == 4
    assert Segment(0, 0, ACK | RST, 0).length == 0


@given(st.binary(max_size=300))
def test_the_checksum_is_the_ones_complement_of_the_sum_of_the_words(octets: bytes) -> None:
    """RFC 1071 by the letter: 16-bit words are added, and carries at the front are added at the end."""
    total = 0
    for at in range(0, len(octets), 2):
        total += int.from_bytes(octets[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    assert internet_checksum(octets) == total ^ 0xFFFF

"""The wire format, against itself and against an independent codec."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfclose.reference.wire import ACK, FIN, RST, SYN, Datagram, Malformed, Segment, decode, encode

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
)
A6, B6 = IPv6Address("fd00::1"), IPv6Address("fd00::2")


@given(segments, port, port)
def test_what_is_encoded_is_decoded(segment: Segment, source: int, target: int) -> None:
    datagram = Datagram(A, B, source, target, segment)
    assert decode(encode(datagram)) == datagram


@given(segments, port, port)
def test_what_is_encoded_over_ipv6_is_decoded_and_an_independent_codec_agrees(
    segment: Segment, source: int, target: int
) -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.inet6 import IPv6

    datagram = Datagram(A6, B6, source, target, segment)
    packet = encode(datagram)
    assert decode(packet) == datagram
    parsed = IPv6(packet)
    assert (parsed.src, parsed.dst, parsed[TCP].seq) == (str(A6), str(B6), segment.seq)
    del parsed.plen, parsed[TCP].chksum
    assert bytes(parsed) == packet


def test_options_have_the_layout_that_an_independent_codec_reads() -> None:
    from scapy.layers.inet import IP, TCP

    segment = Segment(1, 2, SYN | ACK, 3, b"", mss=1460, scale=7, timestamps=(10, 20))
    options = IP(encode(Datagram(A, B, 1, 2, segment)))[TCP].options
    assert [option for option in options if option[0] != "NOP"] == [
        ("MSS", 1460),
        ("WScale", 7),
        ("Timestamp", (10, 20)),
    ]


@given(segments, port, port)
def test_an_independent_codec_reads_the_same_segment(segment: Segment, source: int, target: int) -> None:
    from scapy.layers.inet import IP, TCP

    packet = IP(encode(Datagram(A, B, source, target, segment)))
    tcp = packet[TCP]
    assert (tcp.sport, tcp.dport, tcp.seq, tcp.ack, int(tcp.flags), tcp.window) == (
        source,
        target,
        segment.seq,
        segment.ack,
        segment.flags,
        segment.wnd,
    )
    assert bytes(tcp.payload) == segment.text
    del packet.chksum, tcp.chksum
    assert bytes(packet) == encode(Datagram(A, B, source, target, segment))


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

"""The wire format, against itself and against an independent codec."""

from __future__ import annotations

from ipaddress import IPv4Address

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
)


@given(segments, port, port)
def test_what_is_encoded_is_decoded(segment: Segment, source: int, target: int) -> None:
    datagram = Datagram(A, B, source, target, segment)
    assert decode(encode(datagram)) == datagram


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

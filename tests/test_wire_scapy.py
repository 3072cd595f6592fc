"""The wire format against scapy, an independent codec: what one writes the other reads, and scapy's malformations."""

from __future__ import annotations

import random
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, IPOption_RR, IPOption_Timestamp
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.packet import Packet, fuzz
from scapy.utils import corrupt_bits, corrupt_bytes

from halfclose.reference.wire import Address, Block, Datagram, Malformed, Segment, decode, encode

FAMILIES: list[tuple[Address, Address]] = [
    (IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")),
    (IPv6Address("fd00::1"), IPv6Address("fd00::2")),
]
word, half, octet = st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 255)
segments = st.builds(
    Segment,
    seq=word,
    ack=word,
    flags=octet,
    wnd=half,
    text=st.binary(max_size=40),
    mss=st.none() | half,
    scale=st.none() | octet,
    timestamps=st.none() | st.tuples(word, word),
    sack_permitted=st.booleans(),
    sack=st.lists(st.tuples(word, word), max_size=1).map(tuple),  # one beside all the others
)
datagrams = st.builds(lambda pair, *fields: Datagram(*pair, *fields), st.sampled_from(FAMILIES), half, half, segments)

#: Options as scapy has them: those that a Segment keeps, and others, which are skipped (MUST-6).
kept = st.tuples(st.just("MSS"), half) | st.tuples(st.just("WScale"), octet)
kept |= st.tuples(st.just("Timestamp"), st.tuples(word, word)) | st.just(("SAckOK", b""))
kept |= st.tuples(st.just("SAck"), st.integers(1, 4).flatmap(lambda blocks: st.tuples(*[word] * 2 * blocks)))
skipped = st.sampled_from([("NOP", None), ("AltChkSum", (1, 2))])
skipped |= st.tuples(st.integers(30, 253), st.binary(max_size=6))
options = st.lists(kept | skipped, max_size=5).filter(lambda chosen: len(bytes(TCP(options=chosen))) <= 60)


def ip(datagram: Datagram) -> Packet:
    """The header of the datagram's family, as scapy makes it."""
    layer = IP if datagram.source.version == 4 else IPv6
    return layer(src=str(datagram.source), dst=str(datagram.target))


def kept_options(tcp: Packet) -> dict[str, Any]:
    return {kind: value for kind, value in tcp.options if kind in ("MSS", "WScale", "Timestamp", "SAckOK", "SAck")}


def as_blocks(numbers: tuple[int, ...]) -> tuple[Block, ...]:
    """SACK as a Segment has it; scapy has the edges of all blocks in a row."""
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


@given(datagrams)
def test_scapy_reads_every_field_that_is_encoded(datagram: Datagram) -> None:
    segment, packet = datagram.segment, encode(datagram)
    parsed = ip(datagram).__class__(packet)
    tcp = parsed[TCP]
    assert (parsed.src, parsed.dst) == (str(datagram.source), str(datagram.target))
    assert (tcp.sport, tcp.dport) == (datagram.source_port, datagram.target_port)
    assert (tcp.seq, tcp.ack, int(tcp.flags), tcp.window) == (segment.seq, segment.ack, segment.flags, segment.wnd)
    assert (tcp.reserved, tcp.urgptr, bytes(tcp.payload)) == (0, 0, segment.text)
    offered = {"MSS": segment.mss, "WScale": segment.scale, "Timestamp": segment.timestamps}
    found = kept_options(tcp)
    assert (found.pop("SAckOK", None) is not None) == segment.sack_permitted
    assert as_blocks(found.pop("SAck", ())) == segment.sack
    assert found == {kind: value for kind, value in offered.items() if value is not None}


@given(datagrams)
def test_scapy_computes_the_same_lengths_and_checksums(datagram: Datagram) -> None:
    packet = encode(datagram)
    parsed = ip(datagram).__class__(packet)
    del parsed[TCP].chksum, parsed[TCP].dataofs
    for field in ("chksum", "len", "ihl", "plen"):
        if field in parsed.fields:
            delattr(parsed, field)
    assert bytes(parsed) == packet


@given(datagrams, options, st.integers(0, 7), half)
def test_what_scapy_builds_is_decoded(datagram: Datagram, chosen: list[Any], reserved: int, urgent: int) -> None:
    """Options in any order, among unknown ones; of an option that comes twice the last counts."""
    s = datagram.segment
    ports, numbers = {"sport": datagram.source_port, "dport": datagram.target_port}, {"seq": s.seq, "ack": s.ack}
    fields = {"flags": s.flags, "window": s.wnd, "reserved": reserved, "urgptr": urgent, "options": chosen}
    packet = bytes(ip(datagram) / TCP(**ports, **numbers, **fields) / s.text)
    last = dict(chosen)
    others = ("SAckOK" in last, as_blocks(last.get("SAck", ())))
    values = (*map(last.get, ("MSS", "WScale", "Timestamp")), *others)
    expected = Segment(s.seq, s.ack, s.flags, s.wnd, s.text, *values)
    found = decode(packet)
    assert found == Datagram(datagram.source, datagram.target, datagram.source_port, datagram.target_port, expected)


@given(octet, octet, half, st.sampled_from([[], [IPOption_RR()], [IPOption_Timestamp(), IPOption_RR()]]))
def test_ipv4_options_and_the_hop_count_do_not_matter(ttl: int, tos: int, number: int, options: list[Packet]) -> None:
    """RFC 9293 3.9.2, MUST-50; an option in the header moves the segment, and no more."""
    header = IP(src="10.9.0.1", dst="10.9.0.2", ttl=ttl, tos=tos, id=number, flags="DF", options=options)
    assert decode(bytes(header / TCP(seq=7, flags="A") / b"text")).segment.text == b"text"


def test_octets_behind_the_packet_are_no_text() -> None:
    """Ethernet pads short frames; the length in the IP header counts."""
    for header in (IP(src="10.9.0.1", dst="10.9.0.2"), IPv6(src="fd00::1", dst="fd00::2")):
        assert decode(bytes(header / TCP(flags="A") / b"text") + bytes(6)).segment.text == b"text"


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (IP(ihl=4) / TCP(), "IPv4 header lengths"),
        (IP(ihl=15) / TCP(), "IPv4 header lengths"),
        (IP(len=19) / TCP(), "IPv4 header lengths"),
        (IP(len=41) / TCP(), "IPv4 header lengths"),
        (IP(version=5) / TCP(), "IPv4 header lengths"),
        (IP(len=39) / TCP(), "TCP header cut short"),
        (IP(chksum=1) / TCP(), "IPv4 checksum"),
        (IP(flags="MF") / TCP(), "not a whole TCP segment"),
        (IP(frag=1) / TCP(), "not a whole TCP segment"),
        (IP(proto=17) / TCP(), "not a whole TCP segment"),
        (IP() / TCP(chksum=1), "TCP checksum"),
        (IP() / TCP(dataofs=4), "TCP data offset"),
        (IP() / TCP(dataofs=6), "TCP data offset"),
        (IP() / TCP(dataofs=15) / bytes(39), "TCP data offset"),
        (IP() / TCP(dataofs=6) / bytes([2, 0, 0, 0]), "TCP option length"),
        (IP() / TCP(dataofs=6) / bytes([1, 1, 1, 2]), "TCP option length"),
        (IP() / TCP(dataofs=6) / bytes([2, 1, 0, 0]), "TCP option length"),
        (IP() / TCP(dataofs=6) / bytes([8, 10, 0, 0]), "TCP option length"),
        (IPv6(plen=21) / TCP(), "IPv6 payload length"),
        (IPv6(plen=19) / TCP(), "TCP header cut short"),
        (IPv6() / TCP(chksum=1), "TCP checksum"),
        (IPv6() / IPv6ExtHdrHopByHop() / TCP(), "not a whole TCP segment"),
        (IPv6() / IPv6ExtHdrDestOpt() / TCP(), "not a whole TCP segment"),
        (IPv6() / IPv6ExtHdrFragment() / TCP(), "not a whole TCP segment"),
    ],
    ids=lambda value: value.summary() if isinstance(value, Packet) else None,
)
def test_what_is_wrong_is_named(packet: Packet, why: str) -> None:
    with pytest.raises(Malformed, match=f"^{why}$"):
        decode(bytes(packet))


_WRONG_LENGTHS = [(2, 0), (2, 1), (2, 3), (3, 0), (3, 2), (8, 0), (8, 7), (8, 9)]
_WRONG_LENGTHS += [(4, 1), (4, 8), (5, 0), (5, 4), (5, 7), (5, 12), (5, 17)]


@pytest.mark.parametrize(("kind", "length"), _WRONG_LENGTHS)
def test_an_option_of_the_wrong_length_is_skipped(kind: int, length: int) -> None:
    packet = bytes(IP() / TCP(options=[(kind, bytes(length)), ("MSS", 7)]))
    found = decode(packet).segment
    assert found == Segment(found.seq, found.ack, found.flags, found.wnd, mss=7)


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.sampled_from([IP, IPv6]), st.integers(0, 12))
def test_scapys_malformations_are_malformed_or_segments(seed: int, family: type[Packet], damaged: int) -> None:
    random.seed(seed)  # scapy draws from the one of the module
    packet = bytes(family() / fuzz(TCP()) / random.randbytes(random.randrange(40)))
    for mutated in (packet, corrupt_bytes(packet, n=damaged), corrupt_bits(packet, n=damaged)):
        with suppress(Malformed):
            decode(mutated)

"""The reference and ICMP error messages (3.9.2.2): which connection they reach, and what they do to it."""

from __future__ import annotations

import struct

import pytest
from hosts import FAMILIES, A, B, connect, exchange, host
from hypothesis import given
from hypothesis import strategies as st
from peer import Peer, connected, in_state

from halfclose.reference.config import Config
from halfclose.reference.icmp import Report, decode
from halfclose.reference.sequence import add
from halfclose.reference.stack import Socket
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import RST, Address, Malformed, internet_checksum, pseudo_header

SOFT = {4: [(3, 0), (3, 1), (3, 5), (11, 0), (11, 1), (12, 0)], 6: [(1, 0), (1, 3), (3, 0), (3, 1), (4, 0), (4, 2)]}
HARD = {4: [(3, 2), (3, 3), (3, 4)], 6: [(1, 1), (1, 4)]}
IGNORED = {4: [(0, 0), (4, 0), (5, 1), (8, 0)], 6: [(2, 0), (128, 0), (135, 0)]}
KINDS = {"soft": SOFT, "hard": HARD, "ignored": IGNORED}
CASES = [(what, version, *kind) for what, by in KINDS.items() for version, kinds in by.items() for kind in kinds]


def error(router: Address, target: Address, kind: int, code: int, quoted: bytes) -> bytes:
    """The packet of an ICMP message that quotes the beginning of another packet."""
    message = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    addresses = router.packed + target.packed
    if router.version == 6:
        checksum = internet_checksum(pseudo_header(addresses, len(message), 58) + message)
        header = struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + addresses
    else:
        checksum = internet_checksum(message)
        blank = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0) + addresses
        header = blank[:10] + internet_checksum(blank).to_bytes(2, "big") + blank[12:]
    return header + message[:2] + checksum.to_bytes(2, "big") + message[4:]


@pytest.mark.parametrize(("what", "version", "kind", "code"), CASES)
def test_an_error_is_directed_to_the_connection_whose_segment_it_quotes(
    what: str, version: int, kind: int, code: int
) -> None:
    client, server = FAMILIES[version == 6]
    stack = host(client)
    connection = stack.open(Socket(server, 80), 0.0)
    other = stack.open(Socket(server, 81), 0.0)
    syn = stack.packets()[0]
    start = 40 if version == 6 else 20
    stack.packet_arrives(error(server, client, kind, code, syn[: start + 8]), 0.0)
    assert stack.packets() == []
    assert (other.state, other.notices()) == (State.SYN_SENT, [])
    match what:
        case "hard":
            assert (connection.state, connection.notices()) == (State.CLOSED, [Notice.UNREACHABLE])
            assert len(stack) == 1
        case "soft":
            assert (connection.state, connection.notices()) == (State.SYN_SENT, [Notice.UNDELIVERED])
            assert f"code {code}" in str(connection.tcb.reported)
        case "ignored":
            assert (connection.state, connection.notices()) == (State.SYN_SENT, [])


def test_an_error_about_no_connection_is_counted() -> None:
    one, other = host(A), host(B)
    one.open(Socket(B, 80), 0.0)
    other.packet_arrives(error(A, B, 3, 3, one.packets()[0]), 0.0)
    assert (other.packets(), other.counters.no_connection) == ([], 1)


def report(seq: int, *, hard: bool) -> Report:
    return Report("destination unreachable, code 3", hard, A, 1, B, 2, seq)


def reported(peer: Peer, offset: int, *, hard: bool) -> None:
    """An error about the number this far from SND.UNA."""
    peer.tcp.error_arrives(report(add(peer.tcp.tcb.SND.UNA, offset), hard=hard), 0.0)


@pytest.mark.parametrize("offset", [-1, 4])
@pytest.mark.parametrize("hard", [False, True])
def test_established_error_about_what_is_not_under_way_is_ignored(offset: int, hard: bool) -> None:
    peer = connected()
    peer.send(b"text")
    reported(peer, offset, hard=hard)
    assert (peer.state(), peer.tcp.notices()) == (State.ESTABLISHED, [])


def test_established_hard_error_aborts() -> None:
    peer = connected()
    peer.send(b"text")
    reported(peer, 3, hard=True)
    assert [s.flags for s in peer.sent()] == [RST]
    assert (peer.state(), peer.tcp.notices()) == (State.CLOSED, [Notice.UNREACHABLE])


def test_established_hard_error_is_taken_for_a_soft_one_where_it_does_not_abort() -> None:
    peer = connected(Config(hard_error_aborts=False))
    peer.send(b"text")
    reported(peer, 0, hard=True)
    assert (peer.state(), peer.tcp.notices()) == (State.ESTABLISHED, [Notice.UNDELIVERED])


def test_syn_sent_hard_error_aborts_in_any_case() -> None:
    peer = Peer(Config(hard_error_aborts=False))
    peer.tcp.open(0.0)
    reported(peer, 0, hard=True)
    assert peer.state() is State.CLOSED


def test_a_user_who_never_looks_is_told_of_soft_errors_once() -> None:
    peer = connected()
    peer.send(b"text")
    for _ in range(100):
        reported(peer, 0, hard=False)
    assert peer.tcp.notices() == [Notice.UNDELIVERED]
    assert peer.state() is State.ESTABLISHED


def test_fin_wait_2_with_nothing_under_way_hears_no_error() -> None:
    peer = in_state(State.FIN_WAIT_2)
    reported(peer, 0, hard=True)
    assert peer.state() is State.FIN_WAIT_2


def test_a_damaged_error_is_dropped_and_counted() -> None:
    one, other = host(A), host(B)
    listener = other.listen(Socket(None, 80))
    mine, _ = connect(one, other, listener)
    mine.send(b"text", 0.0)
    packet = bytearray(error(B, A, 3, 3, one.packets()[0]))
    packet[-1] ^= 1
    one.packet_arrives(bytes(packet), 0.0)
    exchange(one, other)
    assert (mine.state, one.counters.malformed) == (State.ESTABLISHED, {"ICMP checksum": 1})


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("octets", [0, 1, 9, 19, 27, 39, 47])
def test_an_error_that_quotes_too_little_reports_nothing(version: int, octets: int) -> None:
    client, server = FAMILIES[version == 6]
    stack = host(client)
    stack.open(Socket(server, 80), 0.0)
    syn = stack.packets()[0]
    enough = 48 if version == 6 else 28
    found = decode(error(server, client, HARD[version][0][0], HARD[version][0][1], syn[:octets]))
    assert (found is not None) == (octets >= enough)


@pytest.mark.parametrize("octets", range(9))
def test_a_message_cut_short_reports_nothing_and_is_counted(octets: int) -> None:
    stack = host(A)
    addresses = B.packed + A.packed
    blank = struct.pack("!BBHHHBBH", 0x45, 0, 20 + octets, 0, 0, 64, 1, 0) + addresses
    packet = blank[:10] + internet_checksum(blank).to_bytes(2, "big") + addresses + bytes(max(0, octets))
    stack.packet_arrives(packet, 0.0)
    assert stack.counters.malformed.total() == 1


@given(st.sampled_from([(4, 3, 3), (4, 11, 0), (6, 1, 4)]), st.binary(max_size=70), st.integers(0, 255))
def test_whatever_an_error_quotes_nothing_is_raised(kind: tuple[int, int, int], quoted: bytes, first: int) -> None:
    version, *message = kind
    client, server = FAMILIES[version == 6]
    octets = bytearray(quoted)
    octets[:1] = bytes((first,))
    octets[9:10], octets[6:7] = (b"\x06", octets[6:7]) if version == 4 else (octets[9:10], b"\x06")
    decode(error(server, client, message[0], message[1], bytes(octets)))


def test_an_error_about_another_protocol_reports_nothing() -> None:
    quoted = bytearray(28)
    quoted[0], quoted[9] = 0x45, 17
    assert decode(error(A, B, 3, 3, bytes(quoted))) is None
    with pytest.raises(Malformed):
        decode(b"")


def test_a_segment_is_no_error() -> None:
    one = host(A)
    one.open(Socket(B, 80), 0.0)
    assert decode(one.packets()[0]) is None

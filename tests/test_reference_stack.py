"""The reference's stack: demultiplexing, listeners, strangers, both families of addresses."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest
from hosts import FAMILIES, A, B, accepted, answers, connect, exchange, from_stranger, host

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.sequence import add, lt
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, URG, Address, Datagram, Segment, encode


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
    ("source", "target", "counted"),
    [
        ("10.9.0.2", "10.9.0.3", "not for us 1"),
        ("10.9.0.2", "224.0.0.1", "not for us 1"),
        ("224.0.0.1", "10.9.0.1", "bad source 1"),
        ("255.255.255.255", "10.9.0.1", "bad source 1"),
    ],
)
def test_other_peoples_and_group_addresses_are_counted_and_not_answered(source: str, target: str, counted: str) -> None:
    stack = host(A)
    stack.packet_arrives(from_stranger(SYN, source=IPv4Address(source), target=IPv4Address(target)), 0.0)
    assert answers(stack) == []
    assert counted in str(stack.counters)


def test_damaged_packets_are_dropped_and_counted_by_what_is_wrong() -> None:
    stack = host(A)
    packet = bytearray(from_stranger(SYN))
    packet[-1] ^= 1
    for damaged in (bytes(packet), bytes(packet), b"", b"\x60"):
        stack.packet_arrives(damaged, 0.0)
    assert answers(stack) == []
    assert stack.counters.malformed == {"TCP checksum": 2, "IPv4 header cut short": 1, "IPv6 header cut short": 1}
    assert str(stack.counters) == (
        "4 packets received, 4 dropped (TCP checksum 2, IPv4 header cut short 1, IPv6 header cut short 1); "
        "0 sent, 0 of them resets"
    )


@pytest.mark.parametrize("listening", [False, True])
def test_with_every_flag_set_a_segment_is_a_reset_and_opens_nothing(listening: bool) -> None:
    """3.10.7.1 and 3.10.7.2 look at the RST before the SYN; so does every other state, once SEG.SEQ is in order."""
    stack = host(A)
    if listening:
        stack.listen(Socket(None, 80))
    stack.packet_arrives(from_stranger(SYN | FIN | RST | PSH | ACK | URG), 0.0)
    assert answers(stack) == []
    assert (stack.counters.no_connection, len(stack)) == (1, 0)


def test_what_is_sent_is_counted() -> None:
    stack = host(A)
    stack.listen(Socket(None, 80))
    stack.packet_arrives(from_stranger(SYN), 0.0)
    stack.packet_arrives(from_stranger(ACK, port=1001), 0.0)
    assert (len(answers(stack)), stack.counters.sent, stack.counters.resets_sent) == (2, 2, 1)
    assert str(stack.counters).endswith("1 dropped (no connection 1); 2 sent, 1 of them resets")


def test_open_twice_between_the_same_sockets_is_an_error() -> None:
    stack = host(A)
    stack.open(Socket(B, 80), 0.0, local=Socket(A, 4000))
    with pytest.raises(CallError, match="connection already exists"):
        stack.open(Socket(B, 80), 0.0, local=Socket(None, 4000))
    with pytest.raises(CallError, match="remote socket unspecified"):
        stack.open(Socket(None, 80), 0.0)
    with pytest.raises(CallError, match="illegal"):
        stack.open(Socket(B, 80), 0.0, local=Socket(B, 4000))


@pytest.mark.parametrize("remote", ["224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1"])
def test_open_to_a_group_is_an_error(remote: str) -> None:
    with pytest.raises(CallError, match="illegal"):
        host(*FAMILIES[0][:1], *FAMILIES[1][:1]).open(Socket(ip_address(remote), 80), 0.0)


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


# ---- TIME-WAIT, 3.6.1 ----------------------------------------------------------------------------------------


def in_time_wait(config: Config) -> tuple[Stack, Listener, Connection, int, Segment]:
    """A server in TIME-WAIT after a connection with a client that has gone; its old ISS, the last number it used,
    and a SYN between the same sockets from beyond the old numbers."""
    one, other = host(A), host(B, config=config)
    listener = other.listen(Socket(None, 80), backlog=1)
    mine = one.open(Socket(B, 80), 0.0, local=Socket(A, 4000))
    exchange(one, other)
    theirs = accepted(listener)
    mine.send(b"last words", 0.0)
    theirs.shutdown(0.0)
    exchange(one, other)
    mine.shutdown(0.0)
    exchange(one, other)
    assert theirs.state is State.TIME_WAIT
    return other, listener, theirs, theirs.tcb.SND.NXT, Segment(theirs.tcb.RCV.NXT + 100_000, 0, SYN, 1000)


def deliver(stack: Stack, segment: Segment) -> list[Segment]:
    stack.packet_arrives(encode(Datagram(A, B, 4000, 80, segment)), 0.1)
    return answers(stack)


def test_time_wait_gives_way_to_a_new_syn_and_its_user_keeps_the_old_connection() -> None:
    stack, listener, old, last, syn = in_time_wait(Config(reopen_from_time_wait=True))
    old.notices()
    (answer,) = deliver(stack, syn)
    assert (answer.flags, answer.ack) == (SYN | ACK, add(syn.seq, 1))
    assert lt(add(last, 65_535), answer.seq), "MAY-2 (1), and beyond all that the old one may have had under way"
    assert (old.state, old.notices(), old.receive(100, 0.1)) == (State.CLOSED, [Notice.CLOSED], b"last words")
    deliver(stack, Segment(answer.ack, add(answer.seq, 1), ACK, 1000))
    new = accepted(listener)
    assert (new.state, len(stack)) == (State.ESTABLISHED, 1)
    assert new is not old


@pytest.mark.parametrize("why", ["switched off", "no listener", "no room", "old SYN", "SYN with ACK"])
def test_time_wait_stays_and_answers_with_an_ack(why: str) -> None:
    stack, listener, old, last, syn = in_time_wait(Config(reopen_from_time_wait=why != "switched off"))
    if why == "no listener":
        stack.unlisten(listener)
    if why == "no room":
        stack.packet_arrives(encode(Datagram(A, B, 4001, 80, syn)), 0.1)
        answers(stack)
    if why == "old SYN":
        syn = replace(syn, seq=old.tcb.IRS)
    if why == "SYN with ACK":
        syn = replace(syn, flags=SYN | ACK, ack=1)
    (answer,) = deliver(stack, syn)
    assert (answer.flags, answer.seq, old.state) == (ACK, last, State.TIME_WAIT)


# ---- many connections ----------------------------------------------------------------------------------------


def test_an_event_looks_at_the_connection_it_concerns_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = host(A), host(B)
    listener = other.listen(Socket(None, 80))
    for _ in range(50):
        connect(one, other, listener)
    mine, theirs = connect(one, other, listener)
    looked_at: set[Connection] = set()
    collect = Connection.segments
    monkeypatch.setattr(Connection, "segments", lambda self: (looked_at.add(self), collect(self))[1])
    mine.send(b"text", 0.0)
    exchange(one, other)
    other.tick(0.5)  # the delayed ACK
    exchange(one, other, 0.5)
    assert theirs.receive(10, 0.5) == b"text"
    exchange(one, other, 0.5)
    assert (one.deadline, other.deadline) == (None, None)
    assert looked_at == {mine, theirs}


def test_time_outs_come_in_their_order_among_many() -> None:
    stack = host(A)
    for port in range(20):
        stack.open(Socket(B, port), port / 20)
    stack.packets()
    assert stack.deadline == 1.0
    stack.tick(1.5)
    assert len(stack.packets()) == 11
    assert stack.deadline == 1 + 11 / 20


def test_a_connection_that_its_user_aborts_leaves_at_once() -> None:
    stack = host(A)
    connection = stack.open(Socket(B, 80), 0.0, local=Socket(A, 4000))
    connection.abort(0.0)
    assert (len(stack), stack.deadline) == (0, None)
    stack.open(Socket(B, 80), 0.0, local=Socket(A, 4000))

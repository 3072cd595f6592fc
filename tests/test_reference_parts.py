"""The reference's parts, each by itself, and two connections over a bad network."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peer import IRS, ISS, MSS, PLAIN, WND, Peer, brief, connected

from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.isn import isn_generator
from halfclose.reference.reassembly import Reassembly
from halfclose.reference.sequence import add, distance, le, lt
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, SYN, Segment

# ---- arithmetic ----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1))
def test_distance_undoes_add_across_the_wrap(number: int, octets: int) -> None:
    assert distance(number, add(number, octets)) == octets
    assert lt(number, add(number, octets)) == (octets > 0)
    assert le(number, add(number, octets)) == (octets >= 0)


# ---- options -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [None, 3])
@pytest.mark.parametrize("timestamps", [None, (77, 0)])
def test_options_of_a_syn_ack_only_where_the_syn_offers_them(
    scale: int | None, timestamps: tuple[int, int] | None
) -> None:
    tcp = Connection(Config(window_scale=2, receive_buffer=200_000), isn=lambda now: ISS)
    tcp.listen(0.0)
    tcp.segment_arrives(Segment(IRS, 0, SYN, WND, b"", MSS, scale, timestamps), 1.0)
    (answer,) = tcp.segments()
    assert answer.scale == (None if scale is None else 2)
    assert answer.timestamps == (None if timestamps is None else (1000, 77))
    assert answer.wnd == 65_535
    tcp.segment_arrives(Segment(add(IRS, 1), add(ISS, 1), ACK, 100, b"", None, None, timestamps), 1.0)
    assert tcp.tcb.SND.WND == (100 if scale is None else 800)


@pytest.mark.parametrize("offered", [False, True])
@pytest.mark.parametrize("switched_on", [False, True])
def test_sack_is_permitted_in_a_syn_and_in_a_syn_ack_only_where_the_syn_permits_it(
    offered: bool, switched_on: bool
) -> None:
    config = replace(PLAIN, selective_ack=switched_on)
    server, client = Connection(config, isn=lambda now: ISS), Connection(config, isn=lambda now: ISS)
    server.listen(0.0)
    server.segment_arrives(Segment(IRS, 0, SYN, WND, sack_permitted=offered), 0.0)
    assert [s.sack_permitted for s in server.segments()] == [offered and switched_on]
    client.open(0.0)
    assert [s.sack_permitted for s in client.segments()] == [switched_on]


def permitting_sack(config: Config = PLAIN, mss: int = MSS) -> Peer:
    """Connected to a peer whose SYN,ACK permits selective acknowledgments; timestamps are on where config has them."""
    peer = Peer(config)
    peer.tcp.open(0.0)
    timestamps = (1, 0) if config.timestamps else None
    answer = Segment(IRS, add(ISS, 1), SYN | ACK, WND, b"", mss, None, timestamps, sack_permitted=True)
    peer.tcp.segment_arrives(answer, 0.0)
    peer.sent()
    return peer


def blocks(segments: list[Segment]) -> list[list[tuple[int, int]]]:
    """What each segment reports, in offsets."""
    return [[(distance(IRS, first), distance(IRS, end)) for first, end in s.sack] for s in segments]


def test_early_text_is_reported_the_block_it_belongs_to_first() -> None:
    """RFC 2018 4: then the blocks reported most recently."""
    peer = permitting_sack()
    assert blocks(peer.deliver(ACK, 11, 1, b"bb")) == [[(11, 13)]]
    assert blocks(peer.deliver(ACK, 31, 1, b"dd")) == [[(31, 33), (11, 13)]]
    assert blocks(peer.deliver(ACK, 21, 1, b"cc")) == [[(21, 23), (31, 33), (11, 13)]]
    assert blocks(peer.deliver(ACK, 11, 1, b"bb")) == [[(11, 13), (21, 23), (31, 33)]]  # it came again
    assert blocks(peer.deliver(ACK, 33, 1, b"e")) == [[(31, 34), (11, 13), (21, 23)]]  # it grew
    assert blocks(peer.deliver(ACK, 1, 1, bytes(10))) == [[(31, 34), (21, 23)]]  # it was acknowledged
    assert blocks(peer.deliver(ACK, 13, 1, bytes(20))) == [[]]


@pytest.mark.parametrize(("timestamps", "most"), [(False, 4), (True, 3)])
def test_as_many_blocks_are_reported_as_fit(timestamps: bool, most: int) -> None:
    peer = permitting_sack(replace(PLAIN, timestamps=timestamps))
    for n in range(1, 7):
        (report,) = blocks(peer.deliver(ACK, 1 + 10 * n, 1, b"x"))
        assert report == [(1 + 10 * m, 2 + 10 * m) for m in range(n, max(0, n - most), -1)]


def test_nothing_is_reported_to_a_peer_that_does_not_permit_it_or_with_the_switch_off() -> None:
    for peer in (connected(), permitting_sack(replace(PLAIN, selective_ack=False))):
        assert blocks(peer.deliver(ACK, 11, 1, b"early")) == [[]]


def test_a_fin_held_behind_early_text_is_reported_with_it() -> None:
    peer = permitting_sack()
    assert blocks(peer.deliver(FIN | ACK, 11, 1, b"early")) == [[(11, 17)]]


@pytest.mark.parametrize("timestamps", [False, True])
@pytest.mark.parametrize("mss", [10, 30, MSS])
def test_text_beside_options_stays_within_the_mss(timestamps: bool, mss: int) -> None:
    peer = permitting_sack(replace(PLAIN, timestamps=timestamps), mss)
    for n in (5, 3, 1):
        peer.deliver(ACK, 1 + 10 * n, 1, b"early")
    options = 12 * timestamps
    for segment in peer.send(bytes(2 * mss)):
        length = options + (4 + 8 * len(segment.sack) if segment.sack else 0)
        assert segment.text
        assert len(segment.text) + length <= max(mss, options + 1)
        assert bool(segment.sack) == (mss > options + 12)


def test_an_old_timestamp_is_refused() -> None:
    tcp = Connection(Config(), isn=lambda now: ISS)
    tcp.listen(0.0)
    tcp.segment_arrives(Segment(IRS, 0, SYN, WND, b"", MSS, None, (77, 0)), 1.0)
    tcp.segment_arrives(Segment(add(IRS, 1), add(ISS, 1), ACK, WND, b"", None, None, (78, 0)), 1.0)
    tcp.segments()
    tcp.segment_arrives(Segment(add(IRS, 1), add(ISS, 1), ACK, WND, b"old", None, None, (70, 0)), 1.0)
    assert [s.flags for s in tcp.segments()] == [ACK]
    assert tcp.receive(10, 1.0) is None


def test_without_an_mss_option_536_octets_are_sent_at_once() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    peer.tcp.segment_arrives(Segment(IRS, add(ISS, 1), SYN | ACK, WND), 0.0)
    assert [len(s.text) for s in peer.send(bytes(600)) if s.text] == [536, 64]


def test_keep_alive_is_off_by_default_and_probes_when_on() -> None:
    assert connected().tcp.deadline is None
    peer = connected(replace(PLAIN, keep_alive=True))
    assert brief(peer.wait(7201)) == [(ACK, 0, 1, 0)]
    peer.deliver(ACK, 1, 1)
    assert peer.wait(7000) == []
    peer.wait(7200 + 10 * 75)
    assert peer.tcp.notices() == [Notice.TIMEOUT]


# ---- initial sequence numbers --------------------------------------------------------------------------------


def test_isn_ticks_every_4_microseconds_and_differs_between_sockets() -> None:
    one = isn_generator((b"\n\t\0\1", 1), (b"\n\t\0\2", 80), b"s" * 16)
    other = isn_generator((b"\n\t\0\1", 2), (b"\n\t\0\2", 80), b"s" * 16)
    assert distance(one(10.0), one(11.0)) == 250_000
    assert one(10.0) != other(10.0)
    assert one(10.0) != isn_generator((b"\n\t\0\1", 1), (b"\n\t\0\2", 80), b"t" * 16)(10.0)


# ---- reassembly ----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=20))
def test_reassembly_gives_the_stream_whatever_the_pieces(origin: int, pieces: list[tuple[int, int]]) -> None:
    stream = bytes(range(90))
    early, taken = Reassembly(), b""
    covered: set[int] = set()
    for start, length in pieces:
        covered.update(range(start, start + length))
        begin = max(start, len(taken))
        early.hold(add(origin, begin), stream[begin : start + length], fin=False)
        taken += early.take(add(origin, len(taken)))[0]
    run = next(n for n in range(91) if n not in covered)
    assert taken == stream[:run]
    assert len(early) == len([n for n in covered if n > run])


def test_pieces_that_touch_are_taken_together() -> None:
    early = Reassembly()
    for start in (5, 10, 20, 0):
        early.hold(add(IRS, start), bytes(5), fin=False)
    assert (early.take(IRS), len(early)) == ((bytes(15), False), 5)


# ---- two of them over a bad network --------------------------------------------------------------------------


class Network:
    """Two connections over a channel that loses, delays, reorders and duplicates, by a seed."""

    def __init__(
        self, seed: int, bad: float, configs: tuple[Config, Config], texts: tuple[bytes, bytes], both_open: bool
    ) -> None:
        self.random, self.bad = random.Random(seed), bad
        self.ends = [Connection(config, isn=lambda now: ISS) for config in configs]
        self.both_open = both_open
        self.to_send, self.got, self.eof = list(texts), [b"", b""], [False, False]
        self.flying: list[tuple[float, int, int, Segment]] = []
        self.now, self.count = 0.0, 0

    def run(self, until: float) -> None:
        if self.both_open:
            self.ends[1].open(0.0)
        else:
            self.ends[1].listen(0.0)
        self.ends[0].open(0.0)
        self._settle()
        while self.now < until:
            times = [flight[0] for flight in self.flying]
            times += [end.deadline for end in self.ends if end.deadline is not None]
            if not times:
                return
            self.now = max(self.now, min(times))
            due = sorted(flight for flight in self.flying if flight[0] <= self.now)
            self.flying = [flight for flight in self.flying if flight[0] > self.now]
            for _, _, target, segment in due:
                self.ends[target].segment_arrives(segment, self.now)
            for end in self.ends:
                end.tick(self.now)
            self._settle()

    def _settle(self) -> None:
        for n, end in enumerate(self.ends):
            self._use(n, end)
            for segment in end.segments():
                self._carry(1 - n, segment)

    def _use(self, n: int, end: Connection) -> None:
        if end.state in _MAY_SEND and not end.tcb.close_called:
            room = end.tcb.config.send_buffer - len(end.tcb.text)
            if self.to_send[n] and room:
                accepted = end.send(self.to_send[n][:room], self.now)
                self.to_send[n] = self.to_send[n][accepted:]
            if not self.to_send[n] and end.state is not State.SYN_SENT:
                end.shutdown(self.now)
        while not self.eof[n] and (end.state is not State.CLOSED or end.tcb.received or end.tcb.fin_received):
            text = end.receive(self.random.randint(1, 5000), self.now)
            if text is None:
                break
            self.got[n] += text
            self.eof[n] = text == b""

    def _carry(self, target: int, segment: Segment) -> None:
        copies = 0 if self.random.random() < self.bad else 2 if self.random.random() < self.bad else 1
        for _ in range(copies):
            delay = self.random.uniform(0.01, 0.05 + self.bad)
            self.count += 1
            self.flying.append((self.now + delay, self.count, target, segment))


_MAY_SEND = (State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED, State.CLOSE_WAIT)

configs = st.builds(
    Config,
    mss=st.sampled_from([100, 536, 1460]),
    receive_buffer=st.sampled_from([50, 3000, 65_535]),
    window_scale=st.sampled_from([None, 0, 2]),
    timestamps=st.booleans(),
    nagle=st.booleans(),
    delayed_ack=st.sampled_from([None, 0.2]),
    congestion_control=st.booleans(),
    hold_early_segments=st.booleans(),
    syn_text_refused=st.booleans(),
    text_on_syn=st.booleans(),
    user_timeout=st.just(100_000.0),
)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.tuples(configs, configs),
    st.tuples(st.integers(0, 20_000), st.integers(0, 3_000)),
    st.booleans(),
)
def test_every_octet_arrives_in_order_and_both_ends_close(
    seed: int, bad: float, pair: tuple[Config, Config], sizes: tuple[int, int], both_open: bool
) -> None:
    texts = random.Random(seed).randbytes(sizes[0]), random.Random(~seed).randbytes(sizes[1])
    network = Network(seed, bad, pair, texts, both_open)
    network.run(until=200_000.0)
    assert network.got == [texts[1], texts[0]]
    assert network.eof == [True, True]
    assert [end.state for end in network.ends] == [State.CLOSED, State.CLOSED]

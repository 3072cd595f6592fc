"""The reference connection: each test names a state, a stimulus and what comes of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.isn import generator
from halfclose.reference.reassembly import Reassembly
from halfclose.reference.rto import RetransmissionTimeout
from halfclose.reference.sequence import add, distance, le, lt
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, Segment

ISS, IRS = 0xFFFF_FFF0, 0xFFFF_FF00  # both directions wrap soon
WND, MSS = 8000, 1000
PLAIN = Config(delayed_ack=None, nagle=False, window_scale=None, timestamps=False)


class Peer:
    """A connection, and the tester as its peer; numbers are offsets from ISS and IRS."""

    def __init__(self, config: Config = PLAIN) -> None:
        self.tcp = Connection(config, isn=lambda now: ISS)
        self.now = 0.0

    def deliver(self, flags: int, seq: int, ack: int = 0, text: bytes = b"", wnd: int = WND) -> list[Segment]:
        mss = MSS if flags & SYN else None
        segment = Segment(add(IRS, seq), add(ISS, ack) if flags & ACK else 0, flags, wnd, text, mss)
        self.tcp.segment_arrives(segment, self.now)
        return self.sent()

    def sent(self) -> list[Segment]:
        """What was sent, in offsets."""
        return [
            replace(s, seq=distance(ISS, s.seq), ack=distance(IRS, s.ack) if s.flags & ACK else 0)
            for s in self.tcp.segments()
        ]

    def wait(self, seconds: float) -> list[Segment]:
        until = self.now + seconds
        while (deadline := self.tcp.deadline) is not None and deadline <= until:
            self.now = deadline
            self.tcp.tick(self.now)
        self.now = until
        return self.sent()

    def send(self, text: bytes) -> list[Segment]:
        self.tcp.send(text, self.now)
        return self.sent()

    def shutdown(self) -> list[Segment]:
        self.tcp.shutdown(self.now)
        return self.sent()

    def state(self) -> State:
        return self.tcp.state

    def read(self) -> bytes | None:
        return self.tcp.receive(1 << 20, self.now)


def connected(config: Config = PLAIN, wnd: int = WND) -> Peer:
    peer = Peer(config)
    peer.tcp.open(0.0)
    peer.deliver(SYN | ACK, 0, 1, wnd=wnd)
    assert peer.state() is State.ESTABLISHED
    peer.tcp.notices()
    return peer


def brief(segments: list[Segment]) -> list[tuple[int, int, int, int]]:
    """Flags without PSH, SEQ, ACK, octets."""
    return [(s.flags & ~PSH, s.seq, s.ack, len(s.text)) for s in segments]


# ---- arithmetic ----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1))
def test_distance_undoes_add_across_the_wrap(number: int, octets: int) -> None:
    assert distance(number, add(number, octets)) == octets
    assert lt(number, add(number, octets)) == (octets > 0)
    assert le(number, add(number, octets)) == (octets >= 0)


# ---- opening -------------------------------------------------------------------------------------------------


def test_closed_active_open_sends_syn_then_acks_the_syn_ack() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    (syn,) = peer.sent()
    assert (syn.flags, syn.seq, syn.mss) == (SYN, 0, PLAIN.mss)
    assert brief(peer.deliver(SYN | ACK, 0, 1)) == [(ACK, 1, 1, 0)]
    assert peer.tcp.notices() == [Notice.CONNECTED]


def test_listen_syn_is_answered_and_its_ack_connects() -> None:
    peer = Peer()
    peer.tcp.listen(0.0)
    assert brief(peer.deliver(SYN, 0)) == [(SYN | ACK, 0, 1, 0)]
    assert peer.state() is State.SYN_RECEIVED
    assert peer.deliver(ACK, 1, 1) == []
    assert peer.state() is State.ESTABLISHED


def test_syn_sent_syn_opens_simultaneously() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    peer.sent()
    assert brief(peer.deliver(SYN, 0)) == [(SYN | ACK, 0, 1, 0)]
    peer.deliver(ACK, 1, 1)
    assert peer.state() is State.ESTABLISHED


def test_syn_sent_reset_that_acknowledges_the_syn_refuses() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    peer.deliver(RST | ACK, 0, 0)
    assert peer.state() is State.SYN_SENT
    peer.deliver(RST | ACK, 0, 1)
    assert peer.state() is State.CLOSED
    assert peer.tcp.notices() == [Notice.REFUSED]


def test_syn_received_reset_returns_a_passive_open_to_listen() -> None:
    peer = Peer()
    peer.tcp.listen(0.0)
    peer.deliver(SYN, 0)
    peer.deliver(RST, 1)
    assert peer.state() is State.LISTEN
    (again,) = peer.deliver(SYN, 500)
    assert again.seq > 65_535, "a new ISS lies beyond everything the old one may have under way"


def test_syn_is_sent_again_after_1_3_7_seconds() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    peer.sent()
    counts = [len(peer.wait(seconds)) for seconds in (0.9, 0.2, 1.8, 0.2, 3.8, 0.2)]
    assert counts == [0, 1, 0, 1, 0, 1]


# ---- data ----------------------------------------------------------------------------------------------------


def test_established_text_goes_both_ways() -> None:
    peer = connected()
    assert brief(peer.deliver(ACK, 1, 1, b"hello")) == [(ACK, 1, 6, 0)]
    assert peer.read() == b"hello"
    assert peer.read() is None
    assert [s.text for s in peer.send(b"world")] == [b"world"]
    assert peer.deliver(ACK, 6, 6) == []
    assert peer.tcp.deadline is None


def test_a_user_who_never_looks_is_told_of_text_once() -> None:
    peer = connected()
    for at in range(1, 100):
        peer.deliver(ACK, at, 1, b"x")
    assert peer.tcp.notices() == [Notice.TEXT]
    peer.deliver(ACK, 100, 1, b"x")
    assert peer.tcp.notices() == [Notice.TEXT]


def test_established_text_is_cut_at_the_peers_mss() -> None:
    assert [len(s.text) for s in connected().send(bytes(2500))] == [1000, 1000, 500]


def test_established_early_text_is_held_until_the_gap_is_filled() -> None:
    peer = connected()
    assert brief(peer.deliver(ACK, 6, 1, b"world")) == [(ACK, 1, 1, 0)]
    assert peer.read() is None
    assert brief(peer.deliver(ACK, 1, 1, b"hello")) == [(ACK, 1, 11, 0)]
    assert peer.read() == b"helloworld"


def test_established_early_fin_waits_for_the_text_before_it() -> None:
    peer = connected()
    peer.deliver(ACK | FIN, 6, 1, b"world")
    assert peer.state() is State.ESTABLISHED
    assert brief(peer.deliver(ACK, 1, 1, b"hello")) == [(ACK, 1, 12, 0)]
    assert peer.state() is State.CLOSE_WAIT
    assert (peer.read(), peer.read()) == (b"helloworld", b"")


def test_text_held_behind_a_fin_is_dropped_with_it() -> None:
    peer = connected(replace(PLAIN, receive_buffer=100))
    peer.deliver(ACK, 12, 1, bytes(80))
    peer.deliver(ACK | FIN, 1, 1, b"0123456789")
    assert (peer.state(), peer.read(), len(peer.tcp.tcb.early)) == (State.CLOSE_WAIT, b"0123456789", 0)
    peer.tcp.close(0.0)
    assert brief(peer.sent()) == [(ACK | FIN, 1, 12, 0)], "not a RST: the user has read all there was"


def test_text_beyond_the_window_is_cut_off() -> None:
    peer = connected(replace(PLAIN, receive_buffer=8))
    peer.deliver(ACK | FIN, 1, 1, b"0123456789")
    assert peer.read() == b"01234567"
    peer.deliver(ACK, 9, 1, b"89")
    assert peer.state() is State.ESTABLISHED, "the FIN lay beyond the window"


def test_delayed_ack_leaves_in_time_and_with_every_second_full_segment() -> None:
    peer = connected(replace(PLAIN, delayed_ack=0.2, mss=1000))
    assert peer.deliver(ACK, 1, 1, bytes(1000)) == []
    assert brief(peer.deliver(ACK, 1001, 1, bytes(1000))) == [(ACK, 1, 2001, 0)]
    assert peer.deliver(ACK, 2001, 1, b"x") == []
    assert peer.wait(0.19) == []
    assert brief(peer.wait(0.02)) == [(ACK, 1, 2002, 0)]


def test_nagle_keeps_small_text_back_while_some_is_outstanding() -> None:
    peer = connected(replace(PLAIN, nagle=True))
    assert len(peer.send(b"a")) == 1
    assert peer.send(b"b") == []
    assert peer.send(b"c") == []
    assert [s.text for s in peer.deliver(ACK, 1, 2)] == [b"bc"]


def test_window_is_announced_again_only_when_it_is_worth_it() -> None:
    peer = connected(replace(PLAIN, receive_buffer=4000))
    for at in range(1, 4001, 1000):
        peer.deliver(ACK, at, 1, bytes(1000))
    peer.tcp.receive(500, 0.0)
    assert peer.sent() == []
    peer.tcp.receive(1500, 0.0)
    assert [s.wnd for s in peer.sent()] == [2000]


# ---- retransmission, windows, congestion ---------------------------------------------------------------------


def test_text_is_sent_again_with_the_timeout_doubled_each_time() -> None:
    peer = connected()
    peer.send(b"lost")
    counts = [len(peer.wait(seconds)) for seconds in (0.9, 0.2, 1.8, 0.2, 3.8, 0.2)]
    assert counts == [0, 1, 0, 1, 0, 1]
    assert peer.deliver(ACK, 1, 5) == []
    assert peer.tcp.deadline is None


def test_user_timeout_ends_the_connection_without_a_reset() -> None:
    peer = connected()
    peer.send(b"lost")
    assert all(not s.flags & RST for s in peer.wait(PLAIN.user_timeout + 1))
    assert peer.state() is State.CLOSED
    assert peer.tcp.notices() == [Notice.TIMEOUT]


def test_rto_follows_rfc_6298() -> None:
    rto = RetransmissionTimeout(replace(PLAIN, minimum_rto=0.0))
    rto.sample(0.4)
    assert rto.value == pytest.approx(0.4 + 4 * 0.2)
    rto.sample(0.8)
    assert rto.value == pytest.approx(0.45 + 4 * (0.75 * 0.2 + 0.25 * 0.4))
    rto.back_off()
    assert rto.value == pytest.approx(2 * 1.45)


def test_three_duplicate_acks_send_the_first_segment_again_at_once() -> None:
    peer = connected(wnd=60_000)
    assert [s.seq for s in peer.send(bytes(10_000))] == [1, 1001, 2001, 3001]  # the initial window of RFC 5681
    limited = [peer.deliver(ACK, 1, 1, wnd=60_000) for _ in range(2)]
    assert [s.seq for sent in limited for s in sent] == [4001, 5001]  # limited transmit
    assert [s.seq for s in peer.deliver(ACK, 1, 1, wnd=60_000)] == [1]
    inflated = [peer.deliver(ACK, 1, 1, wnd=60_000) for _ in range(2)]
    assert [s.seq for sent in inflated for s in sent] == [6001]
    assert peer.tcp.tcb.congestion.ssthresh == 2000
    assert [s.seq for s in peer.deliver(ACK, 1, 7001, wnd=60_000)] == [7001, 8001]
    assert peer.tcp.tcb.congestion.cwnd == 2000


def test_a_partial_ack_in_fast_recovery_sends_the_next_hole_at_once() -> None:
    peer = connected(wnd=60_000)
    peer.send(bytes(10_000))
    for _ in range(3):
        peer.deliver(ACK, 1, 1, wnd=60_000)
    assert [s.seq for s in peer.deliver(ACK, 1, 2001, wnd=60_000)] == [2001]
    assert [s.seq for s in peer.deliver(ACK, 1, 3001, wnd=60_000)] == [3001, 6001]
    peer.deliver(ACK, 1, 6001, wnd=60_000)
    assert peer.tcp.tcb.congestion.cwnd == peer.tcp.tcb.congestion.ssthresh


def test_duplicates_of_what_was_sent_before_a_timeout_start_no_fast_retransmit() -> None:
    peer = connected(wnd=60_000)
    peer.send(bytes(4000))
    peer.wait(1.1)
    assert [peer.deliver(ACK, 1, 1, wnd=60_000) for _ in range(4)] == [[]] * 4


def test_slow_start_doubles_the_window_each_round_trip() -> None:
    peer = connected(wnd=60_000)
    assert len(peer.send(bytes(30_000))) == 4
    flights = [peer.deliver(ACK, 1, 1 + 1000 * n, wnd=60_000) for n in range(1, 5)]
    assert [len(flight) for flight in flights] == [2, 2, 2, 2]


def test_a_timeout_shrinks_the_window_to_one_segment_and_all_is_sent_again() -> None:
    peer = connected(wnd=60_000)
    peer.send(bytes(4000))
    assert [s.seq for s in peer.wait(1.1)] == [1]
    assert [s.seq for s in peer.deliver(ACK, 1, 1001, wnd=60_000)] == [1001, 2001]
    assert [s.seq for s in peer.deliver(ACK, 1, 3001, wnd=60_000)] == [3001]


def test_a_second_timeout_after_progress_halves_the_threshold_again() -> None:
    peer = connected(wnd=60_000)
    peer.send(bytes(30_000))
    peer.tcp.tcb.congestion.cwnd = 30_000
    peer.deliver(ACK, 1, 1001, wnd=60_000)
    peer.wait(1.1)
    assert peer.tcp.tcb.congestion.ssthresh == 14_500
    peer.deliver(ACK, 1, 10_001, wnd=60_000)
    peer.wait(2.1)
    assert peer.tcp.tcb.congestion.ssthresh == 10_000


def test_a_round_trip_of_a_segment_sent_twice_is_no_sample() -> None:
    peer = connected()
    peer.send(b"lost")
    peer.wait(1.1)
    peer.deliver(ACK, 1, 5)
    assert peer.tcp.tcb.rto.value == 2.0


def with_timestamps() -> Peer:
    """A connection whose segments carry timestamps, milliseconds since 0.0; its first text is lost and sent again."""
    peer = Peer(replace(PLAIN, timestamps=True))
    peer.now = 5.0
    peer.tcp.open(peer.now)
    peer.sent()
    peer.tcp.segment_arrives(Segment(IRS, add(ISS, 1), SYN | ACK, WND, mss=MSS, timestamps=(1, 5000)), peer.now)
    peer.send(b"lost")
    assert [s.timestamps for s in peer.wait(1.1)] == [(6000, 1)]
    assert peer.tcp.tcb.rto.value == 2.0
    return peer


def test_the_echo_of_a_retransmission_is_a_round_trip_and_ends_the_back_off() -> None:
    peer = with_timestamps()
    peer.tcp.segment_arrives(Segment(add(IRS, 1), add(ISS, 5), ACK, WND, timestamps=(2, 6000)), peer.now)
    assert peer.tcp.tcb.rto.value == PLAIN.minimum_rto


def test_an_echo_from_before_the_time_out_is_no_round_trip() -> None:
    peer = with_timestamps()
    peer.tcp.segment_arrives(Segment(add(IRS, 1), add(ISS, 5), ACK, WND, timestamps=(2, 5000)), peer.now)
    assert peer.tcp.tcb.rto.value == 2.0


def test_each_of_several_samples_a_round_trip_counts_the_less() -> None:
    rto = RetransmissionTimeout(Config(minimum_rto=0.0))
    rto.sample(1.0)
    rto.sample(3.0, of=4)
    assert rto.value == pytest.approx(1.0 + 2 / 32 + 4 * (0.5 + (2 - 0.5) / 16))


def test_after_idling_longer_than_the_timeout_the_initial_window_holds_again() -> None:
    peer = connected(wnd=60_000)
    peer.send(bytes(4000))
    peer.deliver(ACK, 1, 4001, wnd=60_000)
    peer.tcp.tcb.congestion.cwnd = 30_000
    peer.wait(1.5)
    assert len(peer.send(bytes(30_000))) == 4


def test_a_segment_older_than_the_last_update_does_not_change_the_window() -> None:
    peer = connected()
    peer.deliver(ACK, 11, 1, b"late", wnd=500)
    peer.deliver(ACK, 1, 1, b"0123456789", wnd=9000)
    assert peer.tcp.tcb.SND.WND == 500


def test_zero_window_is_probed_later_and_later_and_never_given_up() -> None:
    peer = connected(wnd=0)
    assert peer.send(b"abc") == []
    probes = 0
    for _ in range(200):
        for probe in peer.wait(5.0):
            assert probe.text == b"a"
            probes += 1
            peer.deliver(ACK, 1, 1, wnd=0)
    assert 15 <= probes <= 30
    assert [s.text for s in peer.deliver(ACK, 1, 1, wnd=100)] == [b"abc"]


def test_small_window_is_overridden_after_half_a_second() -> None:
    peer = connected(wnd=8000)
    peer.deliver(ACK, 1, 1, wnd=10)
    assert peer.send(bytes(500)) == []
    assert [len(s.text) for s in peer.wait(0.6)] == [10]


# ---- closing -------------------------------------------------------------------------------------------------


def test_established_close_goes_through_time_wait_which_lasts_2_msl() -> None:
    peer = connected()
    assert brief(peer.shutdown()) == [(ACK | FIN, 1, 1, 0)]
    peer.deliver(ACK, 1, 2)
    assert peer.state() is State.FIN_WAIT_2
    peer.deliver(ACK, 1, 2, b"more")
    assert peer.read() == b"more"
    assert brief(peer.deliver(ACK | FIN, 5, 2)) == [(ACK, 2, 6, 0)]
    peer.wait(200)
    assert brief(peer.deliver(ACK | FIN, 5, 2)) == [(ACK, 2, 6, 0)]
    peer.wait(239)
    assert peer.state() is State.TIME_WAIT
    peer.wait(2)
    assert peer.state() is State.CLOSED


def test_close_wait_still_sends_and_last_ack_ends_with_the_ack_of_the_fin() -> None:
    peer = connected()
    peer.deliver(ACK | FIN, 1, 1)
    assert peer.read() == b""
    assert [s.text for s in peer.send(b"more")] == [b"more"]
    assert brief(peer.shutdown()) == [(ACK | FIN, 5, 2, 0)]
    peer.deliver(ACK, 2, 5)
    assert peer.state() is State.LAST_ACK
    peer.deliver(ACK, 2, 6)
    assert peer.state() is State.CLOSED
    assert peer.tcp.notices()[-1] is Notice.CLOSED


def test_fin_wait_1_fin_without_ack_of_ours_closes_simultaneously() -> None:
    peer = connected()
    peer.shutdown()
    peer.deliver(ACK | FIN, 1, 1)
    assert peer.state() is State.CLOSING
    peer.deliver(ACK, 2, 2)
    assert peer.state() is State.TIME_WAIT


def test_lost_fin_is_sent_again() -> None:
    peer = connected()
    peer.send(b"text")
    peer.shutdown()
    peer.deliver(ACK, 1, 5)
    assert brief(peer.wait(1.1)) == [(ACK | FIN, 5, 1, 0)]


def test_full_close_with_unread_text_resets() -> None:
    peer = connected()
    peer.deliver(ACK, 1, 1, b"unread")
    peer.tcp.close(0.0)
    assert brief(peer.sent()) == [(RST, 1, 0, 0)]


def test_full_close_answers_later_text_with_a_reset() -> None:
    peer = connected()
    peer.tcp.close(0.0)
    assert brief(peer.sent()) == [(ACK | FIN, 1, 1, 0)]
    assert brief(peer.deliver(ACK, 1, 2, b"late")) == [(RST, 2, 0, 0)]
    assert peer.state() is State.CLOSED


def test_linger_of_zero_is_an_abort() -> None:
    peer = connected()
    peer.send(b"text")
    peer.tcp.close(0.0, linger=0)
    assert brief(peer.sent()) == [(RST, 5, 0, 0)]
    assert peer.state() is State.CLOSED


@pytest.mark.parametrize("acknowledged", [1, 5], ids=["nothing", "text, not the FIN"])
def test_linger_aborts_what_is_not_acknowledged_in_time(acknowledged: int) -> None:
    peer = connected()
    peer.send(b"text")
    peer.tcp.close(0.0, linger=2.5)
    peer.deliver(ACK, 1, acknowledged)
    assert all(not s.flags & RST for s in peer.wait(2.4))
    assert brief(peer.wait(0.2)) == [(RST, 6, 0, 0)]
    assert peer.tcp.notices()[-1] is Notice.RESET


def test_linger_ends_nothing_once_everything_is_acknowledged() -> None:
    peer = connected()
    peer.send(b"text")
    peer.tcp.close(0.0, linger=2.5)
    peer.deliver(ACK, 1, 6)
    assert peer.wait(10.0) == []
    assert peer.state() is State.FIN_WAIT_2


def test_linger_in_close_wait_holds_for_last_ack() -> None:
    peer = connected()
    peer.deliver(ACK | FIN, 1, 1)
    peer.tcp.close(0.0, linger=2.5)
    assert peer.state() is State.LAST_ACK
    peer.wait(3.0)
    assert peer.state() is State.CLOSED


@pytest.mark.parametrize("first", ["close", "shutdown"])
def test_fin_wait_2_ends_in_time_after_a_full_close(first: str) -> None:
    peer = connected()
    if first == "shutdown":
        peer.shutdown()
        peer.deliver(ACK, 1, 2)
        assert peer.tcp.deadline is None, "the user may still want to read"
        peer.tcp.close(0.0)
    else:
        peer.tcp.close(0.0)
        peer.deliver(ACK, 1, 2)
    peer.wait(59)
    assert peer.state() is State.FIN_WAIT_2
    peer.wait(2)
    assert (peer.state(), peer.tcp.notices()[-1]) == (State.CLOSED, Notice.TIMEOUT)


# ---- resets --------------------------------------------------------------------------------------------------


def test_established_reset_ends_the_connection_and_text_is_flushed() -> None:
    peer = connected()
    peer.deliver(ACK, 1, 1, b"text")
    peer.deliver(RST, 5)
    assert peer.tcp.notices()[-1] is Notice.RESET
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


def test_established_reset_that_does_not_match_exactly_is_challenged_with_rfc5961() -> None:
    peer = connected(replace(PLAIN, rfc5961_rst=True))
    assert brief(peer.deliver(RST, 5)) == [(ACK, 1, 1, 0)]
    assert peer.deliver(RST, -5) == []
    assert peer.state() is State.ESTABLISHED


def test_closed_answers_a_stranger_with_the_reset_it_expects() -> None:
    peer = Peer()
    assert brief(peer.deliver(ACK, 7, 9, b"text")) == [(RST, 9, 0, 0)]
    assert brief(peer.deliver(FIN, 7))[0][2] == 8
    assert peer.deliver(RST, 7) == []


def test_abort_sends_a_reset_at_snd_nxt() -> None:
    peer = connected()
    peer.send(b"text")
    peer.tcp.abort(0.0)
    assert brief(peer.sent()) == [(RST, 5, 0, 0)]


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
    peer = connected(replace(PLAIN, keep_alive=7200.0))
    assert brief(peer.wait(7201)) == [(ACK, 0, 1, 0)]
    peer.deliver(ACK, 1, 1)
    assert peer.wait(7000) == []
    peer.wait(7200 + 10 * 75)
    assert peer.tcp.notices() == [Notice.TIMEOUT]


# ---- initial sequence numbers --------------------------------------------------------------------------------


def test_isn_ticks_every_4_microseconds_and_differs_between_sockets() -> None:
    one = generator((b"\n\t\0\1", 1), (b"\n\t\0\2", 80), b"s" * 16)
    other = generator((b"\n\t\0\1", 2), (b"\n\t\0\2", 80), b"s" * 16)
    assert distance(one(10.0), one(11.0)) == 250_000
    assert one(10.0) != other(10.0)
    assert one(10.0) != generator((b"\n\t\0\1", 1), (b"\n\t\0\2", 80), b"t" * 16)(10.0)


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

    def __init__(self, seed: int, bad: float, configs: tuple[Config, Config], texts: tuple[bytes, bytes]) -> None:
        self.random, self.bad = random.Random(seed), bad
        self.ends = [Connection(config, isn=lambda now: ISS) for config in configs]
        self.to_send, self.got, self.eof = list(texts), [b"", b""], [False, False]
        self.flying: list[tuple[float, int, int, Segment]] = []
        self.now, self.count = 0.0, 0

    def run(self, until: float) -> None:
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
        if end.state in (State.ESTABLISHED, State.CLOSE_WAIT) and not end.tcb.close_called:
            room = end.tcb.config.send_buffer - len(end.tcb.text)
            if self.to_send[n] and room:
                accepted = end.send(self.to_send[n][:room], self.now)
                self.to_send[n] = self.to_send[n][accepted:]
            if not self.to_send[n]:
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
    user_timeout=st.just(100_000.0),
)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.tuples(configs, configs),
    st.tuples(st.integers(0, 20_000), st.integers(0, 3_000)),
)
def test_every_octet_arrives_in_order_and_both_ends_close(
    seed: int, bad: float, pair: tuple[Config, Config], sizes: tuple[int, int]
) -> None:
    texts = random.Random(seed).randbytes(sizes[0]), random.Random(~seed).randbytes(sizes[1])
    network = Network(seed, bad, pair, texts)
    network.run(until=200_000.0)
    assert network.got == [texts[1], texts[0]]
    assert network.eof == [True, True]
    assert [end.state for end in network.ends] == [State.CLOSED, State.CLOSED]

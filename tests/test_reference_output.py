"""What the reference sends, and when: retransmission, windows, congestion control."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer import IRS, ISS, MSS, PLAIN, WND, Peer, connected

from halfclose.reference.config import Config
from halfclose.reference.rto import RetransmissionTimeout
from halfclose.reference.sequence import add
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, RST, SYN, Segment

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
    assert peer.tcp.notices() == [Notice.TROUBLE, Notice.TIMEOUT]


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

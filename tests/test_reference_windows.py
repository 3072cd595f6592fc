"""The reference's windows: what it offers (3.8.6, 3.8.6.2.2), and what it makes of those it is offered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peer import IRS, ISS, PLAIN, WND, Peer, brief, connected

from halfclose.reference.config import Config
from halfclose.reference.sequence import add, distance
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, FIN, SYN, Segment

# ---- offered -------------------------------------------------------------------------------------------------


def with_scale(config: Config, scale: int | None) -> Peer:
    """Connected to a peer that offers window scaling or does not."""
    peer = Peer(config)
    peer.tcp.open(0.0)
    peer.tcp.segment_arrives(Segment(IRS, add(ISS, 1), SYN | ACK, WND, mss=1000, scale=scale), 0.0)
    peer.sent()
    return peer


#: What happens: text at this distance from RCV.NXT, this long; or so much is read.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.integers(-5, 3000), st.integers(0, 3000)),
        st.tuples(st.just("fin"), st.integers(0, 10), st.integers(0, 10)),
        st.tuples(st.just("read"), st.just(0), st.integers(1, 4000)),
    ),
    max_size=30,
)


@given(st.sampled_from([1, 10, 3000, 65_535, 200_000]), st.sampled_from([None, 0, 3]), happenings)
def test_the_right_edge_is_never_taken_back_and_the_buffer_holds_what_is_offered(
    buffer: int, scale: int | None, what: list[tuple[str, int, int]]
) -> None:
    """SHLD-14; by less than a unit of scaling the field may round down (RFC 7323 2.4), the edge that counts stays."""
    peer = with_scale(replace(PLAIN, receive_buffer=buffer, window_scale=scale), scale)
    tcb, edge = peer.tcp.tcb, 0
    for kind, seq, octets in what:
        if kind == "read":
            peer.tcp.receive(octets, 0.0)
            sent = peer.sent()
        else:
            flags = ACK | (FIN if kind == "fin" else 0)
            sent = peer.deliver(flags, peer.expected() + seq, 1, bytes(octets))
        for segment in sent:
            offered = segment.wnd << tcb.RCV.SCALE
            assert offered <= tcb.RCV.WND < offered + (1 << tcb.RCV.SCALE), "the field says RCV.WND"
        assert peer.expected() + tcb.RCV.WND >= edge
        edge = peer.expected() + tcb.RCV.WND
        assert len(tcb.received) + tcb.RCV.WND <= buffer


@pytest.mark.parametrize(("scale", "offered"), [(None, 65_535), (0, 65_535), (3, 200_000)])
def test_a_large_buffer_is_offered_as_far_as_the_field_reaches(scale: int | None, offered: int) -> None:
    peer = with_scale(replace(PLAIN, receive_buffer=200_000, window_scale=3 if scale is None else scale), scale)
    (answer,) = peer.deliver(ACK, 5, 1, b"early")
    assert (answer.wnd << peer.tcp.tcb.RCV.SCALE, peer.tcp.tcb.RCV.WND) == (offered, offered)


def test_syn_received_a_large_buffer_is_offered_without_scaling() -> None:
    peer = Peer(replace(PLAIN, receive_buffer=200_000, window_scale=3))
    peer.tcp.listen(0.0)
    peer.tcp.segment_arrives(Segment(IRS, 0, SYN, WND, scale=3), 0.0)
    assert ([s.wnd for s in peer.sent()], peer.tcp.tcb.RCV.WND) == ([65_535], 65_535)


def test_text_that_an_earlier_ack_had_room_for_is_taken_though_scaling_rounds_the_window_down() -> None:
    """RFC 7323 2.4: the receiver must honour what would have been in the window of any ACK that it sent."""
    peer = with_scale(replace(PLAIN, receive_buffer=16, window_scale=3), 3)
    (answer,) = peer.deliver(ACK, 1, 1, b"x")
    assert answer.wnd << 3 == 8
    peer.deliver(ACK, 2, 1, bytes(15))
    assert peer.expected() == 17


def test_the_window_opens_by_a_segment_or_half_the_buffer_and_not_by_less() -> None:
    """3.8.6.2.2, MUST-39: the right edge stays until the step is worth it."""
    peer = connected(replace(PLAIN, receive_buffer=3000, mss=1000))
    (answer,) = peer.deliver(ACK, 1, 1, bytes(3000))
    assert answer.wnd == 0
    peer.tcp.receive(999, 0.0)
    assert peer.sent() == []
    assert [s.wnd for s in peer.deliver(ACK, 3001, 1, b"probe")] == [0]
    peer.tcp.receive(1, 0.0)
    assert [s.wnd for s in peer.sent()] == [1000]


def test_a_zero_window_is_offered_for_ever_and_probes_are_answered() -> None:
    """MAY-8."""
    peer = connected(replace(PLAIN, receive_buffer=4))
    peer.deliver(ACK, 1, 1, b"full")
    for _ in range(5):
        assert [(s.ack, s.wnd) for s in peer.deliver(ACK, 5, 1, b"x")] == [(5, 0)]
    assert peer.read() == b"full"


# ---- taken ---------------------------------------------------------------------------------------------------


def test_max_snd_wnd_is_the_largest_window_ever_seen() -> None:
    """3.10.7.4 step 5: "the largest window that the local sender has ever received from its peer"."""
    peer = connected(wnd=500)
    assert peer.tcp.tcb.SND.MAX_WND == 500
    peer.deliver(ACK, 11, 1, b"early", wnd=700)
    peer.deliver(ACK, 1, 1, wnd=900)
    assert (peer.tcp.tcb.SND.WND, peer.tcp.tcb.SND.MAX_WND) == (700, 900), "an old segment does not move the window"
    peer.deliver(ACK, 11, 1, wnd=100)
    assert (peer.tcp.tcb.SND.WND, peer.tcp.tcb.SND.MAX_WND) == (100, 900)


@pytest.mark.parametrize("flags", [SYN, SYN | ACK])
def test_max_snd_wnd_begins_with_the_window_of_the_syn(flags: int) -> None:
    peer = Peer()
    if flags & ACK:
        peer.tcp.open(0.0)
    else:
        peer.tcp.listen(0.0)
    peer.deliver(flags, 0, 1, wnd=500)
    assert peer.tcp.tcb.SND.MAX_WND == 500


def test_an_ack_older_than_the_largest_window_is_refused_with_rfc5961() -> None:
    peer = connected(replace(PLAIN, rfc5961_ack=True), wnd=20)
    peer.send(bytes(20))
    peer.deliver(ACK, 1, 21, wnd=10)
    assert brief(peer.deliver(ACK, 1, 1, b"x", wnd=10)) == [(ACK, 21, 2, 0)], "20 before SND.UNA is near enough"
    assert peer.expected() == 2
    assert brief(peer.deliver(ACK, 2, 0, b"y", wnd=10)) == [(ACK, 21, 2, 0)]
    assert peer.expected() == 2


def test_a_window_that_shrinks_below_what_is_under_way_holds_new_text_back_and_ends_nothing() -> None:
    """MUST-34, SHLD-15, SHLD-16."""
    peer = connected(wnd=100)
    peer.send(bytes(100))
    peer.deliver(ACK, 1, 51, wnd=10)
    assert peer.send(bytes(10)) == []
    assert [(s.seq, len(s.text)) for s in peer.wait(1.1)] == [(51, 10)]
    assert peer.state() is State.ESTABLISHED
    assert distance(ISS, peer.tcp.tcb.SND.NXT) == 101

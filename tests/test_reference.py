"""The reference connection: each test names a state, a stimulus and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer import PLAIN, Peer, brief, connected

from halfclose.reference.calls import CallError
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN

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


@pytest.mark.parametrize("listening", [False, True])
def test_active_open_without_a_remote_socket_is_an_error_and_changes_nothing(listening: bool) -> None:
    peer = Peer()
    if listening:
        peer.tcp.listen(0.0)
    before = peer.state()
    with pytest.raises(CallError, match="remote socket unspecified"):
        peer.tcp.open(0.0, remote_specified=False)
    assert (peer.state(), peer.sent()) == (before, [])


def test_active_open_of_a_connection_that_exists_is_an_error_whatever_its_remote_socket() -> None:
    with pytest.raises(CallError, match="connection already exists"):
        connected().tcp.open(0.0, remote_specified=False)


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


def test_established_bare_ack_while_early_text_is_held_is_not_answered() -> None:
    peer = connected()
    peer.deliver(ACK, 6, 1, b"world")
    assert peer.deliver(ACK, 1, 1) == []


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


def test_established_what_the_peer_has_not_acknowledged_is_known() -> None:
    """3.10.7.4 step 5: "SEND buffer should be returned with "ok" response", and the CLOSE too."""
    peer = connected(wnd=6)
    peer.send(b"0123456789")
    peer.shutdown()
    assert (peer.tcp.unacknowledged, peer.tcp.close_acknowledged) == (10, False)
    peer.deliver(ACK, 1, 7, wnd=6)
    assert (peer.tcp.unacknowledged, peer.tcp.close_acknowledged) == (4, False)
    peer.deliver(ACK, 1, 11)
    assert (peer.tcp.unacknowledged, peer.tcp.close_acknowledged) == (0, False)
    peer.deliver(ACK, 1, 12)
    assert (peer.tcp.unacknowledged, peer.tcp.close_acknowledged) == (0, True)


def test_last_segment_of_what_waits_is_pushed_and_its_retransmission_too() -> None:
    """MUST-61."""
    peer = connected()
    assert [bool(s.flags & PSH) for s in peer.send(bytes(2500))] == [False, False, True]
    peer.deliver(ACK, 1, 2001)
    assert [bool(s.flags & PSH) for s in peer.wait(1.1)] == [True]


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


def test_full_close_leaves_nothing_to_read_after_the_end() -> None:
    peer = connected()
    peer.deliver(ACK | FIN, 1, 1)
    peer.tcp.close(0.0)
    peer.deliver(ACK, 2, 2)
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


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

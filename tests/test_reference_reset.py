"""The reference: which resets are valid (3.5.3), and what the user is told and may still read (3.10.7.4 step 2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer import PLAIN, SYNCHRONIZED, Peer, brief, connected, in_state

from halfclose.reference.calls import CallError
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, RST, SYN

# ---- which are valid -----------------------------------------------------------------------------------------


def half_open(*, passive: bool) -> Peer:
    peer = Peer()
    if passive:
        peer.tcp.listen(0.0)
    else:
        peer.tcp.open(0.0)
    peer.deliver(SYN, 0)
    assert peer.state() is State.SYN_RECEIVED
    return peer


@pytest.mark.parametrize("state", SYNCHRONIZED, ids=str)
@pytest.mark.parametrize("offset", [0, 1, 60_000], ids=["at RCV.NXT", "within", "near the right edge"])
@pytest.mark.parametrize("text", [b"", b"why"], ids=["", "text"])
def test_synchronized_reset_whose_number_is_in_the_window_ends_the_connection(
    state: State, offset: int, text: bytes
) -> None:
    peer = in_state(state)
    assert peer.deliver(RST, peer.expected() + offset, text=text) == []
    assert peer.state() is State.CLOSED


@pytest.mark.parametrize("state", SYNCHRONIZED, ids=str)
@pytest.mark.parametrize("by_reach", [False, True])
def test_synchronized_reset_that_only_its_text_brings_into_the_window_is_dropped(state: State, by_reach: bool) -> None:
    peer = in_state(state)
    peer.tcp.tcb.config = replace(PLAIN, reset_by_reach=by_reach)
    assert peer.deliver(RST, peer.expected() - 1, text=b"why") == []
    assert peer.state() is (State.CLOSED if by_reach else state)


@pytest.mark.parametrize("passive", [False, True])
def test_syn_received_reset_that_only_its_text_brings_into_the_window_is_dropped(passive: bool) -> None:
    peer = half_open(passive=passive)
    assert peer.deliver(RST, 0, text=b"why") == []
    assert peer.state() is State.SYN_RECEIVED


@pytest.mark.parametrize("offset", [-1, 65_535])
def test_established_reset_outside_the_window_is_dropped(offset: int) -> None:
    peer = connected(replace(PLAIN, right_edge_acceptable=True))
    assert peer.deliver(RST, 1 + offset) == []
    assert peer.state() is State.ESTABLISHED


@pytest.mark.parametrize("flags", [RST, RST | ACK, RST | SYN])
@pytest.mark.parametrize(("offset", "after"), [(-1, State.ESTABLISHED), (0, State.CLOSED), (1, State.ESTABLISHED)])
def test_established_reset_at_a_zero_window_must_be_at_rcv_nxt(flags: int, offset: int, after: State) -> None:
    peer = connected(replace(PLAIN, receive_buffer=4))
    peer.deliver(ACK, 1, 1, b"full")
    assert peer.tcp.tcb.RCV.WND == 0
    assert peer.deliver(flags, 5 + offset, 1, b"why") == []
    assert peer.state() is after


def test_established_invalid_reset_is_no_sign_of_life() -> None:
    peer = connected(replace(PLAIN, keep_alive=True))
    deadline = peer.tcp.deadline
    peer.wait(100)
    peer.deliver(RST, 0, text=b"why")
    assert peer.tcp.deadline == deadline


def test_established_reset_that_does_not_match_exactly_is_challenged_with_rfc5961() -> None:
    peer = connected(replace(PLAIN, rfc5961_rst=True))
    assert brief(peer.deliver(RST, 5)) == [(ACK, 1, 1, 0)]
    assert peer.deliver(RST, -5) == []
    assert peer.deliver(RST, 0, text=b"why") == []
    assert peer.state() is State.ESTABLISHED


# ---- what the user is told (MUST-12) -------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.CLOSING, State.LAST_ACK, State.TIME_WAIT], ids=str)
def test_closing_reset_once_all_text_is_acknowledged_closes_normally(state: State) -> None:
    peer = in_state(state, unread=b"theirs", sent=b"ours", acknowledged=True)
    peer.deliver(RST, peer.expected())
    assert peer.tcp.notices()[-1] is Notice.CLOSED
    assert (peer.read(), peer.read()) == (b"theirs", b"")


@pytest.mark.parametrize("state", [State.CLOSING, State.LAST_ACK], ids=str)
@pytest.mark.parametrize("silent", [False, True])
def test_closing_reset_before_all_text_is_acknowledged_is_told(state: State, silent: bool) -> None:
    peer = in_state(state, sent=b"ours", acknowledged=False)
    peer.tcp.tcb.config = replace(PLAIN, reset_while_closing_silent=silent)
    peer.deliver(RST, peer.expected())
    assert peer.state() is State.CLOSED
    assert peer.tcp.notices()[-1] is (Notice.CLOSED if silent else Notice.RESET)


def test_close_wait_reset_after_a_close_whose_text_found_no_room_is_told() -> None:
    peer = connected(wnd=2)
    peer.send(b"ours")
    peer.deliver(ACK | FIN, 1, 1, wnd=2)
    peer.shutdown()
    peer.deliver(RST, 2)
    assert peer.tcp.notices()[-1] is Notice.RESET


# ---- what the user may still read ----------------------------------------------------------------------------


UNREAD = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT)


@pytest.mark.parametrize("state", UNREAD, ids=str)
def test_reset_flushes_unread_text(state: State) -> None:
    peer = in_state(state, unread=b"theirs")
    peer.deliver(RST, peer.expected())
    assert peer.tcp.notices()[-1] is Notice.RESET
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


@pytest.mark.parametrize("state", [State.CLOSING, State.LAST_ACK], ids=str)
def test_closing_reset_leaves_what_came_before_the_fin_to_the_user(state: State) -> None:
    """Step 2 flushes nothing here: the peer's text is whole."""
    peer = in_state(state, unread=b"theirs", sent=b"ours", acknowledged=False)
    peer.deliver(RST, peer.expected())
    assert peer.tcp.notices()[-1] is Notice.RESET
    assert peer.read() == b"theirs"
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


@pytest.mark.parametrize("state", UNREAD, ids=str)
def test_reset_leaves_unread_text_to_the_user_where_it_is_kept(state: State) -> None:
    peer = in_state(state, unread=b"theirs")
    peer.tcp.tcb.config = replace(PLAIN, reset_keeps_unread=True)
    peer.deliver(RST, peer.expected())
    assert peer.tcp.notices()[-1] is Notice.RESET
    assert peer.read() == b"theirs"
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


def test_reset_leaves_nothing_to_a_user_who_has_closed_fully() -> None:
    peer = connected(replace(PLAIN, reset_keeps_unread=True))
    peer.tcp.close(0.0)
    peer.deliver(RST, 1)
    with pytest.raises(CallError, match="connection does not exist"):
        peer.read()


def test_a_new_open_drops_what_the_old_connection_left_unread() -> None:
    peer = in_state(State.ESTABLISHED, unread=b"theirs")
    peer.tcp.tcb.config = replace(PLAIN, reset_keeps_unread=True)
    peer.deliver(RST, peer.expected())
    peer.tcp.open(0.0)
    assert peer.read() is None

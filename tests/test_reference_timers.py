"""The reference's long timers: TIME-WAIT (3.10.7.4 step 8), keep-alive (3.8.4), R1 and R2 (3.8.3), MUST-37."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer import PLAIN, Peer, brief, connected, in_state

from halfclose.reference.config import Config
from halfclose.reference.tcb import Notice, State, Timer
from halfclose.reference.wire import ACK, FIN, RST, SYN

# ---- TIME-WAIT -----------------------------------------------------------------------------------------------

MSL = PLAIN.msl


def until_closed(peer: Peer) -> float:
    """How long TIME-WAIT lasts from now on."""
    since = peer.now
    while peer.state() is State.TIME_WAIT:
        assert peer.tcp.deadline is not None
        peer.wait(peer.tcp.deadline - peer.now)
    assert peer.state() is State.CLOSED
    return peer.now - since


@pytest.mark.parametrize(
    ("flags", "seq", "text"),
    [(FIN | ACK, 7, b""), (FIN | ACK, 1, b"theirs"), (FIN | ACK, 4, b"irs"), (SYN | FIN | ACK, 0, b"theirs")],
    ids=["bare", "with its text", "with some of it", "with everything"],
)
def test_time_wait_the_fin_again_is_acknowledged_and_restarts_the_wait(flags: int, seq: int, text: bytes) -> None:
    peer = in_state(State.TIME_WAIT, unread=b"theirs")
    peer.wait(MSL)
    assert brief(peer.deliver(flags, seq, 2, text)) == [(ACK, 2, 8, 0)]
    assert until_closed(peer) == 2 * MSL


@pytest.mark.parametrize(
    ("flags", "seq", "text"),
    [
        (ACK, 8, b""),
        (ACK, 7, b""),
        (ACK, 1, b"theirs"),
        (SYN, 0, b""),
        (SYN | ACK, 0, b"theirs"),
        (FIN | ACK, 3, b""),
        (FIN, 7, b""),
        (RST, 7, b""),
        (RST | FIN | ACK, 7, b""),
    ],
    ids=["ACK", "old ACK", "old text", "SYN", "SYN,ACK", "FIN elsewhere", "FIN without ACK", "RST", "RST with FIN"],
)
def test_time_wait_what_is_not_the_fin_again_restarts_nothing(flags: int, seq: int, text: bytes) -> None:
    peer = in_state(State.TIME_WAIT, unread=b"theirs")
    peer.wait(MSL)
    peer.deliver(flags, seq, 2, text)
    assert until_closed(peer) == MSL


def test_time_wait_is_left_alone_by_calls() -> None:
    peer = in_state(State.TIME_WAIT, unread=b"theirs")
    peer.wait(MSL)
    assert (peer.read(), peer.read()) == (b"theirs", b"")
    assert until_closed(peer) == MSL


@pytest.mark.parametrize("before", [State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING], ids=str)
def test_time_wait_begins_with_the_ack_of_the_fin_sent_though_acks_may_be_late(before: State) -> None:
    peer = in_state(before, unread=b"theirs")
    peer.tcp.tcb.config = replace(PLAIN, delayed_ack=0.4)
    if before is State.CLOSING:
        sent = peer.deliver(ACK, 8, 2)
        assert sent == [], "its FIN was acknowledged when it came"
    else:
        sent = peer.deliver(FIN | ACK, 7, 2, b"more")
        assert brief(sent) == [(ACK, 2, 12, 0)]
    assert set(peer.tcp.tcb.timers) == {Timer.TIME_WAIT}


@pytest.mark.parametrize("may_end", [False, True])
def test_time_wait_is_not_ended_by_the_users_own_time_limit(may_end: bool) -> None:
    """Step 8 turned the other timers off, and the wait lasts 2 MSL (MUST-13)."""
    peer = in_state(State.TIME_WAIT)
    peer.tcp.tcb.config = replace(PLAIN, user_timeout_in_time_wait=may_end)
    peer.tcp.user_timeout(1.0)
    assert peer.state() is (State.CLOSED if may_end else State.TIME_WAIT)


# ---- keep-alive ----------------------------------------------------------------------------------------------

ALIVE = Config(delayed_ack=None, nagle=False, window_scale=None, timestamps=False, keep_alive=True)
IDLE = ALIVE.keep_alive_idle


def probes(peer: Peer, seconds: float) -> list[tuple[int, int, int, int]]:
    return [probe for probe in brief(peer.wait(seconds)) if probe[0] == ACK]


def test_keep_alive_probes_an_idle_connection_at_snd_nxt_minus_1_after_two_hours() -> None:
    peer = connected(ALIVE)
    assert peer.wait(2 * 3600 - 1) == []
    assert brief(peer.wait(1)) == [(ACK, 0, 1, 0)]


def test_keep_alive_that_is_answered_goes_on_for_ever() -> None:
    peer = connected(ALIVE)
    for _ in range(30):
        assert probes(peer, IDLE) == [(ACK, 0, 1, 0)]
        peer.deliver(ACK, 1, 1)
    assert peer.state() is State.ESTABLISHED


def test_keep_alive_one_probe_without_an_answer_proves_nothing() -> None:
    peer = connected(ALIVE)
    peer.wait(IDLE + 5 * ALIVE.keep_alive_interval)
    assert peer.state() is State.ESTABLISHED
    peer.deliver(ACK, 1, 1)
    assert probes(peer, IDLE - 1) == []


def test_keep_alive_gives_up_after_its_last_probe() -> None:
    peer = connected(ALIVE)
    assert len(probes(peer, IDLE + 100 * ALIVE.keep_alive_interval)) == ALIVE.keep_alive_probes
    assert (peer.state(), peer.tcp.notices()) == (State.CLOSED, [Notice.TIMEOUT])


def test_keep_alive_sends_nothing_while_text_is_outstanding() -> None:
    """MUST-26."""
    peer = connected(replace(ALIVE, keep_alive_idle=10.0))
    peer.wait(8)
    peer.send(b"lost")
    assert {s.text for s in peer.wait(60)} == {b"lost"}
    peer.deliver(ACK, 1, 5)
    assert probes(peer, 9) == []
    assert probes(peer, 1) == [(ACK, 4, 1, 0)]


def test_keep_alive_sends_nothing_in_last_ack() -> None:
    peer = connected(replace(ALIVE, keep_alive_idle=10.0))
    peer.deliver(ACK | FIN, 1, 1)
    peer.wait(8)
    peer.shutdown()
    assert all(s.flags & FIN for s in peer.wait(60))


@pytest.mark.parametrize("state", [State.ESTABLISHED, State.CLOSE_WAIT], ids=str)
def test_keep_alive_counts_the_peers_own_probe_as_a_sign_of_life(state: State) -> None:
    """MUST-26: "no data or acknowledgment packets have been received", acceptable or not."""
    peer = connected(ALIVE)
    if state is State.CLOSE_WAIT:
        peer.deliver(ACK | FIN, 1, 1)
    peer.wait(IDLE - 1)
    (answer,) = peer.deliver(ACK, peer.expected() - 1, 1)
    assert answer.flags == ACK, "a probe is answered"
    assert probes(peer, IDLE - 1) == []


def test_keep_alive_is_turned_on_and_off_for_a_connection() -> None:
    """MUST-24."""
    peer = connected()
    peer.tcp.configure(0.0, keep_alive=True)
    assert probes(peer, IDLE) == [(ACK, 0, 1, 0)]
    peer.tcp.configure(peer.now, keep_alive=False)
    assert peer.tcp.deadline is None


def test_keep_alive_sends_nothing_in_time_wait() -> None:
    peer = in_state(State.TIME_WAIT)
    peer.tcp.configure(0.0, keep_alive=True)
    peer.tcp.tcb.config = replace(peer.tcp.tcb.config, keep_alive_idle=10.0)
    peer.deliver(ACK | FIN, 1, 2)
    assert peer.wait(2 * MSL) == []


def test_keep_alive_probes_in_fin_wait_2_and_a_peer_that_is_gone_ends_it() -> None:
    peer = connected(ALIVE)
    peer.shutdown()
    peer.deliver(ACK, 1, 2)
    assert peer.state() is State.FIN_WAIT_2
    assert len(probes(peer, 2 * IDLE)) == ALIVE.keep_alive_probes
    assert peer.state() is State.CLOSED


# ---- R1 and R2 -----------------------------------------------------------------------------------------------


def retransmissions_until(peer: Peer, notice: Notice) -> int:
    """How often something was sent until the user is told."""
    count = 0
    while notice not in peer.tcp.notices():
        assert peer.tcp.deadline is not None
        count += len(peer.wait(peer.tcp.deadline - peer.now))
    return count


def test_r1_the_user_is_told_of_the_third_retransmission_of_text() -> None:
    peer = connected()
    peer.send(b"lost")
    assert retransmissions_until(peer, Notice.TROUBLE) == 3
    assert peer.state() is State.ESTABLISHED
    peer.wait(60)
    assert peer.tcp.notices() == [], "once for the same segment"


def test_r1_the_user_is_told_of_the_third_retransmission_of_a_syn() -> None:
    peer = Peer()
    peer.tcp.open(0.0)
    peer.sent()
    assert retransmissions_until(peer, Notice.TROUBLE) == 3


def test_r1_counts_anew_once_something_is_acknowledged() -> None:
    peer = connected()
    peer.send(b"lost")
    peer.wait(4)
    peer.deliver(ACK, 1, 5)
    peer.send(b"lost")
    assert retransmissions_until(peer, Notice.TROUBLE) == 3


def test_r1_probes_of_a_zero_window_that_are_answered_are_no_trouble() -> None:
    peer = connected(wnd=0)
    peer.send(b"abc")
    for _ in range(100):
        if peer.wait(10):
            peer.deliver(ACK, 1, 1, wnd=0)
    assert peer.tcp.notices() == []


def test_r2_a_syn_is_sent_again_for_three_minutes_at_least() -> None:
    """MUST-23."""
    peer = Peer()
    peer.tcp.open(0.0)
    peer.wait(180)
    assert peer.state() is State.SYN_SENT
    peer.wait(PLAIN.user_timeout)
    assert (peer.state(), peer.tcp.notices()[-1]) == (State.CLOSED, Notice.TIMEOUT)


def test_r2_text_is_sent_again_for_100_seconds_at_least() -> None:
    """SHLD-11."""
    peer = connected()
    peer.send(b"lost")
    peer.wait(100)
    assert peer.state() is State.ESTABLISHED


@pytest.mark.parametrize("seconds", [20.0, float("inf")])
def test_r2_is_set_for_a_connection_and_may_be_infinite(seconds: float) -> None:
    """MUST-21."""
    peer = connected()
    peer.send(b"lost")
    peer.wait(1)
    peer.tcp.configure(peer.now, user_timeout=seconds)
    peer.wait(19)
    assert peer.state() is State.ESTABLISHED
    peer.wait(10_000)
    assert peer.state() is (State.CLOSED if seconds == 20.0 else State.ESTABLISHED)


def test_r2_that_is_set_while_nothing_is_under_way_begins_with_the_next_text() -> None:
    peer = connected()
    peer.tcp.configure(0.0, user_timeout=20.0)
    assert peer.tcp.deadline is None
    peer.wait(100)
    peer.send(b"lost")
    peer.wait(19)
    assert peer.state() is State.ESTABLISHED
    peer.wait(2)
    assert peer.state() is State.CLOSED


# ---- MUST-37 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closing", [False, True])
def test_zero_window_stays_open_while_probes_are_answered_and_not_longer(closing: bool) -> None:
    peer = connected(wnd=0)
    peer.send(b"abc")
    if closing:
        peer.shutdown()
    for _ in range(200):
        if peer.wait(5):
            peer.deliver(ACK, 1, 1, wnd=0)
    assert peer.state() is not State.CLOSED
    peer.wait(PLAIN.user_timeout + 60)
    assert peer.state() is State.CLOSED

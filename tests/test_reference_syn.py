"""The reference: text and FIN beside a SYN (3.10.7.2, 3.10.7.3), and old parts that are trimmed (3.10.7.4 step 1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer import IRS, ISS, PLAIN, SYNCHRONIZED, WND, Peer, brief, connected, in_state

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.sequence import add
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, Segment

TEXT = b"0123456789"
REFUSING = replace(PLAIN, syn_text_refused=True)


def listening(config: Config = PLAIN) -> Peer:
    peer = Peer(config)
    peer.tcp.listen(0.0)
    return peer


def opening(config: Config = PLAIN) -> Peer:
    peer = Peer(config)
    peer.tcp.open(0.0)
    peer.sent()
    return peer


def simultaneous(config: Config = PLAIN, text: bytes = b"", fin: int = 0) -> Peer:
    """In SYN-RECEIVED from SYN-SENT."""
    peer = opening(config)
    assert brief(peer.deliver(SYN | fin, 0, text=text)) == [(SYN | ACK, 0, 1, 0)]
    assert peer.state() is State.SYN_RECEIVED
    return peer


# ---- kept ----------------------------------------------------------------------------------------------------


def test_listen_syn_with_text_is_acknowledged_without_it_and_the_text_follows_in_established() -> None:
    peer = listening()
    assert brief(peer.deliver(SYN, 0, text=TEXT)) == [(SYN | ACK, 0, 1, 0)]
    assert peer.read() is None, "nothing is delivered before ESTABLISHED"
    assert brief(peer.deliver(ACK, 11, 1)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)
    assert peer.tcp.notices() == [Notice.CONNECTED, Notice.TEXT]


def test_listen_syn_with_text_and_fin_leads_to_close_wait_once_it_is_acknowledged() -> None:
    peer = listening()
    assert brief(peer.deliver(SYN | FIN, 0, text=TEXT)) == [(SYN | ACK, 0, 1, 0)]
    assert brief(peer.deliver(ACK, 12, 1)) == [(ACK, 1, 12, 0)]
    assert (peer.state(), peer.read(), peer.read()) == (State.CLOSE_WAIT, TEXT, b"")


def test_listen_syn_and_fin_alone_lead_to_close_wait_once_they_are_acknowledged() -> None:
    peer = listening()
    peer.deliver(SYN | FIN, 0)
    assert peer.state() is State.SYN_RECEIVED
    assert brief(peer.deliver(ACK, 2, 1)) == [(ACK, 1, 2, 0)]
    assert (peer.state(), peer.read()) == (State.CLOSE_WAIT, b"")


def test_listen_text_of_a_syn_beyond_the_window_is_cut_off_and_the_fin_behind_it_too() -> None:
    peer = listening(replace(PLAIN, receive_buffer=4))
    peer.deliver(SYN | FIN, 0, text=TEXT)
    assert brief(peer.deliver(ACK, 1, 1)) == [(ACK, 1, 5, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, b"0123")


def test_listen_text_of_a_syn_is_kept_where_early_segments_are_not_held() -> None:
    peer = listening(replace(PLAIN, hold_early_segments=False))
    peer.deliver(SYN, 0, text=TEXT)
    assert brief(peer.deliver(ACK, 11, 1, b"more")) == [(ACK, 1, 15, 0)]
    assert peer.read() == TEXT + b"more"


def test_listen_text_of_a_syn_is_not_reported_as_early() -> None:
    peer = listening()
    peer.tcp.segment_arrives(Segment(IRS, 0, SYN, WND, TEXT, sack_permitted=True), 0.0)
    assert [s.sack for s in peer.sent()] == [()]
    assert [s.sack for s in peer.deliver(ACK, 0, 1)] == [()]


def test_syn_received_text_that_goes_on_where_that_of_the_syn_ended_is_taken_with_it() -> None:
    peer = listening()
    peer.deliver(SYN, 0, text=TEXT)
    assert brief(peer.deliver(ACK | FIN, 11, 1, b"more")) == [(ACK, 1, 16, 0)]
    assert (peer.state(), peer.read()) == (State.CLOSE_WAIT, TEXT + b"more")


def test_syn_received_text_where_the_syn_had_a_fin_is_taken_and_the_fin_forgotten() -> None:
    """No honest peer sends both; as elsewhere, what arrives in order counts before what is held."""
    peer = listening()
    peer.deliver(SYN | FIN, 0)
    assert brief(peer.deliver(ACK, 1, 1, TEXT)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)


def test_syn_received_text_of_the_syn_that_is_sent_again_is_taken_once() -> None:
    peer = listening()
    peer.deliver(SYN, 0, text=TEXT)
    assert brief(peer.deliver(ACK, 1, 1, TEXT + b"more")) == [(ACK, 1, 15, 0)]
    assert peer.read() == TEXT + b"more"


def test_syn_received_reset_drops_the_text_of_the_syn() -> None:
    peer = listening()
    peer.deliver(SYN, 0, text=TEXT)
    peer.deliver(RST, 1)
    peer.deliver(SYN, 500)
    peer.tcp.segment_arrives(Segment(add(IRS, 501), peer.tcp.tcb.SND.NXT, ACK, WND), 0.0)
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, None)


def test_syn_received_full_close_then_text_of_the_syn_is_reset() -> None:
    """3.6.1, SHLD-3: the text is lost with the connection."""
    peer = listening()
    peer.deliver(SYN, 0, text=TEXT)
    peer.tcp.close(0.0)
    assert brief(peer.deliver(ACK, 11, 1)) == [(RST, 1, 0, 0)]
    assert (peer.state(), peer.tcp.notices()[-1]) == (State.CLOSED, Notice.RESET)


def test_syn_received_full_close_then_the_fin_of_the_syn_is_taken() -> None:
    peer = listening()
    peer.deliver(SYN | FIN, 0)
    peer.tcp.close(0.0)
    assert brief(peer.deliver(ACK, 2, 1)) == [(ACK | FIN, 1, 2, 0)]


def test_syn_sent_syn_ack_with_text_is_acknowledged_with_the_text() -> None:
    peer = opening()
    assert brief(peer.deliver(SYN | ACK, 0, 1, TEXT)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)
    assert peer.tcp.notices() == [Notice.CONNECTED, Notice.TEXT]


def test_syn_sent_syn_ack_with_text_and_fin_leads_to_close_wait() -> None:
    peer = opening()
    assert brief(peer.deliver(SYN | ACK | FIN, 0, 1, TEXT)) == [(ACK, 1, 12, 0)]
    assert (peer.state(), peer.read(), peer.read()) == (State.CLOSE_WAIT, TEXT, b"")


def test_syn_sent_syn_with_text_and_fin_is_queued_until_its_syn_is_acknowledged() -> None:
    peer = simultaneous(text=TEXT, fin=FIN)
    assert brief(peer.deliver(ACK, 12, 1)) == [(ACK, 1, 12, 0)]
    assert (peer.state(), peer.read(), peer.read()) == (State.CLOSE_WAIT, TEXT, b"")


def test_syn_received_close_then_the_fin_of_the_syn_closes_both_ways() -> None:
    peer = simultaneous(fin=FIN)
    assert peer.shutdown() == []
    assert brief(peer.deliver(ACK, 2, 1)) == [(ACK | FIN, 1, 2, 0)]
    assert peer.state() is State.LAST_ACK, "the FIN was there before the CLOSE could be processed"


def test_syn_sent_text_given_before_leaves_with_the_ack_of_the_peers_text() -> None:
    peer = opening()
    peer.send(b"mine")
    assert brief(peer.deliver(SYN | ACK, 0, 1, TEXT))[-1] == (ACK, 1, 11, 4)


# ---- refused -------------------------------------------------------------------------------------------------


def test_listen_refusing_takes_the_syn_alone_and_its_text_when_it_comes_again() -> None:
    peer = listening(REFUSING)
    assert brief(peer.deliver(SYN | FIN, 0, text=TEXT)) == [(SYN | ACK, 0, 1, 0)]
    assert peer.deliver(ACK, 1, 1) == []
    assert peer.read() is None
    assert brief(peer.deliver(ACK | FIN, 1, 1, TEXT)) == [(ACK, 1, 12, 0)]
    assert peer.state() is State.CLOSE_WAIT


def test_syn_sent_refusing_takes_the_syn_alone() -> None:
    peer = opening(REFUSING)
    assert brief(peer.deliver(SYN | ACK | FIN, 0, 1, TEXT)) == [(ACK, 1, 1, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, None)
    peer = simultaneous(REFUSING, TEXT, FIN)
    assert peer.deliver(ACK, 1, 1) == []
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, None)


# ---- old parts -----------------------------------------------------------------------------------------------


def test_established_syn_ack_with_text_again_is_old_and_acknowledged_again() -> None:
    peer = opening()
    again = Segment(add(IRS, 0), add(ISS, 1), SYN | ACK, WND, TEXT)
    for _ in range(2):
        peer.tcp.segment_arrives(again, 0.0)
        assert brief(peer.sent()) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)


def test_established_syn_ack_with_new_text_is_trimmed_of_its_syn() -> None:
    peer = connected()
    assert brief(peer.deliver(SYN | ACK, 0, 1, TEXT)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)


def test_established_old_syn_without_ack_is_dropped_with_its_text() -> None:
    peer = connected()
    assert peer.deliver(SYN, 0, text=TEXT) == []
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, None)


@pytest.mark.parametrize("challenging", [False, True])
@pytest.mark.parametrize("fin", [0, FIN])
def test_syn_received_syn_with_text_again_stays_and_the_handshake_goes_on(fin: int, challenging: bool) -> None:
    peer = listening(replace(PLAIN, rfc5961_syn=challenging))
    peer.deliver(SYN | fin, 0, text=TEXT)
    assert peer.deliver(SYN | fin, 0, text=TEXT) == []
    assert peer.state() is State.SYN_RECEIVED
    assert [s.flags for s in peer.wait(1.1)] == [SYN | ACK]
    peer.deliver(ACK, 11 + bool(fin), 1)
    assert (peer.state(), peer.read()) == (State.CLOSE_WAIT if fin else State.ESTABLISHED, TEXT)


def test_syn_received_of_a_simultaneous_open_takes_the_text_of_the_syn_ack() -> None:
    peer = simultaneous()
    assert brief(peer.deliver(SYN | ACK, 0, 1, TEXT)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)


@pytest.mark.parametrize("text", [b"", TEXT])
def test_syn_received_syn_ack_completes_a_simultaneous_open_with_its_text_and_fin(text: bytes) -> None:
    peer = simultaneous(replace(PLAIN, syn_ack_completes=True), text)
    assert brief(peer.deliver(SYN | ACK | FIN, 0, 1, text)) == [(ACK, 1, len(text) + 2, 0)]
    assert (peer.state(), peer.read()) == (State.CLOSE_WAIT, text)


def test_syn_received_bare_syn_ack_that_completes_a_simultaneous_open_lets_the_text_of_the_syn_in() -> None:
    peer = simultaneous(replace(PLAIN, syn_ack_completes=True), TEXT)
    assert brief(peer.deliver(SYN | ACK, 0, 1)) == [(ACK, 1, 11, 0)]
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, TEXT)


def test_syn_received_syn_ack_with_text_is_challenged_with_rfc5961_though_a_bare_one_completes() -> None:
    """RFC 5961: "irrespective of the sequence number"."""
    peer = simultaneous(replace(PLAIN, syn_ack_completes=True, rfc5961_syn=True))
    assert brief(peer.deliver(SYN | ACK, 0, 1, TEXT)) == [(ACK, 1, 1, 0)]
    assert peer.state() is State.SYN_RECEIVED
    peer.deliver(SYN | ACK, 0, 1)
    assert (peer.state(), peer.read()) == (State.ESTABLISHED, None)


@pytest.mark.parametrize("completes", [False, True])
def test_the_window_of_a_syn_ack_is_not_scaled_though_its_syn_is_old(completes: bool) -> None:
    """RFC 7323 2.2."""
    peer = opening(replace(PLAIN, window_scale=2, syn_ack_completes=completes))
    peer.tcp.segment_arrives(Segment(IRS, 0, SYN, WND, scale=2), 0.0)
    peer.tcp.segment_arrives(Segment(IRS, add(ISS, 1), SYN | ACK, 500, TEXT, scale=2), 0.0)
    assert (peer.state(), peer.tcp.tcb.SND.WND) == (State.ESTABLISHED, 500)


def test_syn_received_syn_ack_that_completes_a_simultaneous_open_brings_its_timestamp() -> None:
    peer = opening(replace(PLAIN, timestamps=True, syn_ack_completes=True))
    for flags, clock in ((SYN, 7), (SYN | ACK, 9)):
        peer.tcp.segment_arrives(Segment(IRS, add(ISS, 1), flags, WND, timestamps=(clock, 0)), 0.0)
    assert peer.state() is State.ESTABLISHED
    assert peer.sent()[-1].timestamps == (0, 9)


def test_fin_wait_1_syn_ack_with_a_new_octet_is_reset_after_a_full_close() -> None:
    """3.6.1, SHLD-3."""
    peer = connected()
    peer.tcp.close(0.0)
    peer.sent()
    assert brief(peer.deliver(SYN | ACK, 0, 1, b"x")) == [(RST, 1, 0, 0)]


@pytest.mark.parametrize("flags", [SYN | FIN, SYN | FIN | ACK])
def test_time_wait_old_syn_with_fin_neither_resets_nor_ends_it(flags: int) -> None:
    peer = in_state(State.TIME_WAIT)
    assert all(not s.flags & RST for s in peer.deliver(flags, 1, 2))
    assert peer.state() is State.TIME_WAIT


@pytest.mark.parametrize("state", SYNCHRONIZED, ids=str)
@pytest.mark.parametrize("ack", [0, ACK], ids=["", "ack"])
@pytest.mark.parametrize("fin", [0, FIN], ids=["", "fin"])
@pytest.mark.parametrize("text", [b"", TEXT], ids=["", "text"])
def test_synchronized_old_syn_resets_nothing(state: State, ack: int, fin: int, text: bytes) -> None:
    peer = in_state(state)
    assert all(not s.flags & RST for s in peer.deliver(SYN | ack | fin, 0, 1, text))
    assert peer.state() is not State.CLOSED


@pytest.mark.parametrize("state", SYNCHRONIZED, ids=str)
@pytest.mark.parametrize("offset", [0, 5])
def test_synchronized_syn_in_the_window_resets(state: State, offset: int) -> None:
    peer = in_state(state)
    (reset,) = peer.deliver(SYN | ACK, 2 + offset, 1, TEXT)
    assert reset.flags == RST
    assert peer.state() is State.CLOSED


@pytest.mark.parametrize("state", SYNCHRONIZED, ids=str)
@pytest.mark.parametrize("seq", [0, 2, 7])
def test_synchronized_syn_is_challenged_whatever_its_number_with_rfc5961(state: State, seq: int) -> None:
    peer = in_state(state)
    peer.tcp.tcb.config = replace(PLAIN, rfc5961_syn=True)
    (answer,) = peer.deliver(SYN | ACK, seq, 1, TEXT)
    assert (answer.flags, answer.text, peer.state()) == (ACK, b"", state)


# ---- sent ----------------------------------------------------------------------------------------------------

TALKATIVE = replace(PLAIN, text_on_syn=True)


def sending_from_listen(config: Config) -> Peer:
    peer = Peer(config)
    peer.tcp.listen(0.0, remote_specified=True)
    peer.tcp.send(TEXT, 0.0)
    return peer


def test_listen_send_puts_its_text_on_the_syn() -> None:
    peer = sending_from_listen(TALKATIVE)
    (syn,) = peer.sent()
    assert (syn.flags, syn.seq, syn.text) == (SYN | PSH, 0, TEXT)
    assert peer.tcp.tcb.outstanding == 11
    assert brief(peer.deliver(SYN | ACK, 0, 11)) == [(ACK, 11, 1, 0)]
    assert (peer.state(), peer.tcp.deadline) == (State.ESTABLISHED, None)


def test_listen_send_keeps_its_text_for_established_by_default() -> None:
    peer = sending_from_listen(PLAIN)
    assert brief(peer.sent()) == [(SYN, 0, 0, 0)]
    assert brief(peer.deliver(SYN | ACK, 0, 1))[-1] == (ACK, 1, 1, 10)


def test_syn_sent_text_that_the_syn_ack_does_not_acknowledge_is_sent_again() -> None:
    """3.10.7.3: "the TCP peer may not accept and acknowledge all of the data on the SYN"."""
    peer = sending_from_listen(TALKATIVE)
    peer.sent()
    sent = peer.deliver(SYN | ACK, 0, 5) + peer.wait(1.1)
    assert peer.state() is State.ESTABLISHED
    assert (sent[-1].seq, sent[-1].text) == (5, TEXT[4:])


def test_syn_sent_text_given_meanwhile_goes_with_the_syn_when_it_is_sent_again() -> None:
    peer = opening(TALKATIVE)
    assert peer.send(TEXT) == []
    assert [(s.flags & ~PSH, s.seq, s.text) for s in peer.wait(1.1)] == [(SYN, 0, TEXT)]
    assert peer.tcp.tcb.outstanding == 11


def test_syn_sent_text_goes_with_the_syn_ack_of_a_simultaneous_open() -> None:
    peer = opening(TALKATIVE)
    peer.send(TEXT)
    assert brief(peer.deliver(SYN, 0)) == [(SYN | ACK, 0, 1, 10)]
    assert peer.deliver(ACK, 1, 11) == []
    assert (peer.state(), peer.tcp.deadline) == (State.ESTABLISHED, None)


def test_syn_received_text_and_fin_go_with_the_syn_ack_when_it_is_sent_again() -> None:
    peer = listening(TALKATIVE)
    peer.deliver(SYN, 0)
    peer.send(TEXT)
    peer.shutdown()
    assert brief(peer.wait(1.1)) == [(SYN | ACK | FIN, 0, 1, 10)]
    assert peer.state() is State.SYN_RECEIVED
    peer.deliver(ACK, 1, 12)
    assert (peer.state(), peer.tcp.tcb.outstanding) == (State.FIN_WAIT_2, 0)


def test_syn_received_fin_of_the_syn_ack_that_is_not_acknowledged_is_sent_again() -> None:
    peer = listening(TALKATIVE)
    peer.deliver(SYN, 0)
    peer.shutdown()
    assert brief(peer.wait(1.1)) == [(SYN | ACK | FIN, 0, 1, 0)]
    sent = peer.deliver(ACK, 1, 1)
    assert peer.state() is State.FIN_WAIT_1
    assert brief([*sent, *peer.wait(5)])[0] == (ACK | FIN, 1, 1, 0)


def test_syn_received_fins_of_both_syns_close_both_ways() -> None:
    peer = listening(TALKATIVE)
    peer.deliver(SYN | FIN, 0)
    peer.shutdown()
    peer.wait(1.1)
    assert brief(peer.deliver(ACK, 2, 2)) == [(ACK, 2, 2, 0)]
    assert peer.state() is State.TIME_WAIT


@pytest.mark.parametrize(("window", "octets"), [(0, 0), (1, 0), (5, 4), (11, 10)])
def test_text_on_a_syn_ack_stays_within_the_window_of_the_syn(window: int, octets: int) -> None:
    peer = opening(TALKATIVE)
    peer.send(TEXT)
    assert brief(peer.deliver(SYN, 0, wnd=window)) == [(SYN | ACK, 0, 1, octets)]


def test_syn_received_text_that_left_with_the_syn_and_finds_no_room_beside_the_syn_ack_stays_sent() -> None:
    peer = sending_from_listen(TALKATIVE)
    peer.sent()
    assert brief(peer.deliver(SYN, 0, wnd=5)) == [(SYN | ACK, 0, 1, 4)]
    assert peer.tcp.tcb.outstanding == 11


@pytest.mark.parametrize(("window", "fin"), [(0, 0), (1, FIN), (2, FIN)])
def test_fin_on_a_syn_ack_needs_a_window_that_holds_the_syn(window: int, fin: int) -> None:
    peer = opening(TALKATIVE)
    peer.deliver(SYN, 0, wnd=window)
    peer.shutdown()
    assert [s.flags for s in peer.wait(1.1)] == [SYN | ACK | fin]


def test_fin_stays_behind_text_that_finds_no_room_beside_the_syn_ack() -> None:
    peer = opening(TALKATIVE)
    peer.send(TEXT)
    peer.deliver(SYN, 0, wnd=5)
    peer.shutdown()
    assert brief(peer.wait(1.1)) == [(SYN | ACK, 0, 1, 4)]


def test_text_on_a_syn_stays_within_the_default_mss_with_its_options() -> None:
    """MUST-15, MUST-16: the peer's own MSS is not known yet."""
    peer = Peer(Config(text_on_syn=True))
    peer.tcp.listen(0.0, remote_specified=True)
    peer.tcp.send(bytes(2000), 0.0)
    (syn,) = peer.sent()
    assert 0 < len(syn.text) <= 536 - 24


def test_the_syn_and_its_text_pass_between_two_ends() -> None:
    one, other = sending_from_listen(TALKATIVE), listening()
    for _ in range(4):
        for segment in one.tcp.segments():
            other.tcp.segment_arrives(segment, 0.0)
        for segment in other.tcp.segments():
            one.tcp.segment_arrives(segment, 0.0)
    assert (one.state(), other.state()) == (State.ESTABLISHED, State.ESTABLISHED)
    assert other.read() == TEXT
    assert one.tcp.tcb.outstanding == 0


def test_listen_send_without_room_leaves_listen_alone() -> None:
    """3.10.2: "error: insufficient resources"."""
    peer = Peer(replace(PLAIN, send_buffer=0))
    peer.tcp.listen(0.0, remote_specified=True)
    with pytest.raises(CallError, match="insufficient resources"):
        peer.tcp.send(TEXT, 0.0)
    assert (peer.state(), peer.sent()) == (State.LISTEN, [])

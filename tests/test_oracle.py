"""The oracle: what it lets an endpoint do, and what it does not."""

from __future__ import annotations

import pytest

from halfclose.checks.oracle.oracle import Deviates, Oracle
from halfclose.checks.oracle.segments import fields_of, show
from halfclose.checks.oracle.sequence import distance, pattern
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.language.states import State

ISS, IRS, WINDOW = 15_000, 8000, 5000
OK = Result("ok")


def of_stack(seq: int, ack: int, flags: int = ACK, text: bytes = b"") -> Segment:
    """A segment of the stack: seq and ack count from the initial sequence numbers."""
    return Segment(ISS + seq, IRS + ack, flags, WINDOW, text)


def of_peer(seq: int, ack: int, flags: int = ACK, octets: int = 0, wnd: int = WINDOW) -> Segment:
    return Segment(IRS + seq, ISS + ack, flags, wnd, pattern(seq - 1, octets))


@pytest.fixture
def oracle() -> Oracle:
    """A connection that an active OPEN has established."""
    oracle = Oracle(PROFILES["linux"])
    oracle.call(Verb.OPEN, 0, OK, ISS)
    oracle.observe(Segment(ISS, 0, SYN, WINDOW))
    oracle.silence()
    oracle.deliver(of_peer(0, 1, SYN | ACK))
    oracle.observe(of_stack(1, 1))
    oracle.silence()
    assert oracle.is_in(State.ESTABLISHED)
    return oracle


def test_text_is_acknowledged_at_once_or_with_a_delay_but_not_never(oracle: Oracle) -> None:
    oracle.deliver(of_peer(1, 1, octets=10))
    assert not oracle.is_quiet()
    with pytest.raises(Deviates, match="sent nothing") as deviation:
        oracle.silence()
    assert deviation.value.allowed == ("<SEQ=15001><ACK=8011><CTL=ACK>",)
    assert [edge.name for edge in deviation.value.edges] == ["established.text"]
    oracle.observe(of_stack(1, 11))
    oracle.silence()


def test_an_acknowledgment_of_the_wrong_number_deviates(oracle: Oracle) -> None:
    oracle.deliver(of_peer(1, 1, octets=10))
    with pytest.raises(Deviates, match="ACK=8012"):
        oracle.observe(of_stack(1, 12))


def test_fin_and_ack_may_be_one_segment_or_two(oracle: Oracle) -> None:
    oracle.deliver(of_peer(1, 1, ACK | FIN))
    oracle.observe(of_stack(1, 2))
    oracle.call(Verb.SHUTDOWN, 0, OK)
    oracle.observe(of_stack(1, 2, ACK | FIN))
    oracle.silence()
    assert oracle.is_in(State.LAST_ACK)


def test_a_queued_close_must_send_its_fin(oracle: Oracle) -> None:
    oracle.call(Verb.SHUTDOWN, 0, OK)
    with pytest.raises(Deviates, match="CTL=FIN,ACK"):
        oracle.silence()


@pytest.mark.parametrize("cuts", [(10,), (4, 6), (1, 1, 8)])
def test_text_may_be_cut_anywhere(oracle: Oracle, cuts: tuple[int, ...]) -> None:
    oracle.call(Verb.SEND, 10, Result("ok", accepted=10))
    sent = 0
    for octets in cuts:
        oracle.observe(of_stack(1 + sent, 1, text=pattern(sent, octets)))
        sent += octets
    oracle.silence()


def test_text_of_the_wrong_octets_deviates(oracle: Oracle) -> None:
    oracle.call(Verb.SEND, 10, Result("ok", accepted=10))
    with pytest.raises(Deviates, match="not octets 0 to 9"):
        oracle.observe(of_stack(1, 1, text=pattern(1, 10)))


def test_text_beyond_the_window_deviates(oracle: Oracle) -> None:
    oracle.deliver(of_peer(1, 1, wnd=5))
    oracle.silence()
    oracle.call(Verb.SEND, 10, Result("ok", accepted=10))
    oracle.silence()  # 3.8.6.2.1: small text may wait for a larger window
    with pytest.raises(Deviates, match="DATA=6"):
        oracle.observe(of_stack(1, 1, text=pattern(0, 6)))


def test_what_is_not_acknowledged_as_a_whole_may_be_sent_again(oracle: Oracle) -> None:
    oracle.call(Verb.SEND, 10, Result("ok", accepted=10))
    oracle.observe(of_stack(1, 1, text=pattern(0, 10)))
    oracle.deliver(of_peer(1, 6))
    oracle.observe(of_stack(1, 1, text=pattern(0, 10)))
    oracle.deliver(of_peer(1, 11))
    with pytest.raises(Deviates):
        oracle.observe(of_stack(1, 1, text=pattern(0, 10)))


def test_a_reset_may_bear_an_ack_but_not_another_number() -> None:
    oracle = Oracle(PROFILES["linux"])
    oracle.deliver(of_peer(1, 1))
    with pytest.raises(Deviates, match="RST"):
        oracle.observe(Segment(ISS + 2, 0, RST, 0))
    oracle.observe(Segment(ISS + 1, IRS + 1, RST | ACK, 0))
    oracle.silence()


def test_two_early_segments_may_both_be_held(oracle: Oracle) -> None:
    for seq in (21, 11):
        oracle.deliver(of_peer(seq, 1, octets=10))
        oracle.observe(of_stack(1, 1))
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 31))
    oracle.silence()
    oracle.call(Verb.RECEIVE, 100, Result("ok", text=pattern(0, 30)))


def test_receive_may_not_hand_out_text_that_is_missing(oracle: Oracle) -> None:
    oracle.deliver(of_peer(11, 1, octets=10))
    oracle.observe(of_stack(1, 1))
    with pytest.raises(Deviates, match="RECEIVE returned 10 octets"):
        oracle.call(Verb.RECEIVE, 100, Result("ok", text=pattern(10, 10)))


def test_an_end_of_file_needs_the_peers_fin(oracle: Oracle) -> None:
    with pytest.raises(Deviates, match="eof"):
        oracle.call(Verb.RECEIVE, 100, Result("eof"))


def test_a_reset_connection_is_no_end_of_file(oracle: Oracle) -> None:
    oracle.deliver(of_peer(1, 0, RST))
    with pytest.raises(Deviates, match="eof"):
        oracle.call(Verb.RECEIVE, 100, Result("eof"))
    oracle.call(Verb.RECEIVE, 100, Result("reset"))


def test_an_old_segment_needs_an_ack_at_once(oracle: Oracle) -> None:
    oracle.deliver(of_peer(-1000, 1, octets=10))
    with pytest.raises(Deviates, match="sent nothing"):
        oracle.silence()


def test_a_failed_observation_changes_nothing(oracle: Oracle) -> None:
    before = oracle.hypotheses
    with pytest.raises(Deviates):
        oracle.observe(of_stack(5, 1))
    assert oracle.hypotheses == before


def test_distance_and_display_work_modulo_the_sequence_space() -> None:
    assert distance(0xFFFF_FFFF, 1) == 2
    assert distance(1, 0xFFFF_FFFF) == -2
    shown = show(fields_of(Segment(5, 7, ACK | FIN, 0, b"ab")), shift=6)
    assert shown == "<SEQ=4294967295><ACK=7><DATA=2><CTL=FIN,ACK>"


@pytest.mark.parametrize("ends_in", [State.TIME_WAIT, State.CLOSED])
def test_a_close_queued_in_syn_received_may_come_before_or_after_the_fin_of_the_ack(ends_in: State) -> None:
    """3.10.4: "queue for processing after entering ESTABLISHED state", with text queued ahead of it."""
    oracle = Oracle(PROFILES["linux"])
    oracle.call(Verb.LISTEN, 0, OK)
    oracle.deliver(of_peer(0, 0, SYN), ISS)
    oracle.observe(of_stack(0, 1, SYN | ACK))
    oracle.call(Verb.SEND, 3, Result("ok", accepted=3))
    oracle.call(Verb.SHUTDOWN, 0, OK)
    oracle.deliver(of_peer(1, 1, ACK | FIN))
    oracle.observe(of_stack(1, 2, ACK | FIN, pattern(0, 3)))
    oracle.deliver(of_peer(2, 5))
    oracle.deliver(of_peer(1, 5, ACK | FIN))
    closed = ends_in is State.CLOSED
    oracle.observe(Segment(ISS + 5, 0, RST, 0) if closed else of_stack(5, 2))
    assert oracle.is_in(ends_in)


@pytest.mark.parametrize("returned", [Result("ok", text=pattern(0, 10)), Result("reset")])
def test_text_that_came_before_a_reset_may_be_handed_out_or_not(oracle: Oracle, returned: Result) -> None:
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11))
    oracle.deliver(of_peer(11, 0, RST))
    oracle.call(Verb.RECEIVE, 100, returned)
    oracle.call(Verb.RECEIVE, 100, Result("reset"))

"""The freedoms of the oracle: what RFC 9293 asks for or allows is not held against a stack, and no more than that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from oracle_talk import ISS, OK, WINDOW, departs_from, names, of_peer, of_stack, opened, oracle_of, receives, sends

from halfclose.checks.oracle.freedoms import FREEDOMS
from halfclose.checks.oracle.oracle import Deviates, Oracle
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.states import State

_RFC = Path(__file__).parents[2] / "shared" / "rfc" / "rfc9293.txt"
_WHOLE = Result("error: insufficient resources")


def _plain(text: str) -> str:
    """Text without the line breaks, page breaks and indentation of an RFC."""
    return re.sub(r"\s+", " ", text)


# ---- the catalogue -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not _RFC.exists(), reason="the text of the RFC is not here")
@pytest.mark.parametrize("freedom", FREEDOMS, ids=lambda freedom: freedom.name)
def test_the_passage_that_gives_a_freedom_stands_in_the_rfc(freedom) -> None:  # type: ignore[no-untyped-def]
    assert freedom.quote in _plain(_RFC.read_text(encoding="utf-8"))


def test_no_two_freedoms_have_one_name() -> None:
    assert len({freedom.name for freedom in FREEDOMS}) == len(FREEDOMS)


# ---- MAX.SND.WND (MAY-12) ----------------------------------------------------------------------------------------


def _far_along(window: int) -> Oracle:
    """A connection on which 20,000 octets were sent and acknowledged, with no window larger than this."""
    oracle = opened("linux", wnd=window, mss=1000)
    sends(oracle, 20_000)
    for at in range(0, 20_000, 1000):
        oracle.observe(of_stack(1 + at, 1, octets=1000))
        oracle.deliver(of_peer(1, 1001 + at, wnd=window))
    oracle.silence()
    return oracle


@pytest.mark.parametrize("taken", [0, 10], ids=["the largest seen", "a fixed value"])
def test_an_ack_older_than_every_offered_window_may_be_refused_with_its_text_or_not(taken: int) -> None:
    oracle = _far_along(5000)
    oracle.deliver(of_peer(1, 20_001 - 5001, octets=10))
    oracle.observe(of_stack(20_001, 1 + taken))
    oracle.silence()


def test_an_ack_within_the_largest_window_is_processed() -> None:
    oracle = _far_along(5000)
    oracle.deliver(of_peer(1, 20_001 - 5000, octets=10))
    with pytest.raises(Deviates, match="ACK=8001"):
        oracle.observe(of_stack(20_001, 1))


# ---- a FIN and no room -------------------------------------------------------------------------------------------


def _closed_at_zero_window() -> Oracle:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, wnd=0))
    oracle.silence()
    oracle.call(Verb.SHUTDOWN, 0, OK)
    return oracle


def test_a_fin_may_wait_while_the_window_is_zero_or_go() -> None:
    oracle = _closed_at_zero_window()
    oracle.silence()
    oracle = _closed_at_zero_window()
    oracle.observe(of_stack(1, 1, FIN | ACK))


def test_a_fin_that_waited_goes_when_the_window_opens() -> None:
    oracle = _closed_at_zero_window()
    oracle.silence()
    oracle.deliver(of_peer(1, 1, wnd=1))
    with pytest.raises(Deviates, match="FIN"):
        oracle.silence()


# ---- text and FIN that come with a SYN ---------------------------------------------------------------------------


def _answered_syn(flags: int = SYN, octets: int = 10) -> Oracle:
    oracle = oracle_of()
    oracle.call(Verb.LISTEN, 0, OK)
    oracle.deliver(of_peer(0, 0, flags, octets), ISS)
    oracle.observe(of_stack(0, 1, SYN | ACK))
    oracle.silence()
    return oracle


def _listening(flags: int, octets: int) -> Oracle:
    oracle = _answered_syn(flags, octets)
    oracle.deliver(of_peer(1, 1))
    return oracle


@pytest.mark.parametrize("kept", [0, 4, 10, 11])
def test_text_and_fin_of_a_syn_are_kept_or_refused_in_any_part(kept: int) -> None:
    oracle = _listening(SYN | FIN, 10)
    if kept:
        oracle.observe(of_stack(1, 1 + kept))
        receives(oracle, 0, min(kept, 10))
    oracle.silence()
    assert oracle.is_in(State.CLOSE_WAIT if kept == 11 else State.ESTABLISHED)


def test_no_more_than_came_with_a_syn_is_acknowledged() -> None:
    with pytest.raises(Deviates, match="ACK=8013"):
        _listening(SYN | FIN, 10).observe(of_stack(1, 13))


def test_text_of_a_syn_that_was_kept_may_be_acknowledged_late() -> None:
    oracle = _listening(SYN, 10)
    assert oracle.is_quiet()
    assert not oracle.is_done()


@pytest.mark.parametrize("kept", [0, 4, 10, 11])
def test_text_and_fin_of_a_syn_ack_are_taken_or_refused_in_any_part(kept: int) -> None:
    oracle = oracle_of()
    oracle.call(Verb.OPEN, 0, OK, ISS)
    oracle.observe(of_stack(0, 0, SYN))
    oracle.deliver(of_peer(0, 1, SYN | ACK | FIN, 10))
    oracle.observe(of_stack(1, 1 + kept))
    oracle.silence()
    assert oracle.is_in(State.CLOSE_WAIT if kept == 11 else State.ESTABLISHED)


def test_text_of_a_syn_is_not_handed_out_before_the_handshake_is_over() -> None:
    oracle = oracle_of()
    oracle.call(Verb.LISTEN, 0, OK)
    oracle.deliver(of_peer(0, 0, SYN, 10), ISS)
    oracle.observe(of_stack(0, 1, SYN | ACK))
    with pytest.raises(Deviates, match="RECEIVE returned 10 octets"):
        receives(oracle, 0, 10)


def test_a_fin_behind_text_that_the_window_cuts_is_not_taken_with_the_syn_ack() -> None:
    oracle = oracle_of()
    oracle.call(Verb.OPEN, 0, OK, ISS)
    oracle.observe(of_stack(0, 0, SYN, wnd=5))
    oracle.deliver(of_peer(0, 1, SYN | ACK | FIN, 10))
    with pytest.raises(Deviates):
        oracle.observe(of_stack(1, 7))


def test_a_syn_with_text_that_comes_again_may_be_answered_with_a_bare_ack() -> None:
    oracle = _answered_syn()
    oracle.deliver(of_peer(0, 0, SYN, 10))
    oracle.observe(of_stack(1, 1))


def test_a_rst_below_the_window_of_syn_received_is_not_answered() -> None:
    oracle = _answered_syn()
    oracle.deliver(of_peer(0, 0, RST, 10))
    with pytest.raises(Deviates):
        oracle.observe(of_stack(1, 1))


def test_a_queued_fin_may_go_with_the_syn_ack() -> None:
    oracle = oracle_of()
    oracle.call(Verb.LISTEN, 0, OK)
    oracle.deliver(of_peer(0, 0, SYN), ISS)
    oracle.observe(of_stack(0, 1, SYN | ACK))
    oracle.call(Verb.SHUTDOWN, 0, OK)
    oracle.observe(of_stack(0, 1, SYN | FIN | ACK))
    oracle.deliver(of_peer(1, 2))
    oracle.silence()
    oracle.deliver(of_peer(1, 2, FIN | ACK))
    oracle.observe(of_stack(2, 2))
    oracle.silence()
    assert oracle.is_in(State.TIME_WAIT)


# ---- what comes early --------------------------------------------------------------------------------------------


def _early(oracle: Oracle, segments: int, fin: bool = False) -> None:
    """So many segments of 10 octets each, with gaps of 10 between them, behind a gap of 10."""
    for number in range(segments):
        last = fin and number == segments - 1
        oracle.deliver(of_peer(11 + 20 * number, 1, ACK | (FIN if last else 0), 10))
        oracle.observe(of_stack(1, 1))
        oracle.silence()


@pytest.mark.parametrize("segments", [9, 200])
@pytest.mark.parametrize("held", [0, 3, 10], ids=["none", "a part", "all"])
def test_the_next_ack_tells_how_much_of_what_came_early_is_held(segments: int, held: int) -> None:
    oracle = opened()
    most = 0
    for number in range(segments):
        oracle.deliver(of_peer(11 + 20 * number, 1, octets=10))
        oracle.observe(of_stack(1, 1))
        most = max(most, len(oracle.hypotheses))
    for number in range(segments):
        taken = 1 + 20 * number
        oracle.deliver(of_peer(taken, 1, octets=10))
        oracle.observe(of_stack(1, taken + 10 + held, wnd=100_000))
        oracle.silence()
        if held != 10:
            oracle.deliver(of_peer(taken + 10 + held, 1, octets=10 - held))
            oracle.observe(of_stack(1, taken + 20, wnd=100_000))
            oracle.silence()
        most = max(most, len(oracle.hypotheses))
    assert most <= 2


@pytest.mark.parametrize("segments", [9, 200])
def test_an_ack_of_more_than_came_deviates(segments: int) -> None:
    oracle = opened()
    _early(oracle, segments)
    oracle.deliver(of_peer(1, 1, octets=10))
    with pytest.raises(Deviates, match="ACK=8022"):
        oracle.observe(of_stack(1, 22))


def test_what_an_ack_has_shown_not_to_be_held_is_not_acknowledged_by_itself() -> None:
    oracle = opened()
    _early(oracle, 1)
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11))
    oracle.silence()
    with pytest.raises(Deviates, match="ACK=8021"):
        oracle.observe(of_stack(1, 21))


@pytest.mark.parametrize("fin", [True, False], ids=["held", "dropped"])
def test_an_early_fin_may_be_held_or_not(fin: bool) -> None:
    oracle = opened()
    _early(oracle, 1, fin=True)
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 21 + fin))
    oracle.silence()
    assert oracle.is_in(State.CLOSE_WAIT if fin else State.ESTABLISHED)


def test_to_drop_what_came_early_departs_from_advice_where_the_profile_holds_it() -> None:
    for profile, departs in (("reference", ("SHLD-31",)), ("rfc9293", ())):
        oracle = opened(profile)
        _early(oracle, 1)
        oracle.deliver(of_peer(1, 1, octets=10))
        oracle.observe(of_stack(1, 11))
        oracle.silence()
        assert departs_from(oracle) == departs


def test_early_text_needs_no_ack_of_its_own() -> None:
    oracle = opened()
    oracle.deliver(of_peer(11, 1, octets=10))
    oracle.silence()
    assert "early-unacknowledged" in names(oracle)


# ---- resets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 40])
@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_a_syn_in_the_window_is_reset_at_its_ack_or_at_snd_nxt(number: int, flags: int) -> None:
    oracle = opened()
    sends(oracle, 39)
    oracle.observe(of_stack(1, 1, octets=39))
    oracle.deliver(of_peer(10, 1, SYN | ACK))
    oracle.observe(of_stack(number, 1, flags))


def test_a_syn_in_the_window_is_reset_at_no_other_number() -> None:
    oracle = opened()
    oracle.deliver(of_peer(10, 1, SYN | ACK))
    with pytest.raises(Deviates, match="RST"):
        oracle.observe(of_stack(7, 1, RST))


def test_the_sender_of_a_reset_may_wait_in_time_wait() -> None:
    for answer in (of_stack(1, 1), of_stack(5, 0, RST)):
        oracle = opened()
        oracle.call(Verb.ABORT, 0, OK)
        oracle.observe(of_stack(1, 0, RST))
        oracle.silence()
        oracle.deliver(of_peer(-100, 5, octets=10))
        oracle.observe(answer)
        oracle.silence()


def test_an_abort_after_both_fins_may_send_a_reset_or_none() -> None:
    for resets in (True, False):
        oracle = opened()
        oracle.deliver(of_peer(1, 1, FIN | ACK))
        oracle.call(Verb.SHUTDOWN, 0, OK)
        oracle.observe(of_stack(1, 2, FIN | ACK))
        oracle.call(Verb.ABORT, 0, OK)
        if resets:
            oracle.observe(of_stack(2, 0, RST))
        oracle.silence()
        assert oracle.is_in(State.CLOSED)


def test_no_reset_where_data_is_lost_departs_from_advice() -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11))
    oracle.call(Verb.CLOSE, 0, OK)
    oracle.observe(of_stack(1, 11, FIN | ACK))
    oracle.silence()
    assert departs_from(oracle) == ("SHLD-3",)


def test_a_second_challenge_may_be_left_out_but_not_the_first() -> None:
    oracle = opened("rfc5961")
    oracle.deliver(of_peer(10, 0, RST))
    with pytest.raises(Deviates, match="sent nothing"):
        oracle.silence()
    oracle.observe(of_stack(1, 1))
    oracle.deliver(of_peer(10, 0, RST))
    oracle.silence()


# ---- probes and sizes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [0, 1])
def test_a_probe_may_stand_at_snd_nxt_less_one_with_an_octet_or_without(octets: int) -> None:
    oracle = opened()
    oracle.elapse(10.0)
    oracle.observe(Segment(ISS, 8001, ACK, WINDOW, b"?" * octets))
    oracle.silence()


def test_a_probe_behind_does_not_answer_a_segment() -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, octets=10))
    with pytest.raises(Deviates):
        oracle.observe(of_stack(0, 11))


def test_no_probe_behind_while_text_is_outstanding() -> None:
    oracle = opened()
    sends(oracle, 10)
    oracle.observe(of_stack(1, 1, octets=10))
    oracle.elapse(10.0)
    with pytest.raises(Deviates):
        oracle.observe(of_stack(10, 1))


@pytest.mark.parametrize(("mss", "most"), [(8960, 8960), (2000, 2000), (100, 100), (None, 536)])
def test_a_segment_holds_what_the_peers_option_allows_and_no_more(mss: int | None, most: int) -> None:
    oracle = opened(wnd=20_000, mss=mss)
    sends(oracle, 15_000)
    with pytest.raises(Deviates, match=f"DATA={most + 1}"):
        oracle.observe(of_stack(1, 1, octets=most + 1))
    oracle.observe(of_stack(1, 1, octets=most))


def test_text_that_is_sent_again_fits_the_peers_segments_too() -> None:
    oracle = opened(mss=100)
    sends(oracle, 200)
    oracle.observe(of_stack(1, 1, octets=100))
    oracle.observe(of_stack(101, 1, octets=100))
    with pytest.raises(Deviates, match="DATA=200"):
        oracle.observe(of_stack(1, 1, octets=200))


def test_windows_are_scaled_where_both_syns_say_so() -> None:
    oracle = opened(mss=1460, scales=(2, 3), offered=50_000)
    oracle.deliver(of_peer(1, 1, wnd=10_000))
    sends(oracle, 80_000)
    for at in range(0, 73_000, 1460):
        oracle.observe(of_stack(1 + at, 1, octets=1460))
    oracle.deliver(of_peer(100_001, 1, octets=10, wnd=10_000))
    oracle.observe(of_stack(73_001, 1, wnd=50_000))  # in the window of 200,000, and early


def test_windows_are_not_scaled_where_one_syn_is_silent() -> None:
    oracle = opened(scales=(2, None))
    oracle.deliver(of_peer(1, 1, wnd=100))
    sends(oracle, 400)
    oracle.silence()
    with pytest.raises(Deviates, match="DATA=101"):
        oracle.observe(of_stack(1, 1, octets=101))


# ---- the user ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "result"), [(10, _WHOLE), (1_000_000, _WHOLE), (1_000_000, Result("error: so long"))]
)
def test_a_send_may_be_refused_for_want_of_room(octets: int, result: Result) -> None:
    oracle = opened()
    oracle.call(Verb.SEND, octets, result)
    oracle.silence()
    assert names(oracle) == ("any-send-buffer",)


def test_a_short_send_is_not_refused_for_another_reason() -> None:
    with pytest.raises(Deviates, match="Broken pipe"):
        opened().call(Verb.SEND, 10, Result("error: Broken pipe"))


def test_a_receive_may_wait_for_all_that_it_asks_for_until_the_peers_fin() -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11))
    oracle.call(Verb.RECEIVE, 20, Result("blocked"))
    with pytest.raises(Deviates, match="blocked"):
        oracle.call(Verb.RECEIVE, 10, Result("blocked"))
    oracle.deliver(of_peer(11, 1, FIN | ACK))
    oracle.observe(of_stack(1, 12))
    with pytest.raises(Deviates, match="blocked"):
        oracle.call(Verb.RECEIVE, 20, Result("blocked"))


def test_the_end_of_the_stream_may_follow_the_error() -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 0, RST))
    oracle.call(Verb.RECEIVE, 100, Result("reset"))
    oracle.call(Verb.RECEIVE, 100, Result("eof"))


# ---- readings ----------------------------------------------------------------------------------------------------


def test_an_empty_segment_at_the_right_edge_may_be_acceptable_or_not() -> None:
    for answered in (True, False):
        oracle = opened("rfc9293")
        oracle.deliver(of_peer(1 + WINDOW, 1))
        if answered:
            oracle.observe(of_stack(1, 1))
        oracle.silence()

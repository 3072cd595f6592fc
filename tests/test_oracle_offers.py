"""What the oracle asks of windows, sizes and times: the peer's offers, the stack's own, and its timers."""

from __future__ import annotations

import pytest
from oracle_talk import ISS, OK, WINDOW, departs_from, of_peer, of_stack, opened, oracle_of, receives

from halfclose.checks.oracle.oracle import Deviates, Oracle
from halfclose.checks.stacks.stack import Known, Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.states import State

_MSL = 120.0


# ---- the right edge of the window (SHLD-14) ----------------------------------------------------------------------


def test_a_right_edge_that_moves_left_departs_from_advice_and_the_judging_goes_on() -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11, wnd=WINDOW - 11))
    oracle.silence()
    assert departs_from(oracle) == ("SHLD-14",)
    with pytest.raises(Deviates):
        oracle.observe(of_stack(2, 11))


@pytest.mark.parametrize("window", [WINDOW - 10, WINDOW - 9, WINDOW, 60_000])
def test_a_right_edge_may_stay_or_move_right(window: int) -> None:
    oracle = opened()
    oracle.deliver(of_peer(1, 1, octets=10))
    oracle.observe(of_stack(1, 11, wnd=window))
    assert departs_from(oracle) == ()


def test_the_right_edge_of_another_connection_is_another_one() -> None:
    oracle = oracle_of()
    for iss in (ISS, ISS + 100_000):
        oracle.call(Verb.LISTEN, 0, OK)
        oracle.deliver(of_peer(0, 0, SYN), iss)
        oracle.observe(Segment(iss, 8001, SYN | ACK, WINDOW if iss == ISS else 100))
        oracle.deliver(of_peer(1, 0, RST))
        oracle.silence()
    assert departs_from(oracle) == ()


def test_a_scaled_window_loses_its_last_bits_without_shrinking() -> None:
    oracle = opened(scales=(4, 0), offered=4096)
    oracle.observe(of_stack(1, 1, wnd=5000))  # 80,000 octets
    oracle.deliver(of_peer(1, 1, octets=15))
    oracle.observe(of_stack(1, 16, wnd=4999))  # 79,985 octets, of which the last one is lost in scaling
    assert departs_from(oracle) == ()
    oracle.observe(of_stack(1, 16, wnd=4998))
    assert departs_from(oracle) == ("SHLD-14",)


# ---- the window and the buffer (3.8.6.2.2) -----------------------------------------------------------------------


def _with_buffer(octets: int) -> Oracle:
    oracle = opened(known=Known(receive_buffer=octets))
    oracle.deliver(of_peer(1, 1, octets=10))
    return oracle


def test_a_window_is_no_larger_than_what_is_left_of_the_buffer() -> None:
    with pytest.raises(Deviates, match="offered a window of 5000; allowed: at most 4990"):
        _with_buffer(5000).observe(of_stack(1, 11, wnd=5000))


def test_a_window_may_grow_again_by_what_was_read() -> None:
    oracle = _with_buffer(5000)
    oracle.observe(of_stack(1, 11, wnd=4990))
    receives(oracle, 0, 10)
    oracle.observe(of_stack(1, 11, wnd=5000))


def test_the_peers_fin_takes_no_room_in_the_buffer() -> None:
    oracle = opened(known=Known(receive_buffer=5000))
    oracle.deliver(of_peer(1, 1, FIN | ACK))
    oracle.observe(of_stack(1, 2, wnd=5000))


def test_text_sent_with_a_window_beyond_the_buffer_deviates_too() -> None:
    oracle = _with_buffer(5000)
    oracle.observe(of_stack(1, 11, wnd=4990))
    oracle.call(Verb.SHUTDOWN, 0, OK)
    with pytest.raises(Deviates, match="at most 4990"):
        oracle.observe(of_stack(1, 11, FIN | ACK, wnd=4991))


def test_an_mss_option_belongs_to_a_syn() -> None:
    oracle = opened()
    with pytest.raises(Deviates, match="MSS option"):
        oracle.observe(Segment(ISS + 1, 8001, ACK, WINDOW, mss=1460))


# ---- TIME-WAIT (MUST-13) -----------------------------------------------------------------------------------------


def _in_time_wait() -> Oracle:
    oracle = opened(known=Known(msl=_MSL))
    oracle.call(Verb.SHUTDOWN, 0, OK)
    oracle.observe(of_stack(1, 1, FIN | ACK))
    oracle.deliver(of_peer(1, 2, FIN | ACK))
    oracle.observe(of_stack(2, 2))
    oracle.silence()
    assert oracle.is_in(State.TIME_WAIT)
    return oracle


def _is_asked(oracle: Oracle, answer: Segment) -> None:
    """An old segment of the peer, and what the stack answers."""
    oracle.deliver(of_peer(1, 2))
    oracle.observe(answer)


def test_time_wait_lasts_two_msl() -> None:
    oracle = _in_time_wait()
    oracle.elapse(2 * _MSL - 0.1)
    with pytest.raises(Deviates, match="RST"):
        _is_asked(oracle, of_stack(2, 0, RST))
    _is_asked(oracle, of_stack(2, 2))


def test_time_wait_ends_after_two_msl() -> None:
    oracle = _in_time_wait()
    oracle.elapse(2 * _MSL + 1)
    assert oracle.is_in(State.CLOSED)
    _is_asked(oracle, of_stack(2, 0, RST))


def test_a_fin_that_comes_again_may_restart_time_wait_or_not() -> None:
    for answer in (of_stack(2, 0, RST), of_stack(2, 2)):
        oracle = _in_time_wait()
        oracle.elapse(_MSL)
        oracle.deliver(of_peer(1, 2, FIN | ACK))
        oracle.observe(of_stack(2, 2))
        oracle.elapse(_MSL + 1)
        _is_asked(oracle, answer)


def test_what_is_acceptable_in_time_wait_restarts_it() -> None:
    oracle = _in_time_wait()
    oracle.elapse(_MSL)
    oracle.deliver(of_peer(2, 2, octets=10))
    oracle.observe(of_stack(2, 2))
    oracle.elapse(_MSL + 1)
    assert oracle.is_in(State.TIME_WAIT)
    oracle.elapse(_MSL)
    assert oracle.is_in(State.CLOSED)

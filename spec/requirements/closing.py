"""Requirements on how a connection closes (RFC 9293 3.6)."""

from __future__ import annotations

from .left_out import (
    TIMESTAMPS_IN_TIME_WAIT,
)
from .requirement import Requirement

CLOSING: tuple[Requirement, ...] = (
    Requirement(
        "MUST-12",
        "3.6",
        1633,
        "the user is told whether the peer closed the connection normally or it was aborted",
        by=("FATE",),
    ),
    Requirement(
        "MAY-1",
        "3.6.1",
        1647,
        "a close may be half-duplex: the user who has called CLOSE reads no more",
        by=("half-duplex-close", "S12"),
        reference=("calls.py::close_fully",),
        tests=("test_reference.py::test_full_close_with_unread_text_resets",),
    ),
    Requirement(
        "SHLD-3",
        "3.6.1",
        1650,
        "a half-duplex close sends a RST where received data is lost with it",
        reference=("calls.py::close_fully",),
        tests=("test_reference.py::test_full_close_answers_later_text_with_a_reset",),
    ),
    Requirement(
        "MUST-13",
        "3.6.1",
        1654,
        "the end that closes actively stays in TIME-WAIT for 2 MSL",
        by=("MSL",),
        reference=("arrives.py::_wait_two_msl",),
        tests=("test_reference.py::test_established_close_goes_through_time_wait_which_lasts_2_msl",),
    ),
    Requirement(
        "MAY-2",
        "3.6.1",
        1656,
        "a new SYN may reopen the connection from TIME-WAIT",
        by=("reopen-from-time-wait", "reading 21"),
        reference=("stack.py::Stack._gives_way",),
        note="Its second condition, back to TIME-WAIT if the SYN was an old duplicate, is not met: see reading 21.",
    ),
    Requirement("SHLD-4", "3.6.1", 1670, "timestamps shorten the wait in TIME-WAIT", left_out=TIMESTAMPS_IN_TIME_WAIT),
)

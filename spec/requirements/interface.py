"""Requirements on the interface to the user, urgent data included (RFC 9293 3.8.5, 3.9.1)."""

from __future__ import annotations

from .left_out import (
    DIFFSERV,
    FLUSH,
    PUSH,
    SILLY_WINDOWS,
    SOCKETS,
    SOFT_ERRORS,
    URGENT,
)
from .requirement import Requirement

INTERFACE: tuple[Requirement, ...] = (
    Requirement(
        "SHLD-13",
        "3.8.5",
        2065,
        "new applications do not use urgent data",
        left_out=URGENT,
        note="The id stands in 3.8.5 and in 3.9.1.2.",
        forbids=True,
    ),
    Requirement(
        "MUST-30", "3.8.5", 2067, "urgent data is supported, though new applications do not use it", left_out=URGENT
    ),
    Requirement("MUST-31", "3.8.5", 2101, "urgent data may be of any length", left_out=URGENT),
    Requirement("MUST-62", "3.8.5", 2104, "the urgent pointer points behind the last urgent octet", left_out=URGENT),
    Requirement("MUST-32", "3.8.5", 2106, "the application is told of urgent data at once", left_out=URGENT),
    Requirement(
        "MUST-33", "3.8.5", 2109, "the application can learn whether more urgent data is to come", left_out=URGENT
    ),
    Requirement(
        "MUST-41",
        "3.9.1.1",
        2408,
        "a passive OPEN does not affect a connection that exists",
        reference=("calls.py::open_passive",),
        tests=("test_reference_stack.py::test_connections_of_one_listener_are_told_apart",),
        forbids=True,
    ),
    Requirement(
        "MUST-42",
        "3.9.1.1",
        2413,
        "one may LISTEN on a port that a connection in SYN-SENT or SYN-RECEIVED uses",
        reference=("listener.py::Listener",),
        tests=("test_reference_stack.py::test_a_full_backlog_drops_the_syn_and_a_later_one_gets_in",),
        left_out=SOCKETS,
    ),
    Requirement(
        "MUST-43",
        "3.9.1.1",
        2443,
        "OPEN can name the local IP address",
        reference=("stack.py::Stack.open",),
        tests=("test_reference_stack.py::test_open_twice_between_the_same_sockets_is_an_error",),
        left_out=SOCKETS,
    ),
    Requirement(
        "MUST-44",
        "3.9.1.1",
        2461,
        "where OPEN does not name the local address, the IP layer chooses it before the first SYN",
        reference=("stack.py::Stack._pair",),
        tests=("test_reference_stack.py::test_two_hosts_exchange_text_and_close",),
        left_out=SOCKETS,
    ),
    Requirement(
        "MUST-45",
        "3.9.1.1",
        2466,
        "later segments keep the local address of the earlier ones",
        reference=("stack.py::Stack._send",),
        tests=("test_reference_stack.py::test_two_hosts_exchange_text_and_close",),
        left_out=SOCKETS,
    ),
    Requirement(
        "MUST-46",
        "3.9.1.1",
        2471,
        "an OPEN to an invalid address is refused",
        reference=("stack.py::Stack._pair",),
        tests=("test_reference_stack.py::test_open_to_a_group_is_an_error",),
        left_out=SOCKETS,
        note="Appendix B has it twice, once among the MUST NOTs.",
    ),
    Requirement("MAY-14", "3.9.1.7", 2712, "there may be a FLUSH call", left_out=FLUSH),
    Requirement("MAY-15", "3.9.1.2", 2486, "SEND may have a PUSH flag", left_out=PUSH),
    Requirement(
        "MUST-60",
        "3.9.1.2",
        2488,
        "without a PUSH flag, data is not kept back for ever",
        by=("G3",),
        reference=("output.py::transmit",),
        tests=("test_reference_output.py::test_small_window_is_overridden_after_half_a_second",),
        forbids=True,
    ),
    Requirement(
        "MUST-61",
        "3.9.1.2",
        2490,
        "without a PUSH flag, the last segment of what is queued carries PSH",
        reference=("output.py::_send_text",),
        left_out=PUSH,
    ),
    Requirement(
        "SHLD-27",
        "3.9.1.2",
        2499,
        "successive PSH bits are collapsed into one",
        left_out=PUSH,
        note="Without a PUSH flag of SEND there are no successive ones.",
    ),
    Requirement(
        "MAY-16",
        "3.9.1.2",
        2505,
        "data that is not pushed may be collected before it is sent",
        by=("OUTPUT",),
        note="What may be sent may wait.",
    ),
    Requirement("MAY-17", "3.9.1.3", 2593, "a received PSH bit may be passed to the user", left_out=PUSH),
    Requirement(
        "SHLD-28",
        "3.9.1.2",
        2512,
        "segments are as large as possible",
        reference=("output.py::_transmit_one",),
        tests=("test_reference.py::test_established_text_is_cut_at_the_peers_mss",),
        left_out=SILLY_WINDOWS,
        note="In the model a segment may be of any size that fits.",
    ),
    Requirement(
        "MUST-47",
        "3.9.1.8",
        2717,
        "soft errors are reported to the application",
        reference=(
            "icmp.py::error_arrives",
            "timers.py::_count_retransmission",
        ),
        tests=("test_reference_icmp.py::test_a_user_who_never_looks_is_told_of_soft_errors_once",),
        left_out=SOFT_ERRORS,
    ),
    Requirement(
        "SHLD-20", "3.9.1.8", 2737, "an application can disable the reports of soft errors", left_out=SOFT_ERRORS
    ),
    Requirement(
        "MUST-48", "3.9.1.9", 2743, "the application can set the Differentiated Services field", left_out=DIFFSERV
    ),
    Requirement(
        "SHLD-21",
        "3.9.1.9",
        2747,
        "the application can change the Differentiated Services field during the connection",
        left_out=DIFFSERV,
    ),
    Requirement(
        "SHLD-22",
        "3.9.1.9",
        2750,
        "TCP passes the Differentiated Services field to the IP layer unchanged",
        left_out=DIFFSERV,
    ),
    Requirement(
        "MAY-9",
        "3.9.1.9",
        2757,
        "the Differentiated Services field that was received last may be passed to the application",
        left_out=DIFFSERV,
    ),
)

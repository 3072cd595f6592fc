"""Requirements on the interface to the IP layer (RFC 9293 3.9.2)."""

from __future__ import annotations

from .left_out import (
    DIFFSERV,
    ICMP,
    IP_LAYER,
    SOCKETS,
)
from .requirement import Requirement

NETWORK: tuple[Requirement, ...] = (
    Requirement("MUST-49", "3.9.2", 2775, "the hop limit can be set", left_out=IP_LAYER),
    Requirement(
        "SHLD-23",
        "3.9.2",
        2792,
        "an application does not change the Differentiated Services field of a connection",
        left_out=DIFFSERV,
        forbids=True,
    ),
    Requirement(
        "MUST-50",
        "3.9.2",
        2800,
        "IP options that are not understood are ignored",
        reference=("wire.py::_decode_ipv4",),
        tests=("test_wire_scapy.py::test_ipv4_options_and_the_hop_count_do_not_matter",),
        left_out=IP_LAYER,
    ),
    Requirement(
        "MAY-10",
        "3.9.2",
        2803,
        "the IP Timestamp Option may be supported",
        left_out=IP_LAYER,
        note="Appendix B has it as a SHOULD.",
    ),
    Requirement(
        "MAY-11",
        "3.9.2",
        2804,
        "the Record Route Option may be supported",
        left_out=IP_LAYER,
        note="Appendix B has it as a SHOULD.",
    ),
    Requirement(
        "MUST-51", "3.9.2.1", 2816, "an application can give a source route with an active OPEN", left_out=IP_LAYER
    ),
    Requirement(
        "MUST-52",
        "3.9.2.1",
        2817,
        "a source route that the application gives takes precedence over one that was received",
        left_out=IP_LAYER,
    ),
    Requirement(
        "MUST-53", "3.9.2.1", 2822, "a passive OPEN keeps the return route that it receives", left_out=IP_LAYER
    ),
    Requirement("SHLD-24", "3.9.2.1", 2824, "a later source route replaces an earlier one", left_out=IP_LAYER),
    Requirement(
        "MUST-54",
        "3.9.2.2",
        2830,
        "an ICMP error message reaches the connection that caused it",
        reference=(
            "stack.py::Stack.packet_arrives",
            "icmp.py::decode",
        ),
        tests=("test_reference_icmp.py::test_an_error_is_directed_to_the_connection_whose_segment_it_quotes",),
        left_out=ICMP,
    ),
    Requirement(
        "MUST-55",
        "3.9.2.2",
        2842,
        "Source Quench is discarded silently",
        reference=("icmp.py::decode",),
        tests=("test_reference_icmp.py::test_an_error_is_directed_to_the_connection_whose_segment_it_quotes",),
        left_out=ICMP,
    ),
    Requirement(
        "MUST-56",
        "3.9.2.2",
        2853,
        "a soft error does not abort the connection",
        reference=("icmp.py::error_arrives",),
        tests=("test_reference_icmp.py::test_an_error_is_directed_to_the_connection_whose_segment_it_quotes",),
        left_out=ICMP,
        forbids=True,
    ),
    Requirement(
        "SHLD-25",
        "3.9.2.2",
        2854,
        "a soft error is made known to the application",
        reference=("icmp.py::error_arrives",),
        tests=("test_reference_icmp.py::test_an_error_is_directed_to_the_connection_whose_segment_it_quotes",),
        left_out=ICMP,
        note="Appendix B has it as a MUST.",
    ),
    Requirement(
        "SHLD-26",
        "3.9.2.2",
        2860,
        "a hard error aborts the connection",
        reference=("icmp.py::error_arrives",),
        tests=("test_reference_icmp.py::test_established_hard_error_aborts",),
        left_out=ICMP,
    ),
    Requirement(
        "MUST-57",
        "3.9.2.3",
        2878,
        "a SYN to a broadcast or multicast address is discarded silently",
        reference=("stack.py::Stack.packet_arrives",),
        tests=("test_reference_stack.py::test_other_peoples_and_group_addresses_are_counted_and_not_answered",),
        left_out=SOCKETS,
    ),
    Requirement(
        "MUST-63",
        "3.9.2.3",
        2874,
        "a SYN from an invalid address is ignored",
        reference=("stack.py::Stack._segment_arrives",),
        tests=("test_reference_stack.py::test_other_peoples_and_group_addresses_are_counted_and_not_answered",),
        left_out=SOCKETS,
    ),
)

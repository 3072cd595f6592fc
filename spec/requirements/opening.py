"""Requirements on sequence numbers and on how a connection opens (RFC 9293 3.4, 3.5)."""

from __future__ import annotations

from .left_out import (
    URGENT,
)
from .requirement import Requirement

OPENING: tuple[Requirement, ...] = (
    Requirement(
        "MUST-66",
        "3.4",
        977,
        "RST and URG are processed even where the receive window is zero",
        by=("acceptable", "step2.reset"),
        left_out=URGENT,
    ),
    Requirement(
        "MUST-8",
        "3.4.1",
        1033,
        "a clock takes part in the choice of an initial sequence number",
        by=("ISN.CLOCK", "ISN clock"),
        reference=("isn.py::isn_generator",),
        tests=("test_reference_parts.py::test_isn_ticks_every_4_microseconds_and_differs_between_sockets",),
    ),
    Requirement(
        "SHLD-1",
        "3.4.1",
        1041,
        "a pseudorandom function of both sockets and a secret is added to the clock",
        reference=("isn.py::isn_generator",),
        tests=("test_reference_parts.py::test_isn_ticks_every_4_microseconds_and_differs_between_sockets",),
        note="Here any ISN that the clock allows is taken; a new secret after a crash would break that premise.",
    ),
    Requirement(
        "MUST-9",
        "3.4.1",
        1041,
        "the pseudorandom function cannot be computed from outside",
        reference=("isn.py::isn_generator",),
        tests=("test_reference_parts.py::test_isn_ticks_every_4_microseconds_and_differs_between_sockets",),
        note="Here any ISN that the clock allows is taken.",
        forbids=True,
    ),
    Requirement("MUST-10", "3.5", 1305, "two ends may open to each other at the same time"),
    Requirement(
        "MUST-11", "3.5", 1310, "SYN-RECEIVED remembers whether the OPEN was passive or active", by=("PASSIVE",)
    ),
    Requirement(
        "SHLD-2",
        "3.5.3",
        1524,
        "a RST that arrives may carry text",
        by=("step2.reset", "syn-sent.rst"),
        note="Guards ask for the RST bit and ignore its text.",
    ),
)

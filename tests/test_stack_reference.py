"""The reference as a stack under test passes every vector of every preset."""

from __future__ import annotations

import pytest

from halfclose.checks.conform.run import conform
from halfclose.checks.conform.verdicts import Report, Verdict
from halfclose.checks.stacks.reference import ReferenceStack
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.checks.vectors.generate import generate
from halfclose.reference.wire import ACK, SYN, Segment
from halfclose.spec.language.profile import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_it_passes_every_vector_of_each_profile(name: str) -> None:
    report: Report = conform("reference", generate(PROFILES[name]), profile=PROFILES[name])
    assert [row for row in report.rows if row.verdict is Verdict.DEVIATES] == []
    assert [row for row in report.rows if row.verdict is Verdict.NOT_APPLICABLE] == []


def test_time_passes_only_in_advance() -> None:
    stack = ReferenceStack()
    stack.start(peer_port=80, local_port=4000, iss=7)
    assert stack.call(Verb.OPEN) == Result("ok")
    assert [segment.seq for segment in stack.segments()] == [7]
    stack.advance(0.9)
    assert stack.segments() == []
    stack.advance(0.2)
    assert [segment.seq for segment in stack.segments()] == [7]
    stack.deliver(Segment(100, 8, SYN | ACK, 1000))
    assert stack.state() == "ESTABLISHED"


def test_a_call_without_a_connection_is_the_rfcs_error() -> None:
    stack = ReferenceStack()
    stack.start(peer_port=80, local_port=4000)
    assert stack.call(Verb.SEND, text=b"x") == Result("error: connection does not exist")


@pytest.mark.parametrize(
    ("switches", "result"), [((), "error: remote socket unspecified"), (("remote-specified",), "ok")]
)
def test_send_in_listen_connects_where_the_passive_open_names_the_peer(switches: tuple[str, ...], result: str) -> None:
    stack = ReferenceStack.following(frozenset(switches))
    stack.start(peer_port=80, local_port=4000, iss=7)
    stack.call(Verb.LISTEN)
    assert stack.call(Verb.SEND, text=b"text").status == result
    assert [segment.flags for segment in stack.segments()] == ([SYN] if result == "ok" else [])

"""The driver of the running kernel, in a child process that owns a network of its own."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from typing import Any, cast

import pytest

from halfclose.checks.stacks.linux import LinuxStack, available, enter_namespace
from halfclose.checks.stacks.stack import NotApplicable, Result, StackError, Verb
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment

ISS, PEER_ISS, WINDOW = 7_000_000, 100, 8000
OK = Result("ok")

_ports = count(20_000)
_in_child: list[LinuxStack] = []


def _enter() -> None:
    enter_namespace()
    _in_child.append(LinuxStack())


def _invoke(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    attribute = getattr(_in_child[0], name)
    return attribute(*arguments, **named) if callable(attribute) else attribute


class _Remote:
    """The child's LinuxStack, one method call at a time."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **named: self._pool.submit(_invoke, name, arguments, named).result()


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    reason = available()
    if reason is not None:
        pytest.skip(reason)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_enter) as pool:
        yield pool


@pytest.fixture
def stack(pool: ProcessPoolExecutor) -> LinuxStack:
    """A stack prepared for a connection with initial sequence number ISS on an active OPEN."""
    remote = cast(LinuxStack, _Remote(pool))
    remote.start(peer_port=next(_ports), local_port=next(_ports), iss=ISS)
    return remote


def send(stack: LinuxStack, seq: int, ack: int, flags: int, text: bytes = b"") -> list[Segment]:
    """The peer sends one segment; what the stack answers."""
    stack.deliver(Segment(seq, ack, flags, WINDOW, text))
    return stack.segments()


def numbers(segments: list[Segment]) -> list[tuple[int, int, int, bytes]]:
    return [(s.seq, s.ack, s.flags, s.text) for s in segments]


def establish(stack: LinuxStack) -> None:
    """An active OPEN, after which the peer's next octet is PEER_ISS + 1 and the stack's is ISS + 1."""
    assert stack.call(Verb.OPEN) == OK
    assert [s.flags for s in stack.segments()] == [SYN]
    assert numbers(send(stack, PEER_ISS, ISS + 1, SYN | ACK)) == [(ISS + 1, PEER_ISS + 1, ACK, b"")]


def listen(stack: LinuxStack) -> Segment:
    """A passive OPEN up to SYN-RECEIVED; the SYN,ACK."""
    assert stack.call(Verb.LISTEN) == OK
    (answer,) = send(stack, PEER_ISS, 0, SYN)
    assert (answer.flags, answer.ack) == (SYN | ACK, PEER_ISS + 1)
    return answer


@pytest.mark.parametrize("iss", [1, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_an_active_open_starts_at_the_chosen_number(stack: LinuxStack, iss: int) -> None:
    stack.start(peer_port=next(_ports), local_port=next(_ports), iss=iss)
    assert stack.call(Verb.OPEN) == OK
    (syn,) = stack.segments()
    assert (syn.seq, syn.flags, syn.mss) == (iss, SYN, 1460)
    after = (iss + 1) % 2**32
    assert numbers(send(stack, PEER_ISS, after, SYN | ACK)) == [(after, PEER_ISS + 1, ACK, b"")]
    assert stack.state() == "ESTABLISHED"


def test_an_iss_of_zero_cannot_be_chosen(stack: LinuxStack) -> None:
    stack.start(peer_port=next(_ports), local_port=next(_ports), iss=0)
    with pytest.raises(NotApplicable, match="iss 0"):
        stack.call(Verb.OPEN)


def test_a_passive_open_becomes_the_connection(stack: LinuxStack) -> None:
    answer = listen(stack)
    assert stack.state() == "SYN-RECEIVED"
    assert stack.call(Verb.RECEIVE, count=10) == Result("blocked")
    assert send(stack, PEER_ISS + 1, answer.seq + 1, ACK) == []
    assert stack.state() == "ESTABLISHED"
    assert stack.call(Verb.SEND, text=b"hello") == Result("ok", accepted=5)
    assert [s.text for s in stack.segments()] == [b"hello"]


@pytest.mark.parametrize("verb", [Verb.SEND, Verb.SHUTDOWN, Verb.CLOSE, Verb.ABORT])
def test_a_passive_connection_has_no_handle_in_syn_received(stack: LinuxStack, verb: Verb) -> None:
    listen(stack)
    with pytest.raises(NotApplicable, match="before accept"):
        stack.call(verb, text=b"x")


@pytest.mark.parametrize("verb", [Verb.SHUTDOWN, Verb.CLOSE, Verb.ABORT])
def test_a_listener_can_be_closed(stack: LinuxStack, verb: Verb) -> None:
    assert stack.call(Verb.LISTEN) == OK
    assert stack.call(verb) == OK
    assert [s.flags for s in send(stack, PEER_ISS, 0, SYN)] == [RST | ACK]


def test_a_passive_open_serves_one_connection_only(stack: LinuxStack) -> None:
    answer = listen(stack)
    send(stack, PEER_ISS + 1, answer.seq + 1, ACK)
    assert send(stack, PEER_ISS + 1, answer.seq + 1, RST) == []
    assert [s.flags for s in send(stack, PEER_ISS, 0, SYN)] == [RST | ACK]
    assert stack.call(Verb.RECEIVE, count=10) == Result("reset")


def test_data_in_order_is_acknowledged_at_once_and_received(stack: LinuxStack) -> None:
    establish(stack)
    for at, text in ((1, b"one"), (4, b"two")):
        answer = send(stack, PEER_ISS + at, ISS + 1, ACK, text)
        assert numbers(answer) == [(ISS + 1, PEER_ISS + at + 3, ACK, b"")]
    assert stack.call(Verb.RECEIVE, count=4) == Result("ok", text=b"onet")
    assert stack.call(Verb.RECEIVE, count=4) == Result("ok", text=b"wo")
    assert stack.call(Verb.RECEIVE, count=4) == Result("blocked")


def test_text_is_sent_in_segments_as_on_a_real_cable(stack: LinuxStack) -> None:
    assert stack.call(Verb.OPEN) == OK
    stack.deliver(Segment(PEER_ISS, ISS + 1, SYN | ACK, WINDOW, mss=1000))
    stack.segments()
    assert stack.call(Verb.SEND, text=bytes(2500)) == Result("ok", accepted=2500)
    sent = stack.segments()
    assert [(s.seq - ISS, len(s.text)) for s in sent] == [(1, 1000), (1001, 1000), (2001, 500)]


def test_a_fin_ends_what_can_be_received(stack: LinuxStack) -> None:
    establish(stack)
    answer = send(stack, PEER_ISS + 1, ISS + 1, FIN | ACK, b"last")
    assert numbers(answer) == [(ISS + 1, PEER_ISS + 6, ACK, b"")]
    assert stack.call(Verb.RECEIVE, count=10) == Result("ok", text=b"last")
    assert stack.call(Verb.RECEIVE, count=10) == Result("eof")
    assert stack.state() == "CLOSE-WAIT"


def test_shutdown_sends_a_fin_and_reading_goes_on(stack: LinuxStack) -> None:
    establish(stack)
    assert stack.call(Verb.SHUTDOWN) == OK
    assert numbers(stack.segments()) == [(ISS + 1, PEER_ISS + 1, FIN | ACK, b"")]
    assert stack.call(Verb.SEND, text=b"x") == Result("error: Broken pipe")
    assert len(send(stack, PEER_ISS + 1, ISS + 2, ACK, b"more")) == 1
    assert stack.call(Verb.RECEIVE, count=10) == Result("ok", text=b"more")
    assert stack.state() == "FIN-WAIT-2"


def test_abort_sends_a_reset_and_ends_the_handle(stack: LinuxStack) -> None:
    establish(stack)
    assert stack.call(Verb.ABORT) == OK
    (reset,) = stack.segments()
    assert (reset.seq, reset.flags & RST) == (ISS + 1, RST)
    assert stack.state() is None
    for verb in (Verb.SEND, Verb.RECEIVE, Verb.SHUTDOWN, Verb.CLOSE, Verb.ABORT):
        assert stack.call(verb, count=1) == Result("error: connection does not exist")


def test_every_unacceptable_segment_is_answered(stack: LinuxStack) -> None:
    establish(stack)
    for _ in range(20):
        answer = send(stack, PEER_ISS + 100_000, ISS + 1, ACK, b"far away")
        assert numbers(answer) == [(ISS + 1, PEER_ISS + 1, ACK, b"")]


def test_resets_are_told_to_the_user(stack: LinuxStack) -> None:
    stack.call(Verb.OPEN)
    send(stack, 0, ISS + 1, RST | ACK)
    assert stack.call(Verb.RECEIVE, count=1) == Result("refused")
    stack.start(peer_port=next(_ports), local_port=next(_ports), iss=ISS)
    establish(stack)
    send(stack, PEER_ISS + 1, ISS + 1, RST)
    assert stack.call(Verb.RECEIVE, count=1) == Result("reset")


def test_a_connection_cannot_be_opened_twice(stack: LinuxStack) -> None:
    stack.call(Verb.OPEN)
    assert stack.call(Verb.OPEN) == Result("error: Operation already in progress")
    send(stack, PEER_ISS, ISS + 1, SYN | ACK)
    for _ in range(2):
        assert stack.call(Verb.OPEN) == Result("error: Transport endpoint is already connected")
    assert stack.segments() == []


def test_open_after_the_end_of_a_connection_begins_another(stack: LinuxStack) -> None:
    stack.call(Verb.OPEN)
    send(stack, 0, ISS + 1, RST | ACK)
    establish(stack)


def test_a_new_start_leaves_nothing_behind_even_between_the_same_ports(stack: LinuxStack) -> None:
    ports = {"peer_port": next(_ports), "local_port": next(_ports)}
    for ending in (None, Verb.SHUTDOWN, Verb.CLOSE):
        stack.start(**ports, iss=ISS)
        establish(stack)
        if ending is not None:
            stack.call(ending)
            send(stack, PEER_ISS + 1, ISS + 2, FIN | ACK)
            assert stack.state() == "TIME-WAIT"
        stack.start(**ports, iss=ISS)
        assert stack.segments() == []
        assert stack.state() is None


def test_the_clock_is_real(stack: LinuxStack) -> None:
    with pytest.raises(NotApplicable, match="real-time"):
        stack.advance(1.0)


def _handshakes(rounds: int) -> set[tuple[tuple[int, ...], ...]]:
    """The flags of all segments seen, one entry for every different course that a handshake took."""
    stack, courses = _in_child[0], set()
    for turn in range(rounds):
        stack.start(peer_port=1024 + turn, local_port=9000, iss=ISS)
        stack.call(Verb.OPEN)
        seen = [stack.segments()]
        for segment in (
            Segment(PEER_ISS, ISS + 1, SYN | ACK, WINDOW),
            Segment(PEER_ISS + 1, ISS + 1, ACK, WINDOW, b"text"),
            Segment(PEER_ISS + 5, ISS + 1, FIN | ACK, WINDOW),
        ):
            stack.deliver(segment)
            seen.append(stack.segments())
        courses.add(tuple(tuple(s.flags for s in sent) for sent in seen))
    return courses


def test_no_answer_is_ever_missed(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_handshakes, 500).result() == {((SYN,), (ACK,), (ACK,), (ACK,))}


def _answers_beside_another(earlier: int) -> list[int]:
    """What a stack asked so often before sends on OPEN after another one was at work: the flags."""
    stack, other = LinuxStack(), LinuxStack()
    for _ in range(earlier):
        stack.segments()
    for _ in range(5):
        other.segments()
    other.close()
    stack.start(peer_port=1024, local_port=9100 + earlier, iss=ISS)
    stack.call(Verb.OPEN)
    answers = [s.flags for s in stack.segments()]
    stack.close()
    return answers


@pytest.mark.parametrize("earlier", [0, 1, 3, 10])
def test_another_stack_in_the_network_is_not_heard(pool: ProcessPoolExecutor, earlier: int) -> None:
    assert pool.submit(_answers_beside_another, earlier).result() == [SYN]


def _offered_window(receive_buffer: int | None) -> int:
    stack = LinuxStack(receive_buffer=receive_buffer)
    stack.start(peer_port=1024, local_port=9001)
    stack.call(Verb.OPEN)
    (syn,) = stack.segments()
    stack.close()
    return syn.wnd


def test_the_receive_buffer_bounds_the_window(pool: ProcessPoolExecutor) -> None:
    small, usual = (pool.submit(_offered_window, size).result() for size in (4096, None))
    assert small <= 8192 < usual


def _identity() -> tuple[str, dict[str, str]]:
    return _in_child[0].version, _in_child[0].settings


def test_a_run_can_record_what_it_ran_on(pool: ProcessPoolExecutor) -> None:
    version, settings = pool.submit(_identity).result()
    assert version.startswith("Linux ")
    assert settings["tcp_sack"] == "0"
    assert {"tcp_rfc1337", "tcp_abort_on_overflow", "tcp_fin_timeout", "route quickack"} <= settings.keys()


def test_outside_the_namespace_there_is_no_stack() -> None:
    with pytest.raises(StackError, match="enter_namespace"):
        LinuxStack()


def test_a_process_with_threads_is_told_what_to_do() -> None:
    program = (
        "import threading; from halfclose.checks.stacks.linux import enter_namespace\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "enter_namespace()"
    )
    child = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert "StackError: a namespace must be entered before" in child.stderr

"""The lwIP driver, without a judge: each test says what lwIP itself does, seen through the driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from halfclose.checks.stacks import lwip
from halfclose.checks.stacks.stack import NotApplicable, Result, StackError, Verb
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN, Segment

ISS, IRS, WND = 0xFFFF_FFFF, 5000, 8192  # the stack's numbers wrap right after its SYN
UNSENT = 0  # ISS + 1
TIME_WAIT = 121.0  # lwIP: more than 2 * 60 s, in steps of 0.5 s

missing = lwip.available()
pytestmark = pytest.mark.skipif(missing is not None, reason=missing or "")


@pytest.fixture
def stack() -> Iterator[lwip.LwipStack]:
    stack = lwip.LwipStack()
    begin(stack)
    yield stack
    stack.close()


def begin(stack: lwip.LwipStack) -> None:
    stack.start(peer_port=80, local_port=4000, iss=ISS)


def peer(flags: int, *, seq: int = 1, ack: int = UNSENT, text: bytes = b"") -> Segment:
    """A segment of the tester; seq is relative to IRS, ack absolute."""
    return Segment(IRS + seq, ack, flags, WND, text)


def exchange(stack: lwip.LwipStack, segment: Segment) -> list[Segment]:
    stack.deliver(segment)
    return stack.segments()


def connect(stack: lwip.LwipStack) -> None:
    stack.call(Verb.OPEN)
    stack.deliver(peer(SYN | ACK, seq=0))
    stack.segments()


def after(stack: lwip.LwipStack, seconds: float) -> list[Segment]:
    stack.advance(seconds)
    return stack.segments()


def status(stack: lwip.LwipStack, verb: Verb) -> str:
    return stack.call(verb, text=b"x", count=100).status


def test_version_is_that_of_the_headers(stack: lwip.LwipStack) -> None:
    assert stack.version.startswith("lwIP 2.")


def test_active_handshake(stack: lwip.LwipStack) -> None:
    assert stack.call(Verb.OPEN) == Result("ok")
    (syn,) = stack.segments()
    assert (syn.seq, syn.flags, syn.mss) == (ISS, SYN, 1460)
    assert status(stack, Verb.SEND) == status(stack, Verb.RECEIVE) == "blocked"
    (ack,) = exchange(stack, peer(SYN | ACK, seq=0))
    assert (ack.seq, ack.ack, ack.flags) == (UNSENT, IRS + 1, ACK)


def test_passive_handshake(stack: lwip.LwipStack) -> None:
    assert stack.call(Verb.LISTEN) == Result("ok")
    assert stack.segments() == []
    (answer,) = exchange(stack, peer(SYN, seq=0))
    assert (answer.seq, answer.ack, answer.flags) == (ISS, IRS + 1, SYN | ACK)
    assert status(stack, Verb.RECEIVE) == "blocked"
    assert exchange(stack, peer(ACK)) == []
    assert stack.call(Verb.SEND, text=b"hello") == Result("ok", accepted=5)
    assert [s.text for s in stack.segments()] == [b"hello"]


def test_text_is_delivered_in_order_and_acked_by_the_next_tick(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(ACK | PSH, seq=4, text=b"def"))
    stack.deliver(peer(ACK | PSH, text=b"abc"))
    assert stack.segments()[-1].ack in (IRS + 1, IRS + 7)
    after(stack, 0.25)
    assert stack.call(Verb.RECEIVE, count=4) == Result("ok", b"abcd")
    assert stack.call(Verb.RECEIVE, count=4) == Result("ok", b"ef")
    assert status(stack, Verb.RECEIVE) == "blocked"


def test_an_ack_is_delayed_to_the_next_tick(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert exchange(stack, peer(ACK | PSH, text=b"abc")) == []
    assert after(stack, 0.2) == []
    (ack,) = after(stack, 0.05)
    assert (ack.ack, ack.flags) == (IRS + 4, ACK)


def test_the_window_counts_unread_text(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(ACK | PSH, text=bytes(3000)))
    (ack,) = after(stack, 0.25)
    assert ack.wnd == 65535 - 3000
    stack.call(Verb.RECEIVE, count=3000)
    (ack,) = exchange(stack, peer(ACK, seq=0))
    assert ack.wnd == 65535


def test_fin_is_the_end_of_file(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(FIN | ACK | PSH, text=b"abc"))
    assert stack.segments()[-1].ack == IRS + 5
    assert stack.call(Verb.RECEIVE, count=9) == Result("ok", b"abc")
    assert status(stack, Verb.RECEIVE) == status(stack, Verb.RECEIVE) == "eof"
    assert status(stack, Verb.SEND) == "ok"


def test_shutdown_sends_fin_and_still_receives(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert status(stack, Verb.SHUTDOWN) == "ok"
    (fin,) = stack.segments()
    assert (fin.seq, fin.flags) == (UNSENT, FIN | ACK)
    stack.deliver(peer(ACK | PSH, ack=UNSENT + 1, text=b"abc"))
    assert stack.call(Verb.RECEIVE, count=9) == Result("ok", b"abc")
    assert status(stack, Verb.SEND).startswith("error: ")
    assert status(stack, Verb.SHUTDOWN).startswith("error: ")


def test_time_wait_ends(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.call(Verb.SHUTDOWN)
    stack.deliver(peer(FIN | ACK, ack=UNSENT + 1))
    after(stack, TIME_WAIT - 2)
    stray = peer(ACK | PSH, seq=2, ack=UNSENT + 1, text=b"x")
    assert [s.flags for s in exchange(stack, stray)] == [ACK]
    assert status(stack, Verb.SHUTDOWN) == "error: not connected (ERR_CONN)"
    after(stack, TIME_WAIT)
    assert [s.flags & RST for s in exchange(stack, stray)] == [RST]
    assert status(stack, Verb.RECEIVE) == "eof"
    assert status(stack, Verb.CLOSE) == "error: no connection"


def test_an_orderly_passive_close_ends_without_a_handle(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(FIN | ACK))
    stack.call(Verb.SHUTDOWN)
    stack.deliver(peer(ACK, seq=2, ack=UNSENT + 1))
    assert status(stack, Verb.RECEIVE) == "eof"
    assert status(stack, Verb.SEND) == status(stack, Verb.ABORT) == "error: no connection"


def test_close_sends_fin_and_gives_the_handle_back(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert status(stack, Verb.CLOSE) == "ok"
    assert [s.flags for s in stack.segments()] == [FIN | ACK]
    assert {status(stack, verb) for verb in (Verb.SEND, Verb.RECEIVE, Verb.CLOSE)} == {"error: no connection"}
    assert status(stack, Verb.OPEN) == "error: address in use (ERR_USE)"


def test_close_with_unread_text_resets(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(ACK | PSH, text=b"abc"))
    stack.call(Verb.CLOSE)
    assert stack.segments()[-1].flags & RST


def test_abort_sends_rst(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert status(stack, Verb.ABORT) == "ok"
    (rst,) = stack.segments()
    assert (rst.seq, rst.flags & RST) == (UNSENT, RST)


def test_a_reset_leaves_what_was_delivered(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.deliver(peer(ACK | PSH, text=b"abc"))
    stack.deliver(peer(RST, seq=4))
    assert status(stack, Verb.SEND) == "reset"
    assert stack.call(Verb.RECEIVE, count=9) == Result("ok", b"abc")
    assert status(stack, Verb.RECEIVE) == status(stack, Verb.CLOSE) == "reset"


def test_a_reset_of_the_syn_is_a_refusal(stack: lwip.LwipStack) -> None:
    stack.call(Verb.OPEN)
    stack.deliver(peer(RST | ACK, seq=0))
    assert status(stack, Verb.RECEIVE) == "refused"
    assert status(stack, Verb.OPEN) == "ok"


def test_the_syn_is_retransmitted_until_the_connection_times_out(stack: lwip.LwipStack) -> None:
    stack.call(Verb.OPEN)
    (syn,) = stack.segments()
    again = after(stack, 3)
    assert again == [syn]
    again += after(stack, 120)
    assert set(again) == {syn}
    assert len(again) == 6
    assert status(stack, Verb.RECEIVE) == "timeout"


def test_a_listener_goes_with_its_connection(stack: lwip.LwipStack) -> None:
    stack.call(Verb.LISTEN)
    stack.deliver(peer(SYN, seq=0))
    stack.deliver(peer(ACK))
    stack.deliver(peer(RST))
    assert status(stack, Verb.RECEIVE) == "reset"
    stack.segments()
    assert [s.flags & RST for s in exchange(stack, peer(SYN, seq=0))] == [RST]


def test_a_reset_in_syn_received_returns_to_listen(stack: lwip.LwipStack) -> None:
    stack.call(Verb.LISTEN)
    stack.deliver(peer(SYN, seq=0))
    stack.deliver(peer(RST))
    stack.segments()
    assert [s.flags for s in exchange(stack, peer(SYN, seq=0))] == [SYN | ACK]


def test_closing_a_listener(stack: lwip.LwipStack) -> None:
    stack.call(Verb.LISTEN)
    assert status(stack, Verb.LISTEN).startswith("error: ")
    assert status(stack, Verb.CLOSE) == "ok"
    assert [s.flags & RST for s in exchange(stack, peer(SYN, seq=0))] == [RST]


@pytest.mark.parametrize("verb", [Verb.OPEN, Verb.SHUTDOWN, Verb.ABORT])
def test_what_the_raw_api_cannot_do_to_a_listener(stack: lwip.LwipStack, verb: Verb) -> None:
    stack.call(Verb.LISTEN)
    with pytest.raises(NotApplicable):
        stack.call(verb)


@pytest.mark.parametrize("verb", [Verb.SHUTDOWN, Verb.CLOSE, Verb.ABORT])
def test_what_the_raw_api_cannot_do_in_syn_received(stack: lwip.LwipStack, verb: Verb) -> None:
    stack.call(Verb.LISTEN)
    stack.deliver(peer(SYN, seq=0))
    with pytest.raises(NotApplicable):
        stack.call(verb)


def test_shutdown_in_syn_sent_is_not_applicable(stack: lwip.LwipStack) -> None:
    stack.call(Verb.OPEN)
    with pytest.raises(NotApplicable):
        stack.call(Verb.SHUTDOWN)


def test_a_second_open_is_refused(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert status(stack, Verb.OPEN) == "error: already connected (ERR_ISCONN)"
    assert status(stack, Verb.LISTEN) == "error: connection closed (ERR_CLSD)"
    assert status(stack, Verb.SEND) == "ok"


def test_send_takes_what_the_buffer_holds(stack: lwip.LwipStack) -> None:
    connect(stack)
    assert stack.call(Verb.SEND, text=bytes(70_000)) == Result("ok", accepted=65_535)
    assert stack.call(Verb.SEND, text=b"x") == Result("blocked")


def test_every_verb_without_a_connection(stack: lwip.LwipStack) -> None:
    verbs = set(Verb) - {Verb.OPEN, Verb.LISTEN}
    assert {status(stack, verb) for verb in verbs} == {"error: no connection"}


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_time_that_cannot_pass(stack: lwip.LwipStack, seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot pass"):
        stack.advance(seconds)


def history(stack: lwip.LwipStack) -> list[object]:
    seen: list[object] = []
    stack.call(Verb.OPEN)
    for segment in (peer(SYN | ACK, seq=0), peer(ACK | PSH, text=b"abc")):
        seen += exchange(stack, segment)
    seen += after(stack, 0.75)
    seen.append(stack.call(Verb.SEND, text=b"hello"))
    for _ in range(40):
        seen.append(after(stack, 0.25))
    return seen


def test_two_runs_are_the_same(stack: lwip.LwipStack) -> None:
    first = history(stack)
    for leftover in (0.25, 1.0, 7.75):
        stack.advance(leftover)
        begin(stack)
        assert history(stack) == first


def test_a_start_leaves_nothing_behind(stack: lwip.LwipStack) -> None:
    connect(stack)
    stack.call(Verb.SHUTDOWN)
    stack.deliver(peer(FIN | ACK, ack=UNSENT + 1))
    begin(stack)
    assert stack.segments() == []
    assert [s.flags & RST for s in exchange(stack, peer(ACK, seq=2))] == [RST]
    assert status(stack, Verb.OPEN) == "ok"


def test_without_a_choice_the_iss_is_lwips_own(stack: lwip.LwipStack) -> None:
    numbers = set()
    for _ in range(2):
        stack.start(peer_port=80, local_port=4000)
        stack.call(Verb.OPEN)
        numbers |= {s.seq for s in stack.segments()}
        stack.advance(10)
    assert numbers == {6509}


def test_one_lwip_per_process(stack: lwip.LwipStack) -> None:
    with pytest.raises(StackError, match="one per process"):
        lwip.LwipStack()
    stack.close()
    lwip.LwipStack().close()


def test_the_shim_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        assert lwip.available() is None
        assert len(list((tmp_path / "halfclose").iterdir())) == 1


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    reason = lwip.available()
    assert reason == "no C compiler: install the Debian packages liblwip0, liblwip-dev and gcc"


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "XDG_CACHE_HOME" in (lwip.available() or "")

"""A stack that is right is never convicted: the reference, in odd and legal configurations, against a rude peer."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from halfclose.checks.oracle.oracle import Oracle
from halfclose.checks.oracle.sequence import distance, pattern, wrap
from halfclose.checks.stacks.reference import OFFERED, ReferenceStack, following
from halfclose.checks.stacks.stack import Verb
from halfclose.reference.config import Config
from halfclose.reference.wire import ACK, FIN, RST, SYN, Segment
from halfclose.spec.language.profile import HALF_DUPLEX, Profile

_ISS, _IRS = 15_000, 8000
_ROUNDS, _STEPS = 6, 50
#: Bounds on how many states the oracle may think of at once.
_MOST_HYPOTHESES = 40
_FLAGS = (ACK,) * 12 + (ACK | FIN, ACK | FIN, SYN, SYN | ACK, RST, RST | ACK, 0, ACK | SYN | FIN)
_CALLS = (Verb.SEND, Verb.RECEIVE) * 5 + (Verb.SHUTDOWN, Verb.CLOSE, Verb.ABORT)
_TICK = 0.125


def _config(choose: random.Random, on: frozenset[str]) -> Config:
    made = Config(
        mss=choose.choice((1460, 536, 3)),
        send_mss=choose.choice((1460, 536, 3)),
        send_buffer=choose.choice((100_000, 3000, 5)),
        receive_buffer=choose.choice((65_535, 4000, 10, 1)),
        window_scale=choose.choice((None, 0, 2, 5)),
        timestamps=choose.random() < 0.3,
        selective_ack=choose.random() < 0.3,
        nagle=choose.random() < 0.5,
        delayed_ack=choose.choice((None, 0.2)),
        congestion_control=choose.random() < 0.5,
        msl=choose.choice((120.0, 2.0)),
        keep_alive=choose.choice((None, 3.0)),
    )
    return following(replace(made, receive_buffer=200_000) if made.window_scale == 5 else made, on)


class _Talk:
    """One connection of the reference, its user, its peer, and the oracle that watches."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        on = frozenset(name for name in (*OFFERED, HALF_DUPLEX.name) if self.choose.random() < 0.4)
        self.closes = HALF_DUPLEX.name in on
        self.stack = ReferenceStack(_config(self.choose, on), full_close=self.closes)
        self.stack.start(peer_port=1, local_port=2, iss=_ISS)
        self.oracle = Oracle(Profile(on), known=self.stack.known)
        self.mss, self.scale = self.choose.choice((None, 2000, 100)), self.choose.choice((None, 0, 3))
        self.next, self.ack, self.window, self.sent, self.iss = _IRS, 0, 0, 0, 0

    def run(self) -> None:
        self.call(self.choose.choice((Verb.OPEN, Verb.LISTEN)), 0)
        for _ in range(_STEPS):
            kind = self.choose.random()
            if kind < 0.3:
                verb = self.choose.choice(_CALLS)
                wanted = verb if self.closes or verb is not Verb.CLOSE else Verb.SHUTDOWN
                self.call(wanted, self.choose.choice((1, 10, 100, 3000)))
            elif kind > 0.93:
                self.wait(self.choose.choice((0.5, 1.5, 5.0, 70.0)))
            else:
                self.deliver(self.opening() if self.next == _IRS else self.segment())
            assert len(self.oracle.hypotheses) <= _MOST_HYPOTHESES

    def call(self, verb: Verb, octets: int) -> None:
        text = pattern(self.sent, octets) if verb is Verb.SEND else b""
        result = self.stack.call(verb, text=text, count=octets)
        self.sent += result.accepted
        sent = self.stack.segments()
        self.oracle.call(verb, octets, result, _isn(sent))
        self.watch(sent)

    def opening(self) -> Segment:
        flags = SYN | (ACK if self.ack else 0) | (FIN if self.choose.random() < 0.1 else 0)
        text = pattern(0, self.choose.choice((0, 0, 10)))
        ack = self.ack if flags & ACK else 0
        return Segment(_IRS, ack, flags, self.choose.choice((5, 8000)), text, self.mss, self.scale)

    def segment(self) -> Segment:
        flags, choose = self.choose.choice(_FLAGS), self.choose
        seq = wrap(self.next + choose.choice((0,) * 8 + (1, -1, 10, -10, 20, -100, self.window)))
        ack = wrap(self.ack + choose.choice((0,) * 8 + (-1, -5, 1, -9000, 100_000)))
        first = distance(_IRS, seq) - (0 if flags & SYN else 1)
        text = pattern(first, choose.choice((0, 0, 1, 10, 100, 2000)))
        options = (self.mss, self.scale) if flags & SYN else (None, None)
        return Segment(seq, ack if flags & ACK else 0, flags, choose.choice((0, 5, 8000)), text, *options)

    def deliver(self, segment: Segment) -> None:
        self.stack.deliver(segment)
        sent = self.stack.segments()
        self.oracle.deliver(segment, _isn(sent))
        self.watch(sent)

    def watch(self, sent: list[Segment]) -> None:
        self.observe(sent)
        for _ in range(4):  # MUST-40: 0.5 s
            if self.oracle.is_done():
                break
            self.tick()
        self.oracle.silence()

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds / _TICK)):
            self.tick()

    def tick(self) -> None:
        self.stack.advance(_TICK)
        self.oracle.elapse(_TICK)
        self.observe(self.stack.segments())

    def observe(self, sent: list[Segment]) -> None:
        for segment in sent:
            self.oracle.observe(segment)
            if segment.flags & RST:
                continue
            if segment.flags & SYN and self.iss != segment.seq:
                self.iss = segment.seq
                self.sent = 0 if segment.flags & ACK else self.sent
            self.ack = wrap(segment.seq + segment.length)
            if segment.flags & ACK:
                self.next, self.window = segment.ack, segment.wnd


def _isn(sent: list[Segment]) -> int:
    return next((segment.seq for segment in sent if segment.flags & SYN), _ISS)


@pytest.mark.parametrize("round_", range(_ROUNDS))
def test_the_reference_is_never_convicted(round_: int) -> None:
    for seed in range(4 * round_, 4 * round_ + 4):
        _Talk(seed).run()

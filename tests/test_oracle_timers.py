"""Timers on a virtual clock: a replay judges how a second time-out grows, and how long TIME-WAIT lasts."""

from __future__ import annotations

import pytest
from spec_stack import SpecStack

from halfclose.checks.conform.replay import judge
from halfclose.checks.conform.verdicts import Row, Verdict
from halfclose.checks.stacks.reference import ReferenceStack
from halfclose.checks.stacks.stack import Known, NotApplicable, Stack, Verb
from halfclose.checks.vectors.script import Call, Deliver, Packet, Timeout, Vector, VectorStep
from halfclose.reference.config import Config
from halfclose.reference.wire import ACK, FIN, SYN, Segment
from halfclose.spec.language.profile import PROFILES

_ISS, _IRS = 15_000, 8000


def _judged(stack: Stack, *steps: VectorStep) -> Row:
    vector = Vector("made-up", "made up", (), (), (), _ISS, _IRS, 0, steps)
    return judge(stack, vector, PROFILES["reference"])


def _from_peer(seq: int, ack: int, flags: int = ACK, wnd: int = 8000) -> Deliver:
    return Deliver(Packet(flags, _IRS + seq, _ISS + ack, wnd, mss=2000 if flags & SYN else None))


def _opened(wnd: int = 8000) -> tuple[VectorStep, ...]:
    return Call(Verb.OPEN), _from_peer(0, 1, SYN | ACK, wnd)


_SENDS = (*_opened(), Call(Verb.SEND, 10), Timeout("retransmission"))
_PROBES = (*_opened(wnd=0), Call(Verb.SEND, 10), Timeout("probe"))
_WAITS = (*_opened(), Call(Verb.SHUTDOWN), _from_peer(1, 2, FIN | ACK), Timeout("time-wait"), _from_peer(1, 2))


class _Even(SpecStack):
    """Its time-outs do not grow."""

    def advance(self, seconds: float) -> None:
        self._rto = 1.0
        super().advance(seconds)


class _Once(SpecStack):
    """Its retransmission timer is not started again."""

    def advance(self, seconds: float) -> None:
        if self._rto == 1.0:
            super().advance(seconds)


class _Hasty(SpecStack):
    """It leaves TIME-WAIT a second early."""

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        if self._quiet > 238.0:
            self._quiet = 240.0
            super().advance(0.0)


class _Patient(SpecStack):
    """It never leaves TIME-WAIT."""

    def advance(self, seconds: float) -> None:
        if self._quiet < 200.0:
            super().advance(seconds)


class _ProbesBehind(SpecStack):
    """It probes a zero window with empty segments at SND.NXT-1, as several stacks do."""

    known = Known()

    def advance(self, seconds: float) -> None:
        self._quiet += seconds
        if self._quiet >= self._rto:
            self._quiet, self._rto = 0.0, 2 * self._rto
            self._behind = True

    def segments(self) -> list[Segment]:
        behind, self._behind = getattr(self, "_behind", False), False
        return [*super().segments(), *([Segment(_ISS, _IRS + 1, ACK, 4000)] if behind else [])]


@pytest.mark.parametrize("steps", [_SENDS, _PROBES, _WAITS])
@pytest.mark.parametrize("make", [SpecStack, ReferenceStack])
def test_a_stack_that_backs_off_and_waits_two_msl_passes(make: type[Stack], steps: tuple[VectorStep, ...]) -> None:
    assert _judged(make(), *steps).what == ""


def test_a_second_time_out_that_is_no_longer_deviates() -> None:
    row = _judged(_Even(), *_SENDS)
    assert row.verdict is Verdict.DEVIATES
    assert "sent it again after 1 s, and once more after 1 s; allowed: twice the time, 2 s" in row.what
    assert "MUST-19" in row.rule


def test_a_timer_that_runs_once_deviates() -> None:
    row = _judged(_Once(), *_SENDS)
    assert row.verdict is Verdict.DEVIATES
    assert "sent nothing within 70 s" in row.what


def test_probes_at_even_intervals_depart_from_advice() -> None:
    row = _judged(_Even(), *_PROBES)
    assert row.verdict is Verdict.DEPARTS
    assert "SHLD-30" in row.rule


def test_probes_may_stand_behind() -> None:
    assert _judged(_ProbesBehind(), *_PROBES).verdict is Verdict.PASSED


@pytest.mark.parametrize("msl", [60.0, 119.0, 121.0, 150.0])
def test_time_wait_that_is_shorter_or_longer_than_known_deviates(msl: float) -> None:
    class Mistaken(ReferenceStack):
        known = Known(msl=120.0)

    assert _judged(Mistaken(Config(nagle=False, msl=msl)), *_WAITS).verdict is Verdict.DEVIATES


@pytest.mark.parametrize("make", [_Hasty, _Patient])
def test_time_wait_that_ends_early_or_never_deviates(make: type[SpecStack]) -> None:
    row = _judged(make(), *_WAITS)
    assert row.verdict is Verdict.DEVIATES
    assert ("CTL=RST" in row.what.partition("; allowed")[0]) is (make is _Hasty)


def test_time_wait_of_a_stack_whose_msl_is_not_known_is_waited_for() -> None:
    class Unknown(ReferenceStack):
        known = Known()

    assert _judged(Unknown(Config(nagle=False, msl=30.0)), *_WAITS).verdict is Verdict.PASSED


def test_a_stack_with_a_real_clock_is_not_asked() -> None:
    class Real(SpecStack):
        virtual_clock = False

        def advance(self, seconds: float) -> None:
            raise NotApplicable("real-time clock")

    assert _judged(Real(), *_SENDS).verdict is Verdict.NOT_APPLICABLE

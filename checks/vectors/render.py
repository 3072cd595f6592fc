"""From a path of inputs and reactions to the steps of a vector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halfclose.checks.oracle.endpoint import Reaction
from halfclose.checks.oracle.sequence import distance
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.vectors.script import Call, Deliver, Expect, Fill, Timeout, VectorStep
from halfclose.checks.vectors.tester import Taken, Tester, packet_of
from halfclose.spec.language.variables import RCV


def render(tester: Tester, path: Iterable[Taken]) -> tuple[VectorStep, ...]:
    """The inputs of a path, each followed by what the endpoint may send until the next."""
    steps: list[VectorStep] = []
    sent: tuple[Fields, ...] = ()
    at_once, before = Reaction(tester.initial), tester.initial
    for taken in path:
        if taken.step is None:
            sent += taken.in_all.sent
        else:
            _expect(tester, steps, at_once, sent)
            steps.append(_completed(taken.step, taken.at_once, before))
            sent, at_once = taken.in_all.sent, taken.at_once
        before = taken.in_all.local
    _expect(tester, steps, at_once, sent)
    return tuple(steps)


def _expect(tester: Tester, steps: list[VectorStep], at_once: Reaction, sent: tuple[Fields, ...]) -> None:
    if not steps or isinstance(steps[-1], Fill):
        return
    outcomes = dict.fromkeys((sent, *tester.endpoint.outcomes(at_once)))
    steps.append(Expect(tuple(tuple(map(packet_of, outcome)) for outcome in outcomes)))


def _completed(step: VectorStep, at_once: Reaction, before: Local) -> VectorStep:
    """The step with what came of it, where vectors record that."""
    match step:
        case Call():
            return replace(step, returns=at_once.returns)
        case Fill():
            return replace(step, total=distance(before[AT[RCV.NXT]], at_once.local[AT[RCV.NXT]]))
    return step


def flags_of(steps: Iterable[VectorStep]) -> set[str]:
    """The flags that follow from the steps themselves."""
    flags = set()
    for step in steps:
        if isinstance(step, Timeout):
            flags.add("timer")
        if isinstance(step, Fill) or (isinstance(step, Deliver) and step.packet.edge is not None):
            flags.add("advertised-window")
    return flags

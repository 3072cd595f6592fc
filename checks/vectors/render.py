"""From a path through the model to the steps of a vector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from halfclose.checks.oracle.endpoint import distance
from halfclose.checks.readers.python import AT, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.vectors.model import Model, Moved
from halfclose.checks.vectors.script import Call, Deliver, Expect, Fill, Timeout, VectorStep
from halfclose.spec.language.variables import RCV


@dataclass(frozen=True)
class Taken:
    """One step of a path: the input, if there was one, and what came of it.  first: before anything spontaneous."""

    step: VectorStep | None
    first: Moved
    moved: Moved


def render(model: Model, path: Iterable[Taken]) -> tuple[VectorStep, ...]:
    """The inputs of a path, each followed by what the endpoint may send until the next."""
    steps: list[VectorStep] = []
    sent: tuple[Fields, ...] = ()
    first, before = Moved(model.initial), model.initial
    for taken in path:
        if taken.step is None:
            sent += taken.moved.sent
        else:
            _expect(model, steps, first, sent)
            steps.append(_completed(taken.step, taken.first, before))
            sent, first = taken.moved.sent, taken.first
        before = taken.moved.local
    _expect(model, steps, first, sent)
    return tuple(steps)


def _expect(model: Model, steps: list[VectorStep], first: Moved, sent: tuple[Fields, ...]) -> None:
    if not steps or isinstance(steps[-1], Fill):
        return
    outcomes = dict.fromkeys((sent, *model.outcomes(first)))
    steps.append(Expect(tuple(tuple(map(model.packet, outcome)) for outcome in outcomes)))


def _completed(step: VectorStep, first: Moved, before: Local) -> VectorStep:
    """The step with what came of it, where a vector says so."""
    match step:
        case Call():
            return replace(step, returns=first.returns)
        case Fill():
            return replace(step, total=distance(before[AT[RCV.NXT]], first.local[AT[RCV.NXT]]))
    return step


def take(model: Model, local: Local, step: VectorStep) -> Taken:
    """One input to an endpoint that sends everything it may at once."""
    (first, *_) = model.react(local, step) or [Moved(local)]
    return Taken(step, first, model.settle(first))


def flags_of(steps: Iterable[VectorStep]) -> set[str]:
    """The flags that follow from the steps themselves."""
    flags = set()
    for step in steps:
        if isinstance(step, Timeout):
            flags.add("timer")
        if isinstance(step, Fill) or (isinstance(step, Deliver) and step.packet.edge is not None):
            flags.add("advertised-window")
    return flags

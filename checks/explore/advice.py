"""What to call instead, where octets can be lost: other programs, each explored like those that were asked about.

Nothing is advised that was not tried.  A full close while octets lie unread, or an abort, takes what was sent with it;
so the programs tried shut their sending side down, read to the end of file, and close only then: A's, B's, or both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from halfclose.checks.explore.options import Engine
from halfclose.checks.explore.questions import HARMS, Answers, ask
from halfclose.spec.language.edge import Rule
from halfclose.spec.tcp.graph import tcp
from halfclose.spec.world.application import OPENING, Action, Application, Program, Step, Steps
from halfclose.spec.world.network import BadScope, Scope

#: No larger scope is explored for an advice.
MOST_STATES = 1_000_000


@dataclass(frozen=True)
class Tried:
    """Programs that were explored instead.  changed: whose they are, e.g. "A".  answers: what was found."""

    changed: str
    answers: Answers

    @property
    def helps(self) -> bool:
        """Whether no octet can be lost with them, of either end, and no wrong one delivered."""
        return self.answers.harmless

    def __str__(self) -> str:
        scope, states = self.answers.scope, self.answers.exploration.states
        apps = {"A": f"A as '{scope.app_a}'", "B": f"B as '{scope.app_b}'"}
        said = f"with {' and '.join(text for name, text in apps.items() if name in self.changed)}"
        if not self.helps:
            known = self.answers.exploration.complete
            return f"{said}, {'octets can still be lost' if known else 'it is not known whether octets can be lost'}"
        waits = [name for name in "AB" if self.answers[f"waits-{name.lower()}"].yes]
        but = f"; but {' and '.join(waits)} can then wait for ever" if waits else ""
        return f"{said}, no octet can be lost (explored: {states:,} states){but}"

    def to_json(self) -> dict[str, Any]:
        """The programs, whether they help, and every answer in short."""
        scope = self.answers.scope
        return {
            "app_a": str(scope.app_a),
            "app_b": str(scope.app_b),
            "helps": self.helps,
            "states": self.answers.exploration.states,
            "answers": {answer.question.id: answer.said for answer in self.answers.answers},
        }


def advise(found: Answers, rules: tuple[Rule, ...], engine: Engine = Engine.AUTO) -> tuple[Tried, ...]:
    """What was tried where octets can be lost: up to the first that helps.  Empty where there is nothing to try."""
    if not any(found[id].yes for id in HARMS[:2]) or found.exploration.states > MOST_STATES:
        return ()
    tried: list[Tried] = []
    for changed, scope in _instead(found.scope):
        tried.append(Tried(changed, ask(scope, tcp(scope.profile, rules), MOST_STATES, engine)))
        if tried[-1].helps:
            break
    return tuple(tried)


def _instead(scope: Scope) -> Iterator[tuple[str, Scope]]:
    gentle_a, gentle_b = _gentle(scope.app_a), _gentle(scope.app_b)
    for changed, a, b in (("A", gentle_a, scope.app_b), ("B", scope.app_a, gentle_b), ("AB", gentle_a, gentle_b)):
        if ("A" in changed) <= (a != scope.app_a) and ("B" in changed) <= (b != scope.app_b):
            try:
                yield changed, replace(scope, app_a=a, app_b=b)
            except BadScope:
                continue


def _gentle(app: Application) -> Application:
    """The same program, but that it reads to the end of file between its shutdown and its close."""
    return replace(app, steps=tuple(_gently(app.steps))) if isinstance(app, Program) else app


def _gently(steps: Steps) -> Iterator[Step]:
    shut = read = False
    for step in steps:
        if step.action is Action.LINGER:
            continue
        if step.action in OPENING:
            shut = read = False
        if step.action in (Action.CLOSE, Action.ABORT, Action.EXIT):
            if not shut:
                yield Step(Action.SHUTDOWN)
            if not read:
                yield Step(Action.READ)
            step, shut, read = Step(Action.EXIT if step.action is Action.EXIT else Action.CLOSE), True, True
        shut |= step.action is Action.SHUTDOWN
        read |= step == Step(Action.READ)
        yield step

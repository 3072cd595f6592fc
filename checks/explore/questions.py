"""What an application author asks of two programs: can an octet be lost, who can see a reset, and how?

An octet that SEND accepted is *lost* once its receiver's connection is gone (by a reset, a time-out, a crash) before
an application that was going to read it could.  It is *left unread* where the receiving application itself gave up: it
aborted, closed fully, or came to its end without reading on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from halfclose.checks.explore.engine import begin
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.options import Engine, Inquiry, Options
from halfclose.checks.explore.system import System
from halfclose.checks.explore.trace import Trace, trace_of
from halfclose.checks.readers.python import AT, Local
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import GHOST, RCV, STATE, Fate
from halfclose.spec.tcp.graph import Graph
from halfclose.spec.world.application import Program
from halfclose.spec.world.network import Scope

_WATCHED: frozenset[Var] = frozenset(
    (RCV.USER, GHOST.SENT, GHOST.READ, GHOST.FATE, GHOST.JOINED, GHOST.GOOD, GHOST.WHOLE, GHOST.PEER, GHOST.LIFE)
)
_BY_OTHERS = (Fate.RESET, Fate.TIMED_OUT, Fate.CRASHED)


@dataclass(frozen=True)
class Question:
    """A question of an application's author.  good: the answer that is good news, "yes" or "no"."""

    id: str
    asks: str
    good: str


QUESTIONS = (
    Question("lost-a", "can octets that A sent be lost?", "no"),
    Question("lost-b", "can octets that B sent be lost?", "no"),
    Question("unread-a", "can octets that A sent be left unread by B's own choice?", "no"),
    Question("unread-b", "can octets that B sent be left unread by A's own choice?", "no"),
    Question("reset-a", "can A's application see a reset?", "no"),
    Question("reset-b", "can B's application see a reset?", "no"),
    Question("wrong", "can a wrong octet, or an end of file too early, be delivered?", "no"),
    Question("ends", "can both programs come to their end with everything read?", "yes"),
)


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    yes: None where the exploration was cut short before it could tell.  trace: where yes, a shortest way to a state
    that shows it.  An answer is true where it is yes; raises ValueError where it is not known.
    """

    question: Question
    yes: bool | None
    trace: Trace | None

    def __bool__(self) -> bool:
        if self.yes is None:
            raise ValueError(f"{self.question.asks} The exploration was cut short before it could tell")
        return self.yes

    def __str__(self) -> str:
        if not self.yes:
            return f"{self.question.asks} {'unknown' if self.yes is None else 'no'}"
        steps = "" if self.trace is None else f", in {len(self.trace.steps)} steps"
        return f"{self.question.asks} yes{steps}"


class _AnswerTo:
    """An attribute of `Answers`: the answer to the question with this id."""

    def __init__(self, id: str):
        self._id = id

    def __get__(self, answers: Answers, _: type[Answers]) -> Answer:
        return answers[self._id]


@dataclass(frozen=True, repr=False)
class Answers:
    """All the answers of one scope."""

    scope: Scope
    exploration: Exploration
    answers: tuple[Answer, ...]

    def __getitem__(self, id: str) -> Answer:
        """The answer to a question by its id, e.g. "lost-a"; raises KeyError."""
        by_id = {answer.question.id: answer for answer in self.answers}
        return by_id[id]

    def __str__(self) -> str:
        return "\n".join(map(str, self.answers))

    def __repr__(self) -> str:
        return f"<Answers: {'; '.join(map(str, self.answers))}>"

    lost_a = _AnswerTo("lost-a")
    lost_b = _AnswerTo("lost-b")
    unread_a = _AnswerTo("unread-a")
    unread_b = _AnswerTo("unread-b")
    reset_a = _AnswerTo("reset-a")
    reset_b = _AnswerTo("reset-b")
    wrong = _AnswerTo("wrong")
    ends = _AnswerTo("ends")

    def to_json(self) -> dict[str, Any]:
        result = self.exploration
        return {
            "app_a": str(self.scope.app_a),
            "app_b": str(self.scope.app_b),
            "profile": str(self.scope.profile),
            "states": result.states,
            "levels": result.levels,
            "seconds": round(result.seconds, 3),
            "complete": result.complete,
            "answers": [
                {
                    "id": a.question.id,
                    "question": a.question.asks,
                    "answer": None if a.yes is None else "yes" if a.yes else "no",
                    "trace": None if a.trace is None else a.trace.to_json(),
                }
                for a in self.answers
            ],
        }


def asking(
    scope: Scope,
    graph: Graph,
    limit: int | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
    symmetry: bool = False,
) -> Exploration:
    """A search for the answers that has not run yet; raises NoEngine and BadScope.

    limit, engine, options: see `Inquiry`, `Engine` and `Options`.  symmetry: count two states that mirror each other as
    one, which the compiled search can do where both ends are alike.
    """
    system = System(scope, graph, _WATCHED, mirrored=symmetry)
    return begin(system, Inquiry(_judge(system), limit=limit), engine, options)


def ask(
    scope: Scope,
    graph: Graph,
    limit: int | None = None,
    engine: Engine = Engine.AUTO,
    options: Options | None = None,
    symmetry: bool = False,
) -> Answers:
    """Explore the scope and answer every question; the arguments are those of `asking`."""
    search = asking(scope, graph, limit, engine, options, symmetry)
    search.run()
    return answers(search)


def answers(result: Exploration) -> Answers:
    """The answers that a search has found, also where it is not complete."""
    return Answers(result.system.scope, result, tuple(_answer(i, result) for i in range(len(QUESTIONS))))


def _answer(number: int, result: Exploration) -> Answer:
    finding = result.findings.get(number)
    if finding is not None:
        return Answer(QUESTIONS[number], True, trace_of(result, finding))
    return Answer(QUESTIONS[number], False if result.complete else None, None)


def _judge(system: System) -> Callable[[int], tuple[int, ...]]:
    """A judge of states: it gives the numbers of the questions that a state answers with yes."""

    def judge(key: int) -> tuple[int, ...]:
        a, b = system.local(key, 0), system.local(key, 1)
        found = (
            _lost(system, key, receiving=1),
            _lost(system, key, receiving=0),
            _left_unread(system, key, receiving=1),
            _left_unread(system, key, receiving=0),
            _told(system, key, 0),
            _told(system, key, 1),
            not (a[AT[GHOST.GOOD]] and b[AT[GHOST.GOOD]] and a[AT[GHOST.WHOLE]] and b[AT[GHOST.WHOLE]]),
            _finished(system, key, a, b),
        )
        return tuple(i for i, yes in enumerate(found) if yes)

    return judge


def _lost(system: System, key: int, receiving: int) -> bool:
    """Whether octets cannot be read any more although the receiving application never gave up."""
    receiver, counter = system.application(key, receiving)
    if not _missing(system, key, receiving):
        return False
    ended = receiver[AT[GHOST.FATE]]
    return ended in _BY_OTHERS or (ended == Fate.CLOSED and _calling(system, receiving, counter))


def _left_unread(system: System, key: int, receiving: int) -> bool:
    """Whether octets cannot be read any more because the receiving application gave up."""
    receiver, counter = system.application(key, receiving)
    if not _missing(system, key, receiving):
        return False
    ended = receiver[AT[GHOST.FATE]]
    return ended == Fate.ABORTED or (ended == Fate.CLOSED and not _calling(system, receiving, counter))


def _missing(system: System, key: int, receiving: int) -> bool:
    """Whether the receiver's connection is gone, and with it octets that its peer's SEND accepted."""
    receiver, sender = system.local(key, receiving), system.local(key, 1 - receiving)
    return (
        receiver[AT[STATE]] == State.CLOSED.index
        and receiver[AT[GHOST.PEER]] == sender[AT[GHOST.LIFE]] > 0
        and receiver[AT[GHOST.READ]] + receiver[AT[RCV.USER]] < sender[AT[GHOST.SENT]]
    )


def _calling(system: System, side: int, counter: int) -> bool:
    """Whether the application still has calls to make."""
    app = system.machines[side].caller.app
    return not isinstance(app, Program) or counter < len(app.steps)


def _told(system: System, key: int, side: int) -> bool:
    """Whether the connection was reset while the application still had calls to make."""
    local, counter = system.application(key, side)
    calling = _calling(system, side, counter)
    return calling and local[AT[STATE]] == State.CLOSED.index and local[AT[GHOST.FATE]] == Fate.RESET


def _finished(system: System, key: int, a: Local, b: Local) -> bool:
    for side in (0, 1):
        if isinstance(system.machines[side].caller.app, Program) and _calling(
            system, side, system.application(key, side)[1]
        ):
            return False
    return a[AT[GHOST.READ]] == b[AT[GHOST.SENT]] and b[AT[GHOST.READ]] == a[AT[GHOST.SENT]]

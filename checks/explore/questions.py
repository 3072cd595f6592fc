"""What an application author asks of two programs: can an octet be lost, who can see a reset, who can wait for ever?

outcomes.py says what each question means, waiting.py decides what goes on for ever, premises.py what a "no" rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from halfclose.checks.explore import outcomes
from halfclose.checks.explore.engine import begin
from halfclose.checks.explore.options import Engine, Inquiry, Options
from halfclose.checks.explore.premises import premises
from halfclose.checks.explore.system import System
from halfclose.checks.explore.table_search import TableSearch
from halfclose.checks.explore.trace import Lasso, Trace, trace_of
from halfclose.checks.explore.waiting import MOST_STATES, ForEver, Waiting
from halfclose.spec.tcp.graph import Graph
from halfclose.spec.world.application import Free
from halfclose.spec.world.network import Scope


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
    Question("waits-a", "can A's program wait for ever?", "no"),
    Question("waits-b", "can B's program wait for ever?", "no"),
    Question("stays", "can an end keep its connection for ever?", "no"),
)
#: The questions that one state answers with yes come first; what goes on for ever is decided on all states at once.
_OF_STATES = 8
#: What else is looked for among the states: whether the two connect, and whether A and B send.  Without these a "no"
#: may be empty.
_CONNECTED, _A_SENDS, _B_SENDS = range(_OF_STATES, _OF_STATES + 3)
#: The answers that an exit status depends on.
HARMS = ("lost-a", "lost-b", "wrong")
_APART = "they never connect"


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    yes: None where it is not known, or not asked.  trace: where yes, a shortest way to a state that shows it; of what
    goes on for ever, a lasso.  note: what is to be known beside it: why a "no" is empty, why it is not known, where
    both ends stand.  asked: whether the question makes sense for these programs.  An answer is true where it is yes;
    raises ValueError where it is not known.
    """

    question: Question
    yes: bool | None
    trace: Trace | Lasso | None = None
    note: str = ""
    asked: bool = True

    @property
    def said(self) -> str:
        """The answer in a word or two."""
        if self.yes is None:
            return "unknown" if self.asked else "not asked"
        return "yes" if self.yes else "no"

    def __bool__(self) -> bool:
        if self.yes is None:
            raise ValueError(f"{self.question.asks} {self.said}: {self.note}")
        return self.yes

    def __str__(self) -> str:
        steps = "" if self.trace is None else f", in {len(self.trace.steps)} steps"
        note = f" ({self.note})" if self.note else ""
        return f"{self.question.asks} {self.said}{steps}{note}"


class _AnswerTo:
    """An attribute of `Answers`: the answer to the question with this id."""

    def __init__(self, id: str):
        self._id = id

    def __get__(self, answers: Answers, _: type[Answers]) -> Answer:
        return answers[self._id]


@dataclass(frozen=True, repr=False)
class Answers:
    """All the answers of one scope.

    connects: whether the two ends can be connected at all; None where that is not known.  premises: the bounds that
    every "no" rests on, in words.
    """

    scope: Scope
    exploration: TableSearch
    answers: tuple[Answer, ...]
    connects: bool | None

    @property
    def premises(self) -> tuple[str, ...]:
        return premises(self.scope)

    def __getitem__(self, id: str) -> Answer:
        """The answer to a question by its id, e.g. "lost-a"; raises KeyError."""
        by_id = {answer.question.id: answer for answer in self.answers}
        return by_id[id]

    def __str__(self) -> str:
        return "\n".join(map(str, self.answers))

    def __repr__(self) -> str:
        return f"<Answers: {', '.join(f'{answer.question.id} {answer.said}' for answer in self.answers)}>"

    lost_a = _AnswerTo("lost-a")
    lost_b = _AnswerTo("lost-b")
    unread_a = _AnswerTo("unread-a")
    unread_b = _AnswerTo("unread-b")
    reset_a = _AnswerTo("reset-a")
    reset_b = _AnswerTo("reset-b")
    wrong = _AnswerTo("wrong")
    ends = _AnswerTo("ends")
    waits_a = _AnswerTo("waits-a")
    waits_b = _AnswerTo("waits-b")
    stays = _AnswerTo("stays")

    @property
    def harmless(self) -> bool:
        """Whether the two connect, and it is known that no octet can be lost and no wrong one delivered."""
        return self.connects is True and all(self[id].yes is False for id in HARMS)

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
            "connects": self.connects,
            "premises": list(self.premises),
            "answers": [
                {
                    "id": a.question.id,
                    "question": a.question.asks,
                    "answer": None if a.yes is None else a.said,
                    "note": a.note,
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
) -> TableSearch:
    """A search for the answers that has not run yet; raises NoEngine and BadScope.

    limit, engine, options: see `Inquiry`, `Engine` and `Options`.  symmetry: count two states that mirror each other as
    one, which the compiled search can do where both ends are alike.
    """
    system = System(scope, graph, outcomes.WATCHED, mirrored=symmetry)
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


def answers(result: TableSearch, waiting: bool = True) -> Answers:
    """The answers that a search has found, also where it is not complete.

    waiting: also decide what can go on for ever, which takes longer than the search itself.
    """
    connects = True if _CONNECTED in result.findings else False if result.complete else None
    found = (*_of_states(result, connects), *_for_ever(result, connects, waiting))
    return Answers(result.system.scope, result, found, connects)


def _of_states(result: TableSearch, connects: bool | None) -> Iterator[Answer]:
    scope = result.system.scope
    for number, question in enumerate(QUESTIONS[:_OF_STATES]):
        finding = result.findings.get(number)
        if question.id == "ends" and all(isinstance(app, Free) for app in (scope.app_a, scope.app_b)):
            yield Answer(question, None, note="a free application has no end", asked=False)
        elif finding is not None:
            yield Answer(question, True, trace_of(result, finding))
        elif not result.complete:
            yield Answer(question, None, note="the exploration was cut short")
        else:
            yield Answer(question, False, note=_empty(question, result, connects))


def _empty(question: Question, result: TableSearch, connects: bool | None) -> str:
    """Why a "no" says nothing; empty where it says something."""
    if question.good == "yes":
        return ""
    if not connects:
        return _APART
    sends = {"lost-a": _A_SENDS, "unread-a": _A_SENDS, "lost-b": _B_SENDS, "unread-b": _B_SENDS}.get(question.id)
    if sends is None or sends in result.findings:
        return ""
    return f"{'A' if sends == _A_SENDS else 'B'} sends nothing"


def _for_ever(result: TableSearch, connects: bool | None, waiting: bool) -> Iterator[Answer]:
    states, scope = Waiting(result), result.system.scope
    why = _why_not_decided(result, waiting)
    asks: tuple[Callable[[], ForEver | None], ...] = (
        partial(states.program, 0),
        partial(states.program, 1),
        states.connection,
    )
    for question, app, ask in zip(QUESTIONS[_OF_STATES:], (scope.app_a, scope.app_b, None), asks, strict=True):
        if isinstance(app, Free):
            yield Answer(question, None, note="a free application need not call anything", asked=False)
        elif why:
            yield Answer(question, None, note=why)
        else:
            yield _lasting(question, ask(), "" if connects else _apart(question, states))


def _why_not_decided(result: TableSearch, waiting: bool) -> str:
    if not result.complete or not waiting:
        return "the exploration was cut short" if not result.complete else "interrupted"
    if result.system.mirrored:
        return "with symmetry it cannot be said what goes on for ever"
    if result.states > MOST_STATES:
        return f"decided up to {MOST_STATES:,} states; a smaller scope tells"
    return ""


def _apart(question: Question, states: Waiting) -> str:
    """Why a "no" about what lasts is empty where the two never connect: what is left is no connection yet."""
    ends = states.listening() if question.id == "stays" else ""
    return f"{_APART}; {' and '.join(ends)} can stay in LISTEN" if ends else _APART


def _lasting(question: Question, found: ForEver | None, empty: str) -> Answer:
    """empty: why a "no" says nothing; "" where it says something."""
    if found is None:
        return Answer(question, False, note=empty)
    return Answer(question, True, found.lasso, found.stands)


def _judge(system: System) -> Callable[[int], tuple[int, ...]]:
    """A judge of states: it gives the numbers of the questions that a state answers with yes."""

    def judge(key: int) -> tuple[int, ...]:
        found = (
            outcomes.lost(system, key, receiving=1),
            outcomes.lost(system, key, receiving=0),
            outcomes.left_unread(system, key, receiving=1),
            outcomes.left_unread(system, key, receiving=0),
            outcomes.told_of_reset(system, key, 0),
            outcomes.told_of_reset(system, key, 1),
            outcomes.wrong(system, key),
            outcomes.ended_well(system, key),
            outcomes.connected(system, key),
            outcomes.sent(system, key, 0),
            outcomes.sent(system, key, 1),
        )
        return tuple(i for i, yes in enumerate(found) if yes)

    return judge

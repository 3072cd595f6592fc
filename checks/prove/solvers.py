"""The solvers, and how they are asked: Z3 through its own interface, cvc5 through SMT-LIB 2."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import z3

from halfclose.checks.prove.obligation import PROLOGUE, Answer, Base, Obligation, Proof, failing
from halfclose.checks.readers.smt import Expr, conjunction

#: No query of this project takes a second; one that takes this long, in milliseconds, counts as not refuted.
_LIMIT_MS = 60_000


class NoSolver(RuntimeError):
    """The solver is not installed; the message says how to get it."""


class Solver(Protocol):
    """One solver at work on one obligation at a time."""

    name: str

    def load(self, obligation: Obligation) -> None: ...

    def possible(self) -> bool:
        """Whether the step's assumptions can be met."""

    def may_fail(self, goals: Sequence[str]) -> bool:
        """Whether they can be met where one of these goals does not hold."""


class Z3:
    """Z3 in this process; the assumptions that many steps share are asserted once."""

    name = "z3"

    def __init__(self) -> None:
        self._solver = z3.Solver()
        self._solver.set("timeout", _LIMIT_MS)
        self._base: Base | None = None
        self._goals: dict[str, Expr] = {}

    def load(self, obligation: Obligation) -> None:
        if obligation.base is not self._base:
            self._solver.reset()
            self._solver.add(*obligation.base.said)
            self._base = obligation.base
        else:
            self._solver.pop()
        self._solver.push()
        self._solver.add(*obligation.assumed)
        self._goals = obligation.goals

    def possible(self) -> bool:
        return bool(self._solver.check() != z3.unsat)

    def may_fail(self, goals: Sequence[str]) -> bool:
        self._solver.push()
        self._solver.add(z3.Not(conjunction([self._goals[goal] for goal in goals])))
        verdict = self._solver.check()
        self._solver.pop()
        return bool(verdict != z3.unsat)

    def one_that_fails(self, goals: Sequence[str]) -> str | None:
        """The first of these goals that does not hold in some counterexample; None where they are all proved."""
        self._solver.push()
        self._solver.add(z3.Not(conjunction([self._goals[goal] for goal in goals])))
        verdict = self._solver.check()
        model = self._solver.model() if verdict == z3.sat else None
        self._solver.pop()
        if model is None:
            return None if verdict == z3.unsat else next(goal for goal in goals if self.may_fail((goal,)))
        return next(goal for goal in goals if z3.is_false(model.eval(self._goals[goal], model_completion=True)))


class Cvc5:
    """cvc5, which reads the same SMT-LIB 2 that `--export` writes; raises NoSolver."""

    name = "cvc5"

    def __init__(self) -> None:
        try:
            import cvc5
        except ImportError:
            raise NoSolver("cvc5 is not installed: pip install 'halfclose[cvc5]'") from None
        self._cvc5 = cvc5

        self._base: Base | None = None

    def load(self, obligation: Obligation) -> None:
        if obligation.base is not self._base:
            self._solver = self._cvc5.Solver(self._cvc5.TermManager())
            self._solver.setOption("tlimit-per", str(_LIMIT_MS))
            self._parser = self._cvc5.InputParser(self._solver)
            self._run(f"{PROLOGUE}{obligation.base.text}")
            self._base = obligation.base
        else:
            self._run("(pop 1)\n")
        self._run(f"(push 1)\n{obligation.own()}")

    def possible(self) -> bool:
        return self._run("(check-sat)\n") != "unsat"

    def may_fail(self, goals: Sequence[str]) -> bool:
        return self._run(f"(push 1)\n{failing(goals)}(check-sat)\n(pop 1)\n") != "unsat"

    def _run(self, script: str) -> str:
        """What the solver answers to these commands."""
        self._parser.setStringInput(self._cvc5.InputLanguage.SMT_LIB_2_6, script, "halfclose")
        symbols = self._parser.getSymbolManager()
        said = ""
        while not (command := self._parser.nextCommand()).isNull():
            said += command.invoke(self._solver, symbols)
        return said.strip()


#: By the names that `--solver` takes.
SOLVERS: dict[str, tuple[Callable[[], Any], ...]] = {"z3": (Z3,), "cvc5": (Cvc5,), "both": (Z3, Cvc5)}


def prove(
    obligations: Iterable[Obligation],
    solver: str = "z3",
    export: Path | None = None,
    done: Callable[[str], None] = lambda step: None,
) -> Proof:
    """Decide every obligation.  Raises NoSolver, and OSError where `export` cannot be written.

    solver: a key of SOLVERS; with several, the first one's answers count and the others' are compared with them.
    export: a folder for the obligations as SMT-LIB 2, one file each.  done: is called with each step that is decided.
    """
    started = time.perf_counter()
    if solver not in SOLVERS:
        raise NoSolver(f"unknown solver {solver!r}; known are {', '.join(SOLVERS)}")
    solvers: list[Solver] = [make() for make in SOLVERS[solver]]
    answers = tuple(_answers(obligations, solvers, export, done))
    return Proof(answers, time.perf_counter() - started, tuple(solver.name for solver in solvers))


def _answers(
    obligations: Iterable[Obligation], solvers: list[Solver], export: Path | None, done: Callable[[str], None]
) -> Iterator[Answer]:
    for obligation in obligations:
        if export is not None:
            _write(export, obligation)
        first, *others = (_decide(obligation, solver) for solver in solvers)
        disputed = any((other.vacuous, other.broken) != (first.vacuous, first.broken) for other in others)
        queries = first.queries + sum(other.queries for other in others)
        seconds = max(answer.seconds for answer in (first, *others))
        yield Answer(first.proof, first.step, first.goals, first.broken, first.vacuous, queries, seconds, disputed)
        done(obligation.step)


def _decide(obligation: Obligation, solver: Solver) -> Answer:
    solver.load(obligation)
    goals = tuple(obligation.goals)
    times: list[float] = []

    def asked(question: Callable[[], bool]) -> bool:
        started = time.perf_counter()
        answer = question()
        times.append(time.perf_counter() - started)
        return answer

    possible = asked(solver.possible)
    broken: tuple[str, ...] = ()
    if possible and asked(lambda: solver.may_fail(goals)):
        broken = tuple(goal for goal in goals if asked(lambda goal=goal: solver.may_fail((goal,))))  # type: ignore[misc]
    return Answer(obligation.proof, obligation.step, goals, broken, not possible, len(times), max(times))


def _write(folder: Path, obligation: Obligation) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() or c in ".-" else "_" for c in f"{obligation.proof}--{obligation.step}")
    (folder / f"{name}.smt2").write_text(obligation.script(), encoding="utf-8")

"""A user's own property, from a Python file: it is explored in its scope and tried as a conjunct of the invariant.

The file defines PROPERTY with the terms of the specification, for example:

    from halfclose.spec.claims.properties import Always, implies
    from halfclose.spec.language.states import State
    from halfclose.spec.language.variables import RCV, SND, in_state, peer

    PROPERTY = Always(
        "an end in FIN-WAIT-2 has been acknowledged in full",
        scope="exchange",
        broken_by=("any-ack-acknowledges-fin",),
        holds=implies(in_state(State.FIN_WAIT_2), SND.UNA == SND.END + 1),
    )

Always, OnStep, Sometimes and Stays are explored; an Eventually is decided by fairness, and where it fails a lasso shows
a behaviour that avoids its goal for ever.  An Always about one end alone is also tried as a conjunct: is it inductive
together with the invariant?
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from halfclose.checks.claims.judges import Explored, Judge
from halfclose.checks.claims.progress import decide
from halfclose.checks.explore.trace import Lasso, Trace, trace_of
from halfclose.checks.prove import one_end
from halfclose.checks.prove.solvers import prove
from halfclose.checks.readers.conditions import condition
from halfclose.spec.claims.invariant import INVARIANT, Conjunct
from halfclose.spec.claims.properties import Always, Eventually, OnStep, Sometimes, Stays
from halfclose.spec.language.names import unknown
from halfclose.spec.language.profile import parse_profile
from halfclose.spec.language.terms import Kind, Sort, Term, Var, variables
from halfclose.spec.language.variables import TWINS
from halfclose.spec.mutants.defects import MUTANTS, mutated
from halfclose.spec.tcp.graph import RULES, Graph, tcp
from halfclose.spec.world.scopes import SCOPES

#: What a user may ask.
Asked = Explored | Eventually


class BadProperty(ValueError):
    """The file does not define a property; the message says what is wrong with it, in one line."""


@dataclass(frozen=True)
class TriedProperty:
    """What became of a user's property.

    holds, states, seconds, trace: of the exploration.  breaks: the edges that break it as a conjunct; empty where it is
    inductive, None where it is no Always about one end alone.  mutants: each that it names, and whether it breaks it;
    None where that was not tried, as what fails already cannot be broken.
    """

    prop: Asked
    holds: bool
    states: int
    seconds: float
    trace: Trace | Lasso | None
    breaks: tuple[str, ...] | None
    mutants: tuple[tuple[str, bool | None], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "property": self.prop.name,
            "kind": type(self.prop).__name__.lower(),
            "scope": self.prop.scope,
            "verdict": "holds" if self.holds else "fails",
            "states": self.states,
            "seconds": round(self.seconds, 3),
            "inductive": None if self.breaks is None else not self.breaks,
            "edges_that_break_it": list(self.breaks or ()),
            "broken_by": [name for name, broken in self.mutants if broken],
            "not_broken_by": [name for name, broken in self.mutants if broken is False],
            "mutants_not_tried": [name for name, broken in self.mutants if broken is None],
            "trace": None if self.trace is None else self.trace.to_json(),
        }


def load(file: Path) -> Asked:
    """The PROPERTY of a file; raises BadProperty."""
    try:
        source = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadProperty(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadProperty(f"{file} is not a text in UTF-8") from None
    module = ModuleType("halfclose_property")
    sys.modules[module.__name__] = module  # where dataclasses and the like look for it
    try:
        exec(compile(source, str(file), "exec"), module.__dict__)
    except SyntaxError as error:
        where = "" if error.lineno is None else f" line {error.lineno}"
        raise BadProperty(f"{file}{where} is not Python: {error.msg}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a user's file may raise, SystemExit too
        raise BadProperty(f"{file} raises {type(error).__name__}: {_words(error)}") from None
    return _checked(file, module.__dict__.get("PROPERTY"))


def _words(error: BaseException) -> str:
    """The message of an exception in one line; an exception of a user's own may not even have one."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return "its message cannot be read"


def _kind(prop: object) -> str:
    """What was found instead, in a word or two."""
    return "nothing" if prop is None else f"a value of type {type(prop).__name__}"


def _checked(file: Path, prop: object) -> Asked:
    if not isinstance(prop, Always | OnStep | Sometimes | Stays | Eventually):
        kinds = "an Always, OnStep, Sometimes, Stays or Eventually"
        raise BadProperty(f"{file} must define PROPERTY as {kinds}, not {_kind(prop)}")
    _must_be_well_formed(file, prop)
    if prop.scope not in SCOPES:
        raise BadProperty(f"{file}: {unknown('scope', prop.scope, SCOPES, 'scopes')}")
    for name in prop.broken_by:
        if name not in MUTANTS:
            raise BadProperty(f"{file}: {unknown('mutant', name, MUTANTS, 'mutants')}")
    unseen = sorted(var.name for var in variables(_formula(prop)) if not _sees(prop, var))
    if unseen:
        raise BadProperty(f"{file}: {', '.join(unseen)}: not what a property of kind {type(prop).__name__} can see")
    return prop


def _must_be_well_formed(file: Path, prop: Asked) -> None:
    """A property is only data, so that its parts may be anything until they are looked at."""
    if not isinstance(prop.name, str) or not prop.name.isprintable():
        raise BadProperty(f"{file}: the name of PROPERTY must be one line of text")
    if not isinstance(prop.scope, str):
        raise BadProperty(f"{file}: the scope of PROPERTY must be the name of one")
    if not isinstance(prop.broken_by, tuple) or not all(isinstance(name, str) for name in prop.broken_by):
        raise BadProperty(f"{file}: broken_by must be a tuple of names of mutants, e.g. ('no-trimming',)")
    term = _formula(prop)
    if not isinstance(term, Term) or term.sort is not Sort.BOOL:
        raise BadProperty(f"{file}: the formula of PROPERTY must be a condition, e.g. SND.UNA <= SND.NXT")


def _sees(prop: Asked, var: Var) -> bool:
    """Whether a property can read a variable: an OnStep reads one end and its segments, the others both ends now."""
    where = TWINS.get(var, ("", var))[0]
    if isinstance(prop, OnStep):
        return where != "PEER" and var.kind is not Kind.CHOICE
    return where in ("", "PEER") and var.kind in (Kind.TCB, Kind.GHOST, Kind.CONSTANT)


def _formula(prop: Asked) -> Term:
    return prop.goal if isinstance(prop, Eventually) else condition(prop)


def try_property(prop: Asked, profile: str = "") -> TriedProperty:
    """Decide a property in its scope, try it as a conjunct beside the invariant, and, if it holds, try its mutants."""
    started = time.perf_counter()
    holds, states, trace = _decide(prop, profile)
    seconds = time.perf_counter() - started
    broken = tuple((name, not _decide(prop, profile, name)[0] if holds else None) for name in prop.broken_by)
    return TriedProperty(prop, holds, states, seconds, trace, _as_conjunct(prop), broken)


def _decide(prop: Asked, profile: str, mutant: str = "") -> tuple[bool, int, Trace | Lasso | None]:
    """Whether it holds, in how many states, and what shows it; of a mutant only whether it breaks it."""
    scope = SCOPES[prop.scope]
    graph = tcp(scope.profile | parse_profile(profile), mutated(mutant) if mutant else RULES)
    if isinstance(prop, Eventually):
        (verdict,) = decide(scope, graph, [prop])
        return verdict.holds, verdict.states, verdict.lasso
    judged = Judge(scope, [prop]).run(scope, graph, stop_early=bool(mutant))
    (outcome,) = judged.outcomes
    trace = None if mutant or outcome.finding is None else trace_of(judged.exploration, outcome.finding)
    return outcome.holds, judged.exploration.states, trace


def _as_conjunct(prop: Asked) -> tuple[str, ...] | None:
    """The edges that break it as a conjunct of the invariant; None where it cannot be one."""
    if not isinstance(prop, Always) or any(var in TWINS for var in variables(prop.holds)):
        return None
    conjuncts = (*INVARIANT, Conjunct(prop.name, prop.holds, "a user's own", ()))
    return prove(one_end.obligations(Graph(RULES), conjuncts=conjuncts)).breaking(prop.name)

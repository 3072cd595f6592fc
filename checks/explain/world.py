"""The surroundings: scopes that are explored and figures that are replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.figure5 import PICTURE
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.figures import FIGURES, Figure, Line
from halfclose.spec.language.profile import PROFILES, Profile
from halfclose.spec.world.application import ANSWERS, CALLS, FREE_CALLS
from halfclose.spec.world.network import Scope, Wait
from halfclose.spec.world.scopes import NAMED_SCOPES

#: What finds the page of programs: each call without its number, "in time", and each answer ("on eof").
_WORDS = tuple(dict.fromkeys(re.sub(r"^\.\.\. | [N0]$|: \.\.\.$", "", written) for written in (*CALLS, *ANSWERS)))

_SHOWN_APART = ("app_a", "app_b", "profile")


def scopes() -> Iterator[Entry]:
    """The scopes of the claims."""
    for named in NAMED_SCOPES:
        yield Entry("scope", named.name, named.says, partial(_scope, named.name, named.scope))


def _scope(name: str, scope: Scope) -> Facts:
    return {
        "programs": [f"A: {scope.app_a}", f"B: {scope.app_b}"],
        "profile": [_profile(scope.profile)],
        "bounds other than the defaults": _bounds(scope),
        "explored for": [
            f"{claim.id} {prop.name}" for claim in CLAIMS for prop in claim.properties if prop.scope == name
        ],
    }


def _bounds(scope: Scope) -> list[str]:
    """The bounds that are not those of `halfclose explore` without options."""
    values = {field.name: (getattr(scope, field.name), field.default) for field in fields(Scope)}
    return [
        f"{name.replace('_', ' ')}: {_bound(name, value)} (default {_bound(name, default)})"
        for name, (value, default) in values.items()
        if value != default and name not in _SHOWN_APART
    ]


def _profile(profile: Profile) -> str:
    """The name of the preset that it is, or its switches."""
    return next((name for name, preset in PROFILES.items() if preset == profile), str(profile))


def _bound(name: str, value: object) -> str:
    if value is None:
        return "as many as slots" if name == "slots_back" else "any number"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value.value if isinstance(value, Wait) else value)


def applications() -> Iterator[Entry]:
    """What `--app-a` and `--app-b` take."""
    yield Entry(
        "application",
        "program",
        "calls parted by ';', each of which waits until it is completed, e.g. 'open; send 3; shutdown; read; close'",
        lambda: {"its calls": _listed(CALLS), "and behind them, what it does instead": _listed(ANSWERS)},
        also=_WORDS,
    )
    yield Entry(
        "application",
        "free",
        "any call at any time: 'free' alone, or 'free: open send read' for some of the calls",
        lambda: {"its calls": [action.value for action in FREE_CALLS]},
    )


def _listed(words: dict[str, str]) -> list[str]:
    """One line a word, with what it means."""
    return [f"{word}: {says}" for word, says in words.items()]


def figures() -> Iterator[Entry]:
    """The RFC's figures: figure 5 as it is drawn, the others as exchanges that are replayed."""
    yield Entry(
        "figure",
        "F5",
        "TCP Connection State Diagram; `halfclose graph --format figure` names the edges behind its arrows",
        lambda: {"as the RFC draws it": PICTURE.splitlines()},
        ("3.3.2",),
        ("figure 5",),
    )
    for figure in FIGURES.values():
        also = (figure.id.replace("F", "figure "),) if figure.id.startswith("F") else ()
        yield Entry("figure", figure.id, figure.title, partial(_figure, figure), (figure.cite,), also)


def _figure(figure: Figure) -> Facts:
    return {
        "old duplicates in the network": [f"{segment} on its way to {end}" for end, segment in figure.planted],
        "the states of A and B after each step": [text for line in figure.lines for text in _step(line)],
        "replayed with bounds other than the defaults": _bounds(figure.scope),
    }


def _step(line: Line) -> Iterator[str]:
    """A line of a figure, and below it the segment that the same step sends."""
    does, _, sent = line.do.partition(" sends ")
    yield f"{line.states:<28}{does}"
    if sent:
        yield f"{'':<28}  sends {sent}"

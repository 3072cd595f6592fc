"""A series of growing scopes, up to a hundred million states and more: text both ways, and both ends half-close."""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.spec.world.application import parse_application
from halfclose.spec.world.network import Scope
from halfclose.spec.world.scopes import SCOPES


@dataclass(frozen=True)
class Course:
    """A scope to be measured.  states: how many there are, where that is known before."""

    name: str
    scope: Scope
    states: int | None = None


def _text(from_a: int, from_b: int, states: int) -> Course:
    """A sends so many octets and half-closes; B answers with so many, reads to the end and half-closes too."""
    answer = f"send {from_b}; " if from_b else ""
    app_a = parse_application(f"open; send {from_a}; shutdown; read")
    app_b = parse_application(f"listen; {answer}read; shutdown")
    return Course(f"text-{from_a}-{from_b}", Scope(app_a, app_b, slots=1), states)


SERIES = (
    _text(1, 0, 3_218),
    _text(2, 0, 14_883),
    _text(1, 1, 64_845),
    _text(2, 1, 411_399),
    _text(6, 1, 1_045_411),
    _text(2, 2, 4_602_221),
    _text(3, 3, 25_356_572),
    _text(5, 4, 77_793_251),
    _text(5, 5, 115_895_629),
)

#: Every scope that has a name.
COURSES = {course.name: course for course in SERIES} | {name: Course(name, scope) for name, scope in SCOPES.items()}

"""What a "no" rests on: the bounds of a scope, in words.

An exploration visits every state of its scope and none outside it.  So each bound that keeps something out is a premise
of every "no".
"""

from __future__ import annotations

from collections.abc import Iterator

from halfclose.spec.world.application import Free
from halfclose.spec.world.network import Scope, Wait


def premises(scope: Scope) -> tuple[str, ...]:
    """The bounds that keep something out, each in a few words."""
    return tuple(_premises(scope))


def _premises(scope: Scope) -> Iterator[str]:
    slots = max(scope.slots, scope.slots_back or scope.slots)
    overtaking = ", so that none overtakes another" if slots == 1 else ""
    yield f"at most {_count(slots, 'segment')} under way in each direction{overtaking}"
    if slots > 1 and not scope.reorder:
        yield "segments arrive in the order in which they were sent"
    for bound, done in ((scope.losses, "lost"), (scope.duplicates, "duplicated")):
        if bound is not None:
            yield f"{_at_most(bound, 'segment')} {done}"
    yield f"windows of {_count(scope.buffer, 'octet')} and segments of {_count(scope.mss, 'octet')} at most"
    yield _at_most(scope.crashes, "crash")
    if not scope.user_timeout:
        yield "no user timeout"
    yield from _connections(scope)


def _connections(scope: Scope) -> Iterator[str]:
    free = any(isinstance(app, Free) for app in (scope.app_a, scope.app_b))
    a, b = scope.lives_of(scope.app_a), scope.lives_of(scope.app_b)
    lives = max(a, b)
    if free:
        yield f"at most {_count(scope.octets, 'octet')} from a free application on one connection"
    if free or lives > 1:
        yield f"at most {_count(a, 'connection')} of A's end and {_count(b, 'connection')} of B's"
    if lives > 1:
        yield "octets of a connection that their sender has left for another one are not asked for"
        if scope.isns == 1:
            yield "a new connection begins with the least number that the ISN clock allows"
        if scope.wait is Wait.DRAINED:
            yield "TIME-WAIT outlasts every segment in the network"


def _count(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("sh") else "s")
    return f"{number} {noun if number == 1 else plural}"


def _at_most(number: int, noun: str) -> str:
    return f"at most {_count(number, noun)}" if number else f"no {noun}"

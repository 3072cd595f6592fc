"""What becomes of octets that wait to be read when a reset arrives: two readings, and whether an answer depends on it.

3.10.7.4 step 2 flushes "all segment queues" at a reset; deployed stacks let the user read the octets first, and then
tell the error (the switch reset-keeps-unread).  A question is answered under the one that its profile has.  Where a
reset is possible, the other one is explored, too, so that an answer that rests on this can be told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from halfclose.checks.explore.options import Engine
from halfclose.checks.explore.questions import Answer, Answers, ask
from halfclose.spec.language.edge import Rule
from halfclose.spec.language.profile import RESET_KEEPS_UNREAD, Profile
from halfclose.spec.tcp.graph import tcp

#: No larger scope is explored a second time.
MOST_STATES = 1_000_000
_ASKED = ("lost-a", "lost-b", "unread-a", "unread-b")


@dataclass(frozen=True)
class OtherReading:
    """The answers that are different under the other reading.  kept: whether the reading assumed keeps the octets."""

    kept: bool
    differs: tuple[Answer, ...]

    def __str__(self) -> str:
        gone, stay = "is gone with it (3.10.7.4 step 2)", "can still be read"
        here, there = (stay, gone) if self.kept else (gone, stay)
        switch = f"without {RESET_KEEPS_UNREAD.name}" if self.kept else f"with {RESET_KEEPS_UNREAD.name}"
        others = " ".join(f"{answer.question.asks} {answer.said}" for answer in self.differs)
        return f"it is assumed that what was received before a reset {here}; if it {there} ({switch}): {others}"

    def to_json(self) -> dict[str, Any]:
        """What is assumed, and the answers that it changes."""
        return {"keeps_unread": self.kept, "otherwise": {answer.question.id: answer.said for answer in self.differs}}


def other_reading(found: Answers, rules: tuple[Rule, ...], engine: Engine = Engine.AUTO) -> OtherReading | None:
    """What the other reading would answer; None where the answers are the same, or it is not known."""
    if not (found.reset_a.yes or found.reset_b.yes) or found.exploration.states > MOST_STATES:
        return None
    scope = found.scope
    kept = RESET_KEEPS_UNREAD in scope.profile
    profile = Profile(scope.profile.on ^ {RESET_KEEPS_UNREAD.name})
    there = ask(replace(scope, profile=profile), tcp(profile, rules), MOST_STATES, engine)
    known = [id for id in _ASKED if found[id].yes is not None and there[id].yes is not None]
    differs = tuple(there[id] for id in known if found[id].yes != there[id].yes)
    return OtherReading(kept, differs) if differs else None

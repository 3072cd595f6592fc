"""The packet-switching network between two endpoints, and the bounds of one scope.

In each direction the network holds a few segments.  It may lose any of them on the way, deliver one and keep a copy,
and deliver them in any order; each of the three within a bound (None: without one).  Beyond that bound, a segment is
lost where its direction is full: a router has no room for it.  Age is not modelled except for one assumption: when
an end leaves TIME-WAIT, 2 MSL after it came there, no segment is left in the network, so the time-out fires only over
an empty one.  (A peer that still retransmits its FIN can break that assumption.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..language.profile import HALF_DUPLEX, Profile
from .application import Action, Application, Free, Program

_HIGHEST_WIDTH = 32
_MOST_SLOTS = 16


class Wait(Enum):
    """What is assumed to have happened when TIME-WAIT ends."""

    NOTHING = "nothing"  # the time-out may fire at once
    DRAINED = "drained"  # 2 MSL are over: nothing is left in the network


class BadScope(ValueError):
    """The bounds make no sense together; the message says which one to change."""


@dataclass(frozen=True)
class Scope:
    """Everything that bounds one exploration.

    slots: segments the network holds from A to B; slots_back: and from B to A (None: as many).
    losses, duplicates: how many in all, None without bound.
    octets: the most that a free application sends in one incarnation.  lives: incarnations an end may open.
    buffer: RCV.BUFF, which bounds every window.  mss: octets in a segment.  bits: width of a sequence number.
    iss: where the two ends' ISN clocks stand.  crashes: how often an end may lose its memory and restart.
    """

    app_a: Application
    app_b: Application
    profile: Profile = field(default_factory=Profile)
    slots: int = 2
    slots_back: int | None = None
    losses: int | None = None
    duplicates: int | None = None
    reorder: bool = True
    octets: int = 1
    lives: int = 1
    buffer: int = 2
    mss: int = 2
    bits: int = 6
    iss: tuple[int, int] = (62, 31)
    crashes: int = 0
    wait: Wait = Wait.DRAINED
    user_timeout: bool = False

    def __post_init__(self) -> None:
        for name in ("slots", "slots_back", "buffer", "mss", "lives", "bits"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadScope(f"{name} must be at least 1")
        if max(self.slots, self.slots_back or 0) > _MOST_SLOTS:
            raise BadScope(f"slots must be at most {_MOST_SLOTS}; already a handful cannot be explored to the end")
        for name in ("octets", "crashes", "losses", "duplicates"):
            if (getattr(self, name) or 0) < 0:
                raise BadScope(f"{name} must not be negative")
        if self.bits > _HIGHEST_WIDTH:
            raise BadScope(f"bits must be at most {_HIGHEST_WIDTH}, the width on the wire")
        if self.span >= 1 << (self.bits - 1):
            raise BadScope(
                f"sequence numbers of {self.bits} bits cannot be compared over the {self.span} that this scope may "
                "use; raise bits or lower octets, lives or buffer"
            )
        full = any(app.uses(Action.CLOSE) for app in (self.app_a, self.app_b))
        if full and HALF_DUPLEX not in self.profile:
            object.__setattr__(self, "profile", self.profile | Profile(frozenset((HALF_DUPLEX.name,))))

    @property
    def span(self) -> int:
        """Most sequence numbers one end can use, from its first ISS to the right edge of the last window."""
        return max(self.lives_of(app) * (self.octets_of(app) + 3 + self.buffer) for app in (self.app_a, self.app_b))

    def octets_of(self, app: Application) -> int:
        return self.octets if isinstance(app, Free) else app.octets()

    def lives_of(self, app: Application) -> int:
        return max(self.lives, app.lives()) if isinstance(app, Program) else self.lives

    @property
    def send_buffer(self) -> int:
        """SND.BUFF: what an application may send in a scope always fits."""
        return max(self.octets_of(self.app_a), self.octets_of(self.app_b)) + 1

"""The packet-switching network between two endpoints, and the bounds of one scope.

TCP promises a reliable stream over a network that promises nothing: it may lose segments, duplicate them, deliver them
in another order and keep them for a while.  All of this is modelled by a bag of segments for each direction.  A segment
that is sent goes into the bag; at any moment any segment of the bag may

    be delivered and leave the bag                    the usual case; in any order, unless `reorder` is off
    be delivered while a copy stays in the bag        duplication, at most `duplicates` times
    leave the bag undelivered                         loss, at most `losses` times

A *scope* bounds all of this, so that there are finitely many states and every one can be visited.  What an exploration
finds is therefore true within its scope, and only there.  A bag holds at most `slots` segments; what is sent while it
is full is lost, as in a router that has no room, and such losses are not counted.

Time is not modelled, with one exception.  A segment lives no longer than the maximum segment lifetime (MSL), and
TIME-WAIT lasts 2 MSL (3.4.1), so it is assumed that TIME-WAIT ends only when the network is empty (`Wait.DRAINED`).  A
peer that still retransmits its FIN can break that assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..language.profile import HALF_DUPLEX, Profile
from .application import Action, Application, Free, Program

_HIGHEST_WIDTH = 32
_MOST_SLOTS = 16


class Wait(Enum):
    """When TIME-WAIT may end."""

    NOTHING = "nothing"  # at once
    DRAINED = "drained"  # only when nothing is left in the network: 2 MSL are over


class BadScope(ValueError):
    """The bounds make no sense together; the message says which one to change."""


@dataclass(frozen=True)
class Scope:
    """Everything that bounds one exploration.

    app_a, app_b: what the users of the two ends do.  profile: the options and readings of both ends.
    slots: segments that the network holds from A to B.  slots_back: and from B to A; None means as many.
    losses, duplicates: how many there may be in all; None means any number.  reorder: deliver in any order.
    octets: the most that a free application sends in one incarnation.  lives: incarnations that an end may open.
    buffer: octets of RCV.BUFF, which bounds every window.  mss: the most octets in a segment.
    bits: width of a sequence number.  iss: where the ISN clocks of A and B stand at first.
    isns: how many initial sequence numbers a new connection may choose from, the least that the clock allows and those
    behind it; one number stands for all where nothing depends on how near the old numbers are.
    crashes: how often the ends may lose their memory and restart, both together.
    wait: when TIME-WAIT may end.  user_timeout: whether the user timeout may expire.
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
    isns: int = 1
    crashes: int = 0
    wait: Wait = Wait.DRAINED
    user_timeout: bool = False

    def __post_init__(self) -> None:
        self._must_be_numbers()
        for name in ("slots", "slots_back", "buffer", "mss", "lives", "bits", "isns"):
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
            raise BadScope(self._too_narrow())
        full = any(app.uses(Action.CLOSE, Action.EXIT) for app in (self.app_a, self.app_b))
        if full and HALF_DUPLEX not in self.profile:
            object.__setattr__(self, "profile", self.profile | Profile(frozenset((HALF_DUPLEX.name,))))

    def _too_narrow(self) -> str:
        """Which width would do: numbers can be compared over less than half the space (3.4)."""
        short = (
            f"the scope may use {self.span:,} sequence numbers, more than half of what {self.bits} bits can tell apart"
        )
        enough = self.span.bit_length() + 1
        if enough > _HIGHEST_WIDTH:
            return f"{short}; say fewer octets, lives or a smaller buffer: {_HIGHEST_WIDTH} bits are the most"
        return f"{short}; say --bits {enough} (bits={enough} in Python)"

    def _must_be_numbers(self) -> None:
        """Refuse what only looks like a bound, such as the words of the command line."""
        counts = ("slots", "octets", "lives", "buffer", "mss", "bits", "isns", "crashes")
        open_ended = ("slots_back", "losses", "duplicates")
        for name in (*counts, *open_ended):
            value = getattr(self, name)
            if type(value) is not int and not (value is None and name in open_ended):
                unbounded = ", or None for no bound" if name in open_ended else ""
                raise BadScope(f"{name} must be a whole number{unbounded}, not {value!r:.40}")
        if not isinstance(self.wait, Wait):
            raise BadScope(
                f"wait must be one of {', '.join(f'Wait.{wait.name}' for wait in Wait)}, not {self.wait!r:.40}"
            )
        if not (isinstance(self.iss, tuple) and len(self.iss) == 2 and all(type(n) is int for n in self.iss)):
            raise BadScope(f"iss must be two whole numbers, not {self.iss!r:.40}")
        if any(not 0 <= number < 1 << self.bits for number in self.iss):
            raise BadScope(f"iss must be less than {1 << self.bits} with sequence numbers of {self.bits} bits")

    @property
    def span(self) -> int:
        """The most sequence numbers that one end can use, from its first ISS to the right edge of its last window."""
        return max(
            self.lives_of(app) * (self.octets_of(app) + 2 + self.isns + self.buffer) for app in (self.app_a, self.app_b)
        )

    def octets_of(self, app: Application) -> int:
        return self.octets if isinstance(app, Free) else app.octets()

    def lives_of(self, app: Application) -> int:
        return max(self.lives, app.lives()) if isinstance(app, Program) else self.lives

    @property
    def send_buffer(self) -> int:
        """SND.BUFF in octets: everything that an application of this scope sends fits."""
        return max(self.octets_of(self.app_a), self.octets_of(self.app_b)) + 1

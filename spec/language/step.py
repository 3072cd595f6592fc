"""What a step is besides its variables: the event that it answers, and what the user is told.

Claims on steps read these (see `claims/steps`).  No edge does: an edge *has* one event and one signal.
"""

from __future__ import annotations

from .edge import Event
from .terms import Kind, Sort, Term, any_of, named, variable

#: What a user may be told (3.9.1, 3.10), as the edges write it; nothing stands first.
SIGNALS: tuple[str, ...] = (
    "",
    "ok",
    "queued",
    "part",
    "state",
    "connection closing",
    "error: closing",
    "error: connection aborted due to user timeout",
    "error: connection already exists",
    "error: connection closing",
    "error: connection does not exist",
    "error: connection not open",
    "error: connection refused",
    "error: connection reset",
    "error: insufficient resources",
    "error: remote socket unspecified",
)

EVENT = variable("EVENT", Sort.NUM, Kind.SEGMENT, "the event", values=tuple(event.value for event in Event))
SIGNAL = variable("SIGNAL", Sort.NUM, Kind.SEGMENT, "what the user is told", values=SIGNALS)

_EVENTS = {event: number for number, event in enumerate(Event)}


def event_number(event: Event) -> int:
    """The value of EVENT."""
    return _EVENTS[event]


def signal_number(signal: str) -> int:
    """The value of SIGNAL; one past all others where the signal is none of these."""
    return SIGNALS.index(signal) if signal in SIGNALS else len(SIGNALS)


def on(*events: Event) -> Term:
    """The step answers one of these events."""
    names = " or ".join(event.value for event in events)
    return named(f"[{names}]", any_of(*(EVENT == _EVENTS[event] for event in events)))


def told(*signals: str) -> Term:
    """The user is told one of these."""
    names = " or ".join(signal or "nothing" for signal in signals)
    return named(f"[told {names}]", any_of(*(SIGNAL == SIGNALS.index(signal) for signal in signals)))

"""Named switches: the options that RFC 9293 leaves to an implementation, and the other readings of its text.

A profile is the set of switches that are on.  All of them are off in the profile `rfc9293`, which has no option and
takes the default reading everywhere (see `readings`, which says which switch belongs to which passage).
"""

from __future__ import annotations

from dataclasses import dataclass

from .names import unknown
from .terms import Kind, Sort, Var, variable

SWITCHES: dict[str, Var] = {}


def _switch(name: str, means: str) -> Var:
    SWITCHES[name] = variable(name, Sort.BOOL, Kind.SWITCH, means)
    return SWITCHES[name]


# Options
RFC5961_RST = _switch("rfc5961-rst", "a RST must match RCV.NXT exactly, others are challenged (3.10.7.4 step 2)")
RFC5961_SYN = _switch("rfc5961-syn", "a SYN on a synchronized connection is challenged (3.10.7.4 step 4)")
RFC5961_ACK = _switch("rfc5961-ack", "an ACK older than the largest window is refused (3.10.7.4 step 5, MAY-12)")
RFC1337 = _switch("rfc1337", "a RST does not end TIME-WAIT")
HALF_DUPLEX = _switch(
    "half-duplex-close",
    "the full close of the socket API: the user reads no more, and data that is lost with it is answered with a reset "
    "(MAY-1, SHLD-3)",
)
REOPEN = _switch("reopen-from-time-wait", "a new SYN may reopen the connection from TIME-WAIT (MAY-2)")
HOLD = _switch("hold-out-of-order", "a segment beyond RCV.NXT is held for later (SHLD-31)")
REMOTE_SPECIFIED = _switch("remote-specified", "a passive OPEN names its peer, so SEND in LISTEN connects (3.10.2)")
TEXT_ON_SYN = _switch(
    "text-on-syn", "text that the user has given, and a FIN behind it, may go with the SYN (3.10.7.3)"
)

# Readings
TIME_WAIT_ACKS_ALL = _switch("time-wait-acks-all", "TIME-WAIT acknowledges every acceptable segment")
SYN_ACK_COMPLETES = _switch("syn-ack-completes", "a SYN,ACK that repeats IRS completes a simultaneous open")
FIN_AT_ZERO_WINDOW = _switch("fin-at-zero-window", "a FIN in order needs no room in the window")
SECOND_FIN_ADVANCES = _switch("second-fin-advances", "a second FIN at RCV.NXT advances RCV.NXT again")
RECEIVE_BY_THE_LETTER = _switch(
    "receive-by-the-letter", "RECEIVE fails in CLOSING, LAST-ACK, TIME-WAIT and after, data or no data"
)
CLOSE_BY_THE_LETTER = _switch(
    "close-by-the-letter", "CLOSE in SYN-RECEIVED sends its FIN before the handshake is finished"
)
ISN_WITHOUT_GAP = _switch("isn-without-gap", "a new ISS lies beyond SND.NXT, but not by a whole window")

RESET_FIRST = _switch(
    "reset-before-sequence", "SYN-RECEIVED resets the sender of an unacceptable ACK before step 1 (3.5.2)"
)

RIGHT_EDGE_ACCEPTABLE = _switch(
    "right-edge-acceptable", "an empty segment at the right edge of the window is acceptable"
)

SYN_TEXT_REFUSED = _switch(
    "syn-text-refused", "text and a FIN that come with a SYN are dropped, to be sent again, and not acknowledged"
)
RESET_BY_REACH = _switch(
    "reset-by-reach", "a RST is acceptable if the text behind it reaches into the window (table 6), as any segment is"
)
RESET_WHILE_CLOSING_SILENT = _switch(
    "reset-while-closing-silent", "in CLOSING and LAST-ACK a reset is not signalled, whatever it loses (step 2)"
)
RESET_KEEPS_UNREAD = _switch(
    "reset-keeps-unread", "octets that were received before a reset can still be read, and the error follows them"
)

USER_TIMEOUT_IN_TIME_WAIT = _switch(
    "user-timeout-in-time-wait", "the user timeout may expire in TIME-WAIT too (3.10.8)"
)

# Worst cases for S10: the ISN clock has come round
ISN_REUSED = _switch("isn-reused", "after TIME-WAIT the next ISS equals the last one")
ISN_REUSED_EARLY = _switch("isn-reused-early", "after LAST-ACK too the next ISS equals the last one")

#: Switches that no reading of the text decides: options of an implementation, and assumptions about the ISN clock.
WITHOUT_READING = (HOLD, REMOTE_SPECIFIED, TEXT_ON_SYN, ISN_REUSED, ISN_REUSED_EARLY)


class UnknownSwitch(ValueError):
    """The profile names something that does not exist; the message suggests names that are near it."""


@dataclass(frozen=True)
class Profile:
    """The switches that are on."""

    on: frozenset[str] = frozenset()

    def __contains__(self, switch: Var) -> bool:
        return switch.name in self.on

    def __or__(self, other: Profile) -> Profile:
        return Profile(self.on | other.on)

    def __str__(self) -> str:
        return "+".join(sorted(self.on)) or "rfc9293"


def _of(*switches: Var) -> Profile:
    return Profile(frozenset(switch.name for switch in switches))


_BLIND_ATTACKS = (RFC5961_RST, RFC5961_SYN, RFC5961_ACK)
PROFILES: dict[str, Profile] = {
    "rfc9293": Profile(),
    "rfc5961": _of(*_BLIND_ATTACKS),
    "linux": _of(
        *_BLIND_ATTACKS,
        HALF_DUPLEX,
        REOPEN,
        HOLD,
        SYN_ACK_COMPLETES,
        RIGHT_EDGE_ACCEPTABLE,
        SYN_TEXT_REFUSED,
        RESET_KEEPS_UNREAD,
    ),
    "lwip": _of(RFC5961_RST, RFC5961_SYN, RFC1337, HALF_DUPLEX, HOLD, SYN_TEXT_REFUSED),
    "reference": _of(HALF_DUPLEX, HOLD),
}


def parse_profile(text: str) -> Profile:
    """A profile from names joined by '+', each a preset or a switch, e.g. `rfc5961+rfc1337`; raises UnknownSwitch."""
    profile = Profile()
    for name in filter(None, (part.strip() for part in text.split("+"))):
        if name in PROFILES:
            profile |= PROFILES[name]
        elif name in SWITCHES:
            profile |= Profile(frozenset((name,)))
        else:
            raise UnknownSwitch(unknown("profile or switch", name, (*PROFILES, *SWITCHES), "switches"))
    return profile

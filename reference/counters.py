"""Counters of a stack: what became of its packets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Packets since the stack was made; each dropped packet is counted once, by the reason."""

    received: int = 0  # all of them
    sent: int = 0
    resets_sent: int = 0  # among those sent

    malformed: Counter[str] = field(default_factory=Counter)  # by the message of wire.Malformed
    not_for_us: int = 0  # to an address that is not the host's own; groups are among them (MUST-57)
    bad_source: int = 0  # from an address that nobody can have (MUST-63)
    no_connection: int = 0  # segments that belong to no connection and open none
    no_room: int = 0  # SYNs that found a listener's backlog full

    recycled: int = 0  # half-open connections that made room for newer ones

    @property
    def reasons(self) -> Counter[str]:
        """How many packets were dropped, or answered by a RST, before they reached a connection, and why."""
        others = {name: getattr(self, name) for name in ("not_for_us", "bad_source", "no_connection", "no_room")}
        return self.malformed + Counter({name.replace("_", " "): number for name, number in others.items()})

    def __str__(self) -> str:
        """One line: 12 packets received, 3 dropped (TCP checksum 2, no room 1); 9 sent, 1 of them a reset."""
        reasons = self.reasons
        why = ", ".join(f"{reason} {number:,}" for reason, number in reasons.most_common())
        dropped = f"{reasons.total():,} dropped ({why})" if why else "none dropped"
        return f"{self.received:,} packets received, {dropped}; {self.sent:,} sent, {self.resets_sent:,} of them resets"

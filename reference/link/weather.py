"""A bad network, sans-IO: loss, duplication and reordering of the packets of one direction, drawn from a seed.

A packet that is held back leaves after one to three later ones have overtaken it; where none follow, it leaves
after HOLD all the same, so that nothing waits for traffic that has ended.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

HOLD = 0.001  # seconds: more than a round trip here, less than any retransmission timeout
_MOST_OVERTAKERS = 3


@dataclass(frozen=True)
class Odds:
    """The probability of each mishap for a packet, in per cent; they are drawn independently."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


CALM = Odds()


@dataclass
class Tally:
    """What became of the packets.  reordered: those that a later one overtook; copies count."""

    entered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0


@dataclass
class _Held:
    packet: bytes
    until: float
    to_come: int  # how many are still to overtake it
    overtaken: bool = False


class Weather:
    """One direction of a link: packets and time in; packets and the next deadline out."""

    def __init__(self, odds: Odds = CALM, seed: object = 0) -> None:
        """seed: any object; its text decides every mishap."""
        self.tally = Tally()
        self._odds, self._dice = odds, random.Random(str(seed))
        self._held: list[_Held] = []
        self._ready: list[bytes] = []

    def enter(self, packet: bytes, now: float) -> None:
        """A packet is sent at this time, in seconds."""
        self.tally.entered += 1
        if self._befalls(self._odds.loss):
            self.tally.lost += 1
            return
        self._proceed(packet, now)
        if self._befalls(self._odds.duplicate):
            self.tally.duplicated += 1
            self._proceed(packet, now)

    def leave(self, now: float) -> list[bytes]:
        """What arrives now, in order; each packet and each copy once."""
        self._release([held for held in self._held if held.until <= now])
        arrived, self._ready = self._ready, []
        return arrived

    @property
    def deadline(self) -> float | None:
        """When a packet that is held back leaves at the latest; None where there is none."""
        return min((held.until for held in self._held), default=None)

    def _befalls(self, percent: float) -> bool:
        return self._dice.random() * 100 < percent

    def _proceed(self, packet: bytes, now: float) -> None:
        if self._befalls(self._odds.reorder):
            self._held.append(_Held(packet, now + HOLD, self._dice.randint(1, _MOST_OVERTAKERS)))
            return
        self._ready.append(packet)
        for held in self._held:
            held.to_come -= 1
            held.overtaken = True
        self._release([held for held in self._held if held.to_come == 0])

    def _release(self, leaving: list[_Held]) -> None:
        for held in leaving:
            self._held.remove(held)
            self._ready.append(held.packet)
            self.tally.reordered += held.overtaken

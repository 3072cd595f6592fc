"""Congestion control: slow start, congestion avoidance and fast retransmit (RFC 5681); NewReno (RFC 6582)."""

from __future__ import annotations

from halfclose.reference.sequence import add, latest, lt

_UNLIMITED = 1 << 40
_DUPLICATES = 3


class Congestion:
    """The congestion window of one connection, in octets."""

    __slots__ = ("_duplicates", "_flight", "_recover", "_recovering", "_smss", "cwnd", "on", "ssthresh")

    def __init__(self, on: bool) -> None:
        self.on = on
        self.cwnd = self.ssthresh = _UNLIMITED
        self._smss = 0
        self._duplicates = 0
        self._flight = 0  # before limited transmit adds to it
        self._recovering = False
        self._recover = 0  # SND.NXT at the last loss: duplicate ACKs of what was sent before it report no new loss

    def begin(self, smss: int, iss: int, *, syn_was_lost: bool) -> None:
        """3.1: the initial window, once the SMSS is known."""
        self._smss, self._recover = smss, iss
        if self.on:
            self.cwnd = smss if syn_was_lost else self._initial_window()

    @property
    def allowance(self) -> int:
        """Octets that may be outstanding when new text is sent: the congestion window, and by limited transmit (3.2
        step 1) a segment for each of the first two duplicate ACKs."""
        limited = 0 if self._recovering else min(self._duplicates, _DUPLICATES - 1)
        return self.cwnd + limited * self._smss

    def acknowledged(self, octets: int, una: int) -> bool:
        """An ACK of new data moves SND.UNA to una; returns whether to retransmit the first segment now.

        The window grows (3.1); in fast recovery it shrinks by what has left the network (RFC 6582 3.2 step 3).
        """
        self._duplicates = 0
        if not self.on:
            return False
        if self._recovering:
            self._recovering = lt(una, self._recover)
            self.cwnd = self._deflated(octets) if self._recovering else self.ssthresh
        elif self.cwnd < self.ssthresh:
            self.cwnd += min(octets, self._smss)
        else:
            self.cwnd += max(1, self._smss * self._smss // self.cwnd)
        self._recover = latest(self._recover, add(una, -1))  # it never falls half the sequence space behind
        return self._recovering

    def duplicate(self, una: int, nxt: int, flight: int) -> bool:
        """A duplicate ACK; returns whether to retransmit the first segment now (3.2 steps 2 to 4).

        una, nxt: SND.UNA and SND.NXT.  flight: octets sent and not acknowledged.
        """
        if not self.on:
            return False
        if self._recovering:
            self.cwnd += self._smss
            return False
        self._duplicates += 1
        if self._duplicates == 1:
            self._flight = flight
        if self._duplicates != _DUPLICATES or not lt(self._recover, una):  # RFC 6582 3.2 step 2
            return False
        self._recovering, self._recover = True, nxt
        self.ssthresh = self._half(self._flight)
        self.cwnd = self.ssthresh + _DUPLICATES * self._smss
        return True

    def timed_out(self, flight: int, nxt: int, *, first: bool) -> None:
        """The retransmission timer expired (3.1, equation 4).  first: for the first time on this segment."""
        self._duplicates = 0
        self._recovering, self._recover = False, nxt  # RFC 6582 3.2 step 4
        if self.on:
            if first:
                self.ssthresh = self._half(flight)
            self.cwnd = self._smss

    def idle(self) -> None:
        """Nothing was sent for more than one RTO (4.1)."""
        if self.on:
            self.cwnd = min(self.cwnd, self._initial_window())

    def _deflated(self, octets: int) -> int:
        """The window after a partial ACK: less what it acknowledges, plus one segment (RFC 6582 3.2 step 3)."""
        return max(self._smss, self.cwnd - octets + (self._smss if octets >= self._smss else 0))

    def _half(self, flight: int) -> int:
        return max(flight // 2, 2 * self._smss)

    def _initial_window(self) -> int:
        segments = 2 if self._smss > 2190 else 3 if self._smss > 1095 else 4
        return segments * self._smss

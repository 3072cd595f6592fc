"""Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681)."""

from __future__ import annotations

_UNLIMITED = 1 << 40
_DUPLICATES = 3


class Congestion:
    """The congestion window of one connection, in octets."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self.cwnd = self.ssthresh = _UNLIMITED
        self._smss = 0
        self._duplicates = 0

    def begin(self, smss: int, *, syn_was_lost: bool) -> None:
        """3.1: the initial window, once the SMSS is known."""
        self._smss = smss
        if self.on:
            self.cwnd = smss if syn_was_lost else self._initial_window()

    def acknowledged(self, octets: int) -> None:
        """An ACK of new data: the window grows (3.1), or fast recovery ends (3.2 step 6)."""
        recovering, self._duplicates = self._duplicates >= _DUPLICATES, 0
        if not self.on:
            return
        if recovering:
            self.cwnd = self.ssthresh
        elif self.cwnd < self.ssthresh:
            self.cwnd += min(octets, self._smss)
        else:
            self.cwnd += max(1, self._smss * self._smss // self.cwnd)

    def duplicate(self, flight: int) -> bool:
        """A duplicate ACK; says whether to retransmit the first segment now (3.2 steps 2 to 4).

        flight: octets sent and not acknowledged.
        """
        if not self.on:
            return False
        self._duplicates += 1
        if self._duplicates == _DUPLICATES:
            self.ssthresh = self._half(flight)
            self.cwnd = self.ssthresh + _DUPLICATES * self._smss
        elif self._duplicates > _DUPLICATES:
            self.cwnd += self._smss
        return self._duplicates == _DUPLICATES

    def timed_out(self, flight: int, *, first: bool) -> None:
        """The retransmission timer expired (3.1, equation 4).  first: for the first time on this segment."""
        self._duplicates = 0
        if self.on:
            if first:
                self.ssthresh = self._half(flight)
            self.cwnd = self._smss

    def idle(self) -> None:
        """Nothing was sent for more than one RTO (4.1)."""
        if self.on:
            self.cwnd = min(self.cwnd, self._initial_window())

    def _half(self, flight: int) -> int:
        return max(flight // 2, 2 * self._smss)

    def _initial_window(self) -> int:
        segments = 2 if self._smss > 2190 else 3 if self._smss > 1095 else 4
        return segments * self._smss

"""The retransmission timeout (RFC 6298)."""

from __future__ import annotations

from halfclose.reference.config import Config

_ALPHA, _BETA, _K = 1 / 8, 1 / 4, 4
_GRANULARITY = 0.001
_AFTER_LOST_SYN = 3.0


class RetransmissionTimeout:
    """The estimator of one connection.  value: the RTO in seconds."""

    __slots__ = ("_config", "_rttvar", "_srtt", "backed_off", "retransmissions", "value")

    def __init__(self, config: Config) -> None:
        self._config = config
        self._srtt: float | None = None
        self._rttvar = 0.0
        self.value = config.initial_rto  # 2.1
        self.backed_off = 0  # expirations since the last progress
        self.retransmissions = 0  # those of them that are no probe of a zero window (3.8.3)

    def sample(self, seconds: float, *, of: int = 1) -> None:
        """A round trip of a segment that was sent once, or one measured by a timestamp (section 3).

        of: how many samples are taken per round trip; each one is weighted by its inverse (RFC 7323 appendix G).
        """
        alpha, beta = _ALPHA / of, _BETA / of
        if self._srtt is None:  # 2.2
            self._srtt, self._rttvar = seconds, seconds / 2
        else:  # 2.3, in this order
            self._rttvar = (1 - beta) * self._rttvar + beta * abs(self._srtt - seconds)
            self._srtt = (1 - alpha) * self._srtt + alpha * seconds
        self._set(self._srtt + max(_GRANULARITY, _K * self._rttvar))

    def back_off(self) -> None:
        """5.5: the timer has expired."""
        self.backed_off += 1
        self._set(self.value * 2)

    def connected(self) -> None:
        """5.7: if the SYN's timer has expired, the RTO for text begins at 3 seconds."""
        if self.backed_off and self._srtt is None:
            self._set(max(_AFTER_LOST_SYN, self._config.initial_rto))
        self.progress()

    def progress(self) -> None:
        """Something new was acknowledged."""
        self.backed_off = self.retransmissions = 0

    def _set(self, seconds: float) -> None:
        self.value = min(max(seconds, self._config.minimum_rto), self._config.maximum_rto)  # 2.4, 2.5

"""Passive OPENs, and the connections that wait there to be accepted; their number is bounded."""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.reference.connection import Connection
from halfclose.reference.wire import Address


@dataclass(frozen=True)
class Socket:
    """An address and a port; None as address means any of the stack's own addresses."""

    address: Address | None
    port: int


class Listener:
    """A passive OPEN for any number of connections (MUST-42); at most `backlog` wait to be accepted.

    Half-open connections count.  Where all places are taken, a SYN takes that of the oldest half-open connection
    whose SYN,ACK had to be sent again (RFC 4987), and is dropped where there is none: its sender tries again.
    """

    def __init__(self, local: Socket, backlog: int) -> None:
        self.local, self.backlog = local, backlog
        self._half_open: dict[Connection, None] = {}  # the oldest first, here and below
        self._ready: dict[Connection, None] = {}

    def accept(self) -> Connection | None:
        """The connection that has been waiting longest since its handshake, or None."""
        for connection in self._ready:
            del self._ready[connection]
            return connection
        return None

    def has_room(self) -> bool:
        """Whether one more SYN may be accepted without dropping another connection."""
        return len(self._half_open) + len(self._ready) < self.backlog

    def expendable(self) -> Connection | None:
        """The half-open connection that may be dropped in favour of a new one, or None."""
        oldest = next(iter(self._half_open), None)
        return oldest if oldest is not None and oldest.tcb.rto.backed_off else None

    def waiting(self) -> list[Connection]:
        """All connections that the user has not accepted."""
        return [*self._half_open, *self._ready]

    def add(self, connection: Connection) -> None:
        """A SYN has been accepted: the connection is half-open."""
        self._half_open[connection] = None

    def remove(self, connection: Connection) -> None:
        """The connection is gone; nothing happens if it does not wait here."""
        self._half_open.pop(connection, None)
        self._ready.pop(connection, None)

    def completed(self, connection: Connection) -> None:
        """The handshake is over; nothing happens if the connection was not half-open."""
        if connection in self._half_open:
            del self._half_open[connection]
            self._ready[connection] = None

"""Passive OPENs, and the connections that wait at them: the backlog is bounded, whatever arrives."""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.reference.connection import Connection
from halfclose.reference.wire import Address


@dataclass(frozen=True)
class Socket:
    """An address and a port; no address stands for every one of the stack's own."""

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
        """Whether one more SYN may be taken without anybody giving way."""
        return len(self._half_open) + len(self._ready) < self.backlog

    def expendable(self) -> Connection | None:
        """The half-open connection that gives way to a new one, if there is one."""
        oldest = next(iter(self._half_open), None)
        return oldest if oldest is not None and oldest.tcb.rto.backed_off else None

    def waiting(self) -> list[Connection]:
        """Everything that nobody has accepted."""
        return [*self._half_open, *self._ready]

    def add(self, connection: Connection) -> None:
        """A SYN has been taken."""
        self._half_open[connection] = None

    def remove(self, connection: Connection) -> None:
        """The connection is gone; nothing happens where it does not wait here."""
        self._half_open.pop(connection, None)
        self._ready.pop(connection, None)

    def completed(self, connection: Connection) -> None:
        """The handshake is over; nothing happens where the connection was not half-open."""
        if connection in self._half_open:
            del self._half_open[connection]
            self._ready[connection] = None

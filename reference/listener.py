"""Passive OPENs, and the connections that wait at them: the backlog is bounded, whatever arrives."""

from __future__ import annotations

from dataclasses import dataclass

from halfclose.reference.connection import Connection
from halfclose.reference.tcb import State
from halfclose.reference.wire import Address

OVER = (State.CLOSED, State.LISTEN)  # a connection that a RST took back to LISTEN was a listener's


@dataclass(frozen=True)
class Socket:
    """An address and a port; no address stands for every one of the stack's own."""

    address: Address | None
    port: int


@dataclass(frozen=True)
class Pair:
    """The two sockets that identify a connection (RFC 9293 3.3.1)."""

    local: Address
    local_port: int
    remote: Address
    remote_port: int


class Listener:
    """A passive OPEN for any number of connections (MUST-42); at most `backlog` wait to be accepted.

    Half-open connections count.  Where all places are taken, a SYN takes that of the oldest half-open connection
    whose SYN,ACK had to be sent again (RFC 4987), and is dropped where there is none: its sender tries again.
    """

    def __init__(self, local: Socket, backlog: int) -> None:
        self.local, self.backlog = local, backlog
        self._half_open: dict[Pair, Connection] = {}  # the oldest first, here and below
        self._ready: dict[Pair, Connection] = {}

    def accept(self) -> Connection | None:
        """The connection that has been waiting longest since its handshake, or None."""
        if not self._ready:
            return None
        return self._ready.pop(next(iter(self._ready)))

    def has_room(self) -> bool:
        """Whether one more SYN may be taken without anybody giving way."""
        return len(self._half_open) + len(self._ready) < self.backlog

    def expendable(self) -> Pair | None:
        """The half-open connection that gives way to a new one, if there is one."""
        for pair, connection in self._half_open.items():
            return pair if connection.tcb.rto.backed_off else None
        return None

    def waiting(self) -> list[Connection]:
        """Everything that nobody has accepted."""
        return [*self._half_open.values(), *self._ready.values()]

    def add(self, pair: Pair, connection: Connection) -> None:
        """A SYN has been taken."""
        self._half_open[pair] = connection

    def remove(self, pair: Pair) -> None:
        """The connection is gone; nothing happens where it does not wait here."""
        self._half_open.pop(pair, None)
        self._ready.pop(pair, None)

    def completed(self, pair: Pair) -> None:
        """The handshake is over; nothing happens where the connection was not half-open."""
        if (connection := self._half_open.pop(pair, None)) is not None:
            self._ready[pair] = connection

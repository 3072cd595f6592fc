"""Many connections over one interface, sans-IO: IP packets and time in; IP packets and the next deadline out.

Its users call the Connection objects that `open` and `Listener.accept` give them; `packets` collects what all of them
have to send.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.isn import generator
from halfclose.reference.output import reset_for
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, RST, SYN, Address, Datagram, Malformed, Segment, decode, encode

_FIRST_PORT, _PORTS = 49_152, 16_384  # the dynamic ports (RFC 6335 6)
_DEFAULT_MSS_IPV6 = 1220  # MUST-15
_LONGER_HEADER = 20  # of IPv6
_BROADCAST = IPv4Address("255.255.255.255")
_DEFAULT = Config()


@dataclass(frozen=True)
class Socket:
    """An address and a port; no address stands for every one of the stack's own."""

    address: Address | None
    port: int


@dataclass(frozen=True)
class _Pair:
    local: Address
    local_port: int
    remote: Address
    remote_port: int


class Listener:
    """A passive OPEN for any number of connections (MUST-42); at most `backlog` wait to be accepted."""

    def __init__(self, local: Socket, backlog: int) -> None:
        self.local, self.backlog = local, backlog
        self.waiting: list[Connection] = []

    def accept(self) -> Connection | None:
        """The connection that has been waiting longest since its handshake, or None."""
        self._drop_failed()
        for connection in self.waiting:
            if connection.state is not State.SYN_RECEIVED:
                self.waiting.remove(connection)
                return connection
        return None

    def has_room(self) -> bool:
        """Whether one more SYN may be taken."""
        self._drop_failed()
        return len(self.waiting) < self.backlog

    def _drop_failed(self) -> None:
        self.waiting = [c for c in self.waiting if c.state not in (State.CLOSED, State.LISTEN)]


class Stack:
    """The TCP of one host."""

    def __init__(self, addresses: Iterable[Address], *, secret: bytes, config: Config = _DEFAULT) -> None:
        """addresses: the host's own.  secret: 16 octets or more that nobody else knows, for RFC 6528.

        `reopen_from_time_wait` has no effect here: an old connection keeps its user.
        """
        self._addresses = tuple(addresses)
        self._secret, self._config = secret, replace(config, reopen_from_time_wait=False)
        self._connections: dict[_Pair, Connection] = {}
        self._listeners: dict[Socket, Listener] = {}
        self._outbox: list[bytes] = []
        self._opened = 0

    def open(self, remote: Socket, now: float, *, local: Socket | None = None) -> Connection:
        """Active OPEN.  Without a local socket the stack chooses one; raises CallError with the RFC's words."""
        pair = self._pair(remote, local)
        if pair in self._connections:
            raise CallError("connection already exists")
        connection = self._make(pair)
        connection.open(now)
        self._connections[pair] = connection
        return connection

    def listen(self, local: Socket, *, backlog: int = 16) -> Listener:
        """Passive OPEN; raises CallError where there is one for this socket."""
        if local in self._listeners:
            raise CallError("connection already exists")
        self._listeners[local] = Listener(local, backlog)
        return self._listeners[local]

    def unlisten(self, listener: Listener) -> None:
        """End a passive OPEN, and abort the connections that nobody has accepted."""
        del self._listeners[listener.local]
        for connection in listener.waiting:
            if connection.state is not State.CLOSED:
                connection.abort(connection.tcb.now)

    def packet_arrives(self, packet: bytes, now: float) -> None:
        """Process one packet; what is malformed or not for this host is dropped in silence."""
        try:
            datagram = decode(packet)
        except Malformed:
            return
        if datagram.target not in self._addresses or not _may_be_answered(datagram.source):
            return  # 3.9.2.3: MUST-57, MUST-63
        pair = _Pair(datagram.target, datagram.target_port, datagram.source, datagram.source_port)
        self._forget_closed()
        if (connection := self._connections.get(pair)) is not None:
            connection.segment_arrives(datagram.segment, now)
        elif (listener := self._listener(pair)) is not None:
            self._arrives_at_listener(listener, pair, datagram.segment, now)
        elif (reset := reset_for(datagram.segment)) is not None:  # 3.10.7.1
            self._outbox.append(_packet(pair, reset))

    def tick(self, now: float) -> None:
        """Process the time-outs that are due."""
        for connection in self._connections.values():
            if connection.deadline is not None and connection.deadline <= now:
                connection.tick(now)

    @property
    def deadline(self) -> float | None:
        """When to call `tick` next, at the latest; None where no timer runs."""
        deadlines = (connection.deadline for connection in self._connections.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def packets(self) -> list[bytes]:
        """What is to be sent now; each packet is returned once."""
        self._forget_closed()
        for pair, connection in self._connections.items():
            self._collect(pair, connection)
        sent, self._outbox = self._outbox, []
        return sent

    def _arrives_at_listener(self, listener: Listener, pair: _Pair, segment: Segment, now: float) -> None:
        """3.10.7.2, in a TCB made for this segment; one that does not leave LISTEN is not kept."""
        if segment.flags & (SYN | ACK | RST) == SYN and not listener.has_room():
            return  # its sender tries again
        connection = self._make(pair)
        connection.listen(now, remote_specified=True)
        connection.segment_arrives(segment, now)
        if connection.state is State.SYN_RECEIVED:
            self._connections[pair] = connection
            listener.waiting.append(connection)
        self._collect(pair, connection)

    def _listener(self, pair: _Pair) -> Listener | None:
        """One for this very address comes before one for every address."""
        exact = self._listeners.get(Socket(pair.local, pair.local_port))
        return exact or self._listeners.get(Socket(None, pair.local_port))

    def _pair(self, remote: Socket, local: Socket | None) -> _Pair:
        if remote.address is None:
            raise CallError("remote socket unspecified")
        address = local.address if local is not None else None
        if address is None:
            address = next((own for own in self._addresses if own.version == remote.address.version), None)
        if address is None or address not in self._addresses:
            raise CallError("connection illegal for this process")
        if local is not None and local.port:
            return _Pair(address, local.port, remote.address, remote.port)
        return self._free_pair(address, remote.address, remote.port)

    def _free_pair(self, local: Address, remote: Address, remote_port: int) -> _Pair:
        """The next free port from a start that differs by destination (RFC 6056 3.3.3)."""
        start = generator((local.packed, 0), (remote.packed, remote_port), self._secret)(0.0)
        for _ in range(_PORTS):
            self._opened += 1
            pair = _Pair(local, _FIRST_PORT + (start + self._opened) % _PORTS, remote, remote_port)
            if pair not in self._connections:
                return pair
        raise CallError("insufficient resources")

    def _make(self, pair: _Pair) -> Connection:
        isn = generator((pair.local.packed, pair.local_port), (pair.remote.packed, pair.remote_port), self._secret)
        config = self._config
        if pair.local.version == 6:
            mss, send_mss = config.mss - _LONGER_HEADER, config.send_mss - _LONGER_HEADER
            config = replace(config, mss=mss, send_mss=send_mss, default_mss=_DEFAULT_MSS_IPV6)
        return Connection(config, isn=isn)

    def _collect(self, pair: _Pair, connection: Connection) -> None:
        self._outbox += [_packet(pair, segment) for segment in connection.segments()]

    def _forget_closed(self) -> None:
        """Drop connections that are over; one that a RST took back to LISTEN was a listener's."""
        for pair, connection in list(self._connections.items()):
            if connection.state in (State.CLOSED, State.LISTEN):
                self._collect(pair, connection)
                del self._connections[pair]


def _packet(pair: _Pair, segment: Segment) -> bytes:
    return encode(Datagram(pair.local, pair.remote, pair.local_port, pair.remote_port, segment))


def _may_be_answered(source: Address) -> bool:
    return not (source.is_multicast or source.is_unspecified or source == _BROADCAST)

"""Many connections over one interface, sans-IO: IP packets and time in; IP packets and the next deadline out.

Its users call the Connection objects that `open` and `Listener.accept` give them; `packets` collects what all of them
have to send.  An event costs the same however many connections there are: each tells its stack when it was called, and
only those are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.counters import Counters
from halfclose.reference.deadlines import Deadlines
from halfclose.reference.isn import generator
from halfclose.reference.listener import OVER, Listener, Pair, Socket
from halfclose.reference.output import reset_for
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, RST, SYN, Address, Datagram, Malformed, Segment, decode, encode

__all__ = ["Listener", "Socket", "Stack"]

_FIRST_PORT, _PORTS = 49_152, 16_384  # the dynamic ports (RFC 6335 6)
_DEFAULT_MSS_IPV6 = 1220  # MUST-15
_LONGER_HEADER = 20  # of IPv6
_BROADCAST = IPv4Address("255.255.255.255")
_DEFAULT = Config()


@dataclass
class _Entry:
    """A connection in the table, and the listener that took its SYN."""

    connection: Connection
    listener: Listener | None = None


class Stack:
    """The TCP of one host.  counters: what became of its packets."""

    def __init__(self, addresses: Iterable[Address], *, secret: bytes, config: Config = _DEFAULT) -> None:
        """addresses: the host's own.  secret: 16 octets or more that nobody else knows, for RFC 6528."""
        self.counters = Counters()
        own = tuple(addresses)
        self._addresses = frozenset(own)
        self._sources = {address.version: address for address in reversed(own)}  # the first of each family
        self._secret, self._reopen = secret, config.reopen_from_time_wait
        config = replace(config, reopen_from_time_wait=False)  # here a new connection takes the place of the old
        self._configs = {4: config, 6: _over_ipv6(config)}
        self._connections: dict[Pair, _Entry] = {}
        self._listeners: dict[Socket, Listener] = {}
        self._deadlines: Deadlines[Pair] = Deadlines()
        self._called: dict[Pair, None] = {}  # whom an event has reached since the last look, in this order
        self._outbox: list[bytes] = []
        self._opened = 0

    def open(self, remote: Socket, now: float, *, local: Socket | None = None) -> Connection:
        """Active OPEN.  Without a local socket the stack chooses one; raises CallError with the RFC's words."""
        self._look()
        pair = self._pair(remote, local)
        if pair in self._connections:
            raise CallError("connection already exists")
        connection = self._make(pair)
        connection.open(now)
        self._connections[pair] = _Entry(connection)
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
        for connection in listener.waiting():
            if connection.state is not State.CLOSED:
                connection.abort(connection.tcb.now)

    def packet_arrives(self, packet: bytes, now: float) -> None:
        """Process one packet; what is malformed or not for this host is dropped in silence, and counted."""
        self.counters.received += 1
        try:
            datagram = decode(packet)
        except Malformed as malformed:
            self.counters.malformed[str(malformed)] += 1
            return
        if datagram.target not in self._addresses:  # 3.9.2.3: MUST-57
            self.counters.not_for_us += 1
            return
        if not _may_be_answered(datagram.source):  # 3.9.2.3: MUST-63
            self.counters.bad_source += 1
            return
        pair = Pair(datagram.target, datagram.target_port, datagram.source, datagram.source_port)
        self._look()
        self._segment_arrives(pair, datagram.segment, now)
        self._look()

    def tick(self, now: float) -> None:
        """Process the time-outs that are due."""
        self._look()
        for pair in self._deadlines.due(now):
            self._connections[pair].connection.tick(now)
        self._look()

    @property
    def deadline(self) -> float | None:
        """When to call `tick` next, at the latest; None where no timer runs."""
        self._look()
        return self._deadlines.first

    def packets(self) -> list[bytes]:
        """What is to be sent now; each packet is returned once."""
        self._look()
        sent, self._outbox = self._outbox, []
        return sent

    def __len__(self) -> int:
        """How many connections there are, TIME-WAIT included."""
        self._look()
        return len(self._connections)

    def _segment_arrives(self, pair: Pair, segment: Segment, now: float) -> None:
        entry, listener = self._connections.get(pair), self._listener(pair)
        if entry is not None and not self._gives_way(entry.connection, listener, segment, now):
            entry.connection.segment_arrives(segment, now)
        elif listener is not None:
            self._arrives_at_listener(listener, pair, segment, now, entry.connection.tcb.least_iss if entry else None)
        else:
            self.counters.no_connection += 1
            if (reset := reset_for(segment)) is not None:  # 3.10.7.1
                self._send(pair, reset)

    def _gives_way(self, old: Connection, listener: Listener | None, segment: Segment, now: float) -> bool:
        """3.6.1, MAY-2: for a SYN from beyond TIME-WAIT; the user of the old connection keeps it, closed."""
        if not self._reopen or listener is None or not listener.has_room():
            return False
        return old.give_way(segment, now)

    def _arrives_at_listener(
        self, listener: Listener, pair: Pair, segment: Segment, now: float, least_iss: int | None
    ) -> None:
        """3.10.7.2, in a TCB made for this segment; one that does not leave LISTEN is not kept."""
        if segment.flags & (SYN | ACK | RST) == SYN and not self._has_room(listener):
            self.counters.no_room += 1  # its sender tries again
            return
        connection = self._make(pair, least_iss)
        connection.listen(now, remote_specified=True)
        connection.segment_arrives(segment, now)
        if connection.state is State.SYN_RECEIVED:
            self._connections[pair] = _Entry(connection, listener)
            listener.add(pair, connection)
            return
        self.counters.no_connection += 1
        for answer in connection.segments():
            self._send(pair, answer)

    def _has_room(self, listener: Listener) -> bool:
        """Where all places are taken, a half-open connection that nobody seems to want goes without a word."""
        if listener.has_room():
            return True
        if (pair := listener.expendable()) is None:
            return False
        self.counters.recycled += 1
        self._remove(pair)
        return True

    def _listener(self, pair: Pair) -> Listener | None:
        """One for this very address comes before one for every address."""
        exact = self._listeners.get(Socket(pair.local, pair.local_port))
        return exact or self._listeners.get(Socket(None, pair.local_port))

    def _pair(self, remote: Socket, local: Socket | None) -> Pair:
        if remote.address is None:
            raise CallError("remote socket unspecified")
        address = local.address if local is not None else None
        if address is None:
            address = self._sources.get(remote.address.version)
        if address is None or address not in self._addresses:
            raise CallError("connection illegal for this process")
        if local is not None and local.port:
            return Pair(address, local.port, remote.address, remote.port)
        return self._free_pair(address, remote.address, remote.port)

    def _free_pair(self, local: Address, remote: Address, remote_port: int) -> Pair:
        """The next free port from a start that differs by destination (RFC 6056 3.3.3)."""
        start = generator((local.packed, 0), (remote.packed, remote_port), self._secret)(0.0)
        for _ in range(_PORTS):
            self._opened += 1
            pair = Pair(local, _FIRST_PORT + (start + self._opened) % _PORTS, remote, remote_port)
            if pair not in self._connections:
                return pair
        raise CallError("insufficient resources")

    def _make(self, pair: Pair, least_iss: int | None = None) -> Connection:
        isn = generator((pair.local.packed, pair.local_port), (pair.remote.packed, pair.remote_port), self._secret)
        called = partial(self._called.__setitem__, pair, None)
        return Connection(self._configs[pair.local.version], isn=isn, least_iss=least_iss, called=called)

    def _look(self) -> None:
        """At every connection that was called: collect what it sends, note when it is due, drop it when it is over."""
        for pair in self._called:
            if (entry := self._connections.get(pair)) is None:
                continue
            for segment in entry.connection.segments():
                self._send(pair, segment)
            if entry.connection.state in OVER:
                self._remove(pair)
                continue
            self._deadlines.set(pair, entry.connection.deadline)
            if entry.listener is not None and entry.connection.state is not State.SYN_RECEIVED:
                entry.listener.completed(pair)
        self._called.clear()

    def _remove(self, pair: Pair) -> None:
        entry = self._connections.pop(pair)
        self._deadlines.set(pair, None)
        if entry.listener is not None:
            entry.listener.remove(pair)

    def _send(self, pair: Pair, segment: Segment) -> None:
        self.counters.sent += 1
        self.counters.resets_sent += bool(segment.flags & RST)
        datagram = Datagram(pair.local, pair.remote, pair.local_port, pair.remote_port, segment)
        self._outbox.append(encode(datagram))


def _over_ipv6(config: Config) -> Config:
    mss, send_mss = config.mss - _LONGER_HEADER, config.send_mss - _LONGER_HEADER
    return replace(config, mss=mss, send_mss=send_mss, default_mss=_DEFAULT_MSS_IPV6)


def _may_be_answered(source: Address) -> bool:
    return not (source.is_multicast or source.is_unspecified or source == _BROADCAST)

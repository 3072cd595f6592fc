"""Many connections over one interface, sans-IO: IP packets and time in; IP packets and the next deadline out.

Users call the Connection objects that `open` and `Listener.accept` return; `packets` collects what all of them send.
The cost of an event does not depend on the number of connections: each connection tells its stack when it is called,
and only those that were called are examined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from halfclose.reference import icmp
from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.counters import Counters
from halfclose.reference.deadlines import Deadlines
from halfclose.reference.isn import isn_generator
from halfclose.reference.listener import Listener, Socket
from halfclose.reference.output import reset_for
from halfclose.reference.tcb import State
from halfclose.reference.wire import ACK, RST, SYN, Address, Datagram, Malformed, OtherProtocol, Segment, decode, encode

__all__ = ["Listener", "Socket", "Stack"]

_FIRST_PORT, _PORTS = 49_152, 16_384  # the dynamic ports (RFC 6335 6)
_DEFAULT_MSS_IPV6 = 1220  # MUST-15
_LONGER_HEADER = 20  # of IPv6
_BROADCAST = IPv4Address("255.255.255.255")
_OVER = (State.CLOSED, State.LISTEN)  # a connection that a RST returns to LISTEN came from a listener
_DEFAULT = Config()


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two sockets that identify a connection."""

    local: Address
    local_port: int
    remote: Address
    remote_port: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a connection belongs: its sockets, and the listener that took its SYN."""

    pair: _Pair
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
        self._connections: dict[_Pair, Connection] = {}
        self._places: dict[Connection, _Place] = {}
        self._listeners: dict[Socket, Listener] = {}
        self._deadlines: Deadlines[Connection] = Deadlines()
        self._called: dict[Connection, None] = {}  # connections that had an event since the last look, in this order
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
        self._keep(connection, _Place(pair))
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
        """Process one packet; a malformed one, or one not for this host, is dropped silently and counted."""
        self.counters.received += 1
        try:
            datagram = decode(packet)
        except OtherProtocol as other:
            self._error_arrives(packet, other, now)
            return
        except Malformed as malformed:
            self.counters.malformed[str(malformed)] += 1
            return
        if datagram.target not in self._addresses:  # 3.9.2.3: MUST-57
            self.counters.not_for_us += 1
            return
        pair = _Pair(datagram.target, datagram.target_port, datagram.source, datagram.source_port)
        self._look()
        self._segment_arrives(pair, datagram.segment, now)
        self._look()

    def _error_arrives(self, packet: bytes, other: OtherProtocol, now: float) -> None:
        """3.9.2.2, MUST-54: direct an ICMP error message to the connection that created the error."""
        try:
            report = icmp.decode(packet)
        except Malformed as malformed:
            self.counters.malformed[str(malformed)] += 1
            return
        if report is None:
            self.counters.malformed[str(other)] += 1
            return
        self._look()
        pair = _Pair(report.source, report.source_port, report.target, report.target_port)
        if (connection := self._connections.get(pair)) is None:
            self.counters.no_connection += 1
            return
        connection.error_arrives(report, now)

    def tick(self, now: float) -> None:
        """Process the time-outs that are due."""
        self._look()
        for connection in self._deadlines.due(now):
            connection.tick(now)
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

    def _segment_arrives(self, pair: _Pair, segment: Segment, now: float) -> None:
        connection = self._connections.get(pair)
        if connection is not None and not self._gives_way(connection, segment, now):
            connection.segment_arrives(segment, now)
        elif not _may_be_a_peer(pair.remote):  # 3.9.2.3: MUST-63
            self.counters.bad_source += 1
        elif (listener := self._listener(pair)) is not None:
            least_iss = connection.tcb.least_iss if connection is not None else None
            self._arrives_at_listener(listener, pair, segment, now, least_iss)
        else:
            self.counters.no_connection += 1
            if (reset := reset_for(segment)) is not None:  # 3.10.7.1
                self._send(pair, reset)

    def _gives_way(self, old: Connection, segment: Segment, now: float) -> bool:
        """3.6.1, MAY-2: drop a connection in TIME-WAIT for a SYN that opens the next; its user keeps it, closed."""
        if not self._reopen or old.state is not State.TIME_WAIT:
            return False
        listener = self._listener(self._places[old].pair)
        if listener is None or not listener.has_room() or not old.give_way(segment, now):
            return False
        self._drop(old)
        return True

    def _arrives_at_listener(
        self, listener: Listener, pair: _Pair, segment: Segment, now: float, least_iss: int | None
    ) -> None:
        """3.10.7.2, in a TCB made for this segment, which is kept only if it leaves LISTEN."""
        if segment.flags & (SYN | ACK | RST) == SYN and not self._has_room(listener):
            self.counters.no_room += 1  # its sender tries again
            return
        connection = self._make(pair, least_iss)
        connection.listen(now, remote_specified=True)
        connection.segment_arrives(segment, now)
        if connection.state is State.SYN_RECEIVED:
            self._keep(connection, _Place(pair, listener))
            listener.add(connection)
            return
        self.counters.no_connection += 1
        for answer in connection.segments():
            self._send(pair, answer)

    def _has_room(self, listener: Listener) -> bool:
        """Whether a SYN may be accepted; where the backlog is full, an expendable connection is dropped for it."""
        if listener.has_room():
            return True
        if (connection := listener.expendable()) is None:
            return False
        self.counters.recycled += 1
        self._drop(connection)
        return True

    def _listener(self, pair: _Pair) -> Listener | None:
        """The listener for this address, or else the one for every address."""
        exact = self._listeners.get(Socket(pair.local, pair.local_port))
        return exact or self._listeners.get(Socket(None, pair.local_port))

    def _pair(self, remote: Socket, local: Socket | None) -> _Pair:
        if remote.address is None:
            raise CallError("remote socket unspecified")
        if not _may_be_a_peer(remote.address):  # MUST-46
            raise CallError("connection illegal for this process")
        address = local.address if local is not None else None
        if address is None:
            address = self._sources.get(remote.address.version)
        if address is None or address not in self._addresses:
            raise CallError("connection illegal for this process")
        if local is not None and local.port:
            return _Pair(address, local.port, remote.address, remote.port)
        return self._free_pair(address, remote.address, remote.port)

    def _free_pair(self, local: Address, remote: Address, remote_port: int) -> _Pair:
        """The next free port from a start that differs by destination (RFC 6056 3.3.3)."""
        start = isn_generator((local.packed, 0), (remote.packed, remote_port), self._secret)(0.0)
        for _ in range(_PORTS):
            self._opened += 1
            pair = _Pair(local, _FIRST_PORT + (start + self._opened) % _PORTS, remote, remote_port)
            if pair not in self._connections:
                return pair
        raise CallError("insufficient resources")

    def _make(self, pair: _Pair, least_iss: int | None = None) -> Connection:
        isn = isn_generator((pair.local.packed, pair.local_port), (pair.remote.packed, pair.remote_port), self._secret)
        return Connection(self._configs[pair.local.version], isn=isn, least_iss=least_iss, called=self._note)

    def _note(self, connection: Connection) -> None:
        self._called[connection] = None

    def _look(self) -> None:
        """Of every connection that was called: collect its segments, note its deadline, drop it if it is closed."""
        for connection in self._called:
            if (place := self._places.get(connection)) is None:
                continue
            for segment in connection.segments():
                self._send(place.pair, segment)
            if connection.state in _OVER:
                self._drop(connection)
                continue
            self._deadlines.set(connection, connection.deadline)
            if place.listener is not None and connection.state is not State.SYN_RECEIVED:
                place.listener.completed(connection)
        self._called.clear()

    def _keep(self, connection: Connection, place: _Place) -> None:
        self._connections[place.pair] = connection
        self._places[connection] = place

    def _drop(self, connection: Connection) -> None:
        place = self._places.pop(connection)
        del self._connections[place.pair]
        self._deadlines.set(connection, None)
        if place.listener is not None:
            place.listener.remove(connection)

    def _send(self, pair: _Pair, segment: Segment) -> None:
        self.counters.sent += 1
        self.counters.resets_sent += bool(segment.flags & RST)
        datagram = Datagram(pair.local, pair.remote, pair.local_port, pair.remote_port, segment)
        self._outbox.append(encode(datagram))


def _over_ipv6(config: Config) -> Config:
    mss, send_mss = config.mss - _LONGER_HEADER, config.send_mss - _LONGER_HEADER
    return replace(config, mss=mss, send_mss=send_mss, default_mss=_DEFAULT_MSS_IPV6)


def _may_be_a_peer(address: Address) -> bool:
    return not (address.is_multicast or address.is_unspecified or address == _BROADCAST)

"""A world: two hosts of the reference, their users, and a network that mutates packets; one seed decides everything."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from random import Random

from halfclose.checks.fuzz.mutate import Mutator
from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener, Socket, Stack
from halfclose.reference.tcb import Notice, State
from halfclose.reference.wire import Malformed, decode

_ADDRESSES = (
    (IPv4Address("10.9.0.1"), IPv6Address("fd00::1")),
    (IPv4Address("10.9.0.2"), IPv6Address("fd00::2")),
)
_PORT = 80
_USERS = 8  # connections that one host's users have at a time
_BACKLOG = 4
_MUTANTS = 40  # a round
_QUEUE = 60  # packets under way to one host
_LOSS = 0.1
_NOTICES = len(Notice)  # the most that wait for a user who never asks for them
_REMEMBERED = 200  # packets; old duplicates are drawn from them
_REST = 200_000  # rounds at most until no timer runs


class Misbehaviour(Exception):
    """Something happened that must not happen; the message says what."""


@dataclass(frozen=True)
class Delivered:
    """A packet that a host received, at a time in seconds."""

    now: float
    host: int
    packet: bytes


class World:
    """One world.  tally: in how many rounds a connection was in each state.  last: the latest packets, oldest first."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._mutator = Mutator(self._random)
        self.config = _config(self._random)
        self.stacks = [Stack(own, secret=self._random.randbytes(16), config=self.config) for own in _ADDRESSES]
        self.listeners: list[Listener] = [stack.listen(Socket(None, _PORT), backlog=_BACKLOG) for stack in self.stacks]
        self.users: list[list[Connection]] = [[], []]
        self.now = 0.0
        self.opened = self.mutants = 0
        self.tally: Counter[State] = Counter()
        self.last: deque[Delivered] = deque(maxlen=_REMEMBERED)
        self._history: deque[bytes] = deque(maxlen=_REMEMBERED)

    def round(self) -> None:
        """Users make calls, packets and their mutants arrive, and time passes."""
        for host in (0, 1):
            self._use(host)
        under_way = self._under_way()
        for _ in range(_MUTANTS if under_way or self._history else 0):
            self._deliver_mutant(under_way)
        for host, packet in under_way:
            if self._random.random() >= _LOSS:
                self._deliver(host, packet)
        self._pass_time(self._random.choice((0.0, 0.001, 0.05, 0.3, 2.0)))
        if self._random.random() < 0.01:
            self._pass_time(300.0)
        for listener, users in zip(self.listeners, self.users, strict=True):
            self.tally.update(connection.state for connection in (*listener.waiting(), *users))
        self._check_bounds()

    def settle(self) -> None:
        """Users close, mutation stops, time passes until no timer runs; raises Misbehaviour if a connection stays."""
        for stack, listener, users in zip(self.stacks, self.listeners, self.users, strict=True):
            stack.unlisten(listener)
            for connection in users:
                with suppress(CallError):
                    connection.close(self.now)
        for _ in range(_REST):
            under_way = self._under_way()
            deadlines = [stack.deadline for stack in self.stacks]
            if not under_way and deadlines == [None, None]:
                break
            for host, packet in under_way:
                if self._random.random() >= _LOSS:  # or two ends that are out of step might answer each other for ever
                    self._deliver(host, packet)
            nearest = min((when for when in deadlines if when is not None), default=self.now)
            self._pass_time(0.01 if under_way else max(0.0, nearest - self.now))
        if left := [len(stack) for stack in self.stacks if len(stack)]:
            raise Misbehaviour(f"all users have closed, all timers have run out, connections that stay: {sum(left)}")

    def _use(self, host: int) -> None:
        """Let a host's users open, accept, and make calls on their connections."""
        stack, users = self.stacks[host], self.users[host]
        users[:] = [connection for connection in users if connection.state is not State.CLOSED]
        with suppress(CallError):  # what the state does not allow
            if len(users) < _USERS and self._random.random() < 0.5:
                address = self._random.choice(_ADDRESSES[1 - host])
                users.append(stack.open(Socket(address, _PORT), self.now))
                self.opened += 1
            if (accepted := self.listeners[host].accept()) is not None:
                users.append(accepted)
                self.opened += 1
            for connection in users:
                self._call(connection)

    def _call(self, connection: Connection) -> None:
        chance = self._random.random()
        with suppress(CallError):
            if chance < 0.35:
                connection.send(self._random.randbytes(self._random.choice((1, 10, 1000, 20_000))), self.now)
            elif chance < 0.7:
                connection.receive(self._random.choice((1, 1000, 100_000)), self.now)
            elif chance < 0.78:
                connection.shutdown(self.now)
            elif chance < 0.80:
                connection.close(self.now, linger=self._random.choice((None, None, 0, 1.0)))
            elif chance < 0.803:
                connection.abort(self.now)

    def _under_way(self) -> list[tuple[int, bytes]]:
        """The packets sent since the last call, each with its target host, as many as the network holds."""
        packets = []
        for host, stack in enumerate(self.stacks):
            sent = stack.packets()
            for packet in sent:
                _check_sent(packet)
            packets += [(1 - host, packet) for packet in sent[:_QUEUE]]
        self._history.extend(packet for _, packet in packets)
        return packets

    def _deliver_mutant(self, under_way: list[tuple[int, bytes]]) -> None:
        if under_way and self._random.random() < 0.8:
            host, packet = self._random.choice(under_way)
        else:
            host, packet = self._random.randrange(2), self._random.choice(self._history)
        self.mutants += 1
        self._deliver(host, self._mutator.mutant(packet))

    def _deliver(self, host: int, packet: bytes) -> None:
        self.last.append(Delivered(self.now, host, packet))
        self.stacks[host].packet_arrives(packet, self.now)

    def _pass_time(self, seconds: float) -> None:
        """Let time pass in one leap, so that timers expire late."""
        self.now += seconds
        for stack in self.stacks:
            stack.tick(self.now)

    def _check_bounds(self) -> None:
        """No peer may make a connection hold more than was agreed."""
        for tcb in (connection.tcb for users in self.users for connection in users):
            held = len(tcb.received) + len(tcb.early)
            if held > self.config.receive_buffer:
                raise Misbehaviour(f"{held} octets of text are held for the user, more than the buffer's")
            if len(tcb.text) > self.config.send_buffer:
                raise Misbehaviour(f"{len(tcb.text)} octets of text wait to be sent, more than the buffer's")
            if len(tcb.notices) > _NOTICES:
                raise Misbehaviour(f"{len(tcb.notices)} notices wait for the user")
            if tcb.RCV.WND < 0 or tcb.outstanding < 0:
                raise Misbehaviour(f"RCV.WND is {tcb.RCV.WND}, and {tcb.outstanding} numbers are outstanding")


def _check_sent(packet: bytes) -> None:
    try:
        decode(packet)
    except Malformed as malformed:
        raise Misbehaviour(f"a packet was sent that is malformed: {malformed}") from None


def _config(random: Random) -> Config:
    """A configuration that may differ from the default in everything that has a switch."""
    scale = random.choice((None, 0, 7))
    return Config(
        mss=random.choice((1460, 536)),
        send_buffer=random.choice((2000, 65_536)),
        receive_buffer=random.choice((100, 5000, 65_535, *((1_000_000,) if scale else ()))),
        window_scale=scale,
        timestamps=random.random() < 0.5,
        nagle=random.random() < 0.5,
        delayed_ack=random.choice((None, 0.2)),
        congestion_control=random.random() < 0.5,
        hold_early_segments=random.random() < 0.8,
        keep_alive=random.choice((False, True)),
        keep_alive_idle=100.0,
        user_timeout=random.choice((100.0, 300.0)),
        msl=random.choice((1.0, 120.0)),
        rfc5961_rst=random.random() < 0.3,
        rfc5961_syn=random.random() < 0.3,
        rfc5961_ack=random.random() < 0.3,
        rfc1337=random.random() < 0.3,
        right_edge_acceptable=random.random() < 0.3,
        reset_before_sequence=random.random() < 0.3,
        syn_ack_completes=random.random() < 0.3,
        reopen_from_time_wait=random.random() < 0.5,
        selective_ack=random.random() < 0.8,
        syn_text_refused=random.random() < 0.2,
        text_on_syn=random.random() < 0.5,
        reset_by_reach=random.random() < 0.2,
        reset_keeps_unread=random.random() < 0.3,
        reset_while_closing_silent=random.random() < 0.2,
    )

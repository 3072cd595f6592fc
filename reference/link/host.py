"""A host on the cable: an asyncio loop that turns packets, timers and calls into events of the stack, and back.

async with Host(Cable(), (NEAR, NEAR6)) as host:
    stream = await host.connect(KERNEL, 80)
    await stream.write(b"question")
    stream.shutdown()                       # half-close: the RFC's CLOSE
    while text := await stream.read():
        ...
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from halfclose.reference.calls import CallError
from halfclose.reference.config import Config
from halfclose.reference.connection import Connection
from halfclose.reference.link.cable import Cable
from halfclose.reference.link.stream import Clock, Door, Stream
from halfclose.reference.link.weather import CALM, Odds, Weather
from halfclose.reference.stack import Socket, Stack
from halfclose.reference.wire import Address

# A round trip on the cable takes well under a millisecond.
LINK = Config(
    minimum_rto=0.005,  # RFC 6298 2.4 asks for 1 s because the ACKs of a slow path come late; here no path is slow
    initial_rto=0.1,  # RFC 6298 2.1 asks for 1 s, for the same reason
    delayed_ack=0.002,  # well below the 10 ms after which the kernel retransmits, so that it does not do so needlessly
    msl=15.0,
    send_buffer=1 << 18,
    receive_buffer=1 << 20,
    window_scale=5,
)
_AT_ONCE = 64  # the most packets read in one turn, so that timers and calls have their turn too


class Host:
    """The reference's TCP at addresses of its own.

    What goes wrong inside it, an error of the stack or of the cable, is raised by the `async with` that it is used in,
    whatever that waits for.
    """

    def __init__(
        self, cable: Cable, addresses: Iterable[Address], *, config: Config = LINK, odds: Odds = CALM, seed: int = 0
    ) -> None:
        """odds, seed: of losses, duplicates and reordering, drawn for each direction.  Needs a running loop."""
        self.stack = Stack(addresses, secret=os.urandom(16), config=config)
        self.inbound, self.outbound = Weather(odds, f"{seed} in"), Weather(odds, f"{seed} out")
        self._cable = cable
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(cable.fileno(), self._happens, self._read)
        self._alarm: asyncio.TimerHandle | None = None
        self._user: asyncio.Task[Any] | None = None  # the task whose `async with` block this is
        self._failure: Exception | None = None
        self._turn_is_due = self._closed = False
        self._users: set[Stream | Door] = set()

    async def __aenter__(self) -> Host:
        self._user = asyncio.current_task()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()
        if self._failure is not None:
            if self._user is not None:
                self._user.uncancel()
            raise self._failure

    def close(self) -> None:
        """Leave the cable, aborting what is still connected; the cable itself is given back."""
        try:
            if not self._closed:
                self._abort()
        finally:
            self._stop()
            self._cable.close()

    def _abort(self) -> None:
        for user in self._users:
            with contextlib.suppress(CallError, OSError):
                user.abort()
        self._turn()

    def _stop(self) -> None:
        """No event happens any more."""
        self._closed = True
        self._loop.remove_reader(self._cable.fileno())
        if self._alarm is not None:
            self._alarm.cancel()

    async def connect(self, address: Address, port: int) -> Stream:
        """Active OPEN; raises ConnectionRefusedError, TimeoutError, or CallError with the RFC's words."""
        stream = self._stream(self.stack.open(Socket(address, port), self._loop.time()))
        await stream.connected()
        return stream

    def listen(self, port: int, *, backlog: int = 16) -> Door:
        """Passive OPEN at every address of this host; raises CallError where there is one."""
        listener = self.stack.listen(Socket(None, port), backlog=backlog)
        door = Door(listener, self._stream, lambda: self.stack.unlisten(listener))
        self._users.add(door)
        return door

    def _stream(self, connection: Connection) -> Stream:
        stream = Stream(connection, Clock(self._loop.time, self._soon))
        self._users.add(stream)
        self._soon()
        return stream

    def _soon(self) -> None:
        """A call was made: send its segments soon, together with those of other calls in the same turn."""
        if not (self._turn_is_due or self._closed):
            self._turn_is_due = True
            self._loop.call_soon(self._happens, self._turn)

    def _happens(self, event: Callable[[], None]) -> None:
        """Cancel the user's task if a callback raises: asyncio would only log it, and the user would wait for ever."""
        try:
            event()
        except Exception as error:
            self._stop()
            self._failure = error
            if self._user is None:
                raise
            self._user.cancel()

    def _read(self) -> None:
        now = self._loop.time()
        for _ in range(_AT_ONCE):
            if (packet := self._cable.receive()) is None:
                break
            self.inbound.enter(packet, now)
        self._turn()

    def _turn(self) -> None:
        """Process all events that are due, send the packets, and wake the coroutines that wait for them."""
        if self._closed:
            return
        self._turn_is_due = False
        now = self._loop.time()
        for packet in self.inbound.leave(now):
            self.stack.packet_arrives(packet, now)
        self.stack.tick(now)
        for packet in self.stack.packets():
            self.outbound.enter(packet, now)
        for packet in self.outbound.leave(now):
            self._send(packet)
        self._users -= {user for user in self._users if user.wake()}
        self._set_alarm()

    def _send(self, packet: bytes) -> None:
        try:
            self._cable.send(packet)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS):  # a full queue loses packets, as networks do
                raise

    def _set_alarm(self) -> None:
        deadlines = (self.stack.deadline, self.inbound.deadline, self.outbound.deadline)
        first = min((deadline for deadline in deadlines if deadline is not None), default=None)
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(first, self._happens, self._turn) if first is not None else None

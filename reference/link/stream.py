"""Connections and listeners of a host, for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from halfclose.reference.calls import CallError
from halfclose.reference.connection import Connection
from halfclose.reference.stack import Listener
from halfclose.reference.tcb import Notice, State

_Result = TypeVar("_Result")
_ERRORS: dict[Notice, type[OSError]] = {
    Notice.RESET: ConnectionResetError,
    Notice.REFUSED: ConnectionRefusedError,
    Notice.TIMEOUT: TimeoutError,
    Notice.UNREACHABLE: ConnectionAbortedError,
}


@dataclass(frozen=True)
class Clock:
    """What a stream needs from its host."""

    now: Callable[[], float]  # in seconds
    soon: Callable[[], None]  # ask the host to send the segments of a call


class Stream:
    """One connection.  At most one coroutine reads and one writes at a time.

    A connection that is gone raises ConnectionResetError, ConnectionRefusedError or TimeoutError; a call that its
    state forbids raises CallError with the RFC's words.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._error: type[OSError] | None = None
        self._news = False  # something to read, or the end of it, since `read` looked last
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def state(self) -> State:
        """STATUS."""
        return self._connection.state

    async def connected(self) -> None:
        """Wait until the handshake is over."""
        await self._until(lambda: self.state not in (State.SYN_SENT, State.SYN_RECEIVED))
        if self._error is not None:
            raise self._error(self._error.__doc__)

    async def read(self, count: int = 65_536) -> bytes:
        """Up to count octets, as soon as there are any; b"" after the peer's FIN."""
        while True:
            self._news = False
            text = self._call(lambda: self._connection.receive(count, self._clock.now()))
            if text is not None:
                return text
            await self._until(lambda: self._news)

    async def write(self, text: bytes) -> None:
        """Queue all of the text, waiting while the send buffer is full."""
        while text:
            await self._until(lambda: self._connection.room > 0)
            text = text[self._send(text) :]

    def shutdown(self) -> None:
        """Half-close, the RFC's CLOSE: nothing more to write; reading goes on."""
        self._call(lambda: self._connection.shutdown(self._clock.now()))

    def close(self) -> None:
        """A full close, as in the socket API; queued text is still sent, and nobody waits for it."""
        self._call(lambda: self._connection.close(self._clock.now()))

    def abort(self) -> None:
        """ABORT."""
        self._call(lambda: self._connection.abort(self._clock.now()))

    async def closed(self) -> None:
        """Wait until the peer has everything and both directions are closed: TIME-WAIT, or CLOSED."""
        await self._until(lambda: self.state is State.TIME_WAIT)

    def wake(self) -> bool:
        """Called after every event: wake the coroutines that can go on; returns whether the connection is over."""
        for notice in self._connection.notices():
            self._news |= notice in (Notice.TEXT, Notice.CLOSING)
            self._error = _ERRORS.get(notice, self._error)
        over = self.state in (State.CLOSED, State.LISTEN)
        for ready, future in self._waiting:
            if (over or ready()) and not future.done():
                future.set_result(None)
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]
        return over

    def _send(self, text: bytes) -> int:
        return self._call(lambda: self._connection.send(text, self._clock.now()))

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Wait until the condition holds, or the connection is over."""
        if ready() or self.state is State.CLOSED:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, future))
        await future

    def _call(self, call: Callable[[], _Result]) -> _Result:
        try:
            return call()
        except CallError:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            self._clock.soon()


class Door:
    """A passive OPEN, for any number of connections."""

    def __init__(self, listener: Listener, enter: Callable[[Connection], Stream], shut: Callable[[], None]) -> None:
        """enter: makes a stream from a connection.  shut: ends the passive OPEN."""
        self._listener, self._enter, self._shut = listener, enter, shut
        self._waiting: asyncio.Future[Connection] | None = None

    async def accept(self) -> Stream:
        """The next connection whose handshake is over; one coroutine at a time."""
        self._waiting = asyncio.get_running_loop().create_future()
        self.wake()
        return self._enter(await self._waiting)

    def abort(self) -> None:
        """Accept no more."""
        self._shut()

    def wake(self) -> bool:
        """Called after every event: wake the coroutine that waits for a connection.  A door is never over by itself."""
        if self._waiting is not None and not self._waiting.done():
            connection = self._listener.accept()
            if connection is not None:
                self._waiting.set_result(connection)
        return False

"""A server of static files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import h11

from halfclose.reference.calls import CallError
from halfclose.reference.http.files import Answer, answer, refusal
from halfclose.reference.link.stream import Door, Stream

_IDLE = 60.0  # seconds after which a client that requests nothing is disconnected
_LINGER = 5.0  # seconds for which the rest of a request is read after the last response (RFC 9112 9.6)
_CHUNK = 65_536


async def serve(door: Door, root: Path) -> None:
    """Answer every connection from the files under root, until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        while True:
            tasks.create_task(_serve_one(await door.accept(), root))


async def _serve_one(stream: Stream, root: Path) -> None:
    """One connection, with any number of requests; its errors do not affect the others."""
    with contextlib.suppress(OSError, CallError):
        try:
            await _converse(stream, root)
            async with asyncio.timeout(_LINGER):
                while await stream.read():
                    pass
        finally:
            stream.close()


async def _converse(stream: Stream, root: Path) -> None:
    http = h11.Connection(h11.SERVER)
    while True:
        try:
            async with asyncio.timeout(_IDLE):
                request = await _request(http, stream)
        except h11.RemoteProtocolError as error:
            await _respond(http, stream, refusal(error.error_status_hint), with_content=True)
            break
        if request is None:
            break
        target = answer(root, request.method.decode("ascii"), request.target.decode("ascii"))
        await _respond(http, stream, target, with_content=request.method != b"HEAD")
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            break
        http.start_next_cycle()
    stream.shutdown()


async def _request(http: h11.Connection, stream: Stream) -> h11.Request | None:
    """The next request, its content read and dropped; None where the client asks for nothing more."""
    request = None
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.read())
        elif isinstance(event, h11.Request):
            request = event
            if http.they_are_waiting_for_100_continue:
                return request
        elif isinstance(event, h11.ConnectionClosed):
            return None
        elif isinstance(event, h11.EndOfMessage):
            return request


async def _respond(http: h11.Connection, stream: Stream, what: Answer, *, with_content: bool) -> None:
    length = len(what.content) if isinstance(what.content, bytes) else what.content.stat().st_size
    fields = [*what.fields, ("Content-Length", str(length))]
    phrase = HTTPStatus(what.status).phrase
    await _send(http, stream, h11.Response(status_code=what.status, headers=fields, reason=phrase))
    if with_content:
        for chunk in _chunks(what.content, length):
            await _send(http, stream, h11.Data(data=chunk))
    await _send(http, stream, h11.EndOfMessage())


async def _send(http: h11.Connection, stream: Stream, event: h11.Event) -> None:
    await stream.write(http.send(event) or b"")


def _chunks(content: bytes | Path, length: int) -> Iterator[bytes]:
    """As many octets as were promised, even if the file has grown since; h11 raises if it has shrunk."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while length and (chunk := file.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk

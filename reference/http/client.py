"""A client that fetches one resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import IO
from urllib.parse import quote, urlsplit

import h11

from halfclose.reference.link.stream import Stream
from halfclose.reference.wire import Address

_SILENCE = 30.0  # seconds of silence after which a fetch gives up


class BadUrl(ValueError):
    """The URL cannot be fetched here; the message says what is expected."""


class Incomplete(Exception):
    """The server broke off or broke the protocol; the message says how."""


@dataclass(frozen=True)
class Url:
    """What to fetch, and from which server."""

    address: Address
    port: int
    authority: str  # as written: what the Host field says
    target: str


def parse_url(url: str) -> Url:
    """An http URL whose host is an address, in brackets where it is of IPv6; raises BadUrl."""
    try:
        parts = urlsplit(url)
        address, port = ip_address(parts.hostname or ""), parts.port
    except ValueError:
        raise BadUrl(f"{url!r} is no URL with an address, such as http://198.18.0.1:8000/file") from None
    if parts.scheme != "http" or parts.username is not None:
        raise BadUrl(f"only plain http is spoken here, not {url!r}")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._") if parts.query else ""
    return Url(address, 80 if port is None else port, parts.netloc, path + query)


async def fetch(
    stream: Stream, url: Url, into: IO[bytes], progress: Callable[[int, int | None], None] = lambda done, total: None
) -> int:
    """GET the resource; its content goes into a file as it comes; returns the status.

    progress: told octets had and octets in all, None where the server does not say.  Raises Incomplete, and what
    Stream raises.
    """
    http = h11.Connection(h11.CLIENT)
    fields = [("Host", url.authority), ("User-Agent", "halfclose"), ("Connection", "close")]
    request = http.send(h11.Request(method="GET", target=url.target, headers=fields))
    await stream.write((request or b"") + (http.send(h11.EndOfMessage()) or b""))
    status, total, done = 0, None, 0
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            raise Incomplete(f"the response is not whole: {error}") from error
        if event is h11.NEED_DATA:
            http.receive_data(await _read(stream))
        elif isinstance(event, h11.Response):
            status, total = event.status_code, _length(event)
        elif isinstance(event, h11.Data):
            into.write(event.data)
            done += len(event.data)
            progress(done, total)
        elif isinstance(event, h11.EndOfMessage):
            return status
        elif isinstance(event, h11.ConnectionClosed):
            raise Incomplete("the server closed the connection without a response")


async def _read(stream: Stream) -> bytes:
    try:
        async with asyncio.timeout(_SILENCE):
            return await stream.read()
    except TimeoutError:
        raise Incomplete(f"nothing has come for {_SILENCE:.0f} s") from None


def _length(response: h11.Response) -> int | None:
    """Content-Length; h11 has checked it."""
    return next((int(value) for name, value in response.headers if name == b"content-length"), None)

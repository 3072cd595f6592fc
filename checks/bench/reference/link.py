"""Text over a link, between a stack and a user of the kernel's TCP, in a network of this process's own.

The reference is at the near end of a virtual cable, PyTCP at a TAP device, the kernel alone on its loopback.  The
kernel's user is a child process on the same core.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyroute2 import IPRoute

from halfclose.reference.link import cable, namespace
from halfclose.reference.link.host import Host

_PORT = 80
_CHUNK = bytes(65_536)
_MANNERS = cable.Manners(minimum_rto_ms=200, quick_acks=False)  # as the kernel's TCP is on any link
_TAP, _PATIENCE = "halfclose0", 20.0
_TUN_DEVICE = Path("/dev/net/tun")


@dataclass(frozen=True)
class Carried:
    """Octets of text that arrived within so many seconds."""

    octets: int
    seconds: float


def tap_needs() -> str:
    """What is missing for a TAP device; empty where one can be had."""
    return "" if os.access(_TUN_DEVICE, os.R_OK | os.W_OK) else f"needs the right to open {_TUN_DEVICE}"


# ---- the reference -------------------------------------------------------------------------------------------


def reference_receives(octets: int) -> Carried:
    """From the kernel to the reference."""
    _lay_cable()
    child = _beside(lambda: _send(str(cable.NEAR), octets))

    async def receive() -> Carried:
        async with Host(cable.Cable(), [cable.NEAR]) as host:
            stream = await host.listen(_PORT).accept()
            started, arrived = time.perf_counter(), 0
            while text := await stream.read(len(_CHUNK)):
                arrived += len(text)
            carried = Carried(arrived, time.perf_counter() - started)
            stream.shutdown()
            await stream.closed()
            return carried

    return _with(child, lambda: asyncio.run(receive()))


def reference_sends(octets: int) -> Carried:
    """From the reference to the kernel."""
    _lay_cable()
    listener = socket.create_server((str(cable.KERNEL), _PORT))
    child = _beside(lambda: _receive(listener))

    async def send() -> Carried:
        async with Host(cable.Cable(), [cable.NEAR]) as host:
            stream = await host.connect(cable.KERNEL, _PORT)
            started = time.perf_counter()
            for at in range(0, octets, len(_CHUNK)):
                await stream.write(_CHUNK[: octets - at])
            stream.shutdown()
            while await stream.read():
                pass
            return Carried(octets, time.perf_counter() - started)

    return _with(child, lambda: asyncio.run(send()))


def _lay_cable() -> None:
    namespace.enter()
    cable.lay(_MANNERS, ipv6=False)


# ---- PyTCP ---------------------------------------------------------------------------------------------------


def pytcp_receives(octets: int) -> Carried:
    """From the kernel to PyTCP, which acknowledges by its timer, once in 100 ms and no more than a window of 64 KB."""
    start = _tap()
    child = _beside(lambda: _send(str(cable.NEAR), octets))

    stop = start()
    from pytcp.lib import socket as pytcp

    listener = pytcp.socket(pytcp.AF_INET4, pytcp.SOCK_STREAM)
    listener.bind((str(cable.NEAR), _PORT))
    listener.listen()
    connection, _ = listener.accept()
    carried = _read(connection.recv)
    connection.close()
    os.waitpid(child, 0)
    stop()
    return carried


def pytcp_sends(octets: int) -> Carried:
    """From PyTCP, which sends a segment at each millisecond of its timer, to the kernel."""
    start = _tap()
    listener = socket.create_server((str(cable.KERNEL), _PORT))
    child = _beside(lambda: _receive(listener))
    stop = start()
    from pytcp.lib import socket as pytcp

    connection = pytcp.socket(pytcp.AF_INET4, pytcp.SOCK_STREAM)
    connection.connect((str(cable.KERNEL), _PORT))
    started = time.perf_counter()
    connection.send(bytes(octets))  # its buffer has no bound
    connection.close()
    os.waitpid(child, 0)
    carried = Carried(octets, time.perf_counter() - started)
    stop()
    return carried


def _tap() -> Callable[[], Callable[[], None]]:
    """A TAP device with the kernel's address; what starts PyTCP at it, and gives what stops it."""
    namespace.enter()
    from pytcp import TcpIpStack, config

    config.LOG_CHANEL = set()
    stack = TcpIpStack(interface=_TAP, ip4_address=f"{cable.NEAR}/24")
    config.IP6_SUPPORT = False
    with IPRoute() as netlink:
        (tap,) = netlink.link_lookup(ifname=_TAP)
        netlink.addr("add", index=tap, address=str(cable.KERNEL), prefixlen=24)
        netlink.link("set", index=tap, state="up")

    def start() -> Callable[[], None]:
        stack.start()
        stop: Callable[[], None] = stack.stop
        return stop

    return start


# ---- the kernel ----------------------------------------------------------------------------------------------


def kernel(octets: int) -> Carried:
    """From the kernel to the kernel."""
    namespace.enter()
    with IPRoute() as netlink:
        netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
    listener = socket.create_server(("127.0.0.1", _PORT))
    child = _beside(lambda: _send("127.0.0.1", octets))

    def receive() -> Carried:
        connection, _ = listener.accept()
        with connection:
            return _read(connection.recv)

    return _with(child, receive)


def _read(receive: Callable[[int], bytes]) -> Carried:
    """Read to the end."""
    started, arrived = time.perf_counter(), 0
    while text := receive(len(_CHUNK)):
        arrived += len(text)
    return Carried(arrived, time.perf_counter() - started)


def _send(address: str, octets: int) -> None:
    """A user of the kernel: connect as soon as somebody listens, send, half-close, and wait for the peer's close."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = socket.create_connection((address, _PORT), timeout=_PATIENCE)
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    with connection:
        connection.settimeout(None)
        for at in range(0, octets, len(_CHUNK)):
            connection.sendall(_CHUNK[: octets - at])
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def _receive(listener: socket.socket) -> None:
    """A user of the kernel: accept, and read to the end."""
    connection, _ = listener.accept()
    with connection:
        _read(connection.recv)


def _beside(user: Callable[[], None]) -> int:
    """Run a user of the kernel in a child process; its id."""
    child = os.fork()
    if child:
        return child
    try:
        user()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _with(child: int, measure: Callable[[], Carried]) -> Carried:
    carried = measure()
    os.waitpid(child, 0)
    return carried

"""The reference against the running kernel's TCP, both ends in one process that owns a network of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import socket
import struct
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from halfclose.checks.stacks.linux import available
from halfclose.reference.link import cable, network
from halfclose.reference.link.host import Host
from halfclose.reference.link.stream import Stream
from halfclose.reference.link.weather import CALM, Odds
from halfclose.reference.wire import Address

BAD = Odds(20, 20, 20)
IPV4: tuple[Address, Address] = (cable.KERNEL, cable.NEAR)
IPV6: tuple[Address, Address] = (cable.KERNEL6, cable.NEAR6)
WEATHER_AND_FAMILY = [(CALM, IPV4), (BAD, IPV4), (CALM, IPV6)]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    reason = available()
    if reason is not None:
        pytest.skip(reason)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=network.make) as pool:
        yield pool


def _run(story: Callable[..., Coroutine[Any, Any, Any]], odds: Odds, *arguments: Any) -> Any:
    async def told() -> Any:
        async with asyncio.timeout(60), Host(cable.Cable(), (cable.NEAR, cable.NEAR6), odds=odds, seed=3) as host:
            return await story(host, *arguments)

    return asyncio.run(told())


def octets(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def kernel_socket(family: tuple[Address, Address]) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if family == IPV6 else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    return made


async def kernel_reads_all(kernel: socket.socket) -> bytes:
    loop, text = asyncio.get_running_loop(), bytearray()
    while chunk := await loop.sock_recv(kernel, 65_536):
        text += chunk
    return bytes(text)


async def reads_all(stream: Stream) -> bytes:
    text = bytearray()
    while chunk := await stream.read():
        text += chunk
    return bytes(text)


async def _to_server(host: Host, family: tuple[Address, Address]) -> tuple[Stream, socket.socket]:
    """A connection of the kernel, as the client, to the reference."""
    door, kernel = host.listen(80), kernel_socket(family)
    connected = asyncio.create_task(asyncio.get_running_loop().sock_connect(kernel, (str(family[1]), 80)))
    stream = await door.accept()
    await connected
    return stream, kernel


async def _to_kernel(host: Host, family: tuple[Address, Address]) -> tuple[Stream, socket.socket]:
    """A connection of the reference, as the client, to the kernel."""
    with kernel_socket(family) as listener:
        listener.bind((str(family[0]), 8000))
        listener.listen()
        accepted = asyncio.create_task(asyncio.get_running_loop().sock_accept(listener))
        stream = await host.connect(family[0], 8000)
        kernel, _ = await accepted
    return stream, kernel


async def _kernel_half_closes_first(host: Host, family: tuple[Address, Address], text: bytes) -> tuple[Any, ...]:
    stream, kernel = await _to_server(host, family)
    with kernel:
        await asyncio.get_running_loop().sock_sendall(kernel, b"question")
        kernel.shutdown(socket.SHUT_WR)
        asked = await reads_all(stream)
        states = [stream.state]
        writing = asyncio.create_task(stream.write(text))
        received = asyncio.create_task(kernel_reads_all(kernel))
        await writing
        states.append(stream.state)
        stream.shutdown()
        states.append(stream.state)
        await stream.closed()
        return asked, await received == text, [str(state) for state in (*states, stream.state)]


@pytest.mark.parametrize(("odds", "family"), WEATHER_AND_FAMILY)
def test_the_kernel_half_closes_and_the_reference_sends_all_the_rest_in_close_wait(
    pool: ProcessPoolExecutor, odds: Odds, family: tuple[Address, Address]
) -> None:
    asked, whole, states = pool.submit(_run, _kernel_half_closes_first, odds, family, octets(400_000)).result()
    assert asked == b"question"
    assert whole
    assert states[:2] == ["CLOSE-WAIT", "CLOSE-WAIT"]
    assert states[2] in ("CLOSE-WAIT", "LAST-ACK")  # as long as text is queued, the FIN is, too
    assert states[3] == "CLOSED"


async def _reference_half_closes_first(host: Host, family: tuple[Address, Address], text: bytes) -> tuple[Any, ...]:
    stream, kernel = await _to_kernel(host, family)
    with kernel:
        await stream.write(b"question")
        stream.shutdown()
        asked = await kernel_reads_all(kernel)
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(kernel, text))
        first = await stream.read()
        states = [stream.state]
        await sending
        kernel.shutdown(socket.SHUT_WR)
        whole = first + await reads_all(stream) == text
    await stream.closed()
    return asked, whole, [str(state) for state in (*states, stream.state)]


@pytest.mark.parametrize(("odds", "family"), WEATHER_AND_FAMILY)
def test_the_reference_half_closes_and_reads_on_in_fin_wait_2(
    pool: ProcessPoolExecutor, odds: Odds, family: tuple[Address, Address]
) -> None:
    asked, whole, states = pool.submit(_run, _reference_half_closes_first, odds, family, octets(400_000)).result()
    assert (asked, whole) == (b"question", True)
    assert states[0] == "FIN-WAIT-2" or (odds is not CALM and states[0] == "FIN-WAIT-1")
    assert states[1] == "TIME-WAIT"


async def _nobody_listens(host: Host) -> str:
    with pytest.raises(ConnectionRefusedError):
        await host.connect(cable.KERNEL, 9)
    return "refused"


def test_a_port_where_nobody_listens_refuses(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_run, _nobody_listens, CALM).result() == "refused"


async def _kernel_resets(host: Host) -> str:
    stream, kernel = await _to_kernel(host, IPV4)
    kernel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    kernel.close()
    with pytest.raises(ConnectionResetError):
        await stream.read()
    with pytest.raises(ConnectionResetError):
        await stream.write(b"too late")
    return str(stream.state)


def test_a_reset_from_the_kernel_wakes_the_reader_and_refuses_the_writer(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_run, _kernel_resets, CALM).result() == "CLOSED"


async def _kernel_reads_late(host: Host, text: bytes) -> tuple[bool, bool]:
    stream, kernel = await _to_server(host, IPV4)
    with kernel:
        writing = asyncio.create_task(stream.write(text))
        await asyncio.sleep(0.2)
        waited = not writing.done()
        received = asyncio.create_task(kernel_reads_all(kernel))
        await writing
        stream.shutdown()
        return waited, await received == text


def test_write_waits_while_the_peer_reads_nothing(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_run, _kernel_reads_late, CALM, octets(20_000_000)).result() == (True, True)


@pytest.mark.parametrize("broken", ["packet_arrives", "tick", "packets"])
def test_an_error_inside_the_stack_ends_whatever_waits_for_the_host(pool: ProcessPoolExecutor, broken: str) -> None:
    assert pool.submit(_interrupted_by, _stack_fails, broken).result() == "CancelledError"


async def _stack_fails(host: Host, broken: str) -> None:
    stream, kernel = await _to_kernel(host, IPV4)
    with kernel:
        setattr(host.stack, broken, lambda *arguments: 1 // 0)
        await asyncio.get_running_loop().sock_sendall(kernel, b"text")
        async with asyncio.timeout(5):
            await stream.read()


def test_an_error_inside_the_stack_ends_a_host_whose_user_waits_for_something_else(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_interrupted_by, _timer_fails).result() == "CancelledError"


def _interrupted_by(story: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> str:
    """What the user of a host saw before its error came out: TimeoutError, where it had to lose patience itself."""
    with pytest.raises(ZeroDivisionError) as error:
        _run(story, CALM, *arguments)
    return type(error.value.__context__).__name__


async def _timer_fails(host: Host) -> None:
    host.stack.tick = lambda now: 1 // 0  # type: ignore[assignment,method-assign]
    asyncio.get_running_loop().call_soon(host.listen, 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"no TCP", (str(cable.NEAR), 80))
        async with asyncio.timeout(5):
            await asyncio.Event().wait()


async def _refuses_after_shutdown(host: Host) -> str:
    stream, kernel = await _to_kernel(host, IPV4)
    with kernel:
        stream.shutdown()
        with pytest.raises(Exception, match="connection closing"):
            await stream.write(b"too late")
    return "refused"


def test_write_after_shutdown_is_an_error_in_the_rfcs_words(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(_run, _refuses_after_shutdown, CALM).result() == "refused"

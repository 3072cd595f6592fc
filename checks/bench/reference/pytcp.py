"""PyTCP (GPL-3.0, PyPI) as a peer of the benchmark: imported in processes of their own, and only if it is installed.

PyTCP has no interface without a device, and keeps its stack in module variables.  Frames are handed to its packet
handler, as its receiving thread would do.  Its threads are not started, so its timer does not run; a SYN is answered
from the timer, which is therefore called here.  Its ACKs for text are sent by the timer too, every 100 ms, and are not
measured.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from halfclose.checks.bench.reference import traffic
from halfclose.checks.bench.reference.core import Moved

_MAC, _PEER_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
_ETHERNET = bytes.fromhex((_MAC + _PEER_MAC).replace(":", "")) + b"\x08\x00"
_READ = 65_536


def needs() -> str:
    """What is missing; empty where PyTCP can run."""
    return "" if find_spec("pytcp") else "needs PyTCP (pip install PyTCP; GPL-3.0)"


def receives(octets: int) -> Moved:
    """PyTCP receives packets that were made in advance, and its user reads."""
    deliver, listener = _stack()
    receiver = _accept(deliver, listener, 0)
    packets = traffic.text(receiver.tcp_session._snd_ini, octets)
    arrived = 0
    started = time.perf_counter()
    for number, packet in enumerate(packets, 1):
        deliver(packet)
        if number % traffic.READ_EVERY == 0 or number == len(packets):
            arrived += len(receiver.recv(_READ))
    return Moved(arrived, len(packets), time.perf_counter() - started)


def octets_of_idle(connections: int) -> float:
    """What Python allocates for one accepted connection that has nothing to do."""
    deliver, listener = _stack()
    tracemalloc.start()
    kept = [_accept(deliver, listener, number) for number in range(connections)]
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return allocated / len(kept)


def _stack() -> tuple[Callable[[bytes], None], Any]:
    """A function that delivers an IPv4 packet, and a listening socket."""
    from pytcp import config
    from pytcp.lib import socket, stack
    from pytcp.lib.ip4_address import Ip4Address, Ip4Host
    from pytcp.lib.mac_address import MacAddress
    from pytcp.lib.packet import PacketRx

    config.LOG_CHANEL = set()
    stack.packet_handler.assign_mac_address(MacAddress(_MAC))
    stack.packet_handler.ip4_host.append(Ip4Host(f"{traffic.RECEIVER}/24"))
    stack.arp_cache.add_entry(Ip4Address(str(traffic.SENDER)), MacAddress(_PEER_MAC))
    listener = socket.socket(socket.AF_INET4, socket.SOCK_STREAM)
    listener.bind((str(traffic.RECEIVER), traffic.PORT))
    listener.listen()
    return lambda packet: stack.packet_handler._phrx_ether(PacketRx(_ETHERNET + packet)), listener


def _accept(deliver: Callable[[bytes], None], listener: Any, number: int) -> Any:
    """A connection after its handshake; what it has sent is dropped."""
    from pytcp.lib import stack

    session = listener.tcp_session  # becomes the new connection's, and the listener gets another
    deliver(traffic.syn(number))
    session.tcp_fsm(timer=True)
    deliver(traffic.ack(session._snd_ini, number))
    stack.tx_ring._tx_ring.clear()
    accepted, _ = listener.accept()
    return accepted

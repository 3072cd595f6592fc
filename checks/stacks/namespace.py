"""A private Linux network for one process, made repeatable: the kernel's TCP and the tester on one cable.

The kernel is KERNEL; the tester is TESTER, the cable's near end.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import struct
from pathlib import Path

from halfclose.checks.stacks.stack import StackError
from halfclose.reference.link.cable import KERNEL, Cable, Manners, lay
from halfclose.reference.link.cable import NEAR as TESTER
from halfclose.reference.link.namespace import NoNetwork, advice, configure, enter
from halfclose.reference.wire import internet_checksum

# The minimum RTO of RFC 6298 2.4 instead of 200 ms keeps retransmissions out of the answers on a loaded machine.
_MANNERS = Manners(minimum_rto_ms=1000)

# What makes the answers repeatable.  Each belongs to the network namespace and may be absent from a kernel.
_FIXED = {
    "tcp_invalid_ratelimit": "0",  # else the second challenge ACK within half a second is swallowed
    "tcp_challenge_ack_limit": "2147483647",
    "tcp_timestamps": "0",
    "tcp_sack": "0",
    "tcp_window_scaling": "0",
    "tcp_ecn": "0",
    "tcp_syncookies": "0",
    "tcp_fastopen": "0",
    "tcp_congestion_control": "reno",  # bbr would pace segments by a timer
    "tcp_autocorking": "0",
    "tcp_moderate_rcvbuf": "0",
    "tcp_no_metrics_save": "1",  # else a connection inherits round-trip times from the ones before it
    "tcp_mtu_probing": "0",
    "tcp_max_tw_buckets": "1048576",  # a TIME-WAIT beyond them would be left out
}
_RECORDED = (
    "tcp_abort_on_overflow",
    "tcp_adv_win_scale",
    "tcp_fin_timeout",
    "tcp_orphan_retries",
    "tcp_retries2",
    "tcp_rfc1337",
    "tcp_shrink_window",
    "tcp_stdurg",
    "tcp_tw_reuse",
    "tcp_workaround_signed_windows",
)
_IPV4 = Path("/proc/sys/net/ipv4")
_IPV6_OFF = tuple(Path("/proc/sys/net/ipv6/conf", which, "disable_ipv6") for which in ("all", "default"))

_ICMP, _ECHO_REPLY, _ECHO_REQUEST = 1, 0, 8
_MARK, _ECHO_LENGTH = 8, 16  # octets: of data in an echo request, and of the whole
_ECHO_NUMBER = slice(24, None)  # in the IPv4 packet: identifier, sequence number and data
_PATIENCE = 10.0  # seconds until a missing echo is an error; a loaded machine may need many milliseconds

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _SOCK_DESTROY = 4, 20, 21  # linux/sock_diag.h
_NLM_F_REQUEST, _NLM_F_ACK = 0x01, 0x04
_ANY_STATE, _ANY_DEVICE, _ANY_COOKIE = 0xFFFFFFFF, 0, (0xFFFFFFFF, 0xFFFFFFFF)
_NETLINK_HEADER = struct.Struct("=IHHII")
_STATES = (  # by the kernel's number less one, include/net/tcp_states.h
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
)


def enter_namespace() -> None:
    """Move this process permanently into a network namespace of its own, and set that network up.

    Call it first thing in a child process: a process with several threads cannot be moved as a whole.
    The process is also bound to its present processor (see Wire.settle).  Raises StackError, saying in one
    line what to do, where the kernel forbids it.
    """
    try:
        enter()
        with advice():
            os.sched_setaffinity(0, {_processor()})
            configure(_FIXED)
            for switch in _IPV6_OFF:
                with contextlib.suppress(FileNotFoundError):
                    switch.write_text("1")
            lay(_MANNERS, ipv6=False)
    except NoNetwork as error:
        raise StackError(str(error)) from error


def settings() -> dict[str, str]:
    """The TCP settings in force in this network namespace, by sysctl name, and those of the route."""
    present = [name for name in (*_FIXED, *_RECORDED) if (_IPV4 / name).exists()]
    values = {name: (_IPV4 / name).read_text().strip() for name in present}
    return values | {"route quickack": str(int(_MANNERS.quick_acks)), "route rto_min": f"{_MANNERS.minimum_rto_ms} ms"}


class Wire:
    """The tester's end of the cable: IPv4 packets to the kernel and from it."""

    def __init__(self) -> None:
        """Raises StackError outside a network that enter_namespace set up."""
        try:
            self._cable = Cable()
        except NoNetwork as error:
            raise StackError("this process has no private network: call enter_namespace first") from error
        self._echo_number = 0
        self._mark = os.urandom(_MARK)  # every Wire here hears the replies to every other

    def send(self, packet: bytes) -> None:
        """Put one IPv4 packet on the cable; raises OSError if it is longer than the MTU, 1500 octets."""
        self._cable.send(packet)

    def settle(self) -> list[bytes]:
        """Let the kernel finish all it was given; returns the IPv4 packets it sent since the last call.

        An echo request follows everything sent before it through the one queue of the one processor that this
        process is bound to, so that its reply comes after every answer; no time is waited for.  Raises
        StackError if packets were lost or the reply does not come.
        """
        echo = self._request_echo()
        packets: list[bytes] = []
        while True:
            packet = self._read()
            if not _is_echo_reply(packet):
                packets.append(packet)
            elif packet[_ECHO_NUMBER] == echo:
                break
        if lost := self._cable.overflowed():
            raise StackError(f"{lost} packets from the kernel were lost: the tester read too seldom")
        return packets

    def close(self) -> None:
        """Give the cable's end back."""
        self._cable.close()

    def _request_echo(self) -> bytes:
        """Send an echo request; returns what tells its reply from every other."""
        self._echo_number = (self._echo_number + 1) % 2**32
        number = struct.pack("!I", self._echo_number) + self._mark
        blank = struct.pack("!BBH", _ECHO_REQUEST, 0, 0) + number
        icmp = struct.pack("!BBH", _ECHO_REQUEST, 0, internet_checksum(blank)) + number
        self.send(_ECHO_IP_HEADER + icmp)
        return number

    def _read(self) -> bytes:
        while True:
            if (packet := self._cable.receive()) is not None:
                return packet
            if not select.select([self._cable], [], [], _PATIENCE)[0]:
                raise StackError(f"the kernel has not answered an echo request within {_PATIENCE:.0f} s")


class Diag:
    """What the kernel tells of one connection by its addresses and ports, and its power to end it.

    Unlike TCP_INFO it sees SYN-RECEIVED, connections that their user has closed, and TIME-WAIT.
    """

    def __init__(self) -> None:
        """Raises StackError where the kernel has no sock_diag."""
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        except OSError as error:
            raise StackError(f"the kernel has no sock_diag: {error.strerror}") from error

    def state(self, local_port: int, peer_port: int) -> str | None:
        """The state in the RFC's words; None where the kernel knows no such socket."""
        kind, body = self._ask(_SOCK_DIAG_BY_FAMILY, 0, local_port, peer_port)
        return _STATES[body[1] - 1] if kind == _SOCK_DIAG_BY_FAMILY else None

    def destroy(self, local_port: int, peer_port: int) -> None:
        """End the connection if there is one; a kernel without CONFIG_INET_DIAG_DESTROY lets it expire."""
        self._ask(_SOCK_DESTROY, _NLM_F_ACK, local_port, peer_port)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _ask(self, command: int, flags: int, local_port: int, peer_port: int) -> tuple[int, bytes]:
        """The type and body of the answer; an error message where there is no such socket."""
        which = struct.pack("=BBxxI", socket.AF_INET, socket.IPPROTO_TCP, _ANY_STATE)
        which += struct.pack("!HH4s12x4s12x", local_port, peer_port, KERNEL.packed, TESTER.packed)
        which += struct.pack("=III", _ANY_DEVICE, *_ANY_COOKIE)
        length = _NETLINK_HEADER.size + len(which)
        self._socket.send(_NETLINK_HEADER.pack(length, command, _NLM_F_REQUEST | flags, 0, 0) + which)
        answer = self._socket.recv(4096)
        return _NETLINK_HEADER.unpack_from(answer)[1], answer[_NETLINK_HEADER.size :]


def _is_echo_reply(packet: bytes) -> bool:
    return packet[9] == _ICMP and packet[20] == _ECHO_REPLY


def _echo_ip_header() -> bytes:
    fields = struct.pack("!BBHHHBB", 0x45, 0, 20 + _ECHO_LENGTH, 0, 0, 64, _ICMP)
    addresses = TESTER.packed + KERNEL.packed
    checksum = internet_checksum(fields + bytes(2) + addresses)
    return fields + struct.pack("!H", checksum) + addresses


_ECHO_IP_HEADER = _echo_ip_header()


def _processor() -> int:
    """The one that this process runs on now."""
    return int(ctypes.CDLL(None).sched_getcpu())

"""A virtual cable: this machine's kernel is at its far end; a user-space TCP with its own address is at the near end.

No interface has the near end's addresses, so that the kernel's TCP never answers for it.  The cable is a veth
pair, which works inside a user namespace without any device file, and carries packets of 1500 octets.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from pyroute2 import IPRoute

from halfclose.reference.link.namespace import NoNetwork
from halfclose.reference.wire import Address

# Of the networks for benchmarking (RFC 2544 C.2.2 and RFC 5180 8), which nothing else uses.
KERNEL, NEAR = IPv4Address("198.18.0.1"), IPv4Address("198.18.0.2")
KERNEL6, NEAR6 = IPv6Address("2001:2::1"), IPv6Address("2001:2::2")

FAR_DEVICE, NEAR_DEVICE = "halfclose0", "halfclose1"
_FAR_MAC, _NEAR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
_ETH_P_IP, _ETH_P_IPV6, _ETH_P_ALL = 0x0800, 0x86DD, 0x0003
_LARGEST_PACKET = 2048  # octets
_RECEIVE_BUFFER = 1 << 22  # octets; the kernel sends in bursts

_PERMANENT = 0x80  # NUD_PERMANENT, linux/neighbour.h
_NO_DETECTION = 0x02  # IFA_F_NODAD, linux/if_addr.h: the address is unique, and wanted at once
_LOCK_RTO_MIN = 1 << 13  # linux/rtnetlink.h
_SIOCETHTOOL = 0x8946
_OFFLOADS = {"tx-checksum": 0x17, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}  # ETHTOOL_S..., linux/ethtool.h
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23  # linux/if_packet.h


@dataclass(frozen=True)
class Manners:
    """How the kernel's TCP behaves towards the near end: metrics of its routes there."""

    minimum_rto_ms: int
    quick_acks: bool = True  # no ACK is delayed


def lay(manners: Manners, *, ipv6: bool) -> None:
    """Make the cable in this process's network; raises OSError or NetlinkError where the kernel refuses."""
    with IPRoute() as netlink:
        netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
        netlink.link("add", ifname=FAR_DEVICE, kind="veth", address=_FAR_MAC, peer={"ifname": NEAR_DEVICE})
        for device in (FAR_DEVICE, NEAR_DEVICE):
            _switch_offloads_off(device)
            (index,) = netlink.link_lookup(ifname=device)
            netlink.link("set", index=index, state="up")
        _connect(netlink, KERNEL, NEAR, manners)
        if ipv6:
            _connect(netlink, KERNEL6, NEAR6, manners)


def take_up() -> None:
    """Remove the cable again, where the network outlives its use."""
    with IPRoute() as netlink:
        for index in netlink.link_lookup(ifname=FAR_DEVICE):
            netlink.link("del", index=index)


def has_ipv6() -> bool:
    """Whether the kernel would give the cable IPv6 addresses."""
    switch = Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")
    return switch.exists() and switch.read_text().strip() == "0"


class Cable:
    """The near end: packets to the kernel and from it.  Never blocks; `fileno` tells when to read."""

    def __init__(self) -> None:
        """Raises NoNetwork where no cable is laid, OSError where the process has no right to it."""
        if NEAR_DEVICE not in (name for _, name in socket.if_nameindex()):
            raise NoNetwork("there is no cable in this network: lay one first")
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.bind((NEAR_DEVICE, _ETH_P_ALL))

    def send(self, packet: bytes) -> None:
        """Put one IPv4 or IPv6 packet on the cable; raises OSError if it is longer than 1500 octets."""
        protocol = _ETH_P_IPV6 if packet[0] >> 4 == 6 else _ETH_P_IP
        self._socket.sendto(packet, (NEAR_DEVICE, protocol, 0, 0, bytes.fromhex(_FAR_MAC.replace(":", ""))))

    def receive(self) -> bytes | None:
        """The next packet from the kernel, or None; what is not IP may be among them."""
        try:
            return self._socket.recv(_LARGEST_PACKET)
        except BlockingIOError:
            return None

    def overflowed(self) -> int:
        """How many packets from the kernel were lost since the last call because the buffer was full."""
        _, lost = struct.unpack("=II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        return int(lost)

    def fileno(self) -> int:
        """The descriptor of the socket, which is readable when a packet waits."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def _connect(netlink: IPRoute, kernel: Address, near: Address, manners: Manners) -> None:
    """An address for the kernel, and a route to the near end with a permanent neighbour entry (no ARP)."""
    (index,) = netlink.link_lookup(ifname=FAR_DEVICE)
    family, bits = (socket.AF_INET6, 128) if near.version == 6 else (socket.AF_INET, 32)
    flags = {"flags": _NO_DETECTION} if near.version == 6 else {}
    netlink.addr("add", index=index, address=str(kernel), prefixlen=bits, family=family, **flags)
    netlink.neigh("add", ifindex=index, dst=str(near), lladdr=_NEAR_MAC, state=_PERMANENT, family=family)
    metrics = {"quickack": int(manners.quick_acks), "rto_min": manners.minimum_rto_ms, "lock": _LOCK_RTO_MIN}
    netlink.route("add", dst=f"{near}/{bits}", oif=index, family=family, metrics=metrics)


def _switch_offloads_off(device: str) -> None:
    """Turn segmentation and checksum offloads off, so that packets are as on a real cable."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sP16x", device.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, _SIOCETHTOOL, request)

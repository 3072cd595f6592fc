"""Initial sequence numbers: a clock of 4 microseconds, offset by a secret hash of the sockets (RFC 6528 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from halfclose.reference.sequence import MODULUS

_TICKS_PER_SECOND = 250_000


def isn_generator(local: tuple[bytes, int], remote: tuple[bytes, int], secret: bytes) -> Callable[[float], int]:
    """ISN = M + F(localip, localport, remoteip, remoteport, secretkey), as a function of the time in seconds.

    Sockets are an address in network order and a port; secret: 16 octets or more that nobody else knows.
    """
    sockets = b"".join(address + port.to_bytes(2, "big") for address, port in (local, remote))
    offset = int.from_bytes(hashlib.blake2b(sockets, key=secret[:64], digest_size=4).digest(), "big")
    return lambda now: (int(now * _TICKS_PER_SECOND) + offset) % MODULUS

"""A network of one's own with the cable in it, and how the kernel's TCP behaves there."""

from __future__ import annotations

import contextlib

from halfclose.reference.link import cable
from halfclose.reference.link.namespace import advice, configure, enter

#: A round trip takes a millisecond or two here; RFC 6298 2.4's second is there for paths that may be slow.
MANNERS = cable.Manners(minimum_rto_ms=10)

# At 20 % of each mishap one loss follows another; by default the kernel takes a path to be better than that, and waits.
_RECOVERY = {
    "tcp_congestion_control": "reno",  # which every kernel lets a network have, whatever this machine prefers
    "tcp_thin_linear_timeouts": "1",  # the window is a segment or two: else each loss of the same one doubles the wait
    "tcp_max_reordering": "3",  # else the kernel learns to wait for up to 300 duplicate ACKs, not RFC 5681's three
    "tcp_frto": "0",  # else it sends new text after a time-out (RFC 5682) where the old is really lost
    "tcp_rto_max_ms": "1000",  # the least that it takes
    "tcp_retries2": "255",  # else, with so short time-outs, it gives up after ten seconds of recovery, without a word
    "tcp_orphan_retries": "255",  # the same, where its user has closed: after three seconds
}
# It does not take every loss for congestion.  At 20 % 4 MB took it 1 to 4 s, Reno 10 to 25 s.
_TOLERANT = {"tcp_congestion_control": "bbr"}


def make() -> bool:
    """Move this process, for ever, into a network of its own; says whether a user namespace was needed for it.

    Raises NoNetwork, saying in one line what to do.
    """
    user_namespace = enter()
    with advice():
        configure(_RECOVERY)
        with contextlib.suppress(PermissionError):  # the machine may keep it to itself
            configure(_TOLERANT)
        cable.lay(MANNERS, ipv6=cable.has_ipv6())
    return user_namespace

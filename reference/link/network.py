"""A network of one's own with the cable in it, and how the kernel's TCP behaves there."""

from __future__ import annotations

import contextlib

from halfclose.reference.link import cable
from halfclose.reference.link.namespace import advice, configure, enter

#: A round trip takes a millisecond or two here; RFC 6298 2.4's second is there for paths that may be slow.
MANNERS = cable.Manners(minimum_rto_ms=10)

# At 20 % of each mishap one loss follows another; by default the kernel takes a path to be better than that, and waits.
_RECOVERY = {
    "tcp_congestion_control": "reno",  # which every kernel allows in every network
    "tcp_thin_linear_timeouts": "1",  # with a window of a segment or two, every further loss would double the wait
    "tcp_max_reordering": "3",  # else the kernel may wait for up to 300 duplicate ACKs instead of the three of RFC 5681
    "tcp_frto": "0",  # else it sends new text after a time-out (RFC 5682), although the old text is lost
    "tcp_rto_max_ms": "1000",  # the least that it takes
    "tcp_retries2": "255",  # else, with such short time-outs, it gives up silently after ten seconds
    "tcp_orphan_retries": "255",  # the same where its user has closed, after three seconds
}
# BBR does not take every loss for congestion.  At 20 % 4 MB took it 1 to 4 s, Reno 10 to 25 s.
_TOLERANT = {"tcp_congestion_control": "bbr"}


def make() -> bool:
    """Move this process permanently into a network of its own; returns whether a user namespace was needed for it.

    Raises NoNetwork, saying in one line what to do.
    """
    user_namespace = enter()
    with advice():
        configure(_RECOVERY)
        with contextlib.suppress(PermissionError):  # it may be forbidden in a network of one's own
            configure(_TOLERANT)
        cable.lay(MANNERS, ipv6=cable.has_ipv6())
    return user_namespace

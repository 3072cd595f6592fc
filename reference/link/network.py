"""A network of one's own with the cable in it, and how the kernel's TCP behaves there."""

from __future__ import annotations

from halfclose.reference.link import cable
from halfclose.reference.link.namespace import advice, configure, enter

#: A round trip takes a millisecond or two here; RFC 6298 2.4's second is there for paths that may be slow.
MANNERS = cable.Manners(minimum_rto_ms=10)

# Of 8 downloads of 3 MB at 20 % of each mishap one took more than 15 s without these, and none more than 10 with them.
_RECOVERY = {
    "tcp_max_reordering": "3",  # else the kernel learns to wait for up to 300 duplicate ACKs, not RFC 5681's three
    "tcp_frto": "0",  # else it sends new text after a time-out (RFC 5682) where the old is really lost
    "tcp_rto_max_ms": "1000",  # the least that it takes
    "tcp_retries2": "255",  # else, with so short time-outs, it gives up after ten seconds of recovery, without a word
    "tcp_orphan_retries": "255",  # the same, where its user has closed: after three seconds
}


def make() -> bool:
    """Move this process, for ever, into a network of its own; says whether a user namespace was needed for it.

    Raises NoNetwork, saying in one line what to do.
    """
    user_namespace = enter()
    with advice():
        configure(_RECOVERY)
        cable.lay(MANNERS, ipv6=cable.has_ipv6())
    return user_namespace

"""What the two ends offer each other: the MSS and the scale of their SYNs, and the endpoint's receive window.

These can be seen on the wire, whatever state the endpoint is in.
"""

from __future__ import annotations

from halfclose.checks.oracle.endpoint import DEFAULT_MSS, LARGEST_SCALED_WINDOW, LARGEST_WINDOW
from halfclose.checks.oracle.forms import changed
from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import Segment as Fields
from halfclose.reference.wire import ACK, SYN, Segment
from halfclose.spec.language.variables import IRS, ISS, SEG

_MOST_SCALE = 14  # RFC 7323 2.3


class Offers:
    """The offers of one endpoint and of its peer.

    A SYN is known by its sequence number, so that each connection finds its own.
    """

    def __init__(self, receive_buffer: int | None) -> None:
        """receive_buffer: octets that the endpoint keeps for its user, if that is known."""
        self._receive_buffer = receive_buffer
        self._own: dict[int, int | None] = {}  # the scale that each SYN offers
        self._peer: dict[int, int | None] = {}
        self._scaling = False  # whether any SYN of the endpoint offers a scale
        self._edge: int | None = None  # the rightmost edge of the window that was shown

    def heard(self, segment: Segment) -> None:
        """The peer sent this."""
        if segment.flags & SYN:
            self._peer[segment.seq] = segment.scale

    def sent(self, segment: Segment) -> bool:
        """The endpoint sent this SYN; whether it begins another connection."""
        begins = segment.seq not in self._own
        self._own[segment.seq] = segment.scale
        self._scaling = self._scaling or segment.scale is not None
        if begins:
            self._edge = None
        return begins

    def mss(self, segment: Segment) -> int:
        """The most text that the sender of this SYN takes in a segment (MUST-15)."""
        return DEFAULT_MSS if segment.mss is None else segment.mss

    @property
    def largest(self) -> int:
        """The largest window that the endpoint can offer."""
        return LARGEST_SCALED_WINDOW if self._scaling else LARGEST_WINDOW

    def of_peer(self, h: Hypothesis, segment: Segment, fields: Fields) -> Fields:
        """The fields of the peer's segment, with its window in octets."""
        if not self._scaling:
            return fields
        _, scale = self._scales(h)
        return fields if segment.flags & SYN or not scale else changed(fields, {SEG.WND: segment.wnd << scale})

    def window(self, h: Hypothesis, segment: Segment) -> range:
        """The windows that the endpoint's segment may offer, in octets: of a scaled one the last bits are not seen."""
        scale = 0 if segment.flags & SYN or not self._scaling else self._scales(h)[0]
        return range(segment.wnd << scale, segment.wnd + 1 << scale)

    def _scales(self, h: Hypothesis) -> tuple[int, int]:
        """RFC 7323 2.2: both SYNs must carry the option, else neither window is scaled."""
        if not self._scaling:
            return 0, 0
        own, peer = self._own.get(h[ISS]), self._peer.get(h[IRS])
        return (0, 0) if own is None or peer is None else (min(own, _MOST_SCALE), min(peer, _MOST_SCALE))

    def excess(self, h: Hypothesis, segment: Segment, read: int, fin: bool) -> int:
        """By how many octets the window is more than the receive buffer has room for.

        read: octets that the user has read so far.  fin: whether the peer's FIN may have been taken, which needs none.
        """
        if self._receive_buffer is None or not segment.flags & ACK:
            return 0
        most = wrap(h[IRS] + 1 + read + self._receive_buffer + fin)
        return distance(most, self._edge_of(h, segment))

    def shrinks(self, h: Hypothesis, segment: Segment) -> bool:
        """Whether the right edge of the window lies left of one that was shown before.

        A window that is scaled is shown without its last bits, which are no shrinking (RFC 7323 2.4).
        """
        if not segment.flags & ACK:
            return False
        edge, shown = self._edge_of(h, segment), self._edge
        if shown is None or distance(shown, edge) > 0:
            self._edge = edge
        scale, _ = self._scales(h)
        return shown is not None and distance(edge, shown) >= 1 << scale

    def _edge_of(self, h: Hypothesis, segment: Segment) -> int:
        return wrap(segment.ack + self.window(h, segment).start)

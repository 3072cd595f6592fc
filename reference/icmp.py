"""ICMP error messages about segments that were sent (RFC 792, RFC 4443), and what TCP does about them (3.9.2.2).

Path MTU discovery (RFC 1191, RFC 8201) is left out: packets leave without the DF bit, and "packet too big" is ignored.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from halfclose.reference.calls import abort
from halfclose.reference.sequence import le, lt
from halfclose.reference.tcb import Notice, State, Tcb
from halfclose.reference.wire import Address, Malformed, address_pair, decode_ip, internet_checksum, pseudo_header

_ICMP, _ICMPV6, _TCP = 1, 58, 6
_HEADER = 8  # of an ICMP error, before the packet that it quotes
_UNREACHABLE, _TIME_EXCEEDED, _PARAMETER_PROBLEM = 3, 11, 12  # RFC 792
_UNREACHABLE_6, _TIME_EXCEEDED_6, _PARAMETER_PROBLEM_6 = 1, 3, 4  # RFC 4443
_WORDS = {
    (_ICMP, _UNREACHABLE): "destination unreachable",
    (_ICMP, _TIME_EXCEEDED): "time exceeded",
    (_ICMP, _PARAMETER_PROBLEM): "parameter problem",
    (_ICMPV6, _UNREACHABLE_6): "destination unreachable",
    (_ICMPV6, _TIME_EXCEEDED_6): "time exceeded",
    (_ICMPV6, _PARAMETER_PROBLEM_6): "parameter problem",
}
#: Codes of "destination unreachable" that are hard errors; over IPv6 those of RFC 5461 2.2.
_HARD = {_ICMP: (2, 3, 4), _ICMPV6: (1, 4)}
#: Where the quoted header has its protocol and its addresses, and how long it is at least.
_IPV4_PROTOCOL, _IPV4_ADDRESSES, _IPV4_HEADER = 9, slice(12, 20), 20
_IPV6_PROTOCOL, _IPV6_ADDRESSES, _IPV6_HEADER = 6, slice(8, 40), 40
_TCP_START = struct.Struct("!HHI")  # the ports and SEG.SEQ: the eight octets that every error message quotes


@dataclass(frozen=True)
class Report:
    """An ICMP error: its reason in words, whether it is a hard one, and the segment that it is about.

    source and target are those of the segment, so that source is the host's own.
    """

    reason: str
    hard: bool
    source: Address
    source_port: int
    target: Address
    target_port: int
    seq: int


def decode(packet: bytes) -> Report | None:
    """The error that a packet reports about a TCP segment, or None; raises Malformed.

    Source quench is silently discarded (MUST-55), as is everything that is no error.
    """
    protocol, addresses, message = decode_ip(packet)
    if protocol not in _HARD:
        return None
    over = pseudo_header(addresses, len(message), protocol) if protocol == _ICMPV6 else b""
    if internet_checksum(over + message):
        raise Malformed("ICMP checksum")
    kind, code = message[0], message[1]
    words, quoted = _WORDS.get((protocol, kind)), _quoted(protocol, message[_HEADER:])
    if words is None or quoted is None:
        return None
    unreachable = words == _WORDS[_ICMP, _UNREACHABLE]
    source, target, source_port, target_port, seq = quoted
    hard = unreachable and code in _HARD[protocol]
    return Report(f"{words}, code {code}", hard, source, source_port, target, target_port, seq)


def _quoted(protocol: int, packet: bytes) -> tuple[Address, Address, int, int, int] | None:
    """Addresses, ports and SEG.SEQ of the TCP segment that is quoted; None where it is none, or cut too short."""
    if protocol == _ICMPV6:
        carried, addresses, start = packet[_IPV6_PROTOCOL : _IPV6_PROTOCOL + 1], packet[_IPV6_ADDRESSES], _IPV6_HEADER
    else:
        carried, addresses = packet[_IPV4_PROTOCOL : _IPV4_PROTOCOL + 1], packet[_IPV4_ADDRESSES]
        start = (packet[0] & 0x0F) * 4 if packet else 0
    if carried != bytes((_TCP,)) or start < _IPV4_HEADER or len(packet) < start + _TCP_START.size:
        return None
    return *address_pair(addresses), *_TCP_START.unpack_from(packet, start)


def error_arrives(tcb: Tcb, report: Report) -> None:
    """3.9.2.2: tell the user of a soft error (MUST-56, SHLD-25), abort at a hard one (SHLD-26).

    Only what is under way can have caused it: an error about another number is forged or old (RFC 5927 4.1).
    """
    if not (le(tcb.SND.UNA, report.seq) and lt(report.seq, tcb.SND.NXT)):
        return
    opening = tcb.state in (State.SYN_SENT, State.SYN_RECEIVED)
    if report.hard and (opening or tcb.config.hard_error_aborts):
        abort(tcb, Notice.UNREACHABLE)
    else:
        tcb.notify(Notice.UNDELIVERED)
    tcb.reported = report.reason

"""The scopes that `halfclose verify` explores, each as small as its properties allow.

Sequence numbers have six bits and the two ISN clocks stand just below the wrap and just below half of the space, so
that in every scope A's numbers pass 0, and B's first number after its SYN is the first whose top bit is set.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.profile import parse_profile
from .application import parse_application
from .network import Scope, Wait


@dataclass(frozen=True)
class NamedScope:
    """A scope with its name and one sentence that says what it is there for."""

    name: str
    says: str
    scope: Scope


def _scope(
    name: str, says: str, app_a: str, app_b: str, profile: str = "rfc9293", **bounds: int | bool | Wait | None
) -> NamedScope:
    programs = parse_application(app_a), parse_application(app_b)
    return NamedScope(name, says, Scope(*programs, parse_profile(profile), **bounds))  # type: ignore[arg-type]


_AGAIN_A = "open; send 1; shutdown; read; open; send 1; shutdown"
_AGAIN_B = "listen; read; shutdown; listen; read; shutdown"
_ONE_OLD: dict[str, int] = {"slots": 2, "slots_back": 1, "losses": 0, "duplicates": 1}
_TWO_OLD: dict[str, int] = {"slots": 3, "slots_back": 1, "losses": 0, "duplicates": 0}
_ONE_CRASH: dict[str, int] = {"lives": 2, "crashes": 1, "losses": 0, "duplicates": 1}

NAMED_SCOPES: tuple[NamedScope, ...] = (
    _scope(
        "exchange",
        "Text both ways, whatever is lost or duplicated; A half-closes first, and B when it has read everything.",
        "open; send 2; shutdown; read",
        "listen; send 1; read; shutdown",
        slots=1,
    ),
    _scope(
        "stream",
        "A stream longer than the window, so that the window slides along it: more than a million states.",
        "open; send 6; shutdown; read",
        "listen; send 1; read; shutdown",
        slots=1,
    ),
    _scope(
        "reorder",
        "Text in one direction, over a network that reorders segments and duplicates one.",
        "open; send 2; shutdown",
        "listen; read; shutdown",
        slots_back=1,
        losses=0,
        duplicates=1,
        mss=1,
    ),
    _scope(
        "held",
        "Text in one direction over a network that reorders, to a receiver that holds what comes out of order.",
        "open; send 2; shutdown",
        "listen; read; shutdown",
        "hold-out-of-order",
        slots_back=1,
        losses=0,
        duplicates=0,
        mss=1,
    ),
    _scope(
        "free",
        "The users OPEN, SEND, RECEIVE and CLOSE whenever they like.",
        "free: open send read shutdown",
        "free: listen send read shutdown",
        slots=1,
        buffer=1,
    ),
    _scope(
        "free-two",
        "The same with two octets and a window of two, so that segments overlap; only one user sends.",
        "free: open send read shutdown",
        "free: listen read shutdown",
        slots=1,
        octets=2,
        losses=1,
        duplicates=0,
    ),
    _scope(
        "options",
        "Any call at any time with every option that Linux takes: RFC 5961, full close, reopening, holding; and ABORT.",
        "free: open listen send read shutdown close abort",
        "free: open listen read shutdown close",
        "linux",
        slots=1,
        buffer=1,
    ),
    _scope(
        "half-close",
        "A closes its direction first, and B sends only after A's FIN.",
        "open; send 1; shutdown; read",
        "listen; read; send 1; shutdown",
        slots=1,
    ),
    _scope(
        "half-close-narrow",
        "After A's FIN B sends more than A's window holds, so that B's own FIN has to wait.",
        "open; shutdown; read",
        "listen; read; send 2; shutdown",
        slots=1,
        buffer=1,
    ),
    _scope(
        "simultaneous",
        "Both ends open at once, and may close at once.",
        "open; send 1; shutdown; read",
        "open; shutdown; read",
        slots=1,
    ),
    _scope(
        "crash",
        "One of the ends loses its memory once and may open again, among its old segments.",
        "free: open send",
        "free: listen",
        "rfc9293",
        **_ONE_CRASH,
    ),
    _scope(
        "old-syn",
        "Both ends open at once while a SYN from before a crash is still in the network.",
        "free: open",
        "free: open",
        lives=2,
        crashes=1,
        losses=0,
        duplicates=0,
    ),
    _scope(
        "text-on-syn",
        "Text goes with the SYN and with the SYN,ACK, and may be lost and sent again like any segment.",
        "free: open send",
        "free: listen send",
        "text-on-syn",
        slots=1,
        octets=2,
        buffer=3,
        losses=1,
        duplicates=0,
    ),
    _scope(
        "text-on-both-syns",
        "Both ends open at once, each with text behind its SYN.",
        "free: open send",
        "free: open send",
        "text-on-syn",
        slots=1,
        losses=2,
        duplicates=0,
    ),
    _scope(
        "old-text-on-syn",
        "A SYN with text outlives a crash of its sender, which may open again.",
        "free: open send",
        "free: listen",
        "text-on-syn",
        slots=1,
        lives=2,
        crashes=1,
        losses=0,
        duplicates=0,
    ),
    _scope(
        "early-close",
        "B closes before its handshake is over, among segments from before a crash.",
        "free: open send",
        "free: listen shutdown",
        "rfc9293",
        slots_back=1,
        **_ONE_CRASH,
    ),
    _scope(
        "early-close-5961",
        "B closes early by the letter of 3.10.4 (reading 8), made safe by RFC 5961's check of old ACKs.",
        "free: open send",
        "free: listen shutdown",
        "close-by-the-letter+rfc5961-ack",
        slots_back=1,
        **_ONE_CRASH,
    ),
    _scope(
        "half-open",
        "One end crashes, and the other one must find out once it has something to send.",
        "free: open send",
        "free: listen send",
        slots=1,
        crashes=1,
    ),
    _scope(
        "reuse",
        "Two connections one after the other with the same ISS, kept apart by TIME-WAIT.",
        _AGAIN_A,
        _AGAIN_B,
        "isn-reused+rfc1337",
        **_TWO_OLD,
    ),
    _scope(
        "reuse-near",
        "The next ISS is the last one again or the number behind it, so that old and new numbers overlap in part.",
        _AGAIN_A,
        _AGAIN_B,
        "isn-reused+rfc1337",
        isns=2,
        **_ONE_OLD,
    ),
    _scope(
        "reuse-no-wait",
        "Two connections with the same ISS, where TIME-WAIT may end while old segments are in the network.",
        _AGAIN_A,
        _AGAIN_B,
        "isn-reused+rfc1337",
        wait=Wait.NOTHING,
        **_ONE_OLD,
    ),
    _scope(
        "reuse-other-end",
        "The ISS comes again at the end that did not wait in TIME-WAIT, too.",
        _AGAIN_A,
        _AGAIN_B,
        "isn-reused+isn-reused-early+rfc1337",
        **_TWO_OLD,
    ),
    _scope(
        "reuse-rst",
        "The ISS comes again, and a RST may cut TIME-WAIT short (RFC 1337 is off).",
        _AGAIN_A,
        _AGAIN_B,
        "isn-reused",
        **_ONE_OLD,
    ),
    _scope(
        "full-close",
        "Both ends close fully, as the socket API's close() does: octets on their way are lost.",
        "open; send 2; close",
        "listen; send 1; read; close",
        slots=1,
    ),
    _scope(
        "abort",
        "A gives up with ABORT after it has sent an octet.",
        "open; send 1; abort",
        "listen; read",
        losses=0,
        duplicates=0,
    ),
    _scope(
        "user-timeout",
        "The user timeout of either end may expire at any time.",
        "open; send 1; shutdown; read",
        "listen; read; send 1; shutdown",
        slots=1,
        losses=0,
        duplicates=1,
        user_timeout=True,
    ),
    _scope(
        "zero-window",
        "A window of one octet closes completely and has to open again.",
        "open; send 2",
        "listen; read 2",
        buffer=1,
        losses=1,
        duplicates=1,
    ),
    _scope(
        "quiet",
        "Nothing is lost, so nothing but silence can end an exchange of segments.",
        "open; shutdown; read",
        "listen; shutdown; read",
        losses=0,
        duplicates=1,
    ),
)

SCOPES: dict[str, Scope] = {named.name: named.scope for named in NAMED_SCOPES}

"""The scopes that `halfclose verify` covers, each as small as its properties allow.

Sequence numbers have six bits and the two ISN clocks stand just below the wrap and just below half of the space, so
that in every scope A's numbers pass 0, and B's first number after its SYN is the first whose top bit is set.
"""

from __future__ import annotations

from ..language.profile import parse_profile
from .application import parse_application
from .network import Scope, Wait


def _scope(app_a: str, app_b: str, profile: str = "rfc9293", **bounds: int | bool | Wait | None) -> Scope:
    return Scope(parse_application(app_a), parse_application(app_b), parse_profile(profile), **bounds)  # type: ignore[arg-type]


_AGAIN_A = "open; send 1; shutdown; read; open; send 1; shutdown"
_ONE_OLD: dict[str, int] = {"slots": 2, "slots_back": 1, "losses": 0, "duplicates": 1}
_TWO_OLD: dict[str, int] = {"slots": 3, "slots_back": 1, "losses": 0, "duplicates": 0}
_ONE_CRASH: dict[str, int] = {"lives": 2, "crashes": 1, "losses": 0, "duplicates": 1}
_AGAIN_B = "listen; read; shutdown; listen; read; shutdown"

SCOPES: dict[str, Scope] = {
    # text both ways; A half-closes first, B when it has read everything; any loss, any duplication
    "exchange": _scope("open; send 2; shutdown; read", "listen; send 1; read; shutdown", slots=1),
    # a stream that slides the window along, more than a million states
    "stream": _scope("open; send 6; shutdown; read", "listen; send 1; read; shutdown", slots=1),
    # one direction over a network that reorders
    "reorder": _scope("open; send 2; shutdown", "listen; read; shutdown", slots_back=1, losses=0, duplicates=1, mss=1),
    "held": _scope(
        "open; send 2; shutdown",
        "listen; read; shutdown",
        "hold-out-of-order",
        slots_back=1,
        losses=0,
        duplicates=0,
        mss=1,
    ),
    # any call at any time
    "free": _scope("free: open send read shutdown", "free: listen send read shutdown", slots=1, buffer=1),
    # and everything optional on: RFC 5961, full close, reopening, holding, ABORT
    "options": _scope(
        "free: open listen send read shutdown close abort",
        "free: open listen read shutdown close",
        "linux",
        slots=1,
        buffer=1,
    ),
    # B sends only after A's FIN
    "half-close": _scope("open; send 1; shutdown; read", "listen; read; send 1; shutdown", slots=1),
    # and more than its peer's window holds, so that its FIN has to wait
    "half-close-narrow": _scope("open; shutdown; read", "listen; read; send 2; shutdown", slots=1, buffer=1),
    "simultaneous": _scope("open; send 1; shutdown; read", "open; shutdown; read", slots=1),
    # either end forgets everything once and opens again, among its old segments
    "crash": _scope("free: open send", "free: listen", "rfc9293", **_ONE_CRASH),
    "old-syn": _scope("free: open", "free: open", lives=2, crashes=1, losses=0, duplicates=0),
    # B closes before its handshake is over, among old segments; reading 8, by the letter with RFC 5961's check of ACKs
    "early-close": _scope("free: open send", "free: listen shutdown", "rfc9293", slots_back=1, **_ONE_CRASH),
    "early-close-5961": _scope(
        "free: open send", "free: listen shutdown", "close-by-the-letter+rfc5961-ack", slots_back=1, **_ONE_CRASH
    ),
    "half-open": _scope("free: open send", "free: listen send", slots=1, crashes=1),
    # two connections one after the other with the same ISS
    "reuse": _scope(_AGAIN_A, _AGAIN_B, "isn-reused+rfc1337", **_TWO_OLD),
    "reuse-no-wait": _scope(_AGAIN_A, _AGAIN_B, "isn-reused+rfc1337", wait=Wait.NOTHING, **_ONE_OLD),
    "reuse-other-end": _scope(_AGAIN_A, _AGAIN_B, "isn-reused+isn-reused-early+rfc1337", **_TWO_OLD),
    "reuse-rst": _scope(_AGAIN_A, _AGAIN_B, "isn-reused", **_ONE_OLD),
    # the worked examples of the README
    "full-close": _scope("open; send 2; close", "listen; send 1; read; close", slots=1),
    "abort": _scope("open; send 1; abort", "listen; read", losses=0, duplicates=0),
    "zero-window": _scope("open; send 2", "listen; read 2", buffer=1, losses=1, duplicates=1),
    # nothing is lost, so nothing but silence ends an exchange
    "quiet": _scope("open; shutdown; read", "listen; shutdown; read", losses=0, duplicates=1),
}

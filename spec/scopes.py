"""The scopes that `halfclose verify` covers, each as small as its properties allow.

Sequence numbers have six bits and the two ISN clocks stand just below the wrap and just below half of the space, so
that in every scope one direction's numbers pass 0 and the other's change sign.
"""

from __future__ import annotations

from .application import parse_application
from .network import Scope
from .profile import parse_profile


def _scope(app_a: str, app_b: str, profile: str = "rfc9293", **bounds: int | bool | None) -> Scope:
    return Scope(parse_application(app_a), parse_application(app_b), parse_profile(profile), **bounds)  # type: ignore[arg-type]


_CLIENT = "open; send 2; shutdown; read"
_SERVER = "listen; send 1; read; shutdown"

SCOPES: dict[str, Scope] = {
    # both directions at once, then A half-closes first; B may
    "exchange": _scope(_CLIENT, _SERVER, losses=1, duplicates=1),
    "free": _scope("free: open send read shutdown", "free: listen send read shutdown", slots=1, buffer=1),
    "held": _scope("open; send 2; shutdown", "listen; read; shutdown", "hold-out-of-order", losses=1, duplicates=1),
    "half-close": _scope("open; send 1; shutdown; read", "listen; read; send 1; shutdown", losses=2, duplicates=1),
    "simultaneous": _scope("open; send 1; shutdown; read", "open; shutdown; read", losses=1, duplicates=1),
    "crash": _scope("free: open send", "free: listen send", lives=2, crashes=1, losses=1, duplicates=1),
    "reuse": _scope(
        "open; send 1; shutdown; read; open; send 1; shutdown",
        "listen; read; shutdown; listen; read; shutdown",
        "isn-reused+rfc1337",
        losses=1,
        duplicates=1,
    ),
    "reuse-no-wait": _scope(
        "open; send 1; shutdown; read; open; send 1; shutdown",
        "listen; read; shutdown; listen; read; shutdown",
        "isn-reused+rfc1337",
        losses=0,
        duplicates=1,
        msl=False,
    ),
    "full-close": _scope("open; send 2; close", "listen; send 1; read; close", losses=0, duplicates=0),
    "abort": _scope("open; send 1; abort", "listen; read", losses=0, duplicates=0),
    "zero-window": _scope("open; send 2", "listen; read 2", buffer=1, losses=1, duplicates=1),
    "quiet": _scope("open; shutdown; read", "open; shutdown; read", losses=0, duplicates=2),
}

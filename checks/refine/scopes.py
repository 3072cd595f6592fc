"""The scopes in which the code is explored: some of `halfclose verify`, and some that only the code needs."""

from __future__ import annotations

from halfclose.spec.language.profile import parse_profile
from halfclose.spec.world.application import parse_application
from halfclose.spec.world.network import Scope
from halfclose.spec.world.scopes import SCOPES


def _scope(app_a: str, app_b: str, profile: str = "reference", **bounds: int | bool) -> Scope:
    return Scope(parse_application(app_a), parse_application(app_b), parse_profile(profile), **bounds)  # type: ignore[arg-type]


_ONE_OF_EACH: dict[str, int] = {"slots": 1, "losses": 1, "duplicates": 1}
_BORROWED = (
    "abort",
    "half-open",
    "half-close-narrow",
    "full-close",
    "half-close",
    "simultaneous",
    "held",
    "reorder",
    "exchange",
    "old-syn",
    "text-on-syn",
    "text-on-both-syns",
    "crash",
    "early-close",
    "quiet",
    "zero-window",
    "free",
    "options",
)

#: By name, the cheapest first.
REFINED: dict[str, Scope] = {
    # at the end that closes first, the FIN has to wait behind a full window
    "narrow": _scope("open; send 2; shutdown; read", "listen; read; shutdown", "reference", buffer=1, **_ONE_OF_EACH),
    # the user timeout may expire at any time
    "user-timeout": _scope("open; send 1; shutdown", "listen; read", "reference", user_timeout=True, **_ONE_OF_EACH),
    # a second connection between the same ends, out of TIME-WAIT too
    "again": _scope(
        "open; shutdown; read; open; send 1",
        "listen; read; shutdown; listen; read",
        "linux",
        **_ONE_OF_EACH,
    ),
    # RFC 1337 beside RFC 5961
    "two-rfcs": _scope("open; shutdown; read", "listen; read; shutdown", "lwip", **_ONE_OF_EACH),
    # early segments at the end that has closed already
    "held-after-close": _scope(
        "open; shutdown; read", "listen; send 2; shutdown", slots=1, slots_back=2, losses=0, duplicates=0, mss=1
    ),
    **{name: SCOPES[name] for name in _BORROWED},
}

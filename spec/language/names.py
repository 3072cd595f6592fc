"""Messages about names that do not exist: they suggest the nearest names that do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ENOUGH = 3


def near(name: str, known: Iterable[str]) -> list[str]:
    """The known names most like this one, best first, at most three; case and separators do not count.

    Names that begin with this one, or else contain it, count as near however long they are.
    """
    by_key: dict[str, str] = {}
    for other in known:
        by_key.setdefault(_key(other), other)
    key = _key(name)
    like = get_close_matches(key, by_key, n=_ENOUGH, cutoff=0.6)
    longer = [other for other in by_key if other.startswith(key)] or [other for other in by_key if key in other]
    return [by_key[other] for other in dict.fromkeys((*like, *longer))][:_ENOUGH] if key else []


def unknown(kind: str, name: str, known: Iterable[str], listed: str) -> str:
    """One line: nothing of this kind has this name, and what to write instead.

    listed: the kind of name as `halfclose explain` lists it, for names that are near to none.
    """
    suggestions = near(name, known)
    advice = f"did you mean {' or '.join(suggestions)}?" if suggestions else f"`halfclose explain {listed}` lists them"
    return f"unknown {kind} {name!r}; {advice}"


def _key(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-").replace(".", "-")

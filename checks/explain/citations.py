"""The sections of the RFC, and everything here that cites a section or a requirement.

Only the words of the declaration are shown; for the RFC's own sentence, look the section up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.uses import together
from halfclose.checks.explain.variables import endpoint
from halfclose.spec.claims.agreement import AGREEMENT
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.invariant import INVARIANT
from halfclose.spec.language.edge import Event
from halfclose.spec.language.profile import SWITCHES
from halfclose.spec.language.readings import READINGS
from halfclose.spec.requirements.catalogue import BY_ID
from halfclose.spec.tcp.graph import RULES


def sections() -> Iterator[Entry]:
    """The sections of the RFC that edges or claims cite, and the steps and figures in them that they cite."""
    cited = {cite for cite in _cited() if cite not in BY_ID}
    for name in sorted(cited | {cite.split(" ")[0] for cite in cited if cite[0].isdecimal()}, key=_order):
        yield Entry("section", name, _says(name), partial(citing, name))


def _cited() -> Iterator[str]:
    for cites in (*(rule.cite for rule in RULES), *(claim.cite for claim in CLAIMS)):
        yield from cites


def _says(name: str) -> str:
    """Which kinds of things cite it, in one line; the things themselves are among its facts."""
    return f"cited by {', '.join(kind for kind, lines in citing(name).items() if lines)}"


def citing(name: str) -> Facts:
    """Everything that cites a requirement or a section (or a step of the section), by kind."""
    mentions: dict[str, list[str]] = {}
    for kind, owner, text in _texts():
        if re.search(rf"\b{re.escape(name)}(?![\d.]*\d)", text):
            mentions.setdefault(kind, []).append(f"{owner}: {text}")
    rules = (rule for rule in RULES if _within(rule.cite, name))
    return {
        "edges": [f"{label}: {rule.why or rule.signal}" for label, rule in together(rules).items()],
        "claims": [f"{claim.id} {claim.title}" for claim in CLAIMS if _within(claim.cite, name)],
        **mentions,
    }


def _within(cites: tuple[str, ...], name: str) -> bool:
    return any(cite == name or cite.startswith(f"{name} ") for cite in cites)


def _texts() -> Iterator[tuple[str, str, str]]:
    """Everything else that may speak of the RFC: the kind of thing, its name and its text."""
    yield from (("variables", entry.name, entry.says) for entry in endpoint())
    yield from (("switches", name, switch.means) for name, switch in SWITCHES.items())
    yield from (("readings", each.name, f"{each.where}: {each.default}") for each in READINGS)
    yield from (("conjuncts", each.name, each.why) for each in (*INVARIANT, *AGREEMENT))
    yield from (("events", event.value, event.means) for event in Event)


def _order(name: str) -> tuple[list[int], str]:
    section, _, rest = name.partition(" ")
    return [int(part) if part.isdecimal() else 99 for part in section.split(".")], rest

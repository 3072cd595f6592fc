"""What can be chosen: switches, profiles, and the readings of the RFC's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from halfclose.checks.explain.entry import Entry, Facts
from halfclose.checks.explain.uses import by_event, reading
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Claim
from halfclose.spec.language.profile import PROFILES, SWITCHES, Profile
from halfclose.spec.language.readings import READING_OF, READINGS, Reading
from halfclose.spec.language.terms import Var
from halfclose.spec.tcp.graph import RULES


def switches() -> Iterator[Entry]:
    """The switches, by the names that `--profile` takes: options of TCP, and other readings of the RFC."""
    for name, switch in SWITCHES.items():
        yield Entry("switch", name, switch.means, partial(_switch, switch))


def _switch(switch: Var) -> Facts:
    of = READING_OF.get(switch)
    return {
        "belongs to": [f"{of.name}: {of.where}; by default {of.default}"] if of else [],
        "cost": [of.cost] if of and of.cost else [],
        "on in the profiles": [", ".join(name for name, profile in PROFILES.items() if switch in profile) or "none"],
        "decides": by_event(reading(switch)),
    }


def profiles() -> Iterator[Entry]:
    """Named sets of switches."""
    for name, profile in PROFILES.items():
        says = ", ".join(sorted(profile.on)) or "every switch off: no option, and the default reading everywhere"
        yield Entry("profile", name, says, partial(_profile, profile))


def _profile(profile: Profile) -> Facts:
    return {"its switches": [f"{name}: {SWITCHES[name].means}" for name in SWITCHES if name in profile.on]}


def readings() -> Iterator[Entry]:
    """How ambiguous passages are read."""
    for each in READINGS:
        says = f"{each.where}: {each.default}"
        yield Entry("reading", str(each.number), says, partial(_reading, each))


def _reading(each: Reading) -> Facts:
    return {
        "the other reading": [f"{switch.name}: {switch.means}" for switch in each.switches],
        "what it costs": [each.cost] if each.cost else [],
        "the switch decides": by_event(rule for switch in each.switches for rule in reading(switch)),
        "edges that speak of it": by_event(rule for rule in RULES if _speaks(rule.why, each)),
        "claims that speak of it": [f"{claim.id} {claim.title}" for claim in CLAIMS if _speaks(_words(claim), each)],
    }


def _words(claim: Claim) -> str:
    return " ".join((claim.why, *(prop.name for prop in claim.properties)))


def _speaks(text: str, each: Reading) -> bool:
    """Whether a text mentions this reading: "reading 3" is not in "reading 32"."""
    return bool(re.search(rf"\breadings? {each.number}\b", text, re.IGNORECASE))

"""Whether a citation exists: "3.10.7.4 step 5", "3.5 figure 7", "A.2", "table 6", "MUST-11", "RFC 1337".

A citation names a requirement, another RFC that may be cited (see `numbering`), or a section of RFC 9293, alone or with
one of its parts.  A figure or a table needs no section; with one, it must stand in that section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .catalogue import BY_ID
from .numbering import FIGURES, OTHER_RFCS, PARTS, SECTIONS, TABLES

_CAPTIONS = {"figure": FIGURES, "table": TABLES}
_CAPTION = re.compile(r"(?:(?P<section>\S+) )?(?P<kind>figure|table) (?P<number>\d+)", re.IGNORECASE)
_REQUIREMENT = r"(?:MUST|SHLD|MAY|REC)-\d+"

#: What looks like a citation in running text; "other" is another RFC, perhaps with a section of its own.
_MENTION = re.compile(
    rf"(?P<other>RFC (?!9293\b)\d+)(?:,?\s+(?:Section )?[\d.]*\d)?|(?P<id>\b{_REQUIREMENT}\b)"
    r"|(?<![\w.])(?P<section>3(?:\.\d+)+|A\.\d+(?:\.\d+)*)(?![\w%])(?P<part>\s+(?:step|group|case|figure|table)\s+\d+)?"
    r"|(?P<caption>\b(?:figure|table)\s+\d+\b)",
    re.IGNORECASE,
)


def fault(cite: str) -> str | None:
    """What is wrong with a citation, in one line; None where it exists."""
    if re.fullmatch(_REQUIREMENT, cite):
        return None if cite in BY_ID else f"RFC 9293 has no requirement {cite}"
    if number := re.fullmatch(r"RFC (\d+)", cite):
        return None if int(number[1]) in OTHER_RFCS else f"{cite} is not among the other RFCs that may be cited"
    if caption := _CAPTION.fullmatch(cite):
        return _fault_of_caption(caption["kind"].lower(), int(caption["number"]), caption["section"])
    section, _, part = cite.partition(" ")
    if section not in SECTIONS:
        return f"RFC 9293 has no section {section}"
    if part and part not in PARTS.get(section, ()):
        return f"section {section} of RFC 9293 has no {part}"
    return None


def _fault_of_caption(kind: str, number: int, section: str | None) -> str | None:
    if number not in _CAPTIONS[kind]:
        return f"RFC 9293 has no {kind} {number}"
    place, _ = _CAPTIONS[kind][number]
    return None if section in (None, place) else f"{kind} {number} of RFC 9293 stands in section {place}, not {section}"


def mentions(text: str) -> Iterator[str]:
    """The citations in running text, each as `fault` takes it.

    A section is found where its number begins with "3." or "A.", as those that are cited here do; a number behind the
    name of another RFC is a section of that RFC.
    """
    for found in _MENTION.finditer(text):
        section = found["section"] and found["section"] + (found["part"] or "")
        yield " ".join((section or found["other"] or found["id"] or found["caption"]).split())

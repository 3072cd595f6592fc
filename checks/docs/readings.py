"""docs/readings.md: the table of the readings in `spec.language.readings`, with what a reader needs to use it."""

from __future__ import annotations

from halfclose.checks.docs import markdown
from halfclose.checks.explain.tables import readings_table

_INTRODUCTION = """\
Where the text of RFC 9293 is ambiguous, cannot be reached, or contradicts itself, the specification takes one reading
by default. Where the other reading changes what an endpoint does, it is a *switch*, and the claims show what the switch
costs."""

_USE = """\
A switch is turned on by its name with `--profile`, several are joined by `+`: `halfclose verify S10 --profile rfc1337`.
`halfclose explain 12` describes one reading, `halfclose explain rfc1337` says which edges a switch decides. Section
numbers are those of RFC 9293; *step* means a step of 3.10.7.4."""


def page() -> str:
    """The whole page."""
    return markdown.page("# Readings", _INTRODUCTION, _USE, readings_table().rstrip())

"""The generated pages by their names in docs/, and the Markdown that they share."""

from __future__ import annotations

from collections.abc import Callable

from halfclose.checks.docs import findings, readings, requirements

#: Every generated page: its file name in docs/, and the function that renders it.
PAGES: dict[str, Callable[[], str]] = {
    "readings.md": readings.page,
    "findings.md": findings.page,
    "requirements.md": requirements.page,
}

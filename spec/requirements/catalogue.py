"""All the requirements of RFC 9293: 69 MUST, 31 SHLD, 18 MAY and 1 REC, as in its appendix B."""

from __future__ import annotations

from .closing import CLOSING
from .header import HEADER
from .interface import INTERFACE
from .network import NETWORK
from .opening import OPENING
from .requirement import PREFIXES, Requirement
from .sending import SENDING
from .windows import WINDOWS


def _order(requirement: Requirement) -> tuple[int, int]:
    return PREFIXES.index(requirement.prefix), requirement.number


#: By level, then by number.
REQUIREMENTS: tuple[Requirement, ...] = tuple(
    sorted((*HEADER, *OPENING, *CLOSING, *SENDING, *WINDOWS, *INTERFACE, *NETWORK), key=_order)
)

BY_ID: dict[str, Requirement] = {requirement.id: requirement for requirement in REQUIREMENTS}

"""The state in which every end begins: CLOSED, with a blank TCB, and nothing that ever went wrong.

Explorations, proofs, exported models and the oracle all begin here.  Only the ISN clock is left open: it may show any
number when an end begins (3.4.1).
"""

from __future__ import annotations

from ..language.states import State
from ..language.terms import FALSE, NONE, ORIGIN, TRUE, Sort, Term, Var, num
from ..language.variables import CLOCK, GHOST, STATE, TCB

_BLANK: dict[Sort, Term] = {Sort.BOOL: FALSE, Sort.NUM: NONE, Sort.SEQ: ORIGIN}

#: These ghosts say that something never went wrong; so they hold until it does.
_NEVER_WRONG = (GHOST.GOOD, GHOST.WHOLE, GHOST.FRESH, GHOST.BOUND)

#: The value of every variable of an end, but for the ISN clock.  No segment is under way, and no end has lived before.
INITIAL: dict[Var, Term] = (
    {var: _BLANK[var.sort] for var in TCB if var is not CLOCK}
    | {STATE: num(State.CLOSED.index)}
    | dict.fromkeys(_NEVER_WRONG, TRUE)
)

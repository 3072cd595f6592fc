"""What a step may do, whatever it is (G7-G13): the claims that judge each part of each edge.

Explorations and the invariants see an edge by what comes of it.  A wrong window field, a wrong signal, a number that
nobody relies on comes to nothing, or only much later.  So these claims say of every single step what the general
sentences of the RFC say of it: what a segment that is sent must say, by which events a state is left, what the user is
told, which variables an event may move and how far.  Each is a `Law`, proved of every edge for all values and profiles.
"""

from __future__ import annotations

from .properties import Claim
from .steps_moves import MOVES
from .steps_sent import ANSWERS, FIELDS
from .steps_users import USERS
from .steps_variables import ARRIVALS, FRAME, LIFE

STEPS: tuple[Claim, ...] = (FIELDS, ANSWERS, MOVES, USERS, ARRIVALS, FRAME, LIFE)

"""Conditions that several claims use: about an end, about an end and its peer(...), or about one step of an end."""

from __future__ import annotations

from ..language.profile import TEXT_ON_SYN
from ..language.states import FIN_RECEIVED, OTHER, RECEIVING, SYNCHRONIZED, State
from ..language.terms import all_of, one_if
from ..language.variables import CLOSE_CALLED, CTL, EMITS, GHOST, IRS, ISS, RCV, SND, Fate, after, in_state, out, peer
from .properties import implies

S = State
UP = in_state(*SYNCHRONIZED)
CLOSED = in_state(S.CLOSED)

#: This end took its IRS from the incarnation that the peer is living now.
KNOWS = peer(GHOST.LIFE) == GHOST.PEER
MUTUAL = KNOWS & peer(KNOWS)

#: 3.5.1: this end counts as connected, and its peer has no part in the connection (any more).
HALF_OPEN = UP & ~(peer(in_state(*OTHER)) & MUTUAL)
SPEAKS_TO_NOBODY = HALF_OPEN & (SND.UNA < SND.END)
BOTH_CLOSED = CLOSED & peer(CLOSED)
EVERYTHING_READ = (peer(GHOST.SENT) == GHOST.READ) & (peer(GHOST.READ) == GHOST.SENT)
ENDED_WELL = GHOST.FATE == Fate.CLOSED

#: This end was reset because its peer gave the connection up, with octets of the peer's that will never be read.
LOST_BY_PEER = (GHOST.FATE == Fate.RESET) & (GHOST.READ < peer(GHOST.SENT)) & peer(GHOST.FATE == Fate.ABORTED)

#: Every octet and FIN came from the incarnation that confirmed the connection, and from none that was used before.
NOTHING_OLD = GHOST.GOOD & GHOST.WHOLE & GHOST.FRESH

#: The connection never came about: the peer was not there to answer the SYN.
REFUSED = GHOST.FATE == Fate.REFUSED
SENT_SOMETHING = EMITS & ~out(CTL.RST)
TOOK_FIN = in_state(*RECEIVING, S.SYN_RECEIVED) & after(in_state(*FIN_RECEIVED))

#: One past the last number that this end has really taken: octets in its buffer or read, and the FIN.
REALLY_HAS = IRS + 1 + GHOST.GOT + one_if(in_state(*FIN_RECEIVED))
TAKEN = after(GHOST.GOT) - GHOST.GOT

#: What the variables of an end may be, state by state.
IN_RANGE = all_of(
    RCV.USER + RCV.WND <= RCV.BUFF,
    SND.WND <= SND.MAX_WND,
    GHOST.GOT <= GHOST.READ + RCV.BUFF,
    implies(in_state(*OTHER, S.SYN_SENT), (SND.UNA <= SND.NXT) & (ISS <= SND.UNA)),
    implies(in_state(*SYNCHRONIZED), (SND.UNA > ISS) & (SND.WL2 <= SND.UNA) & (RCV.NXT == REALLY_HAS)),
    implies(in_state(*OTHER, S.SYN_SENT) & ~CLOSE_CALLED, SND.NXT <= SND.END),
    implies(in_state(S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.LAST_ACK, S.TIME_WAIT), CLOSE_CALLED),
    implies(in_state(*OTHER) & CLOSE_CALLED, SND.NXT <= SND.END + 1),
    implies(in_state(S.FIN_WAIT_2, S.TIME_WAIT), SND.UNA == SND.END + 1),
    implies(in_state(S.LAST_ACK), SND.NXT == SND.END + 1),
    implies(in_state(S.SYN_SENT, S.SYN_RECEIVED), (SND.UNA == ISS) & (TEXT_ON_SYN | (SND.NXT == ISS + 1))),
    implies(in_state(S.SYN_SENT, S.SYN_RECEIVED), RCV.WND == RCV.BUFF),
)

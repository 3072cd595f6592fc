"""Mistakes in the ghosts' bookkeeping.  The ghosts are part of what is proved, so the proof must notice a wrong one."""

from __future__ import annotations

from ..language.terms import FALSE, TRUE
from ..language.variables import GHOST, SEG
from .changes import setting
from .mutant import ONLY_GHOSTS, Mutant, mutant

GHOSTS: tuple[Mutant, ...] = (
    mutant(
        "crash-forgets-the-count",
        "a crash resets the count of incarnations",
        ("crash", setting(GHOST.LIFE.becomes(0))),
        harmless=ONLY_GHOSTS,
    ),
    mutant(
        "crash-forgets-octets",
        "a crash resets the count of octets received",
        ("crash", setting(GHOST.GOT.becomes(0))),
        harmless=ONLY_GHOSTS,
    ),
    mutant(
        "syn-not-noted",
        "whose SYN it was is not noted",
        ("listen.syn", setting(GHOST.PEER.becomes(0))),
        harmless=ONLY_GHOSTS,
    ),
    mutant(
        "peer-misnoted",
        "the SYN is taken for that of the incarnation to come",
        ("listen.syn", setting(GHOST.PEER.becomes(SEG.LIFE + 1))),
        harmless=ONLY_GHOSTS,
    ),
    mutant(
        "joined-by-a-syn",
        "a SYN counts as a confirmation",
        ("syn-sent.syn", setting(GHOST.JOINED.becomes(TRUE))),
        harmless=ONLY_GHOSTS,
    ),
    mutant(
        "joined-not-noted",
        "a confirmation is not noted",
        ("syn-received.ack", setting(GHOST.JOINED.becomes(FALSE))),
        harmless=ONLY_GHOSTS,
    ),
)

"""All the claims: of the study notes (S1-S12), what any protocol proof owes its reader (G1-G6), of steps (G7-G13)."""

from __future__ import annotations

from .general import GENERAL
from .properties import Claim
from .steps import STEPS
from .study_notes import NOTES

CLAIMS: tuple[Claim, ...] = (*NOTES, *GENERAL, *STEPS)

BY_ID: dict[str, Claim] = {claim.id: claim for claim in CLAIMS}

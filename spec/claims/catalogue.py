"""All the claims: those of the study notes (S1-S12) and those that any protocol proof owes its reader (G1-G6)."""

from __future__ import annotations

from .general import GENERAL
from .properties import Claim
from .study_notes import NOTES

CLAIMS: tuple[Claim, ...] = (*NOTES, *GENERAL)

BY_ID: dict[str, Claim] = {claim.id: claim for claim in CLAIMS}

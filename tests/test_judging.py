"""What a mistake in the judges would hide: each end is judged, both ways round, and free applications need not call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.progress import decide
from halfclose.spec.claims.properties import Always, Eventually, OnStep, Sometimes, implies
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import num
from halfclose.spec.language.variables import GHOST, after, in_state, peer
from halfclose.spec.tcp.graph import tcp
from halfclose.spec.world.application import parse_application
from halfclose.spec.world.scopes import SCOPES

S = State
#: A opens and B listens, so SYN-SENT is a state of A alone, LISTEN and SYN-RECEIVED are states of B alone.
SCOPE = SCOPES["half-close"]


def holds(prop: Always | OnStep | Sometimes) -> bool:
    return Judge(SCOPE, [prop]).run(SCOPE, tcp(SCOPE.profile), stop_early=True).outcomes[0].holds


@pytest.mark.parametrize("state", [S.SYN_SENT, S.LISTEN], ids=["of A", "of B"])
def test_a_step_of_either_end_can_violate_a_claim_on_steps(state: State) -> None:
    assert not holds(OnStep("stays", "half-close", (), implies(in_state(state), after(in_state(state)))))


@pytest.mark.parametrize("state", [S.SYN_SENT, S.SYN_RECEIVED], ids=["of A", "of B"])
def test_a_pair_is_judged_with_either_end_as_this_one(state: State) -> None:
    assert not holds(Always("never", "half-close", (), ~in_state(state)))
    assert not holds(Always("never of the peer", "half-close", (), ~peer(in_state(state))))
    assert holds(Sometimes("once", "half-close", (), in_state(state) & ~peer(in_state(state))))


@pytest.mark.parametrize(("app_a", "connects"), [("open", True), ("free: open", False)])
def test_a_program_makes_its_call_at_last_and_a_free_application_need_not(app_a: str, connects: bool) -> None:
    scope = replace(SCOPE, app_a=parse_application(app_a), app_b=parse_application("listen"), losses=0, duplicates=0)
    goal = Eventually("a connection is asked for", "half-close", (), num(1) <= GHOST.LIFE)
    assert decide(scope, tcp(scope.profile), [goal])[0].holds is connects

"""The readings and the switches that choose them, and the names that values and scopes have for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.language.profile import SWITCHES, WITHOUT_READING
from halfclose.spec.language.readings import READING_OF, READINGS
from halfclose.spec.language.terms import show
from halfclose.spec.language.variables import GHOST, STATE, Fate, peer
from halfclose.spec.world.scopes import NAMED_SCOPES, SCOPES

SPEC = Path(__file__).parent.parent / "spec"


def test_readings_are_numbered_from_1_without_a_gap() -> None:
    assert [reading.number for reading in READINGS] == list(range(1, len(READINGS) + 1))


def test_every_switch_belongs_to_one_reading_or_is_declared_to_belong_to_none() -> None:
    of_readings = [switch for reading in READINGS for switch in reading.switches]
    names = [switch.name for switch in (*of_readings, *WITHOUT_READING)]
    assert sorted(names) == sorted(SWITCHES)


def test_a_switch_does_not_repeat_the_number_of_its_reading() -> None:
    assert not [switch.name for switch in SWITCHES.values() if "reading" in switch.means]


def test_the_other_reading_is_what_its_switches_mean() -> None:
    two = READING_OF[SWITCHES["time-wait-acks-all"]]
    assert two.number == 2
    assert two.other == "TIME-WAIT acknowledges every acceptable segment"


@pytest.mark.parametrize("file", sorted(SPEC.rglob("*.py")), ids=lambda file: str(file.relative_to(SPEC)))
def test_readings_that_the_declaration_speaks_of_exist(file: Path) -> None:
    spoken_of = {int(number) for number in re.findall(r"[Rr]eadings? (\d+)", file.read_text(encoding="utf-8"))}
    assert spoken_of <= {reading.number for reading in READINGS}


def test_fates_and_states_are_shown_by_their_names() -> None:
    assert show(GHOST.FATE == Fate.CLOSED) == "FATE = closed"
    assert show(GHOST.FATE != Fate.TIMED_OUT) == "FATE /= timed-out"
    assert show(peer(GHOST.FATE == Fate.RESET)) == "PEER.FATE = reset"
    assert show(STATE == 10) == "STATE = TIME-WAIT"


def test_a_number_beyond_the_named_values_is_shown_as_a_number() -> None:
    assert show(GHOST.FATE == 7) == "FATE = 7"


def test_every_scope_says_in_one_sentence_what_it_is_there_for() -> None:
    assert list(SCOPES) == [named.name for named in NAMED_SCOPES]
    for named in NAMED_SCOPES:
        assert re.fullmatch(r"[A-Z].*[^.]\.", named.says), named.name
        assert ". " not in named.says, named.name


def test_every_explored_scope_is_used_by_a_claim() -> None:
    used = {prop.scope for claim in CLAIMS for prop in claim.properties}
    assert set(SCOPES) <= used

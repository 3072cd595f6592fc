"""A user's own property: explored, tried as a conjunct, and refused in one line where the file is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from halfclose.checks.claims.user_property import BadProperty, load, try_property
from halfclose.checks.explore.trace import Lasso

HEAD = """
from halfclose.spec.claims.properties import Always, Eventually, OnStep, Sometimes, implies
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import GHOST, RCV, SND, Fate, after, in_state, peer
"""


def write(folder: Path, body: str) -> Path:
    file = folder / "property.py"
    file.write_text(HEAD + body)
    return file


def test_a_property_of_one_end_is_explored_and_proved(tmp_path: Path) -> None:
    formula = "implies(in_state(State.FIN_WAIT_2), SND.UNA == SND.END + 1)"
    body = f"PROPERTY = Always('mine', 'simultaneous', ('any-ack-acknowledges-fin',), {formula})"
    tried = try_property(load(write(tmp_path, body)))
    assert tried.holds
    assert tried.breaks == ()
    assert tried.mutants == (("any-ack-acknowledges-fin", True),)
    assert tried.to_json()["inductive"] is True


def test_a_false_property_fails_with_a_trace_and_names_the_edges_that_break_it(tmp_path: Path) -> None:
    body = "PROPERTY = Always('naive', 'half-close', (), ~in_state(State.TIME_WAIT))"
    tried = try_property(load(write(tmp_path, body)))
    assert not tried.holds
    assert tried.trace is not None
    assert "TIME-WAIT" in {state.value for state in tried.trace.steps[-1].states}
    assert "fin-wait-2.fin" in (tried.breaks or ())


def test_no_mutant_is_tried_on_a_property_that_fails_already(tmp_path: Path) -> None:
    body = "PROPERTY = Always('naive', 'half-close', ('any-ack-acknowledges-fin',), ~in_state(State.TIME_WAIT))"
    tried = try_property(load(write(tmp_path, body)))
    assert tried.mutants == (("any-ack-acknowledges-fin", None),)
    said = tried.to_json()
    assert (said["broken_by"], said["not_broken_by"]) == ([], [])
    assert said["mutants_not_tried"] == ["any-ack-acknowledges-fin"]


def test_a_property_of_both_ends_is_explored_only(tmp_path: Path) -> None:
    formula = "implies(in_state(State.TIME_WAIT), GHOST.GOT == peer(GHOST.SENT))"
    tried = try_property(load(write(tmp_path, f"PROPERTY = Always('both', 'half-close', (), {formula})")))
    assert tried.holds
    assert tried.breaks is None


def test_what_happens_at_last_is_decided_by_fairness(tmp_path: Path) -> None:
    goal = "(in_state(State.CLOSED) & peer(in_state(State.CLOSED)))"
    refused = "(GHOST.FATE == Fate.REFUSED) | peer(GHOST.FATE == Fate.REFUSED)"
    body = f"PROPERTY = Eventually('it ends', 'half-close', ('no-retransmission-in-last-ack',), {goal} | {refused})"
    tried = try_property(load(write(tmp_path, body)))
    assert tried.holds
    assert tried.breaks is None
    assert tried.mutants == (("no-retransmission-in-last-ack", True),)


def test_what_need_not_happen_fails_with_a_lasso(tmp_path: Path) -> None:
    body = "PROPERTY = Eventually('both in TIME-WAIT', 'half-close', (), in_state(State.TIME_WAIT))"
    tried = try_property(load(write(tmp_path, body)))
    assert not tried.holds
    assert isinstance(tried.trace, Lasso)
    assert tried.to_json()["trace"].keys() == {"stem", "cycle"}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("PROPERTY = (", "is not Python"),
        ("PROPERTY = Always('x', 'exchange', (), SND.XYZ == 0)", "AttributeError"),
        ("PROPERTY = Always('x', 'exchange', (), nonsense)", "NameError"),
        ("PROPERTY = Always('x', 'exchange', (), SND.UNA < RCV.WND)", "TypeError"),
        ("PROPERTY = Always('x', 'nowhere', (), SND.UNA == RCV.NXT)", "nowhere"),
        ("PROPERTY = Always('x', 'half-closed', (), SND.UNA == RCV.NXT)", "did you mean half-close"),
        ("PROPERTY = Always('x', 'exchange', ('nonsense',), SND.UNA == RCV.NXT)", "`halfclose explain mutants`"),
        ("PROPERTY = Always('x', 'exchange', ('no-triming',), SND.UNA == RCV.NXT)", "did you mean no-trimming"),
        ("PROPERTY = Always('x', 'exchange', (), after(SND.UNA) == SND.UNA)", "can see"),
        ("PROPERTY = Eventually('x', 'exchange', (), after(SND.UNA) == SND.UNA)", "can see"),
        ("PROPERTY = Eventually('x', 'exchange', (), SND.UNA)", "must be a condition"),
        ("PROPERTY = 3", "must define PROPERTY"),
        ("", "must define PROPERTY"),
        ("PROPERTY = Always('x', 'exchange', (), SND.UNA)", "must be a condition"),
        ("PROPERTY = Always('x', 'exchange', (), True)", "must be a condition"),
        ("PROPERTY = Always('x', ['exchange'], (), SND.UNA == RCV.NXT)", "the name of one"),
        ("PROPERTY = Always('x', 'exchange', None, SND.UNA == RCV.NXT)", "tuple of names"),
        ("PROPERTY = Always('x', 'exchange', ([1],), SND.UNA == RCV.NXT)", "tuple of names"),
        ("PROPERTY = Always('\\ud800', 'exchange', (), SND.UNA == RCV.NXT)", "one line of text"),
        ("class E(BaseException): pass\nraise E", "raises E"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "cannot be read"),
        ("raise RuntimeError('no\\nway')", "RuntimeError: no way"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, body: str, word: str) -> None:
    with pytest.raises(BadProperty, match=word) as error:
        load(write(tmp_path, body))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadProperty, match="cannot read"):
        load(tmp_path / "none.py")


def test_a_file_may_hold_what_python_runs(tmp_path: Path) -> None:
    code = "from dataclasses import dataclass\n@dataclass\nclass Own:\n    x: int\n"
    file = write(tmp_path, code + "PROPERTY = Always('a [/b] c', 'half-close', (), SND.UNA <= SND.NXT)")
    file.write_bytes(b"\xef\xbb\xbffrom __future__ import annotations\n" + file.read_bytes())
    assert load(file).name == "a [/b] c"

"""The bridge to the wire: every lemma with its exact bound, every comparison in a lemma."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halfclose.checks.prove.bridge import bridge, exhaust, resolve, sites
from halfclose.checks.prove.lemmas import AGE, LEMMAS, Bound, Lemma, Size, largest_window
from halfclose.spec.language.terms import Term, substitute
from halfclose.spec.language.variables import RCV, SEG, SND, N
from halfclose.spec.tcp.graph import TCP, Graph

BY_NAME = {lemma.name: lemma for lemma in LEMMAS}


def _with(lemma: Lemma, bound: Bound) -> Lemma:
    return replace(lemma, bounds=tuple(bound if b.var is bound.var else b for b in lemma.bounds))


def test_the_largest_window_is_that_of_window_scaling() -> None:
    assert largest_window(32) == 65535 << 14


@pytest.mark.parametrize("bits", [4, 5, 6])
def test_small_widths_are_proved_and_every_bound_is_the_largest(bits: int) -> None:
    result = bridge(bits)
    assert not result.faults
    assert all(lemma.proved for lemma in result.lemmas)
    assert all(covered.lemmas for covered in result.coverage)


@pytest.mark.parametrize("name", ["order", "ack", "ack-range", "window-update", "reopen", "send-window"])
def test_lemmas_hold_at_32_bits(name: str) -> None:
    (lemma,) = bridge(32, Graph(TCP.rules), (BY_NAME[name],)).lemmas
    assert lemma.proved


def test_one_octet_more_is_refuted() -> None:
    lemma = _with(BY_NAME["ack"], Bound(AGE, Size(4, -1, -1)))
    faults = bridge(32, Graph(()), (lemma,)).faults
    assert faults[0].startswith("ack: words and integers differ: ")


def test_one_octet_less_is_not_the_largest() -> None:
    lemma = _with(BY_NAME["ack"], Bound(AGE, Size(4, -3, -1)))
    assert "ack: holds beyond AGE = 2^k - W - 3" in bridge(32, Graph(()), (lemma,)).faults


def test_a_lemma_that_nothing_satisfies_is_vacuous() -> None:
    lemma = replace(BY_NAME["ack"], premises=(*BY_NAME["ack"].premises, SND.NXT < SND.UNA))
    assert "ack: nothing satisfies its premises" in bridge(6, Graph(()), (lemma,)).faults


def test_premises_that_bound_nothing_are_reported() -> None:
    lemma = replace(BY_NAME["order"], premises=())
    assert any("unbounded" in fault for fault in bridge(6, Graph(()), (lemma,)).faults)


def _changed(name: str, instead: Term) -> Graph:
    """The graph with the last condition of one rule changed."""
    rules = (replace(r, guard=(*r.guard[:-1], instead)) if r.name == name else r for r in TCP.rules)
    return Graph(tuple(rules))


def test_a_comparison_in_no_lemma_is_a_fault() -> None:
    faults = bridge(4, _changed("output.text", SND.UNA + 7 > SND.NXT)).faults
    assert any(f.startswith("in no lemma: SND.NXT < SND.UNA+7 (output.text@") for f in faults)


def test_an_old_comparison_in_a_place_where_no_lemma_applies_is_a_fault() -> None:
    faults = bridge(4, _changed("listen.rst", SND.NXT + N <= SND.END)).faults
    assert "listen.rst: the premises of no lemma about SND.NXT+N =< SND.END follow there" in faults


def test_a_lemma_about_a_comparison_that_is_gone_is_a_fault() -> None:
    lemma = replace(BY_NAME["reopen"], terms=("RCV.NXT < SEG.ACK",))
    assert bridge(4, TCP, (lemma,)).faults[0] == "reopen: no edge compares RCV.NXT < SEG.ACK"


def test_a_changed_comparison_does_not_agree() -> None:
    (term,) = BY_NAME["acceptable"].terms
    assert isinstance(term, Term)
    wider = replace(BY_NAME["acceptable"], terms=(substitute(term, {SEG.SEQ: SEG.SEQ + RCV.WND}),))
    result = bridge(6, Graph(()), (wider,)).lemmas[0]
    assert not result.holds


#: The window update has six numbers: too many cases for a test.
_FEW = [name for name in BY_NAME if name != "window-update"]


@pytest.mark.parametrize("name", _FEW)
def test_every_case_agrees_without_a_solver(name: str) -> None:
    lemma = BY_NAME[name]
    cases, differing = exhaust(lemma, resolve(lemma, sites()), 4)
    assert cases
    assert not differing


def test_every_case_finds_what_lies_beyond_a_bound() -> None:
    lemma = _with(BY_NAME["ack"], Bound(AGE, Size(4, -1, -1)))
    assert exhaust(lemma, resolve(lemma, {}), 4)[1]


def test_json_is_plain_data() -> None:
    data = bridge(4, Graph(()), (BY_NAME["order"],)).to_json()
    assert data["lemmas"][0]["name"] == "order"
    assert data["queries"] == 5

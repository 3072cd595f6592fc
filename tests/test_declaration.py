"""The declaration as a whole: its graph, its guards, its citations, its mutants."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfclose.checks.claims.shapes import SHAPES
from halfclose.checks.claims.totality import check_totality
from halfclose.checks.prove.proofs import OBLIGATIONS
from halfclose.checks.readers.python import AT, Arithmetic, compile_edge
from halfclose.checks.readers.smt import Integers, Translation, Words
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.claims.properties import Inductive, Law, Replay, Shape, Theorem
from halfclose.spec.language.edge import Event, reads_a_ghost
from halfclose.spec.language.profile import (
    CLOSE_BY_THE_LETTER,
    PROFILES,
    SWITCHES,
    Profile,
    UnknownSwitch,
    parse_profile,
)
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind, Sort, variables
from halfclose.spec.language.variables import CHOICES, CONSTANTS, SEGMENT, STATE, TCB
from halfclose.spec.mutants.defects import MUTANTS, UnknownMutant, mutated
from halfclose.spec.tcp.graph import RULES, TCP, Graph, tcp
from halfclose.spec.tcp.synchronized import ACK_IS_GOOD
from halfclose.spec.world.scopes import SCOPES

_CITATION = re.compile(
    r"(3\.\d+(\.\d+)*( (step \d|first|second|third|fourth|fifth|figure \d+))?|A\.2|MUST-\d+|SHLD-\d+|MAY-\d+|RFC \d+)"
)


def test_edge_names_are_unique() -> None:
    names = [edge.name for edge in TCP.edges]
    assert len(names) == len(set(names))


def test_no_guard_reads_a_ghost() -> None:
    assert [rule.name for rule in RULES if reads_a_ghost(rule)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_cites_the_rfc(rule: object) -> None:
    assert rule.cite  # type: ignore[attr-defined]
    assert all(_CITATION.fullmatch(cite) for cite in rule.cite), rule.cite  # type: ignore[attr-defined]


def test_only_an_edge_s_target_sets_the_state() -> None:
    assert all(a.var is not STATE for rule in RULES for a in (*rule.updates, *rule.ghosts))


def test_real_updates_set_real_variables_and_ghost_updates_ghosts() -> None:
    for rule in RULES:
        assert all(a.var.kind is Kind.TCB for a in rule.updates), rule.name
        assert all(a.var.kind is Kind.GHOST for a in rule.ghosts), rule.name


def test_all_eleven_states_are_reachable_from_closed_in_the_graph() -> None:
    import networkx as nx

    assert nx.descendants(TCP.networkx, State.CLOSED) | {State.CLOSED} == set(State)


def test_figure_5_is_in_the_graph() -> None:
    arrows = {(edge.source.value, edge.target.value) for edge in TCP.edges}
    assert arrows >= {
        ("CLOSED", "LISTEN"),
        ("LISTEN", "CLOSED"),
        ("CLOSED", "SYN-SENT"),
        ("SYN-SENT", "CLOSED"),
        ("LISTEN", "SYN-RECEIVED"),
        ("LISTEN", "SYN-SENT"),
        ("SYN-RECEIVED", "LISTEN"),
        ("SYN-SENT", "SYN-RECEIVED"),
        ("SYN-SENT", "ESTABLISHED"),
        ("SYN-RECEIVED", "ESTABLISHED"),
        ("SYN-RECEIVED", "FIN-WAIT-1"),
        ("ESTABLISHED", "FIN-WAIT-1"),
        ("ESTABLISHED", "CLOSE-WAIT"),
        ("FIN-WAIT-1", "FIN-WAIT-2"),
        ("FIN-WAIT-1", "CLOSING"),
        ("FIN-WAIT-1", "TIME-WAIT"),
        ("FIN-WAIT-2", "TIME-WAIT"),
        ("CLOSING", "TIME-WAIT"),
        ("CLOSE-WAIT", "LAST-ACK"),
        ("LAST-ACK", "CLOSED"),
        ("TIME-WAIT", "CLOSED"),
    }


@pytest.mark.parametrize("domain", [Integers(), Words(32), Words(6)], ids=["integers", "32 bits", "6 bits"])
def test_guards_are_exclusive_and_exhaustive(domain: Integers | Words) -> None:
    assert check_totality(domain=domain).faults == ()


def test_a_missing_rule_is_found_and_an_overlap_too() -> None:
    missing = check_totality(Graph(mutated("step5-no-ack-gone")))
    overlap = check_totality(Graph(mutated("no-ack-bit-unguarded")))
    assert any("no guard" in str(fault) for fault in missing.faults)
    assert any("overlap" in str(fault) for fault in overlap.faults)


def test_each_profile_decides_every_switch() -> None:
    for profile in PROFILES.values():
        for edge in tcp(profile).edges:
            terms = (edge.guard, *edge.updates.values())
            assert not any(var.kind is Kind.SWITCH for var in variables(*terms)), edge.name


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_changes_the_rules(name: str) -> None:
    changed = mutated(name)
    assert len(changed) != len(RULES) or any(new is not old for new, old in zip(changed, RULES, strict=True))


def test_every_mutant_is_named_by_a_claim_or_proved_harmless_and_every_name_exists() -> None:
    named = {name for claim in CLAIMS for prop in claim.properties for name in prop.broken_by}
    proved = {name for name, mutant in MUTANTS.items() if "proved" in mutant.harmless}
    assert named | proved == set(MUTANTS)


_PLACES: dict[type, Container[str]] = {
    Replay: FIGURES,
    Shape: SHAPES,
    Inductive: OBLIGATIONS,
    Law: OBLIGATIONS,
    Theorem: OBLIGATIONS,
}


def test_every_property_names_a_mutant_and_a_place() -> None:
    for claim in CLAIMS:
        for prop in claim.properties:
            assert prop.broken_by, prop.name
            assert prop.scope in _PLACES.get(type(prop), SCOPES)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("listen.syn", {"target": State.ESTABLISHED, "guard": (ACK_IS_GOOD,)}),
        ("close.syn-received.now", {"guard": (~CLOSE_BY_THE_LETTER,)}),
    ],
    ids=["an edge from LISTEN", "an edge that reading 8 by the letter excludes"],
)
def test_another_way_into_a_synchronized_state_is_found(rule: str, change: dict[str, Any]) -> None:
    graph = Graph(tuple(replace(one, **change) for one in RULES if one.name == rule))
    (fault,) = SHAPES["entries need an acknowledged SYN"](graph).faults
    assert fault.startswith(f"{rule} enters ")


def test_all_the_claims_of_the_mission_are_there() -> None:
    assert {f"S{n}" for n in range(1, 13)} <= {claim.id for claim in CLAIMS}


@pytest.mark.parametrize(
    ("name", "meant"),
    [("two-way-hanshake", "two-way-handshake"), ("FIN_SENT_TWICE", "fin-sent-twice"), ("no-time", "no-time-wait")],
)
def test_an_unknown_mutant_suggests_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownMutant, match=f"did you mean .*{meant}"):
        mutated(name)


def test_a_name_that_is_near_to_none_says_where_all_are_listed_in_one_line() -> None:
    with pytest.raises(UnknownMutant, match=r"^unknown mutant 'xyzzy'; `halfclose explain mutants` lists them$"):
        mutated("xyzzy")


def test_an_unknown_switch_suggests_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownSwitch, match="did you mean rfc5961-rst"):
        parse_profile("rfc9293+rfc5961-rts")


def test_profiles_are_joined_with_plus() -> None:
    assert parse_profile("rfc5961+rfc1337").on == {"rfc5961-rst", "rfc5961-syn", "rfc5961-ack", "rfc1337"}


def test_the_arrows_between_the_folders_point_one_way() -> None:
    root = Path(__file__).parent.parent
    for folder, foreign in (
        ("spec", "halfclose.checks|halfclose.reference|z3"),
        ("reference", "halfclose.(checks|spec)"),
    ):
        for file in (root / folder).glob("**/*.py"):
            assert not re.search(rf"^(from|import) +({foreign})", file.read_text(), re.M), file


BITS = 12
_WORD = st.integers(0, 2**BITS - 1)
_SMALL = st.integers(0, 9)
_OF_SORT = {Sort.SEQ: _WORD, Sort.NUM: _SMALL, Sort.BOOL: st.integers(0, 1)}


@settings(max_examples=25)
@given(st.data())
def test_python_and_z3_take_the_same_step(data: st.DataObject) -> None:
    """The same edge object, evaluated as generated code and as bit-vectors, gives the same guard and updates."""
    profile = Profile(frozenset(name for name in SWITCHES if data.draw(st.booleans(), label=name)))
    graph = tcp(profile)
    edge = data.draw(st.sampled_from([e for e in graph.edges if e.event is not Event.STATUS]), label="edge")
    values = {var: data.draw(_OF_SORT[var.sort], label=var.name) for var in (*TCB, *SEGMENT, *CHOICES)}
    constants = dict.fromkeys(CONSTANTS, 9)
    local = tuple(values[var] for var in TCB)
    step = compile_edge(edge, Arithmetic(BITS, constants))
    result = step(local, tuple(values[var] for var in SEGMENT), tuple(values[var] for var in CHOICES))  # type: ignore[arg-type]

    translate = Translation(Words(BITS))
    known = [(translate.var(var), _literal(var.sort, value)) for var, value in (values | constants).items()]
    assert _value(translate(edge.guard), known) == (result is not None)
    if result is not None:
        for var, term in edge.updates.items():
            assert _value(translate(term), known) == result[0][AT[var]] % 2**BITS


def _literal(sort: Sort, value: int) -> object:
    import z3

    return z3.BoolVal(bool(value)) if sort is Sort.BOOL else z3.BitVecVal(value, BITS)


def _value(expression: object, known: list[tuple[object, object]]) -> int:
    import z3

    value = z3.simplify(z3.substitute(expression, *known))
    return int(z3.is_true(value)) if z3.is_bool(value) else value.as_long()

"""Terms: sorts, printing, and modulo comparison in every domain that evaluates them."""

from __future__ import annotations

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from halfclose.checks.readers.python import Arithmetic
from halfclose.checks.readers.smt import Translation, Words
from halfclose.spec.language.terms import (
    FALSE,
    TRUE,
    Kind,
    Sort,
    Term,
    all_of,
    any_of,
    ite,
    num,
    show,
    substitute,
    variable,
)

X = variable("X", Sort.SEQ, Kind.TCB, "")
Y = variable("Y", Sort.SEQ, Kind.TCB, "")
K = variable("K", Sort.NUM, Kind.TCB, "")
FLAG = variable("FLAG", Sort.BOOL, Kind.TCB, "")
PLACES = {X: "x", Y: "y"}
word = st.integers(0, 2**32 - 1)


def on_the_wire(term: Term, x: int, y: int, bits: int = 32) -> bool:
    return bool(Arithmetic(bits, {}).function("x, y", term, PLACES)(x, y))


@given(word, st.integers(1, 2**31 - 1))
def test_a_number_less_than_half_the_space_ahead_is_larger(x: int, ahead: int) -> None:
    y = (x + ahead) % 2**32
    assert on_the_wire(X < Y, x, y)
    assert on_the_wire(X <= Y, x, y)
    assert not on_the_wire(Y <= X, x, y)


@given(word)
def test_a_number_is_not_less_than_itself(x: int) -> None:
    assert not on_the_wire(X < Y, x, x)
    assert on_the_wire(X <= Y, x, x)


@given(word, word)
def test_python_and_z3_compare_words_alike(x: int, y: int) -> None:
    for term in (X < Y, X <= Y, X + 5 < Y, X - 3 <= Y, X == Y):
        solver = z3.Solver()
        translate = Translation(Words(32))
        solver.add(translate.var(X) == x, translate.var(Y) == y, translate(term))
        assert (solver.check() == z3.sat) == on_the_wire(term, x, y)


def test_numbers_wrap_at_the_modelled_width() -> None:
    assert on_the_wire(X < Y, 62, 1, bits=6)
    assert not on_the_wire(X < Y, 1, 62, bits=6)


@pytest.mark.parametrize(
    "wrong", [lambda: X < K, lambda: X == K, lambda: K + X, lambda: K - X, lambda: ite(FLAG, X, K)]
)
def test_sorts_do_not_mix(wrong: object) -> None:
    with pytest.raises(TypeError):
        wrong()  # type: ignore[operator]


def test_a_term_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="no truth value"):
        bool(X < Y)


def test_a_variable_takes_only_values_of_its_sort() -> None:
    with pytest.raises(TypeError):
        X.becomes(K)
    assert X.becomes(7).value.sort is Sort.SEQ


def test_constants_fold() -> None:
    assert all_of() is TRUE
    assert any_of() is FALSE
    assert (FLAG & FALSE) is FALSE
    assert (FLAG | TRUE) is TRUE
    assert ~~FLAG is FLAG
    assert substitute(ite(FLAG, 1, 2), {FLAG: TRUE}).value == 1
    assert (num(2) < num(3)) is TRUE


def test_terms_print_in_the_notation_of_the_rfc() -> None:
    assert show((X < Y) & (Y <= X + K)) == "X < Y and Y =< X+K"
    assert show(~(X == Y)) == "X /= Y"
    assert show((FLAG | (X < Y)) & FLAG) == "(FLAG or X < Y) and FLAG"

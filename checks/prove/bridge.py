"""The bridge from proofs over absolute integers to the wire, where sequence numbers are words modulo 2^k.

The proofs by induction treat sequence numbers as integers that never wrap; a TCP compares words of 32 bits.  Both agree
as long as the numbers compared lie close enough together, for example by less than half the space for a < b (3.4).
The bridge says how close, and proves it.

Every comparison of sequence numbers that the declaration makes, and every difference of two that it uses as a number,
is found by walking the edges.  Three things are proved of each:

- It occurs in a lemma (lemmas.py): under the lemma's premises the term has the same value on words as on integers.
- At every edge that makes it, the premises of such a lemma follow from the invariants (grounds.py), except for those on
  ages and sizes: these remain as assumptions about the world.
- The bounds in the premises are exact: the lemma holds with the bound, and fails by a counterexample with one more.

A solver for words needs a finite width for the integers as well.  An integer is a signed bit-vector of k + 6 bits here,
and the word is its low k bits.  Nothing is lost by this.  The terms depend on differences only, so of the numbers that
are compared with each other one (the anchor) can be fixed at a multiple of 2^k; and a query of its own shows that the
premises then keep all others so far inside the k + 6 bits that nothing overflows.  At small widths `exhaust` tries
every single case without a solver, for every value of the anchor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import z3

from halfclose.checks.prove.grounds import compares, notation, ungrounded
from halfclose.checks.prove.lemmas import LEMMAS, Bound, Lemma
from halfclose.checks.readers.python import expression
from halfclose.checks.readers.smt import Expr, Translation, Words
from halfclose.spec.language.terms import Sort, Term, Var, all_of, num, show, substitute, variables, walk
from halfclose.spec.tcp.graph import TCP, Graph

_HEADROOM = 6


@dataclass(frozen=True, eq=False)
class Site:
    """One comparison, or one difference used as a number, and the edges that make it."""

    term: Term
    edges: tuple[str, ...]

    def __str__(self) -> str:
        return show(self.term, named_too=False)


def sites(graph: Graph = TCP) -> dict[str, Site]:
    """Every comparison of the guards, updates and emissions, by its notation."""
    found: dict[str, tuple[Term, dict[str, None]]] = {}
    for edge in graph.edges:
        emitted = edge.emission() or {}
        for term in (edge.guard, *edge.updates.values(), *emitted.values()):
            for node in filter(compares, walk(term)):
                found.setdefault(notation(node), (node, {}))[1][edge.name] = None
    return {key: Site(term, tuple(edges)) for key, (term, edges) in found.items()}


# ---- deciding one lemma -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Absolute:
    """Integers, as signed bit-vectors that are too wide to overflow."""

    bits: int

    @property
    def name(self) -> str:
        return f"integers of {self.bits} bits"

    def fresh(self, name: str, sort: Sort) -> Expr:
        return z3.Bool(name) if sort is Sort.BOOL else z3.BitVec(name, self.bits)

    def literal(self, value: int) -> Expr:
        return z3.BitVecVal(value, self.bits)

    def less(self, sort: Sort, a: Expr, b: Expr, or_equal: bool) -> Expr:
        return a <= b if or_equal else a < b


def _anchors(terms: Sequence[Term]) -> list[Var]:
    """One sequence number of each group whose members are compared with each other, directly or through others."""
    groups: list[frozenset[Var]] = []
    for node in (node for term in terms for node in walk(term)):
        numbers = frozenset(var for var in variables(node) if var.sort is Sort.SEQ)
        if isinstance(node, Var) or compares(node):
            touched = [group for group in groups if group & numbers]
            groups = [group for group in groups if not group & numbers] + [numbers.union(*touched)]
    return [min(group, key=lambda var: var.name) for group in groups if group]


class Question:
    """Whether terms agree on integers and on words, where the premises hold.  sizes: the values of the bounds."""

    def __init__(self, bits: int, terms: Sequence[Term], premises: Sequence[Term], sizes: Mapping[Var, int]) -> None:
        bound = {var: num(size) for var, size in sizes.items()}
        said = [substitute(premise, bound) for premise in premises]
        self.bits = bits
        self.integers, self.words = Translation(Absolute(bits + _HEADROOM)), Translation(Words(bits))
        self.premises = [*(self.integers(premise) for premise in said), *self._ranges((*terms, *said))]
        self.differ = z3.Not(z3.And(*(self._agree(term) for term in terms)))

    def _ranges(self, terms: Sequence[Term]) -> Iterator[Expr]:
        """The ranges of the integers; also maps each variable to its word, the low bits."""
        turn = 1 << self.bits
        anchors = frozenset(_anchors(terms))
        for var in sorted(variables(*terms), key=lambda var: var.name):
            value = self.integers.var(var)
            self.words.values[var] = value if var.sort is Sort.BOOL else z3.Extract(self.bits - 1, 0, value)
            if var in anchors:
                yield value == 4 * turn
            elif var.sort is not Sort.BOOL:
                yield z3.And(value >= 0, value < (turn if var.sort is Sort.NUM else 8 * turn))

    def _agree(self, term: Term) -> Expr:
        integer, word = self.integers(term), self.words(term)
        if term.sort is Sort.NUM:
            return integer == z3.ZeroExt(_HEADROOM, word)
        return word == (z3.Extract(self.bits - 1, 0, integer) if term.sort is Sort.SEQ else integer)

    @property
    def outlying(self) -> Expr:
        """The condition that some sequence number lies near an end of the range of these bits."""
        turn = 1 << self.bits
        numbers = [value for var, value in self.integers.values.items() if var.sort is Sort.SEQ]
        return z3.Or(*(z3.Or(value < turn, value >= 7 * turn) for value in numbers))

    def model(self, question: Expr) -> Expr | None:
        """A model of the question under the premises, None where there is none; raises TimeoutError."""
        solver = z3.SolverFor("QF_BV")
        solver.add(*self.premises, question)
        verdict = solver.check()
        if verdict == z3.unknown:
            raise TimeoutError(solver.reason_unknown())
        return solver.model() if verdict == z3.sat else None

    def example(self, model: Expr) -> str:
        """The numbers of a model as text; sequence numbers are counted from the anchor of their group."""
        shown: list[str] = []
        for var, expr in self.integers.values.items():
            value = model.eval(expr, model_completion=True)
            number = str(value).lower() if var.sort is Sort.BOOL else str(value.as_signed_long())
            at = 4 << self.bits if var.sort is Sort.SEQ else 0
            shown.append(f"{var.name} = {number if not at else value.as_signed_long() - at}")
        return ", ".join(sorted(shown))


# ---- the bridge -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tight:
    """A bound of a lemma.  counterexample: what goes wrong with a bound greater by one; empty where nothing does."""

    name: str
    means: str
    says: str
    value: int
    given: bool
    counterexample: str


@dataclass(frozen=True)
class Result:
    """The verdict on one lemma."""

    name: str
    says: str
    terms: tuple[str, ...]
    assumption: str
    bounds: tuple[Tight, ...]
    queries: int
    seconds: float
    holds: bool
    vacuous: bool
    bounded: bool
    counterexample: str = ""

    @property
    def tight(self) -> bool:
        """Every bound is the largest one."""
        return all(bound.given or bool(bound.counterexample) for bound in self.bounds)

    @property
    def proved(self) -> bool:
        return self.holds and self.tight and self.bounded and not self.vacuous


@dataclass(frozen=True)
class Covered:
    """A comparison of the declaration, the edges that make it and the lemmas about it."""

    comparison: str
    edges: tuple[str, ...]
    lemmas: tuple[str, ...]


@dataclass(frozen=True)
class Bridge:
    """The verdict on every lemma and every comparison; all is proved where there are no faults."""

    bits: int
    lemmas: tuple[Result, ...]
    coverage: tuple[Covered, ...]
    seconds: float
    faults: tuple[str, ...]

    @property
    def queries(self) -> int:
        return sum(lemma.queries for lemma in self.lemmas)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, with the number of queries."""
        return {**asdict(self), "queries": self.queries}


def bridge(bits: int = 32, graph: Graph = TCP, lemmas: Sequence[Lemma] = LEMMAS) -> Bridge:
    """Decide every lemma at this width (4 bits or more), and whether each comparison of the graph is in one."""
    started = time.perf_counter()
    found = sites(graph)
    faults: list[str] = []
    results: list[Result] = []
    covers: dict[str, list[Lemma]] = {key: [] for key in found}
    for lemma in lemmas:
        try:
            terms = resolve(lemma, found)
        except KeyError as missing:
            faults.append(f"{lemma.name}: no edge compares {missing.args[0]}")
            continue
        results.append(_decide(lemma, terms, bits))
        faults.extend(_faults(results[-1]))
        for key in {notation(node) for term in terms for node in walk(term) if compares(node)} & covers.keys():
            covers[key].append(lemma)
    coverage = tuple(
        Covered(str(site), site.edges, tuple(lemma.name for lemma in covers[key])) for key, site in found.items()
    )
    faults.extend(f"in no lemma: {c.comparison} ({', '.join(c.edges)})" for c in coverage if not c.lemmas)
    bare = ((edge, key) for edge, key in ungrounded(graph, covers) if covers[key])
    faults.extend(f"{edge}: the premises of no lemma about {found[key]} follow there" for edge, key in bare)
    return Bridge(bits, tuple(results), coverage, time.perf_counter() - started, tuple(faults))


def resolve(lemma: Lemma, found: Mapping[str, Site]) -> tuple[Term, ...]:
    """The lemma's terms; KeyError where it names a comparison that no edge makes."""
    shown = {str(site): site.term for site in found.values()} | {key: site.term for key, site in found.items()}
    return tuple(shown[term] if isinstance(term, str) else term for term in lemma.terms)


def _faults(result: Result) -> Iterator[str]:
    if not result.holds:
        yield f"{result.name}: words and integers differ: {result.counterexample}"
    if result.vacuous:
        yield f"{result.name}: nothing satisfies its premises"
    if not result.bounded:
        yield f"{result.name}: its premises leave a sequence number unbounded"
    for bound in result.bounds:
        if result.holds and not bound.given and not bound.counterexample:
            yield f"{result.name}: holds beyond {bound.name} = {bound.says}"


def _decide(lemma: Lemma, terms: Sequence[Term], bits: int) -> Result:
    started = time.perf_counter()
    sizes = {bound.var: bound.size.at(bits) for bound in lemma.bounds}
    question = Question(bits, terms, lemma.premises, sizes)
    vacuous = question.model(z3.BoolVal(True)) is None
    bounded = question.model(question.outlying) is None
    differ = question.model(question.differ)
    bounds = tuple(_tight(lemma, terms, bits, sizes, bound) for bound in lemma.bounds)
    return Result(
        name=lemma.name,
        says=lemma.says,
        terms=tuple(show(term) for term in terms),
        assumption=show(all_of(*lemma.premises)),
        bounds=bounds,
        queries=3 + sum(not bound.given for bound in bounds),
        seconds=time.perf_counter() - started,
        holds=differ is None,
        vacuous=vacuous,
        bounded=bounded,
        counterexample="" if differ is None else question.example(differ),
    )


def _tight(lemma: Lemma, terms: Sequence[Term], bits: int, sizes: Mapping[Var, int], bound: Bound) -> Tight:
    """Ask again with a bound greater by one; the lemma has answered for what lies within, so only the rest counts."""
    example = ""
    if not bound.given:
        question = Question(bits, terms, lemma.premises, {**sizes, bound.var: sizes[bound.var] + 1})
        within = substitute(all_of(*lemma.premises), {var: num(size) for var, size in sizes.items()})
        model = question.model(z3.And(question.differ, z3.Not(question.integers(within))))
        example = "" if model is None else question.example(model)
    return Tight(bound.var.name, bound.var.means, str(bound.size), sizes[bound.var], bound.given, example)


# ---- the same, case by case -------------------------------------------------------------------------------------


def exhaust(lemma: Lemma, terms: Sequence[Term], bits: int) -> tuple[int, str]:
    """Compare words with integers in every case that the premises allow: returns how many, and the first that differs.

    No solver is used: the compiled terms run on Python's integers.  The anchor of each group takes every value from one
    multiple of 2^bits to the next, so this also checks what the queries assume: that only differences matter.
    """
    sizes = {bound.var: num(bound.size.at(bits)) for bound in lemma.bounds}
    premises = [substitute(premise, sizes) for premise in lemma.premises]
    order = _order((*terms, *premises))
    scope: dict[str, Any] = {}
    exec("\n".join(_program(bits, terms, premises, order)), scope)
    cases, differing = scope["f"]()
    return cases, "" if differing is None else ", ".join(
        f"{var.name} = {value}" for var, value in zip(order, differing, strict=True)
    )


def _order(terms: Sequence[Term]) -> list[Var]:
    """The variables in the order of the loops: the anchors, then counts, then the sequence numbers that these bound."""
    anchors = _anchors(terms)
    rest = sorted(variables(*terms), key=lambda var: (var.sort is Sort.SEQ, var.name))
    return [*anchors, *(var for var in rest if var not in frozenset(anchors))]


def _program(bits: int, terms: Sequence[Term], premises: Sequence[Term], order: Sequence[Var]) -> Iterator[str]:
    """Nested loops over the variables; each premise is tested as soon as all of its variables have values."""
    turn, anchors = 1 << bits, frozenset(_anchors((*terms, *premises)))
    wide, half_wide = str((turn << _HEADROOM) - 1), str(turn << _HEADROOM >> 1)
    last, half = str(turn - 1), str(turn >> 1)
    places = {var: f"v{i}" for i, var in enumerate(order)}
    low = {var: place if var.sort is Sort.BOOL else f"({place} & {turn - 1})" for var, place in places.items()}
    waiting = list(premises)
    yield "def f():\n    cases = 0"
    for depth, var in enumerate(order):
        values = {Sort.BOOL: (0, 2), Sort.NUM: (0, turn), Sort.SEQ: (0, 8 * turn)}[var.sort]
        first, end = (4 * turn, 5 * turn) if var in anchors else values
        yield f"{'    ' * (depth + 1)}for v{depth} in range({first}, {end}):"
        known = frozenset(order[: depth + 1])
        for premise in (premise for premise in waiting if variables(premise) <= known):
            yield f"{'    ' * (depth + 2)}if not {expression(premise, places, wide, half_wide)}: continue"
        waiting = [premise for premise in waiting if not variables(premise) <= known]
    inner = "    " * (len(order) + 1)
    yield f"{inner}cases += 1"
    for term in terms:
        mask = f" & {turn - 1}" if term.sort is Sort.SEQ else ""
        unbounded, word = expression(term, places, wide, half_wide), expression(term, low, last, half)
        same = f"({unbounded}{mask}) == {word}"
        yield f"{inner}if not ({same}): return cases, ({', '.join(places.values())},)"
    yield "    return cases, None"

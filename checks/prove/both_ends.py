"""The invariant of both ends (`spec/claims/agreement`) by induction, on Z3 integers.

The induction is over the steps of a system of two ends and every segment that was ever sent.  In the induction step one
end, X, takes an edge; the other end, Y, is in any state that the invariant allows.  Since the invariant treats both
ends alike, this covers the steps of either.

An end may open any number of connections, one after the other: its incarnations.  Each has a *record*, the values of
its variables now or, where it is gone, at its end.  Records are modelled by one uninterpreted function for each
variable, from the number of the incarnation to the value, so there may be any number of them.

The invariant says something of all incarnations, of all pairs of them and of all segments.  Such a statement is proved
without quantifiers: it is enough to prove it of arbitrary ones, which are Z3 constants about which nothing is assumed.
A step changes one record of X at most, the latest one.  So each goal is about this record, an arbitrary record of Y, an
arbitrary other record of X and an arbitrary segment.  The invariant before the step is instantiated by hand, at the few
incarnations that the argument needs: those that take part in the step, their peers, and the arbitrary ones.  This is
sound, for fewer assumptions can only make a proof fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import z3

from halfclose.checks.prove.obligation import Base, Obligation, Part, Place, by_name
from halfclose.checks.prove.one_end import AT_FIRST, EVERY_MOMENT, choices, in_profile, initial, natural
from halfclose.checks.readers.smt import Expr, Integers, Translation, conjunction, reads
from halfclose.spec.claims.agreement import ALONE, LIVES, NOW, PAIR, PREMISES, SENT, STEPS, THEOREMS, Premise
from halfclose.spec.claims.invariant import INVARIANT, Conjunct
from halfclose.spec.claims.properties import Theorem
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import SWITCHES, Profile
from halfclose.spec.language.states import ALIVE, State
from halfclose.spec.language.terms import FALSE, Sort, Term, Var, substitute, variables
from halfclose.spec.language.variables import CLOCK, CONSTANTS, CTL, GHOST, SEG, SEGMENT, SND, STATE, TCB, TWINS
from halfclose.spec.tcp.graph import TCP, Graph, decided

BOTH_ENDS = "the invariant of both ends"

_INTEGERS = Integers()
Values = Mapping[Var, Expr]

#: States in which an incarnation lives; a listener has none yet.
_LIVING = tuple(state for state in ALIVE if state is not State.LISTEN)

#: Variables that belong to an end and not to one of its incarnations.
_OF_THE_END = frozenset((CLOCK, GHOST.LAST, GHOST.FRESH, GHOST.BOUND))

_SWITCHES: Values = {switch: z3.Bool(name) for name, switch in SWITCHES.items()}


@dataclass(frozen=True)
class _End:
    """One end.

    constants: those of the scope.  now: its variables at this moment.  records: for each variable the function from an
    incarnation's number to its value.
    """

    constants: Values
    now: Values
    records: Mapping[Var, Expr]
    _known: dict[int, Values] = field(default_factory=dict)  # those built before, by the number's identity

    @property
    def life(self) -> Expr:
        return self.now[GHOST.LIFE]

    def record(self, number: Expr) -> Values:
        """The variables of one incarnation."""
        key = number.get_id()
        if key not in self._known:
            values = {var: function(number) for var, function in self.records.items()}
            self._known[key] = {**self.constants, **values, GHOST.LIFE: number}
        return self._known[key]

    def lived(self, number: Expr) -> Expr:
        """The condition that this end has had an incarnation with this number."""
        return z3.And(number >= 1, number <= self.life)


def _end(name: str) -> _End:
    constants = {var: z3.Int(f"{name}.{var.name}") for var in CONSTANTS} | {SND.MAX_WND: z3.Int("MAX.SND.WND")}
    now = {var: _INTEGERS.fresh(f"{name}.now.{var.name}", var.sort) for var in TCB}
    kinds = {Sort.BOOL: z3.BoolSort()}
    records = {
        var: z3.Function(f"{name}.{var.name}", z3.IntSort(), kinds.get(var.sort, z3.IntSort()))
        for var in TCB
        if var is not GHOST.LIFE and var not in _OF_THE_END
    }
    return _End(constants, {**constants, **now}, records)


def _segment(name: str) -> Values:
    return {var: _INTEGERS.fresh(f"{name}.{var.name}", var.sort) for var in SEGMENT}


def _read(says: Conjunct | Theorem | Term, this: Values, **elsewhere: Values) -> Expr:
    """A conjunct as a Z3 condition: its plain variables are those of `this`, its twins those of the places named."""
    holds = says if isinstance(says, Term) else says.holds
    values = {**_SWITCHES, **this}
    for twin in reads(holds):
        if twin in TWINS:
            where, var = TWINS[twin]
            values[twin] = elsewhere[where.lower().replace(" ", "_")][var]
    return Translation(_INTEGERS, values=values)(holds)


_X, _Y = _end("X"), _end("Y")

#: The segment that arrives at X, and an arbitrary one that X has sent.
_ARRIVING, _ANY_SENT = _segment("S"), _segment("T")

#: An arbitrary incarnation of each end.
_X_ANY, _Y_ANY = z3.Int("X.any"), z3.Int("Y.any")

_S_LIFE, _T_LIFE = _ARRIVING[SEG.LIFE], _ANY_SENT[SEG.LIFE]

#: The incarnations at which the invariant is instantiated.
_X_AT = (_X.life, _X_ANY, _Y.records[GHOST.PEER](_S_LIFE), _T_LIFE)
_Y_AT = (_X.records[GHOST.PEER](_X.life), _Y_ANY, _S_LIFE)


def premises(profile: Profile | None) -> tuple[Premise, ...]:
    """What is assumed without proof.  A profile whose switches make a premise false is proved without it."""
    switches = {} if profile is None else decided(profile)
    return tuple(premise for premise in PREMISES if substitute(premise.holds, switches) is not FALSE)


def _assumed(profile: Profile | None, but: Conjunct | None = None) -> Iterator[Expr]:
    """The invariant before the step (all of it, or all but one conjunct), the premises, and the profile."""

    def known(family: tuple[Conjunct, ...]) -> Iterator[Conjunct]:
        return (conjunct for conjunct in family if conjunct is not but)

    yield from in_profile(profile, _SWITCHES)
    for one, other, at, others in ((_X, _Y, _X_AT, _Y_AT), (_Y, _X, _Y_AT, _X_AT)):
        for premise in premises(profile):
            yield _read(premise.holds, one.constants)
        for conjunct in known(NOW):
            yield _read(conjunct, one.now, peer_now=other.now)
        yield one.life >= 0
        for number in at:
            record = one.record(number)
            says = [z3.Or([record[STATE] == state.index for state in _LIVING])]
            says += [_read(c, record) for c in INVARIANT]
            says += [_read(c, record, now=one.now, peer_now=other.now) for c in known(ALONE)]
            says += [value >= 0 for var, value in record.items() if natural(var)]
            yield z3.Implies(one.lived(number), conjunction(says))
            for later in (later for later in at if later is not number):
                both = z3.And(one.lived(number), one.lived(later), number < later)
                yield z3.Implies(both, conjunction([_read(c, record, younger=one.record(later)) for c in known(LIVES)]))
            for theirs in others:
                both = z3.And(one.lived(number), other.lived(theirs))
                peer = other.record(theirs)
                says = [_read(c, record, peer=peer, now=one.now, peer_now=other.now) for c in known(PAIR)]
                yield z3.Implies(both, conjunction(says))
    for segment, sender in ((_ARRIVING, _Y), (_ANY_SENT, _X)):
        yield from (value >= 0 for var, value in segment.items() if natural(var))
        said = _sent(tuple(known(SENT)), segment, sender.record(segment[SEG.LIFE]), sender.now)
        yield z3.Implies(z3.Not(segment[CTL.RST]), conjunction(said))


def without(conjunct: Conjunct) -> tuple[list[Expr], Expr]:
    """The invariant without one conjunct, and that conjunct of an arbitrary incarnation, pair or segment."""
    mine = _X.record(_X_ANY)
    if conjunct in NOW:
        holds, where = _read(conjunct, _X.now, peer_now=_Y.now), z3.BoolVal(True)
    elif conjunct in ALONE:
        holds, where = _read(conjunct, mine, now=_X.now, peer_now=_Y.now), _X.lived(_X_ANY)
    elif conjunct in LIVES:
        where = z3.And(_X.lived(_X_ANY), _X.lived(_T_LIFE), _X_ANY < _T_LIFE)
        holds = _read(conjunct, mine, younger=_X.record(_T_LIFE))
    elif conjunct in PAIR:
        where = z3.And(_X.lived(_X_ANY), _Y.lived(_Y_ANY))
        holds = _read(conjunct, mine, peer=_Y.record(_Y_ANY), now=_X.now, peer_now=_Y.now)
    else:
        where = z3.Not(_ARRIVING[CTL.RST])
        holds = _sent((conjunct,), _ARRIVING, _Y.record(_S_LIFE), _Y.now)[0]
    return list(_assumed(None, conjunct)), z3.Implies(where, holds)


def _sent(family: tuple[Conjunct, ...], segment: Values, sender: Values, now: Values) -> list[Expr]:
    return [_read(c, {**sender, **segment}, now=now) for c in family]


class _Step:
    """One edge of X: what is assumed where it starts, and what has to hold where it ends."""

    def __init__(self, edge: Edge):
        self.edge = edge
        self.lives, self.lived = edge.target in _LIVING, edge.source in _LIVING
        state = z3.IntVal(edge.source.index)
        start = {**_X.now, **(_X.record(_X.life) if self.lived else {}), STATE: state}
        self.before = Translation(_INTEGERS, values={**_SWITCHES, **start, **_ARRIVING})
        values = self.before.values
        now = self.before.after(edge.updates).values | {STATE: z3.IntVal(edge.target.index)}
        self.now = Place("X", values, now)
        self.record = self.now if self.lives else _still("X at its end", _X.record(_X.life))
        self.began = _still("X", values)

    def assumed(self) -> Iterator[Expr]:
        state = z3.IntVal(self.edge.source.index)
        yield _X.now[STATE] == state
        if self.lived:
            yield z3.And(_X.records[STATE](_X.life) == state, _X.life >= 1)
        yield from (_read(c, self.before.values) for c in INVARIANT)
        yield self.before(self.edge.guard)
        yield from choices(self.before, self.edge)

    def guard(self) -> Part:
        return Part(self.edge.guard, self.before(self.edge.guard), {"": self.now, "SEG": _S})

    def goals(self) -> Iterator[tuple[str, Part]]:
        """Every conjunct, of what the step changes; those of one end as well, which here has an honest peer."""
        for conjunct in INVARIANT:
            yield conjunct.name, _part(conjunct, self.now)
        for conjunct in NOW:
            yield conjunct.name, _part(conjunct, self.now, peer_now=_Y_NOW)
            if _speaks_of_now(conjunct):
                yield conjunct.name, _part(conjunct, _Y_NOW, peer_now=self.now)
        for conjunct in STEPS:
            there = _Y.lived(_Y_ANY) if _speaks_of_a_peer(conjunct) else None
            yield conjunct.name, _part(conjunct, self.began, there, peer=_THEIRS, now=self.now)
        yield from self._about_now()
        yield from self._about_the_emission()
        if self.lives:
            yield from self._about_the_record()

    def _about_now(self) -> Iterator[tuple[str, Part]]:
        """The conjuncts that relate any incarnation to the end as it is now."""
        lived, theirs = _X.lived(_X_ANY), _Y.lived(_Y_ANY)
        if self.lives:
            lived = z3.And(lived, _X_ANY != self.now.after[GHOST.LIFE])
        for conjunct in filter(_speaks_of_now, ALONE):
            yield conjunct.name, _part(conjunct, _MINE, lived, now=self.now, peer_now=_Y_NOW)
            yield conjunct.name, _part(conjunct, _THEIRS, theirs, now=_Y_NOW, peer_now=self.now)
        both = z3.And(lived, theirs)
        for conjunct in filter(_speaks_of_now, PAIR):
            yield conjunct.name, _part(conjunct, _MINE, both, peer=_THEIRS, now=self.now, peer_now=_Y_NOW)
            yield conjunct.name, _part(conjunct, _THEIRS, both, peer=_MINE, now=_Y_NOW, peer_now=self.now)
        sender = _still("the incarnation of X that sent it", _X.record(_T_LIFE))
        yield from _about_segment(filter(_speaks_of_now, SENT), z3.Not(_ANY_SENT[CTL.RST]), _T, sender, self.now)

    def _about_the_emission(self) -> Iterator[tuple[str, Part]]:
        """The conjuncts on segments, of the one that the step sends."""
        emission = self.edge.emission()
        if emission is not None:
            sent = _still("the segment that X sends", {var: self.before(term) for var, term in emission.items()})
            yield from _about_segment(SENT, z3.Not(sent.after[CTL.RST]), sent, self.record, self.now)

    def _about_the_record(self) -> Iterator[tuple[str, Part]]:
        """The conjuncts on the incarnation that took the step, alone and together with any other."""
        life, record, theirs = self.now.after[GHOST.LIFE], self.record, _Y.lived(_Y_ANY)
        for conjunct in ALONE:
            yield conjunct.name, _part(conjunct, record, now=self.now, peer_now=_Y_NOW)
        earlier = z3.And(_X.lived(_X_ANY), _X_ANY < life)
        for conjunct in LIVES:
            yield conjunct.name, _part(conjunct, _MINE, earlier, younger=record)
        for conjunct in PAIR:
            yield conjunct.name, _part(conjunct, record, theirs, peer=_THEIRS, now=self.now, peer_now=_Y_NOW)
            yield conjunct.name, _part(conjunct, _THEIRS, theirs, peer=record, now=_Y_NOW, peer_now=self.now)
        mine = z3.And(z3.Not(_ANY_SENT[CTL.RST]), _T_LIFE == life)
        yield from _about_segment(SENT, mine, _T, record, self.now)


def _still(title: str, values: Values) -> Place:
    """A place where the step changes nothing."""
    return Place(title, values, values)


#: Places that a step of X leaves as they are.
_X_NOW, _Y_NOW = _still("X", _X.now), _still("Y", _Y.now)
_MINE = _still("an incarnation of X", _X.record(_X_ANY))
_THEIRS = _still("an incarnation of Y", _Y.record(_Y_ANY))
_S = _still("the segment that arrives", _ARRIVING)
_T = _still("a segment that X has sent", _ANY_SENT)


def _part(says: Conjunct | Theorem, this: Place, where: Expr | None = None, **elsewhere: Place) -> Part:
    """A conjunct of the values after the step.  where: the condition under which it is asked."""
    holds = _read(says, this.after, **{name: place.after for name, place in elsewhere.items()})
    places = {name.upper().replace("_", " "): place for name, place in elsewhere.items()}
    return Part(says.holds, holds if where is None else z3.Implies(where, holds), {"": this, **places})


def _about_segment(
    family: Iterable[Conjunct], where: Expr, segment: Place, sender: Place, now: Place
) -> Iterator[tuple[str, Part]]:
    """Conjuncts on a segment and the incarnation that sent it."""
    values, places = {**sender.after, **segment.after}, {"": sender, "SEG": segment, "NOW": now}
    for conjunct in family:
        holds = _read(conjunct, values, now=now.after)
        yield conjunct.name, Part(conjunct.holds, z3.Implies(where, holds), places)


@cache
def _speaks_of_now(conjunct: Conjunct) -> bool:
    return any(TWINS[var][0] in ("NOW", "PEER NOW") for var in variables(conjunct.holds) if var in TWINS)


@cache
def _speaks_of_a_peer(conjunct: Conjunct) -> bool:
    return any(TWINS[var][0] == "PEER" for var in variables(conjunct.holds) if var in TWINS)


def obligations(graph: Graph = TCP, profile: Profile | None = None) -> Iterator[Obligation]:
    """First the initial state; then the theorems, which follow from the invariant; then each edge with each conjunct.

    profile: prove this one only; without it, the switches are free and all profiles are proved at once.
    """
    said = base(profile)
    yield _at_first(profile)
    yield Obligation(BOTH_ENDS, EVERY_MOMENT, said, _met(), by_name(_theorems()), switches=_SWITCHES)
    yield from (obligation(edge, said) for edge in graph.edges)


def base(profile: Profile | None = None) -> Base:
    """The invariant before any step, which all steps assume; for every profile, or for one."""
    return Base(tuple(_assumed(profile)))


def obligation(edge: Edge, said: Base) -> Obligation:
    """One edge with each conjunct.  said: the invariant before it."""
    step = _Step(edge)
    return Obligation(
        BOTH_ENDS,
        edge.name,
        said,
        tuple(step.assumed()),
        by_name(step.goals()),
        step.guard(),
        _SWITCHES,
        edge.rule.cite,
    )


def _at_first(profile: Profile | None) -> Obligation:
    """Both ends begin in the initial state, with no incarnation behind them and no segment under way.

    So what is said of incarnations and of segments holds of none; what is said of the ends themselves has to hold.
    """
    under_way = z3.Bool("a segment is under way")
    x, y = (_still(name, {**end.now, **initial(Translation(_INTEGERS))}) for name, end in (("X", _X), ("Y", _Y)))
    assumed = [_read(premise.holds, end.constants) for end in (_X, _Y) for premise in premises(profile)]
    counts = [end.constants[constant] >= 0 for end in (_X, _Y) for constant in CONSTANTS]
    goals = _said_at_first(x, y, under_way)
    only = in_profile(profile, _SWITCHES)
    return Obligation(
        BOTH_ENDS, AT_FIRST, Base(), (z3.Not(under_way), *assumed, *counts, *only), by_name(goals), switches=_SWITCHES
    )


def _said_at_first(x: Place, y: Place, under_way: Expr) -> Iterator[tuple[str, Part]]:
    """Every conjunct of the initial state: of X, and of any incarnation of either end and any segment there may be."""
    mine, theirs = (z3.And(number >= 1, number <= end.after[GHOST.LIFE]) for number, end in ((_X_ANY, x), (_Y_ANY, y)))
    for conjunct in (*INVARIANT, *NOW):
        yield conjunct.name, _part(conjunct, x, peer_now=y)
    for conjunct in ALONE:
        yield conjunct.name, _part(conjunct, _MINE, mine, now=x, peer_now=y)
    for conjunct in LIVES:
        yield conjunct.name, _part(conjunct, _MINE, mine, younger=_still("a later one", _X.record(_T_LIFE)))
    for conjunct in PAIR:
        yield conjunct.name, _part(conjunct, _MINE, z3.And(mine, theirs), peer=_THEIRS, now=x, peer_now=y)
    yield from _about_segment(SENT, under_way, _T, _MINE, x)


def _met() -> tuple[Expr, ...]:
    """X as it is now, an incarnation of each end, X's bound to Y's, and a segment that may arrive, but no RST."""
    bound = _X.records[GHOST.PEER](_X_ANY) == _Y_ANY
    here = (_read(conjunct, _X.now) for conjunct in INVARIANT)
    return (*here, _X.lived(_X_ANY), bound, _Y.lived(_Y_ANY), z3.Not(_ARRIVING[CTL.RST]))


def _theorems() -> Iterator[tuple[str, Part]]:
    """What follows from the invariant, of an incarnation of X, the one of Y it is bound to, and a segment."""
    values = {**_MINE.after, **_S.after}
    for theorem in THEOREMS:
        holds = _read(theorem, values, peer=_THEIRS.after, now=_X.now)
        yield theorem.name, Part(theorem.holds, holds, {"": _MINE, "SEG": _S, "PEER": _THEIRS, "NOW": _X_NOW})

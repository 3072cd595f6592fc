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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import z3

from halfclose.checks.prove.obligation import Base, Obligation
from halfclose.checks.prove.one_end import choices, in_profile, natural
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
EVERY_MOMENT = "at every moment"

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
        self.now = self.before.after(edge.updates).values | {STATE: z3.IntVal(edge.target.index)}
        self.after = self.now if self.lives else _X.record(_X.life)

    def assumed(self) -> Iterator[Expr]:
        state = z3.IntVal(self.edge.source.index)
        yield _X.now[STATE] == state
        if self.lived:
            yield z3.And(_X.records[STATE](_X.life) == state, _X.life >= 1)
        yield from (_read(c, self.before.values) for c in INVARIANT)
        yield self.before(self.edge.guard)
        yield from choices(self.before, self.edge)

    def goals(self) -> Iterator[tuple[str, Expr]]:
        """Every conjunct, of what the step changes; those of one end as well, which here has an honest peer."""
        for conjunct in INVARIANT:
            yield conjunct.name, _read(conjunct, self.now)
        for conjunct in NOW:
            yield conjunct.name, _read(conjunct, self.now, peer_now=_Y.now)
        for conjunct in STEPS:
            holds = _read(conjunct, self.before.values, peer=_Y.record(_Y_ANY), now=self.now)
            yield conjunct.name, z3.Implies(_Y.lived(_Y_ANY), holds)
        yield from self._about_now()
        yield from self._about_the_emission()
        if self.lives:
            yield from self._about_the_record()

    def _about_now(self) -> Iterator[tuple[str, Expr]]:
        """The conjuncts that relate any incarnation to the end as it is now."""
        mine, theirs = _X.record(_X_ANY), _Y.record(_Y_ANY)
        lived = z3.And(_X.lived(_X_ANY), _X_ANY != self.now[GHOST.LIFE] if self.lives else z3.BoolVal(True))
        for conjunct in filter(_speaks_of_now, ALONE):
            yield conjunct.name, z3.Implies(lived, _read(conjunct, mine, now=self.now, peer_now=_Y.now))
            holds = _read(conjunct, theirs, now=_Y.now, peer_now=self.now)
            yield conjunct.name, z3.Implies(_Y.lived(_Y_ANY), holds)
        both = z3.And(lived, _Y.lived(_Y_ANY))
        for conjunct in filter(_speaks_of_now, PAIR):
            one = _read(conjunct, mine, peer=theirs, now=self.now, peer_now=_Y.now)
            other = _read(conjunct, theirs, peer=mine, now=_Y.now, peer_now=self.now)
            yield conjunct.name, z3.Implies(both, z3.And(one, other))
        for conjunct in filter(_speaks_of_now, SENT):
            holds = _read(conjunct, {**_X.record(_T_LIFE), **_ANY_SENT}, now=self.now)
            yield conjunct.name, z3.Or(_ANY_SENT[CTL.RST], holds)

    def _about_the_emission(self) -> Iterator[tuple[str, Expr]]:
        """The conjuncts on segments, of the one that the step sends."""
        emission = self.edge.emission()
        if emission is None:
            return
        segment = {var: self.before(term) for var, term in emission.items()}
        for conjunct, holds in zip(SENT, _sent(SENT, segment, self.after, self.now), strict=True):
            yield conjunct.name, z3.Or(segment[CTL.RST], holds)

    def _about_the_record(self) -> Iterator[tuple[str, Expr]]:
        """The conjuncts on the incarnation that took the step, alone and together with any other."""
        life, now = self.now[GHOST.LIFE], self.now
        theirs, earlier = _Y.record(_Y_ANY), _X.record(_X_ANY)
        for conjunct in ALONE:
            yield conjunct.name, _read(conjunct, self.after, now=now, peer_now=_Y.now)
        for conjunct in LIVES:
            holds = _read(conjunct, earlier, younger=self.after)
            yield conjunct.name, z3.Implies(z3.And(_X.lived(_X_ANY), _X_ANY < life), holds)
        for conjunct in PAIR:
            one = _read(conjunct, self.after, peer=theirs, now=now, peer_now=_Y.now)
            other = _read(conjunct, theirs, peer=self.after, now=_Y.now, peer_now=now)
            yield conjunct.name, z3.Implies(_Y.lived(_Y_ANY), z3.And(one, other))
        mine = z3.And(z3.Not(_ANY_SENT[CTL.RST]), _T_LIFE == life)
        for conjunct, holds in zip(SENT, _sent(SENT, _ANY_SENT, self.after, now), strict=True):
            yield conjunct.name, z3.Implies(mine, holds)


@cache
def _speaks_of_now(conjunct: Conjunct) -> bool:
    return any(TWINS[var][0] in ("NOW", "PEER NOW") for var in variables(conjunct.holds) if var in TWINS)


def obligations(graph: Graph = TCP, profile: Profile | None = None) -> Iterator[Obligation]:
    """First the theorems, which follow from the invariant; then each edge with each conjunct.

    profile: prove this one only; without it, the switches are free and all profiles are proved at once.
    """
    goals = {theorem.name: _theorem(theorem) for theorem in THEOREMS}
    yield Obligation(BOTH_ENDS, EVERY_MOMENT, _base(profile), _met(), goals)
    yield from (obligation(edge, profile) for edge in graph.edges)


def obligation(edge: Edge, profile: Profile | None = None) -> Obligation:
    """One edge with each conjunct; for every profile, or for one."""
    step = _Step(edge)
    return Obligation(
        BOTH_ENDS, edge.name, _base(profile), tuple(step.assumed()), _by_name(step.goals()), edge.rule.cite
    )


@cache
def _base(profile: Profile | None) -> Base:
    """The invariant before any step; the same object each time, so that a solver keeps what it was told."""
    return Base(tuple(_assumed(profile)))


def _met() -> tuple[Expr, ...]:
    """An incarnation of each end, X's bound to Y's, and a segment that may arrive."""
    bound = _X.records[GHOST.PEER](_X_ANY) == _Y_ANY
    return (_X.lived(_X_ANY), bound, _Y.lived(_Y_ANY), z3.Not(_ARRIVING[CTL.RST]))


def _theorem(theorem: Theorem) -> Expr:
    return _read(theorem, {**_X.record(_X_ANY), **_ARRIVING}, peer=_Y.record(_Y_ANY))


def _by_name(goals: Iterator[tuple[str, Expr]]) -> dict[str, Expr]:
    """The goals of a step with the conditions of each conjunct joined in one."""
    together: dict[str, list[Expr]] = {}
    for name, holds in goals:
        together.setdefault(name, []).append(holds)
    return {name: parts[0] if len(parts) == 1 else conjunction(parts) for name, parts in together.items()}

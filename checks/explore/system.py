"""Two machines and the network between them: the steps of the whole system.

A global state has four parts: the local states of A and of B, and for each direction the *bag* (multiset) of segments
that are under way.  Its *key* is one integer: the interned index of each part in a field of FIELD_BITS bits and, above
them, the losses, duplicates and crashes so far (the budgets), each counted only where the scope bounds it.

A step is one of five kinds.  An end takes one of its own moves (a call, a timer, its output), or loses its memory
("crash"); a segment on its way to an end is lost, delivered, or delivered while a copy stays under way ("duplicate").
Delay needs no step of its own: a segment that is not delivered stays in its bag.  A segment that is sent while its bag
is full is lost at once.  This is the meaning of a scope; the searches take the same steps from tables (tables.py), and
come back to this module for traces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from halfclose.checks.explore.machine import NO_SEGMENT, End, Machine, Move, compiled
from halfclose.checks.readers.python import Local, Segment
from halfclose.spec.language.terms import Var
from halfclose.spec.tcp.graph import Graph, tcp
from halfclose.spec.world.network import BadScope, Scope, Wait

FIELD_BITS = 20
_FIELD = (1 << FIELD_BITS) - 1
_A, _B, _AB, _BA, _USED = (i * FIELD_BITS for i in range(5))
_LOSS, _DUPLICATE, _CRASH = (1 << (_USED + 8 * i) for i in range(3))
_BUDGET = 0xFF
#: The fields that a step of A, or of B, reads and changes: its own local state and both bags.
SIDE_MASK = (_FIELD << _A | _FIELD << _AB | _FIELD << _BA, _FIELD << _B | _FIELD << _AB | _FIELD << _BA)
PAIR_MASK = _FIELD << _A | _FIELD << _B

Bag = tuple[int, ...]
#: What states and steps are ordered by.
Rank = tuple[Any, ...]

#: The kinds of step, in the order in which a state offers them.
_KINDS = ("own", "crash", "lose", "deliver", "duplicate")


class Action(NamedTuple):
    """What happened in one step.

    kind: "own", "crash", "lose", "deliver" or "duplicate".  side: 0 for A, 1 for B.  edge: its number.  received, sent:
    indices of segments.  -1 where there is none of these.  dropped: what was sent is lost, as the network is full.
    """

    kind: str
    side: int
    edge: int
    received: int
    sent: int
    dropped: bool


class Item(NamedTuple):
    """One step of a side.

    part: the fields of SIDE_MASK afterwards.  cost: what is added to the budgets.  objection: a bit mask of the claims
    on steps that it violates.
    """

    part: int
    cost: int
    objection: int
    action: Action


#: Judges one step: (local state before, segment received or None, local state after, segment sent or None, number of
#: the edge) -> a bit mask of the claims that it violates.
StepJudge = Callable[[Local, Segment | None, Local, Segment | None, int], int]


class System:
    """The transition system of one scope."""

    def __init__(
        self,
        scope: Scope,
        graph: Graph | None = None,
        watched: frozenset[Var] = frozenset(),
        judge: StepJudge | None = None,
        mirrored: bool = False,
        ends: tuple[End, End] | None = None,
    ):
        """Raises BadScope.

        watched: variables that are stored even where they are dead.  judge: of claims on steps.  mirrored: a search may
        count states that differ only by an exchange of the two ends as one; the compiled search does.  ends: what is
        explored, where it is not the specification.
        """
        if mirrored:
            _must_be_symmetric(scope)
        self.scope = scope
        self.graph = graph or tcp(scope.profile)
        self.machines = ends or _machines(scope, self.graph, watched)
        self.shared = self.machines[0].shared
        if mirrored:
            self.machines = (self.machines[0],) * 2  # an index must mean the same at both ends
        self.mirrored = mirrored
        self._judge = judge
        self._slots = (scope.slots, scope.slots_back or scope.slots)
        self.bags: list[Bag] = [()]
        self._bag_ids: dict[Bag, int] = {(): 0}
        self._items: tuple[dict[int, list[Item]], dict[int, list[Item]]] = ({}, {})
        for name, bound in (("losses", scope.losses), ("duplicates", scope.duplicates), ("crashes", scope.crashes)):
            if bound is not None and bound > _BUDGET:
                raise BadScope(f"{name} must be at most {_BUDGET}, or unbounded")

    @property
    def initial(self) -> int:
        return self.machines[0].initial << _A | self.machines[1].initial << _B

    def key(self, a: int, b: int, ab: int, ba: int, spent: Sequence[int]) -> int:
        """The state with these indices; spent: the losses, duplicates and crashes so far."""
        used = sum(count * unit for count, unit in zip(spent, (_LOSS, _DUPLICATE, _CRASH), strict=True))
        return a << _A | b << _B | ab << _AB | ba << _BA | used

    def fields(self, key: int) -> tuple[int, int, int, int, tuple[int, int, int]]:
        """The parts of a state, as `key` takes them."""
        a, b, ab, ba = ((key >> at) & _FIELD for at in (_A, _B, _AB, _BA))
        losses, duplicates, crashes = ((key // unit) & _BUDGET for unit in (_LOSS, _DUPLICATE, _CRASH))
        return a, b, ab, ba, (losses, duplicates, crashes)

    def content(self, key: int) -> Rank:
        """The state spelt out: both ends, the segments under way, and what was used of the budgets.

        States are ordered by this and not by their keys: which index a local state or a segment has in a key depends on
        the order in which a search met it.
        """
        a, b, ab, ba, spent = self.fields(key)
        one, other = self.machines
        return one.locals[a], other.locals[b], self.segments(ab), self.segments(ba), spent

    def segments(self, bag: int) -> tuple[Segment, ...]:
        """The segments of a bag, the least first (in their order, where the network keeps it)."""
        return tuple(map(self.shared.by_id.__getitem__, self.bags[bag]))

    def rank(self, key: int, action: Action) -> Rank:
        """What a step out of a state is ordered by: its side, kind, edge and segment, then the state that it leaves."""
        local = (key >> (_B if action.side else _A)) & _FIELD
        return *self.move_rank(local, action), self.content(key)

    def move_rank(self, local: int, action: Action) -> Rank:
        """The same without the rest of the state: a step of an end that is in this local state."""
        received = () if action.received < 0 else self.shared.by_id[action.received]
        own = self.machines[action.side].locals[local]
        return action.side, _KINDS.index(action.kind), action.edge, received, own

    def mirror(self, key: int) -> int:
        """The state with the two ends exchanged."""
        a, b, ab, ba, spent = self.fields(key)
        return self.key(b, a, ba, ab, spent)

    def restore(self, locals_: tuple[list[Local], list[Local]], segments: list[Segment], bags: list[Bag]) -> None:
        """Give local states, segments and bags the indices that they had in another exploration of the same scope."""
        for machine, mine in zip(self.machines, locals_, strict=True):
            machine.restore(mine)
        self.shared.by_id = segments
        self.shared.segments = {segment: index for index, segment in enumerate(segments)}
        self.bags = bags
        self._bag_ids = {bag: index for index, bag in enumerate(bags)}

    def local(self, key: int, side: int) -> Local:
        """The variables of one end."""
        return self.application(key, side)[0]

    def application(self, key: int, side: int) -> tuple[Local, int]:
        """The local state of one end: its variables and its program's counter."""
        return self.machines[side].locals[(key >> (_B if side else _A)) & _FIELD]

    def plant(self, key: int, towards: int, segment: Segment) -> int:
        """The state with one more segment on its way to an end, for example an old duplicate."""
        at = _AB if towards else _BA
        bag = self.bags[(key >> at) & _FIELD]
        return key & ~(_FIELD << at) | self.bag((*bag, self.shared.segment(segment))) << at

    def items(self, key: int, side: int) -> list[Item]:
        """Every step of one side, including those that the budgets do not allow."""
        part = key & SIDE_MASK[side]
        known = self._items[side].get(part)
        if known is None:
            known = self._items[side][part] = list(self._steps(part, side))
        return known

    def _affordable(self, key: int, cost: int) -> bool:
        """Whether the budgets of the scope allow a step with this cost."""
        bounds = ((_LOSS, self.scope.losses), (_DUPLICATE, self.scope.duplicates), (_CRASH, self.scope.crashes))
        return all(
            bound is None or ((key + cost) // unit) & _BUDGET <= bound
            for unit, bound in bounds
            if (cost // unit) & _BUDGET
        )

    def successors(self, key: int) -> Iterator[tuple[int, Item]]:
        """Every step out of a state: the state that it leads to, and the step."""
        for side in (0, 1):
            rest = key & ~SIDE_MASK[side]
            for item in self.items(key, side):
                if not item.cost or self._affordable(key, item.cost):
                    yield (rest | item.part) + item.cost, item

    # ---- the steps of one side -------------------------------------------------------------------------------

    def _steps(self, part: int, side: int) -> Iterator[Item]:
        local = (part >> (_B if side else _A)) & _FIELD
        outgoing, incoming = (_BA, _AB) if side else (_AB, _BA)
        sent, coming = (part >> outgoing) & _FIELD, (part >> incoming) & _FIELD
        machine = self.machines[side]
        for move in machine.moves(local):
            if move.wait is Wait.NOTHING or not (sent or coming):
                yield from self._item("own", side, local, move, sent, coming)
        if self.scope.crashes:
            for move in machine.crash(local):
                yield from self._item("crash", side, local, move, sent, coming, cost=_CRASH)
        yield from self._arrivals(side, local, sent, coming)

    def _arrivals(self, side: int, local: int, sent: int, coming: int) -> Iterator[Item]:
        machine = self.machines[side]
        for segment, rest, deliverable in self.contents(coming):
            if self.scope.losses != 0:
                action = Action("lose", side, -1, segment, NO_SEGMENT, False)
                cost = 0 if self.scope.losses is None else _LOSS
                yield Item(self._part(side, local, sent, rest), cost, 0, action)
            if not deliverable:
                continue
            moves = machine.arrive(local, segment)
            if not moves and self.scope.losses is not None:  # its delivery would leave the scope
                yield Item(self._part(side, local, sent, rest), 0, 0, Action("lose", side, -1, segment, -1, False))
            for move in moves:
                yield from self._item("deliver", side, local, move, sent, rest, segment)
                if self.scope.duplicates != 0:
                    cost = 0 if self.scope.duplicates is None else _DUPLICATE
                    yield from self._item("duplicate", side, local, move, sent, coming, segment, cost)

    def contents(self, bag: int) -> Iterator[tuple[int, int, bool]]:
        """For each different segment of a bag: the segment, the bag without it, and whether it can be delivered now."""
        members = self.bags[bag]
        for place, segment in enumerate(members):
            if not place or members[place - 1] != segment:
                rest = self.bag(members[:place] + members[place + 1 :])
                yield segment, rest, self.scope.reorder or not place

    def _item(
        self, kind: str, side: int, local: int, move: Move, sent: int, coming: int, received: int = -1, cost: int = 0
    ) -> Iterator[Item]:
        bag, dropped = self._send(sent, move.segment, self._slots[side])
        action = Action(kind, side, move.edge, received, move.segment, dropped)
        objection = self.objection(side, local, move, received)
        yield Item(self._part(side, move.local, bag, coming), cost, objection, action)

    def _send(self, bag: int, segment: int, slots: int) -> tuple[int, bool]:
        """The bag with the segment in it, and False; where it is full, the bag as it was, and True."""
        members = self.bags[bag]
        if segment == NO_SEGMENT:
            return bag, False
        if len(members) >= slots:
            return bag, True
        return self.bag((*members, segment)), False

    def objection(self, side: int, local: int, move: Move, received: int) -> int:
        """A bit mask of the claims on steps that a move violates."""
        if self._judge is None:
            return 0
        machine, by_id = self.machines[side], self.shared.by_id
        before, after = machine.locals[local][0], machine.locals[move.local][0]
        segment = None if received < 0 else by_id[received]
        sent = None if move.segment < 0 else by_id[move.segment]
        return self._judge(before, segment, after, sent, move.edge)

    def bag(self, members: Bag) -> int:
        """The index of the bag with these segments; where the network keeps their order, that counts."""
        if self.scope.reorder and len(members) > 1:
            members = tuple(sorted(members, key=self.shared.by_id.__getitem__))
        known = self._bag_ids.get(members)
        if known is None:
            known = self._bag_ids[members] = len(self.bags)
            self.bags.append(members)
            if known > _FIELD:
                raise BadScope(_too_large("contents of the network"))
        return known

    def _part(self, side: int, local: int, sent: int, coming: int) -> int:
        if local > _FIELD:
            raise BadScope(_too_large("local states"))
        if side:
            return local << _B | sent << _BA | coming << _AB
        return local << _A | sent << _AB | coming << _BA


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    return (number for number in range(mask.bit_length()) if mask >> number & 1)


def _machines(scope: Scope, graph: Graph, watched: frozenset[Var]) -> tuple[End, End]:
    code, shared = compiled(scope, graph, watched)
    a, b = scope.iss
    return Machine(scope, scope.app_a, a, code, shared), Machine(scope, scope.app_b, b, code, shared)


def _must_be_symmetric(scope: Scope) -> None:
    for name, one, other in (
        ("programs", scope.app_a, scope.app_b),
        ("ISN clocks", *scope.iss),
        ("slots", scope.slots, scope.slots_back or scope.slots),
    ):
        if one != other:
            raise BadScope(f"the two ends are not symmetric: their {name} differ")


def _too_large(what: str) -> str:
    return f"the scope has more than {_FIELD} {what}, too many for the key; lower slots, octets, lives or buffer"

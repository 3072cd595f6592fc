"""The model in TLA+, for TLC: an action for each edge, a record for each end, a bag of segments each way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from halfclose.checks.readers.python import AT
from halfclose.spec.language.edge import CALLS, Event
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Kind, Term, Var, variables
from halfclose.spec.language.variables import SEGMENT, TWINS
from halfclose.spec.world.calls import Call, Notice
from halfclose.spec.world.network import Scope, Wait

from .model import LIVES, VALUES, Model, ScopedEdge, base, field, identifier, key
from .syntax import Place, Syntax, filled

_WRITTEN = {
    "and": " /\\ ",
    "or": " \\/ ",
    "not": "~{}",
    "ite": "(IF {} THEN {} ELSE {})",
    "==": "{} = {}",
    "!=": "{} # {}",
    "<": "{} < {}",
    "<=": "{} <= {}",
    "+": "{} + {}",
    "-": "{} - {}",
    "seq <": "{} \\prec {}",
    "seq <=": "{} \\preceq {}",
    "seq +": "{} ++ {}",
    "seq -": "{} -- {}",
}

_ARITHMETIC = """\
\\* Sequence numbers, compared as RFC 9293 3.4 compares them: modulo the size of their space.
a ++ n == (a + n) % SPACE
a -- b == (a - b) % SPACE
a \\preceq b == b -- a < SPACE \\div 2
a \\prec b == a # b /\\ a \\preceq b
"""

_BAGS = """\
\\* In each direction a bag of segments: it knows no order.
Nothing == EmptyBag
UnderWay(me) == BagToSet(net[me])
Count(me) == BagCardinality(net[me])
Without(me, SEG) == [net EXCEPT ![me] = @ (-) SetToBag({SEG})]
With(all, me, SEG) == [all EXCEPT ![me] = @ (+) SetToBag({SEG})]
"""

_QUEUES = """\
\\* In each direction a queue: its first segment is the next to arrive, but any can be lost.
Nothing == <<>>
Count(me) == Len(net[me])
Cut(queue, i) == SubSeq(queue, 1, i - 1) \\o SubSeq(queue, i + 1, Len(queue))
With(all, me, SEG) == [all EXCEPT ![me] = Append(@, SEG)]
"""

_SEND = """\
\\* What an edge sends goes under way; where its direction is full the segment is lost.
Sent(all, me, SEG) == IF Count(me) < SLOTS[me] THEN With(all, me, SEG) ELSE all
Peer(me) == IF me = A THEN B ELSE A
Spend(what) == used' = [used EXCEPT ![what] = @ + 1]
"""

#: The parameters of the edges of an event, beside their end.
_PARAMETERS = {
    Event.OUTPUT: ("N",),
    Event.RETRANSMISSION_TIMEOUT: ("N", "WITH_FIN"),
    Event.SEGMENT: ("SEG", "rest"),
    **dict.fromkeys(CALLS, ("N",)),
}


def tla(model: Model, name: str, heading: str) -> str:
    """The whole module."""
    return "\n".join(_Writer(model).parts(name, heading))


def cfg(model: Model) -> str:
    """TLC's configuration: the scope's numbers, and what is to be judged."""
    scope = model.scope
    numbers = {
        "SPACE": 1 << scope.bits,
        "SND_BUFF": scope.send_buffer,
        "SND_MSS": scope.mss,
        "MAX_SND_WND": scope.buffer,
        "RCV_BUFF": scope.buffer,
    }
    lines = ["SPECIFICATION Spec", "CONSTANTS"]
    lines += [f"    {name} = {number}" for name, number in numbers.items()]
    if model.properties:
        lines += ["INVARIANTS", *(f"    {identifier(prop.name)}" for prop in model.properties)]
    return "\n".join(lines) + "\n"


def _place(var: Var) -> str:
    """Where a variable of an edge is: L is this end, SEG the segment."""
    if var.kind in (Kind.SEGMENT, Kind.SEGMENT_GHOST):
        return f"SEG.{field(var)}"
    if var is LIVES:
        return "LIVES[me]"
    return f"L.{identifier(var.name)}" if var in AT else identifier(var.name)


def _pair(var: Var) -> str:
    """Where a variable of a property is: L is one end, P its peer."""
    if base(var) in AT:
        return f"{'P' if var in TWINS else 'L'}.{identifier(base(var).name)}"
    return identifier(var.name)


class _Writer:
    def __init__(self, model: Model):
        self.model = model
        self.names: dict[str, str] = {}
        self.syntax = Syntax(_WRITTEN, frozenset(("ite",)), "FALSE", "TRUE", self.names)

    def parts(self, name: str, heading: str) -> Iterator[str]:
        yield f"---- MODULE {name} ----"
        yield _comment(heading.splitlines())
        yield f"EXTENDS Integers, {'Bags' if self.model.scope.reorder else 'Sequences'}\n"
        yield "CONSTANTS SPACE, SND_BUFF, SND_MSS, MAX_SND_WND, RCV_BUFF\n"
        yield _ARITHMETIC
        yield from self._constants()
        yield (
            "VARIABLES\n"
            "    tcb,  \\* each end's variables: of the TCB, of the host, and ghosts, which no guard reads\n"
            "    pc,   \\* where each end's program stands\n"
            "    net,  \\* the segments under way from each end\n"
            "    used  \\* what the scope counts\n"
            "vars == <<tcb, pc, net, used>>\n"
        )
        yield _BAGS if self.model.scope.reorder else _QUEUES
        yield _SEND
        yield from self._definitions()
        yield _comment(
            (
                "The state that an edge leads to. What no edge can read again in it before writing it is stored as 0,",
                "so that states which behave alike are one.",
            )
        )
        yield "\n".join(self._enter(state) for state in State) + "\n"
        for event, steps in self.model.steps.items():
            yield from self._event(event, steps)
        yield from self._init()
        yield from self._next()
        yield from self._properties()
        yield "===="

    # ---- declarations ----------------------------------------------------------------------------------------

    def _constants(self) -> Iterator[str]:
        scope, (slots, back) = self.model.scope, self.model.slots
        lives = [scope.lives_of(app) for app in (scope.app_a, scope.app_b)]
        octets = self.model.octets
        names = [name for names in VALUES.values() for name in names]
        yield "".join(f'{name} == "{name.removeprefix("FATE_")}"\n' for name in ("A", "B", *names))
        yield f"SLOTS == [A |-> {slots}, B |-> {back}]  \\* segments under way from A, and from B"
        yield f"LIVES == [A |-> {lives[0]}, B |-> {lives[1]}]  \\* incarnations an end may open"
        yield f"MOST == [A |-> {octets[0]}, B |-> {octets[1]}]  \\* octets in a segment of its\n"
        fields = filled((f"{field(var)} |-> {self.syntax.literal(var, 0)}" for var in SEGMENT), ",", " " * 4)
        yield _comment(f"SEG.{field(var)}: {var.means}" for var in SEGMENT) + f"BLANK == [{fields}]\n"

    def _definitions(self) -> Iterator[str]:
        lines = "\\* Terms that the specification names.\n"
        for name, term in self.model.definitions.items():
            head = f"{name}({', '.join(_reads(term))})"
            lines += f"{head} == {self._text(term)}\n"
            self.names[key(term)] = head
        yield lines

    def _text(self, term: Term, place: Place = _place) -> str:
        return self.syntax.text(term, place)

    # ---- edges -----------------------------------------------------------------------------------------------

    def _enter(self, state: State) -> str:
        zeros = (f"!.{identifier(var.name)} = {self.syntax.literal(var, 0)}" for var in self.model.forgotten(state))
        return f"enter_{state.name}(L) == [L EXCEPT {filled((f'!.STATE = {state.name}', *zeros), ',', ' ' * 4)}]"

    def _event(self, event: Event, steps: tuple[ScopedEdge, ...]) -> Iterator[str]:
        arguments = ", ".join(("me", *_PARAMETERS.get(event, ())))
        yield f"\\* ---- {event.value} ----\n"
        for step in steps:
            yield "\n".join(self._action(event, step, arguments))
        yield f"{event.name}({arguments}) =="
        first = "    CASE"
        for state in State:
            if here := [f"{step.name}({arguments})" for step in steps if step.edge.source is state]:
                yield f"{first} tcb[me].STATE = {state.name} ->\n            \\/ " + "\n            \\/ ".join(here)
                first = "      []"
        yield "      [] OTHER -> FALSE\n" if "[]" in first else "    FALSE\n"

    def _action(self, event: Event, step: ScopedEdge, arguments: str) -> Iterator[str]:
        yield from (f"\\* {line}" for line in step.comment())
        yield f"{step.name}({arguments}) == LET L == tcb[me] IN"
        yield f"    /\\ L.STATE = {step.edge.source.name}"
        yield from (f"    /\\ {self.syntax.argument('and', condition, _place)}" for condition in step.guard)
        new = {identifier(var.name): self.syntax.value(var, term, _place) for var, term in step.updates.items()}
        updates = [f"{name} = {value}" for name, value in new.items()]
        yield f"    /\\ tcb' = [tcb EXCEPT ![me] = enter_{step.edge.target.name}({_except('L', updates)})]"
        rest = "rest" if event is Event.SEGMENT else "net"
        if step.sent is None:
            yield f"    /\\ net' = {rest}\n"
        else:
            fields = [f"{field(var)} = {self._text(term)}" for var, term in step.sent.items()]
            yield f"    /\\ net' = Sent({rest}, me, {_except('BLANK', fields)})\n"

    # ---- the whole -------------------------------------------------------------------------------------------

    def _init(self) -> Iterator[str]:
        yield "\\* What an end L knows; ghosts are for the properties alone."
        yield _comment(f"L.{identifier(var.name)}: {var.means}" for var in self.model.variables) + "Init =="
        for name, local in zip("AB", self.model.initial, strict=True):
            values = (f"{identifier(v.name)} |-> {self.syntax.literal(v, local[AT[v]])}" for v in self.model.variables)
            before = "/\\ tcb = [" if name == "A" else "          "
            yield f"    {before}{name} |-> [{filled(values, ',', ' ' * 20)}]{',' if name == 'A' else ']'}"
        yield "    /\\ pc = [A |-> 0, B |-> 0]"
        yield "    /\\ net = [A |-> Nothing, B |-> Nothing]"
        yield "    /\\ used = [losses |-> 0, duplicates |-> 0, crashes |-> 0]\n"

    def _next(self) -> Iterator[str]:
        scope = self.model.scope
        for name, app, calls in zip("AB", (scope.app_a, scope.app_b), self.model.calls, strict=True):
            yield f"\\* {app}"
            yield f"Application{name} == LET me == {name} L == tcb[{name}] IN"
            yield from (self._call(call) for call in calls)
            yield ""
        yield "\\* What an end does by itself, whenever it may."
        yield "Alone(me) == UNCHANGED <<pc, used>> /\\"
        yield from (self._alone(event) for event in self.model.spontaneous)
        yield ""
        yield from self._network(scope)
        yield "Next == ApplicationA \\/ ApplicationB \\/ \\E me \\in {A, B} :"
        actions = {"Alone": True, "Arrives": True, "Loses": scope.losses != 0, "Crashes": scope.crashes > 0}
        yield from (f"    \\/ {action}(me)" for action, possible in actions.items() if possible)
        yield "\nSpec == Init /\\ [][Next]_vars\n"

    def _call(self, call: Call) -> str:
        if isinstance(call.does, Notice):
            return (
                f"    \\/ /\\ pc[me] = {call.counter} /\\ {self.syntax.argument('and', call.may, _place)}\n"
                f"       /\\ pc' = [pc EXCEPT ![me] = {call.after}] \\* {call.does.value}\n"
                "       /\\ UNCHANGED <<tcb, net, used>>"
            )
        return (
            f"    \\/ /\\ pc[me] = {call.counter} /\\ {self.syntax.argument('and', call.may, _place)}\n"
            f"       /\\ {call.does.name}(me, {self._text(call.octets)})\n"
            f"       /\\ pc' = [pc EXCEPT ![me] = {call.after}] /\\ UNCHANGED used"
        )

    def _alone(self, event: Event) -> str:
        if event is Event.OUTPUT:
            return "    \\/ \\E N \\in 0 .. MOST[me] : OUTPUT(me, N)"
        if event is Event.RETRANSMISSION_TIMEOUT:
            return f"    \\/ \\E N \\in 0 .. MOST[me], WITH_FIN \\in BOOLEAN : {event.name}(me, N, WITH_FIN)"
        if event is Event.TIME_WAIT_TIMEOUT and self.model.scope.wait is Wait.DRAINED:
            return f"    \\/ Count(A) + Count(B) = 0 /\\ {event.name}(me)"
        return f"    \\/ {event.name}(me)"

    def _network(self, scope: Scope) -> Iterator[str]:
        yield "\\* SEGMENT ARRIVES; the network may keep a copy. What nothing in the scope can answer is lost."
        if scope.reorder:
            each, rest = "\\E SEG \\in UnderWay(Peer(me))", "Without(Peer(me), SEG)"
            yield f"Arrives(me) == {each} : LET rest == {rest} IN"
        else:
            yield "Arrives(me) == Count(Peer(me)) > 0 /\\"
            yield "    LET SEG == Head(net[Peer(me)]) rest == [net EXCEPT ![Peer(me)] = Tail(@)] IN"
        yield "    \\/ SEGMENT(me, SEG, rest) /\\ UNCHANGED <<pc, used>>"
        if scope.duplicates != 0:
            yield f"    \\/ {_budget('duplicates', scope.duplicates)} /\\ SEGMENT(me, SEG, net) /\\ UNCHANGED pc"
        if scope.losses is not None:
            yield "    \\/ ~ENABLED SEGMENT(me, SEG, rest) /\\ net' = rest /\\ UNCHANGED <<tcb, pc, used>>"
        yield ""
        if scope.losses != 0:
            yield "\\* The network loses a segment."
            spent = f"{_budget('losses', scope.losses)} /\\ UNCHANGED <<tcb, pc>>"
            if scope.reorder:
                yield f"Loses(me) == {each} : net' = {rest} /\\ {spent}\n"
            else:
                yield f"Loses(me) == \\E i \\in 1 .. Count(me) : net' = [net EXCEPT ![me] = Cut(@, i)] /\\ {spent}\n"
        if scope.crashes:
            yield "\\* The host loses its memory and restarts; its program begins again."
            yield f"Crashes(me) == {_budget('crashes', scope.crashes)} /\\ CRASH(me) /\\ pc' = [pc EXCEPT ![me] = 0]\n"

    def _properties(self) -> Iterator[str]:
        for prop in self.model.properties:
            name = identifier(prop.name)
            yield f"\\* {prop.name}"
            yield f"{name}_at(L, P) == {self._text(prop.holds, _pair)}"
            yield f"{name} == {name}_at(tcb[A], tcb[B]) /\\ {name}_at(tcb[B], tcb[A])\n"


def _budget(name: str, bound: int | None) -> str:
    """Counts what the scope bounds."""
    return "UNCHANGED used" if bound is None else f'used.{name} < {bound} /\\ Spend("{name}")'


def _reads(term: Term) -> list[str]:
    """The parameters of a definition."""
    places = {_place(var).partition(".")[0] for var in variables(term) if var.kind is not Kind.CONSTANT}
    return sorted(places)


def _except(what: str, changes: list[str]) -> str:
    return f"[{what} EXCEPT\n          !.{f',{chr(10)}          !.'.join(changes)}]" if changes else what


def _comment(lines: Iterable[str]) -> str:
    return "".join(f"\\* {line}\n" for line in lines)

"""The model in Promela, for Spin: a process for each end, a guarded command for each edge, a channel each way.

Every step is one atomic sequence, and its scratch variables are 0 again at its end, so Spin stores exactly the states
between two steps.  Each state is stored once: where the network may reorder, the channels are kept sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from halfclose.checks.readers.python import AT, FIELD
from halfclose.spec.language.edge import Event
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Sort, Term, Var, variables
from halfclose.spec.language.variables import GHOST, SEGMENT, TWINS
from halfclose.spec.world.calls import Call, Notice
from halfclose.spec.world.network import Scope, Wait

from .model import VALUES, Model, ScopedEdge, base, field, identifier, key
from .syntax import Syntax, filled

_WRITTEN = {
    "and": " && ",
    "or": " || ",
    "not": "!{}",
    "ite": "({} -> {} : {})",
    "==": "{} == {}",
    "!=": "{} != {}",
    "<": "{} < {}",
    "<=": "{} <= {}",
    "+": "{} + {}",
    "-": "{} - {}",
    "seq <": "seq_lt({}, {})",
    "seq <=": "seq_le({}, {})",
    "seq +": "seq_add({}, {})",
    "seq -": "seq_sub({}, {})",
}
_FUNCTIONS = frozenset(("seq <", "seq <=", "seq +", "seq -", "ite"))

_ARITHMETIC = """\
/* Sequence numbers, compared as RFC 9293 3.4 compares them: modulo 2**{bits}. */
#define seq_add(a, n)   (((a) + (n)) & {mask})
#define seq_sub(a, b)   (((a) - (b)) & {mask})
#define seq_le(a, b)    (seq_sub(b, a) < {half})
#define seq_lt(a, b)    (0 < seq_sub(b, a) && seq_sub(b, a) < {half})
"""

_SCRATCH = """\
/* What one step needs on its way; 0 again at its end, so that it adds no states. */
Segment SEG;            /* the segment that arrives */
Segment OUT;            /* the segment that the edge sends */
bool sends;             /* it sends one */
bool idle;              /* no edge is taken */
int N;                  /* octets of this SEND, RECEIVE or segment */
bool WITH_FIN;          /* the retransmitted segment carries the FIN too */
byte place, turns;
"""

_NETWORK = """\
/* What the edge sends goes under way; where its direction is full the segment is lost. */
inline send()
{{
    if
    :: sends && len(net[me]) < SLOTS -> net[me]{put}OUT
    :: else
    fi;
    sends = false;
    blank(OUT)
}}

/* Turn a channel, so that another segment is its first. */
inline turn(channel, times)
{{
    turns = times;
    do
    :: turns > 0 -> channel?OUT; channel!OUT; turns--
    :: else -> break
    od;
    blank(OUT)
}}

/* Any segment on its way to this end leaves the network; what remains keeps its order. */
inline take()
{{
    select (place : 0 .. len(net[peer]) - 1);
    turn(net[peer], place);
    net[peer]?SEG;
    turn(net[peer], len(net[peer]) - place);
    place = 0
}}

/* A program goes on where an edge answered its call. */
inline goes_on(counter)
{{
    if
    :: idle
    :: else -> pc[me] = counter
    fi
}}

/* The end of a step. */
inline done()
{{
    send();
    if
    :: idle -> idle = false
    :: else -> forget()
    fi;
    blank(SEG);
    N = 0;
    WITH_FIN = false
}}
"""


def promela(model: Model, heading: str) -> str:
    """The whole model as one file."""
    return "\n".join(_Writer(model).parts(heading))


def _place(var: Var) -> str:
    """Where a variable of an edge is: this end's in arrays, the segment's in SEG."""
    if var in FIELD:
        return f"SEG.{field(var)}"
    return f"{_name(var)}[me]" if var in AT else _name(var)


def _pair(var: Var) -> str:
    """Where a variable of a property is: L is one end, P its peer."""
    if base(var) in AT:
        return f"{_name(base(var))}[{'P' if var in TWINS else 'L'}]"
    return _name(var)


def _name(var: Var) -> str:
    """A name that neither Promela nor C, which Spin translates to, has taken."""
    return "END_OF_FILE" if var is GHOST.EOF else identifier(var.name)


class _Writer:
    def __init__(self, model: Model):
        self.model = model
        self.names: dict[str, str] = {}
        self.syntax = Syntax(_WRITTEN, _FUNCTIONS, "false", "true", self.names)
        self.late: dict[Var, str] = {}

    def parts(self, heading: str) -> Iterator[str]:
        yield _comment(heading.splitlines())
        yield from self._numbers()
        yield from self._variables()
        yield _SCRATCH
        yield self._blank()
        yield self._forget()
        yield _NETWORK.format(put="!!" if self.model.scope.reorder else "!")
        yield from self._definitions()
        events = [text for event, steps in self.model.steps.items() for text in self._event(event, steps)]
        yield (
            "/* Where two updates of an edge read each other, the new value of one waits here; then it is 0. */\n"
            + "".join(f"{self._type(var)} {name};\n" for var, name in self.late.items())
        )
        yield from events
        yield from self._properties()
        yield "\n".join(self._process())

    # ---- declarations ----------------------------------------------------------------------------------------

    def _numbers(self) -> Iterator[str]:
        scope, (a, b) = self.model.scope, self.model.slots
        space = 1 << scope.bits
        yield _ARITHMETIC.format(bits=scope.bits, mask=space - 1, half=space // 2)
        lives = [scope.lives_of(app) for app in (scope.app_a, scope.app_b)]
        values = {
            "A": "0",
            "B": "1",
            "me": "_pid",
            "peer": "(1 - _pid)",
            "SLOTS": f"(me == A -> {a} : {b})",
            "LIVES": f"(me == A -> {lives[0]} : {lives[1]})",
            "SND_BUFF": scope.send_buffer,
            "SND_MSS": scope.mss,
            "MAX_SND_WND": scope.buffer,
            "RCV_BUFF": scope.buffer,
        }
        yield "".join(f"#define {name:<11} {value}\n" for name, value in values.items())
        yield "".join(f"mtype = {{ {', '.join(names)} }};\n" for names in VALUES.values())

    def _variables(self) -> Iterator[str]:
        model = self.model
        fields = "".join(f"    {self._type(var):<5} {field(var) + ';':<8} /* {var.means} */\n" for var in SEGMENT)
        yield f"typedef Segment {{\n{fields}}};\n"
        yield (
            "/* The variables of both ends (3.3.1), of the TCB and of the host; and ghosts, which no guard reads. */\n"
            + "".join(self._variable(var) for var in model.variables)
        )
        yield (
            "/* Where each end's program stands, what is under way from each end, and what the scope counts. */\n"
            f"byte pc[2];\nchan net[2] = [{max(model.slots)}] of {{ Segment }};\nbyte losses, duplicates, crashes;\n"
        )

    def _variable(self, var: Var) -> str:
        a, b = (self.syntax.literal(var, local[AT[var]]) for local in self.model.initial)
        first = a if a == b else f"{{ {a}, {b} }}"
        return f"{self._type(var):<5} {f'{_name(var)}[2] = {first};':<28} /* {var.means} */\n"

    def _type(self, var: Var) -> str:
        if var in VALUES:
            return "mtype"
        if var.sort is Sort.BOOL:
            return "bool"
        bits = self.model.scope.bits
        return "byte" if var.sort is Sort.SEQ and bits <= 8 else "short" if bits <= 15 else "int"

    def _blank(self) -> str:
        body = "".join(f"    segment.{field(var)} = {self.syntax.literal(var, 0)};\n" for var in SEGMENT)
        return f"inline blank(segment)\n{{\n{body}}}\n"

    def _definitions(self) -> Iterator[str]:
        lines = ""
        for name, term in self.model.definitions.items():
            lines += f"#define {name:<11} ({self._text(term)})\n"
            self.names[key(term)] = name
        yield "/* Terms that the specification names. */\n" + lines

    def _text(self, term: Term) -> str:
        return self.syntax.text(term, _place)

    # ---- edges -----------------------------------------------------------------------------------------------

    def _forget(self) -> str:
        lines = ["if"]
        for state in State:
            zeros = [f"{_place(var)} = {self.syntax.literal(var, 0)}" for var in self.model.forgotten(state)]
            lines += [f":: STATE[me] == {state.name} ->", f"   {filled(zeros or ['skip'], ';', ' ' * 7)}"]
        why = (
            "What no edge can read again in a state before writing it is stored as 0, so that states which behave",
            "alike are one.",
        )
        return _comment(why) + _block("inline forget()", [*lines, "fi"])

    def _event(self, event: Event, steps: tuple[ScopedEdge, ...]) -> Iterator[str]:
        """The edges of an event. Those of a segment are too many for one inline, so each state has its own."""
        if event is not Event.SEGMENT:
            yield self._choice(event.name, steps)
            return
        states = [f":: STATE[me] == {state.name} -> SEGMENT_in_{state.name}()" for state in State]
        for state in State:
            yield self._choice(f"SEGMENT_in_{state.name}", [step for step in steps if step.edge.source is state])
        yield _block("inline SEGMENT()", ["if", *states, "fi"])

    def _choice(self, name: str, steps: Iterable[ScopedEdge]) -> str:
        lines = [line for step in steps for line in self._command(step)]
        return _block(f"inline {name}()", ["if", *lines, ":: else -> idle = true", "fi"])

    def _command(self, step: ScopedEdge) -> Iterator[str]:
        yield from _comment(step.comment()).splitlines()
        yield ":: d_step {"
        guard = [f"STATE[me] == {step.edge.source.name}", *(self._conjunct(condition) for condition in step.guard)]
        yield from (f"       {condition} &&" for condition in guard[:-1])
        yield f"       {guard[-1]} ->"
        yield f'       printf("{step.edge.name}\\n");'
        for var, term in (step.sent or {}).items():
            yield f"       OUT.{field(var)} = {self._text(term)};"
        if step.sent is not None:
            yield "       sends = true;"
        yield from (f"       {assignment};" for assignment in self._assignments(step.updates))
        yield f"       STATE[me] = {step.edge.target.name}"
        yield "   }"

    def _assignments(self, updates: dict[Var, Term]) -> Iterator[str]:
        """The simultaneous updates as a sequence: a variable is written after all updates that read it."""
        left, late = dict(updates), dict[Var, str]()
        while left:
            reads = {var: variables(term) for var, term in left.items()}
            free = (var for var in left if not any(var in reads[other] for other in left if other is not var))
            var = next(free, None)
            if var is None:
                var = next(iter(left))
                late[var] = self.late[var] = f"next_{_name(var)}"
            yield f"{late.get(var, _place(var))} = {self.syntax.value(var, left.pop(var), _place)}"
        yield from (f"{_place(var)} = {name}; {name} = 0" for var, name in late.items())

    def _conjunct(self, condition: Term) -> str:
        return self.syntax.argument("and", condition, _place)

    # ---- properties and the process --------------------------------------------------------------------------

    def _properties(self) -> Iterator[str]:
        for prop in self.model.properties:
            name, holds = identifier(prop.name), self.syntax.text(prop.holds, _pair)
            yield _comment((prop.name,)) + f"#define {name}(L, P) ({holds})\n"

    def _process(self) -> Iterator[str]:
        scope = self.model.scope
        yield "active [2] proctype End()"
        yield "{"
        yield "end:"
        yield "    do"
        for prop in self.model.properties:
            both = f"{identifier(prop.name)}(A, B) && {identifier(prop.name)}(B, A)"
            yield f"    :: me == A && !({both}) ->"
            yield f"       assert({both})"
        yield "    :: atomic {"
        yield "        if"
        for name, app, calls in zip("AB", (scope.app_a, scope.app_b), self.model.calls, strict=True):
            yield f"        /* {name}'s application: {app} */"
            for call in calls:
                yield from self._call(name, call)
        yield "        /* What an end does by itself, whenever it may. */"
        yield from (f"        :: {self._alone(event)}" for event in self.model.spontaneous)
        yield from (f"        {line}" for line in self._network(scope))
        yield "        fi;"
        yield "        done()"
        yield "       }"
        yield "    od"
        yield "}\n"

    def _call(self, end: str, call: Call) -> Iterator[str]:
        if isinstance(call.does, Notice):
            yield f"        :: me == {end} && pc[me] == {call.counter} && {self._conjunct(call.may)} ->"
            yield f"           pc[me] = {call.after} /* {call.does.value} */"
            return
        octets = self._text(call.octets)
        chosen = "" if octets == "0" else f"N = {octets}; "
        yield f"        :: me == {end} && pc[me] == {call.counter} && {self._conjunct(call.may)} ->"
        yield f"           {chosen}{call.does.name}(); goes_on({call.after})"

    def _alone(self, event: Event) -> str:
        first = "true -> "
        if event is Event.TIME_WAIT_TIMEOUT and self.model.scope.wait is Wait.DRAINED:
            first = "len(net[A]) + len(net[B]) == 0 -> "
        if event in (Event.OUTPUT, Event.RETRANSMISSION_TIMEOUT):
            a, b = self.model.octets
            longer = f"me == {'A' if a > b else 'B'} -> "
            first = "if " + " ".join(f":: {longer * (n > min(a, b))}N = {n}" for n in range(max(a, b) + 1)) + " fi; "
        if event is Event.RETRANSMISSION_TIMEOUT:
            first += "if :: WITH_FIN = true :: WITH_FIN = false fi; "
        return f"{first}{event.name}()"

    def _network(self, scope: Scope) -> Iterator[str]:
        take, keep = "take()", "net[peer]!!SEG"
        if not scope.reorder:
            take, keep = "net[peer]?SEG", "send(); net[peer]!SEG; turn(net[peer], len(net[peer]) - 1)"
        yield "/* SEGMENT ARRIVES; the network may keep a copy. What nothing in the scope can answer is lost. */"
        yield f":: nempty(net[peer]) -> {take}; SEGMENT()" + ";" * (scope.duplicates != 0)
        if scope.duplicates != 0:
            within, count = _budget("duplicates", scope.duplicates)
            yield f"   if :: true :: !idle{within} -> {count}{keep} fi"
        if scope.losses != 0:
            within, count = _budget("losses", scope.losses)
            yield "/* The network loses a segment. */"
            yield f":: nempty(net[peer]){within} -> {count}take(); idle = true"
        if scope.crashes:
            yield "/* The host loses its memory and restarts; its program begins again. */"
            yield f":: crashes < {scope.crashes} -> CRASH(); goes_on(0); if :: idle :: else -> crashes++ fi"


def _budget(name: str, bound: int | None) -> tuple[str, str]:
    """A condition and a statement that count what the scope bounds."""
    return ("", "") if bound is None else (f" && {name} < {bound}", f"{name}++; ")


def _comment(lines: Iterable[str]) -> str:
    return "/* " + "\n * ".join(lines) + " */\n"


def _block(head: str, lines: list[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{head}\n{{\n{body}}}\n"

"""The abstraction function: which state of the specification a state of the code stands for.

Variables of the code that the specification does not have (round trips, where retransmission begins, whether a probe is
due) are left out; variables of the specification that the code does not have are computed from others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.checks.oracle.endpoint import Endpoint, put
from halfclose.checks.oracle.hypothesis import Held, Hypothesis
from halfclose.checks.oracle.sequence import distance, pattern, wrap
from halfclose.checks.readers.dead_variables import dead_variables
from halfclose.reference.tcb import Notice, Tcb, Timer
from halfclose.spec.language.states import RECEIVING, State
from halfclose.spec.language.terms import Kind, Sort, Var
from halfclose.spec.language.variables import (
    ACK_OWED,
    CLOCK,
    CLOSE_CALLED,
    DETACHED,
    GHOST,
    HELD,
    IRS,
    ISS,
    PASSIVE,
    RCV,
    SND,
    STATE,
    TCB,
    Fate,
)

#: Not compared one by one: the clock is the host's, and early segments are compared as octets (`_covered`).
_ELSEWHERE = frozenset((CLOCK, HELD.SET, HELD.SEQ, HELD.TEXT, HELD.FIN))
#: Where segments may be held; in SYN-RECEIVED it is what came with the SYN.
_HOLDING = frozenset((State.SYN_RECEIVED, *RECEIVING))
_INITIAL, _OF_PEER = frozenset((ISS, IRS)), frozenset((RCV.NXT, SND.WL1))
_WHY_OVER = {
    Fate.CLOSED: (Notice.CLOSED,),
    Fate.RESET: (Notice.RESET,),
    Fate.REFUSED: (Notice.REFUSED,),
    Fate.TIMED_OUT: (Notice.TIMEOUT,),
    Fate.ABORTED: (Notice.RESET, Notice.CLOSED),  # the user's own doing, which needs no notice
}


def abstract(tcb: Tcb) -> dict[Var, int]:
    """The values of the specification's variables in the code."""
    return {
        STATE: State(str(tcb.state)).index,
        ISS: tcb.ISS,
        IRS: tcb.IRS,
        SND.UNA: tcb.SND.UNA,
        SND.NXT: tcb.SND.NXT,
        SND.END: tcb.end,
        SND.WND: tcb.SND.WND,
        SND.WL1: tcb.SND.WL1,
        SND.WL2: tcb.SND.WL2,
        RCV.NXT: tcb.RCV.NXT,
        RCV.WND: tcb.RCV.WND,
        RCV.USER: len(tcb.received),
        PASSIVE: int(tcb.passive),
        CLOSE_CALLED: int(tcb.close_called),
        DETACHED: int(tcb.detached),
        ACK_OWED: int(Timer.DELAYED_ACK in tcb.timers),
    }


@dataclass(frozen=True)
class Difference:
    """A variable whose value in the code is not the one in the specification."""

    name: str
    code: str
    spec: str

    def __str__(self) -> str:
        return f"{self.name} is {self.code}"

    @property
    def wanted(self) -> str:
        """What the specification says."""
        return f"{self.name} is {self.spec}"


class Abstraction:
    """Compares states of the code with those of the specification, under one profile."""

    def __init__(self, endpoint: Endpoint) -> None:
        dead = dead_variables(endpoint.graph.edges, frozenset())
        self._live = {
            state.index: tuple(
                var for var in TCB if var.kind is Kind.TCB and var not in dead[state] and var not in _ELSEWHERE
            )
            for state in State
        }

    def differences(self, h: Hypothesis, tcb: Tcb) -> tuple[Difference, ...]:
        """Where the two differ, in the variables that an edge may still read from the specification's state on."""
        return tuple(self._differences(h, tcb, abstract(tcb)))

    def _differences(self, h: Hypothesis, tcb: Tcb, values: dict[Var, int]) -> Iterator[Difference]:
        spec, code = State(h.state), State(str(tcb.state))
        if spec is not code:
            yield Difference("the state", code.value, spec.value)
            return
        for var in self._live[spec.index]:
            if values[var] != h[var]:
                yield Difference(var.name, _number(var, values[var], h), _number(var, h[var], h))
        if spec in _HOLDING and (held := _held_by_code(tcb)) != (wanted := _held_by_spec(h)):
            yield Difference("what is held", str(held), str(wanted))
        over = _WHY_OVER.get(h[GHOST.FATE], ())
        if spec is State.CLOSED and over and tcb.ended not in over:
            yield Difference("why it ended", str(tcb.ended), " or ".join(map(str, over)))
        yield from _wrong_octets(h, tcb)


def _wrong_octets(h: Hypothesis, tcb: Tcb) -> Iterator[Difference]:
    if tcb.received != pattern(h[GHOST.READ], len(tcb.received)):
        yield Difference("what RECEIVE would return", "other octets", "the next ones of the stream")
    if tcb.text != pattern(max(0, h[GHOST.SENT] - len(tcb.text)), len(tcb.text)):
        yield Difference("the retransmission queue", "other octets", "the last ones of SEND")
    if h.state in _HOLDING:
        for seq, text in tcb.early.pieces:
            if text != pattern(distance(h[IRS], seq) - 1, len(text)):
                yield Difference("what is held", "other octets", f"those from {seq} on")


def place(h: Hypothesis, tcb: Tcb) -> Hypothesis:
    """The hypothesis for exactly this state of the code; ghosts and the clock are taken from h."""
    values = abstract(tcb)
    local = tuple(values.get(var, h[var]) for var in TCB)
    held = _as_held(tcb) if h.state in _HOLDING else []
    nearest = held[0] if held else Held(0, 0, 0)
    local = put(local, HELD=int(bool(held)), HELD_SEQ=nearest.seq, HELD_TEXT=nearest.text, HELD_FIN=nearest.fin)
    return Hypothesis(local, waiting=tuple(held[1:]), told_end=h.told_end)


def _as_held(tcb: Tcb) -> list[Held]:
    """The early pieces as early segments, the nearest first."""
    fin = tcb.early.fin
    held = [Held(seq, len(text), int(fin == wrap(seq + len(text)))) for seq, text in tcb.early.pieces]
    if fin is not None and not any(piece.fin for piece in held):
        held.append(Held(fin, 0, 1))
    return sorted(held, key=lambda piece: distance(tcb.RCV.NXT, piece.seq))


def _held_by_code(tcb: Tcb) -> tuple[frozenset[int], int | None]:
    return _covered(_as_held(tcb), tcb.RCV.NXT)


def _held_by_spec(h: Hypothesis) -> tuple[frozenset[int], int | None]:
    first = (Held(h[HELD.SEQ], h[HELD.TEXT], h[HELD.FIN]),) if h[HELD.SET] else ()
    return _covered([*first, *h.waiting], h[RCV.NXT])


def _covered(held: list[Held], start: int) -> tuple[frozenset[int], int | None]:
    """The offsets from RCV.NXT of the octets that are held, and of the FIN, however they were cut into segments.

    Octets behind a FIN are left out.
    """
    octets: set[int] = set()
    fins: set[int] = set()
    for piece in held:
        first = distance(start, piece.seq)
        octets.update(range(first, first + piece.text))
        fins.update({first + piece.text} if piece.fin else ())
    fin = min(fins, default=None)
    return frozenset(octet for octet in octets if fin is None or octet < fin), fin


def _number(var: Var, value: int, h: Hypothesis) -> str:
    """Sequence numbers count from the initial ones."""
    if var.sort is not Sort.SEQ or var in _INITIAL:
        return str(value)
    first = IRS if var in _OF_PEER else ISS
    return str(distance(h[first], value))

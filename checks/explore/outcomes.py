"""What a state shows of two programs and their octets: the answers to questions, one pair of local states at a time.

An octet that SEND accepted is *lost* once its receiver's connection is gone (by a reset, a time-out, a crash) before
an application that was going to read it could.  It is *left unread* where the receiving application itself gave up: it
aborted, closed fully, or has no more reads to come, whether its connection is still up or not.
"""

from __future__ import annotations

from halfclose.checks.explore.system import System
from halfclose.checks.readers.python import AT, Local
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import Var
from halfclose.spec.language.variables import GHOST, RCV, STATE, Fate
from halfclose.spec.world.application import Action

#: What the functions below read of an end.
WATCHED: frozenset[Var] = frozenset(
    (RCV.USER, GHOST.SENT, GHOST.READ, GHOST.FATE, GHOST.JOINED, GHOST.GOOD, GHOST.WHOLE, GHOST.PEER, GHOST.LIFE)
)
_BY_OTHERS = (Fate.RESET, Fate.TIMED_OUT, Fate.CRASHED)
_BROKEN = (Fate.RESET, Fate.REFUSED, Fate.TIMED_OUT)
_CLOSED = State.CLOSED.index
_AT_END = frozenset(
    state.index for state in (State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT, State.CLOSED)
)


def lost(system: System, key: int, receiving: int) -> bool:
    """Whether octets cannot be read any more although the receiving application was going to."""
    receiver, _ = system.application(key, receiving)
    how = receiver[AT[GHOST.FATE]]
    if not _missing(system, key, receiving):
        return False
    return how == Fate.CRASHED or (_reads_on(system, key, receiving) and how in (*_BY_OTHERS, Fate.CLOSED))


def left_unread(system: System, key: int, receiving: int) -> bool:
    """Whether the receiving application gave up on octets that it could have read."""
    receiver, sender = system.local(key, receiving), system.local(key, 1 - receiving)
    how = receiver[AT[GHOST.FATE]]
    if how == Fate.ABORTED:
        return _missing(system, key, receiving)
    if how not in (Fate.ALIVE, Fate.CLOSED) or not _meets(receiver, sender):
        return False
    return receiver[AT[GHOST.READ]] < sender[AT[GHOST.SENT]] and not _reads_on(system, key, receiving)


def told_of_reset(system: System, key: int, side: int) -> bool:
    """Whether the connection was reset while the application still had calls to make."""
    local, counter = system.application(key, side)
    caller = system.machines[side].caller
    calling = caller.end < 0 or caller.call(local, counter) is not None
    return calling and local[AT[STATE]] == _CLOSED and local[AT[GHOST.FATE]] == Fate.RESET


def wrong(system: System, key: int) -> bool:
    """Whether an end took an octet that was not its peer's next one, or a FIN too early."""
    return not all(system.local(key, side)[AT[ghost]] for side in (0, 1) for ghost in (GHOST.GOOD, GHOST.WHOLE))


def ended_well(system: System, key: int) -> bool:
    """Whether they were connected, each program has come to its end, and each has read what the other sent."""
    a, b = system.local(key, 0), system.local(key, 1)
    if not connected(system, key) or not all(_has_ended(system, key, side) for side in (0, 1)):
        return False
    return a[AT[GHOST.READ]] == b[AT[GHOST.SENT]] and b[AT[GHOST.READ]] == a[AT[GHOST.SENT]]


def connected(system: System, key: int) -> bool:
    """Whether the two ends have been connected."""
    return all(system.local(key, side)[AT[GHOST.JOINED]] for side in (0, 1))


def sent(system: System, key: int, side: int) -> bool:
    """Whether an application has sent something."""
    return system.local(key, side)[AT[GHOST.SENT]] > 0


def waits(system: System, key: int, side: int) -> bool:
    """Whether a program stands in a call, and nothing has told it yet that this is in vain.

    A program that is told waits no longer, even if it says nothing of what it does then.  Nor does it wait for TCP
    where an open was refused because nobody listened yet, or where it has crashed and the scope lets it open no more.
    """
    local, counter = system.application(key, side)
    caller = system.machines[side].caller
    if caller.call(local, counter) is None or refused(system, key):
        return False
    how = local[AT[GHOST.FATE]]
    if local[AT[STATE]] == _CLOSED and (how in _BROKEN or (how == Fate.CRASHED and _spent(local, caller.lives))):
        return False
    return not met_end(system, key, side)


def met_end(system: System, key: int, side: int) -> bool:
    """Whether a program asks for more octets than come before the end of file."""
    local, counter = system.application(key, side)
    caller = system.machines[side].caller
    if not 0 <= counter < caller.end or caller.steps[counter].action is not Action.READ:
        return False
    ended = local[AT[STATE]] in _AT_END and local[AT[GHOST.JOINED]] and not local[AT[RCV.USER]]
    return bool(ended) and caller.steps[counter].count is not None


def open_still(system: System, key: int) -> bool:
    """Whether an end still has a connection, or part of one."""
    return any(system.local(key, side)[AT[STATE]] not in (_CLOSED, State.LISTEN.index) for side in (0, 1))


def refused(system: System, key: int) -> bool:
    """Whether an open was refused, since nobody listened yet."""
    return any(system.local(key, side)[AT[GHOST.FATE]] == Fate.REFUSED for side in (0, 1))


def _missing(system: System, key: int, receiving: int) -> bool:
    """Whether the receiver's connection is gone, and with it octets that its peer's SEND accepted."""
    receiver, sender = system.local(key, receiving), system.local(key, 1 - receiving)
    return (
        receiver[AT[STATE]] == _CLOSED
        and _meets(receiver, sender)
        and receiver[AT[GHOST.READ]] + receiver[AT[RCV.USER]] < sender[AT[GHOST.SENT]]
    )


def _meets(receiver: Local, sender: Local) -> bool:
    """Whether the receiver's connection is that with the sender's present, or last, incarnation."""
    return receiver[AT[GHOST.PEER]] == sender[AT[GHOST.LIFE]] > 0


def _spent(local: Local, lives: int) -> bool:
    """Whether an end may open no other connection in this scope."""
    return local[AT[GHOST.LIFE]] >= lives


def _reads_on(system: System, key: int, side: int) -> bool:
    return system.application(key, side)[1] in system.machines[side].caller.read_on


def _has_ended(system: System, key: int, side: int) -> bool:
    """Whether a program is at its end; a free application has none."""
    caller = system.machines[side].caller
    return caller.end < 0 or caller.at_end(system.application(key, side)[1])

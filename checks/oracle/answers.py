"""Whether what a user call returned is what an edge tells the user, in the words of a socket interface."""

from __future__ import annotations

from halfclose.checks.oracle.endpoint import LARGEST_WINDOW
from halfclose.checks.oracle.hypothesis import Hypothesis
from halfclose.checks.oracle.sequence import distance
from halfclose.checks.stacks.stack import NO_ROOM, Result, Verb
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import RCV, SND

_FAILURES = ("reset", "refused", "timeout", "error")
_BEFORE = (State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED)


def fails(result: Result) -> bool:
    """Whether the result is an error of any kind."""
    return result.status.split(":")[0] in _FAILURES


def answers(edge: Edge, verb: Verb, result: Result, h: Hypothesis) -> bool:
    """Whether this result is what the edge tells the user."""
    signal, failed = edge.rule.signal, fails(result)
    if verb is Verb.RECEIVE:
        return _answers_receive(edge, result, h)
    if verb is Verb.SEND:
        if signal.startswith("error"):
            no_room = signal == "error: insufficient resources"
            return failed or (result.status == "blocked" and (edge.source in _BEFORE or no_room))
        return result.status == "blocked" or result.accepted > 0
    if verb is Verb.LISTEN and signal:
        return True  # freedom answers-second-listen
    if verb in (Verb.OPEN, Verb.LISTEN):
        return failed if signal else result.status == "ok"
    # 3.10.4: of a CLOSE too many, "an 'ok' response would be acceptable, too"
    return result.status == "ok" or (failed and bool(signal))


def lacks_room(result: Result, count: int, h: Hypothesis) -> bool:
    """Whether a SEND of so many octets was refused for want of room (freedom any-send-buffer).

    It may say so, or refuse in other words what is more than any window without scaling.
    """
    queued = max(0, distance(h[SND.UNA], h[SND.END]))
    is_long = queued + count > LARGEST_WINDOW
    return result.status == NO_ROOM or (is_long and result.status.startswith("error"))


def waits(result: Result, count: int, h: Hypothesis) -> bool:
    """Whether a RECEIVE waits that asks for more than is on hand (freedom receive-waits)."""
    return result.status == "blocked" and 0 < h[RCV.USER] < count


def _answers_receive(edge: Edge, result: Result, h: Hypothesis) -> bool:
    signal = edge.rule.signal
    if not signal:
        return bool(result.text)
    if signal == "queued":
        return result.status == "blocked"
    if signal == "error: connection closing":
        return result.status == "eof" or result.status.startswith("error")
    if result.status == "eof":
        return h.told_end or h.told_over
    return fails(result) and signal.startswith("error")

"""Faults to seed the specification with, as a stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from halfclose.checks.mutate.stack import SpecStack
from halfclose.checks.oracle.sequence import pattern
from halfclose.checks.readers.python import AT
from halfclose.reference.wire import ACK, FIN, Segment
from halfclose.spec.language.edge import Emission, Rule
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import CTL, SEG, STATE
from halfclose.spec.tcp.graph import RULES

# ---- faults --------------------------------------------------------------------------------------------------


def changed(names: Iterable[str], change: Callable[[Rule], Rule]) -> tuple[Rule, ...]:
    """The declaration with some of its rules changed."""
    chosen = set(names)
    assert chosen <= {rule.name for rule in RULES}
    return tuple(change(rule) if rule.name in chosen else rule for rule in RULES)


def _named(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name == name)


def last_ack_leaves_on_any_ack() -> SpecStack:
    gone = _named("last-ack.acked")
    return SpecStack(changed(["last-ack.ack"], lambda r: replace(r, target=State.CLOSED, updates=gone.updates)))


def fin_taken_out_of_order() -> SpecStack:
    early, fin = _named("established.early"), _named("established.fin")
    taken = replace(fin, name="taken early", guard=(*early.guard, CTL.FIN))
    rules = changed(["established.early"], lambda rule: replace(rule, guard=(*rule.guard, ~CTL.FIN)))
    return SpecStack((*rules, taken))


def unacceptable_segment_not_acknowledged() -> SpecStack:
    names = [rule.name for rule in RULES if rule.name.startswith("step1.ack")]
    return SpecStack(changed(names, lambda rule: replace(rule, emits=None)))


def old_ack_taken_for_that_of_the_fin() -> SpecStack:
    return SpecStack(changed(["fin-wait-1.ack"], lambda rule: replace(rule, target=State.FIN_WAIT_2)))


def reset_with_the_wrong_number() -> SpecStack:
    return SpecStack(changed(["listen.ack"], lambda rule: replace(rule, emits=Emission(rst=True, seq=SEG.SEQ))))


def fin_not_acknowledged() -> SpecStack:
    owed = _named("established.fin").updates
    silent = tuple(update for update in owed if update.var.name != "ACK.OWED")
    return SpecStack(changed(["established.fin"], lambda rule: replace(rule, updates=silent)))


def no_sending_after_the_peers_fin() -> SpecStack:
    closing = _named("send.closing")
    rules = changed(
        ["send.queue"], lambda rule: replace(rule, states=tuple(s for s in rule.states if s is not State.CLOSE_WAIT))
    )
    return SpecStack((*rules, replace(closing, name="refused", states=(State.CLOSE_WAIT,))))


class _Shifted(SpecStack):
    def received(self, first: int, octets: int) -> bytes:
        return pattern(first + 1, octets)


def octets_displaced() -> SpecStack:
    return _Shifted()


class _Fragile(SpecStack):
    def deliver(self, segment: Segment) -> None:
        if segment.flags == FIN | ACK and self._local[AT[STATE]] == State.FIN_WAIT_1.index:
            os.write(1, b"assertion failed: no FIN here\n")
            os.abort()
        super().deliver(segment)


def process_ends_at_a_fin() -> SpecStack:
    return _Fragile()


def faultless() -> SpecStack:
    return SpecStack()


FAULTS = {
    "last-ack-any-ack": last_ack_leaves_on_any_ack,
    "fin-before-data": fin_taken_out_of_order,
    "three-way-close-active": unacceptable_segment_not_acknowledged,
    "fin-wait-1-old-ack-lost-fin": old_ack_taken_for_that_of_the_fin,
    "listen-rst-sequence": reset_with_the_wrong_number,
    "four-way-close-passive": fin_not_acknowledged,
    "half-close-send": no_sending_after_the_peers_fin,
    "half-close-receive": octets_displaced,
}

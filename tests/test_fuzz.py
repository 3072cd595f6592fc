"""Mutated packets into live stacks: nothing is raised and nothing leaks; what does go wrong is found and repeated."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random

import pytest
from hosts import FAMILIES
from hypothesis import given
from hypothesis import strategies as st

from halfclose.checks.fuzz.mutate import Mutator, mend
from halfclose.checks.fuzz.run import Fuzzed, fuzz
from halfclose.reference import arrives, calls
from halfclose.reference.stack import Stack
from halfclose.reference.tcb import State, Tcb
from halfclose.reference.wire import ACK, SYN, Address, Datagram, Segment, encode

_MUTANTS = 30_000


def fuzzed(mutants: int, seed: int = 0, first: int = 0) -> Fuzzed:
    done = Fuzzed()
    fuzz(done, seed, mutants, first=first, progress=lambda count: None)
    return done


def test_nothing_is_raised_no_connection_stays_and_every_state_is_reached() -> None:
    done = fuzzed(_MUTANTS)
    assert done.failure is None
    assert done.mutants >= _MUTANTS
    assert set(State) - {State.LISTEN} == set(done.states)
    assert done.dropped.total() < done.received / 2, "most mutants come as far as a connection"


def test_the_same_seed_gives_the_same_packets() -> None:
    assert fuzzed(1, seed=5) == fuzzed(1, seed=5)
    assert fuzzed(1, seed=5) != fuzzed(1, seed=6)


def test_a_leak_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrives, "limit_wait_for_fin", lambda tcb: None)
    monkeypatch.setattr(calls, "limit_wait_for_fin", lambda tcb: None)
    done = fuzzed(_MUTANTS)
    assert done.failure is not None
    assert "stay" in done.failure.what


def test_an_exception_is_found_with_its_packets_and_its_world_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def ack_of_fin(tcb: Tcb) -> bool:
        if tcb.state is State.CLOSING:
            raise ZeroDivisionError("planted")
        return correct(tcb)

    correct = arrives._ack_of_fin
    monkeypatch.setattr(arrives, "_ack_of_fin", ack_of_fin)
    first = fuzzed(_MUTANTS).failure
    assert first is not None
    assert "planted" in first.what
    assert first.packets
    assert fuzzed(1, first=first.world).failure == first


@given(st.integers(0, 2**32), st.sampled_from(FAMILIES), st.binary(max_size=50))
def test_any_mutant_can_be_delivered(seed: int, pair: tuple[Address, Address], text: bytes) -> None:
    mutator, packet = Mutator(Random(seed)), encode(Datagram(*pair, 1, 2, Segment(1, 2, ACK, 3, text)))
    stack = Stack([pair[1]], secret=bytes(16))
    for _ in range(5):
        stack.packet_arrives(mutator.mutant(packet), 0.0)
    assert stack.counters.received == 5


@given(st.sampled_from(FAMILIES), st.binary(max_size=50))
def test_mending_changes_nothing_that_is_right(pair: tuple[Address, Address], text: bytes) -> None:
    packet = encode(Datagram(*pair, 1, 2, Segment(1, 2, SYN, 3, text, mss=4)))
    assert mend(bytearray(packet)) == packet


def run(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()", "fuzz", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_says_what_was_done() -> None:
    done = run("--packets", "4000", "--json", "-")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["mutated"] >= 4000
    assert figures["failure"] is None


@pytest.mark.parametrize("args", [("--packets", "0"), ("--world", "-1")])
def test_bad_requests_are_refused_in_one_line(args: tuple[str, str]) -> None:
    done = run(*args)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)

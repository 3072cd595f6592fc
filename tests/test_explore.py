"""Exploration: what is covered, in which order, and what its bounds mean."""

from __future__ import annotations

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from halfclose.checks.explore.advice import advise
from halfclose.checks.explore.options import Inquiry
from halfclose.checks.explore.premises import premises
from halfclose.checks.explore.questions import Answers, ask
from halfclose.checks.explore.reset_reading import other_reading
from halfclose.checks.explore.system import System
from halfclose.checks.explore.vector import VectorSearch
from halfclose.checks.readers.python import AT
from halfclose.spec.language.profile import parse_profile
from halfclose.spec.language.states import State
from halfclose.spec.language.variables import GHOST, ISS, RCV, SND, STATE, TCB
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import RULES, tcp
from halfclose.spec.world.application import BadProgram, Free, Program, parse_application
from halfclose.spec.world.network import BadScope, Scope

CLIENT, SERVER = "open; send 1; shutdown; read", "listen; read; shutdown"


def scope(app_a: str = CLIENT, app_b: str = SERVER, profile: str = "", **bounds: object) -> Scope:
    return Scope(
        parse_application(app_a),
        parse_application(app_b),
        parse_profile(profile),
        **({"slots": 1} | bounds),  # type: ignore[arg-type]
    )


def covered(of: Scope, watched: frozenset[object] = frozenset()) -> VectorSearch:
    return finished(VectorSearch(System(of, watched=watched)))  # type: ignore[arg-type]


def finished(search: VectorSearch) -> VectorSearch:
    search.run()
    return search


def keys(result: VectorSearch) -> list[int]:
    return [key for level in result.by_level() for key in level]


def states(result: VectorSearch) -> set[tuple[str, str]]:
    names = [state.value for state in State]
    system = result.system
    return {(names[system.local(k, 0)[0]], names[system.local(k, 1)[0]]) for k in keys(result)}


def observable(result: VectorSearch) -> set[tuple[int, ...]]:
    system, seen = result.system, (STATE, GHOST.READ, GHOST.SENT)
    return {tuple(system.local(k, side)[AT[var]] for side in (0, 1) for var in seen) for k in keys(result)}


def test_the_normal_course_of_a_connection_is_reachable() -> None:
    assert states(covered(scope())) >= {
        ("SYN-SENT", "LISTEN"),
        ("SYN-SENT", "SYN-RECEIVED"),
        ("ESTABLISHED", "ESTABLISHED"),
        ("FIN-WAIT-2", "CLOSE-WAIT"),
        ("TIME-WAIT", "LAST-ACK"),
        ("CLOSED", "CLOSED"),
    }


def test_exploring_twice_gives_the_same_states() -> None:
    one, two = covered(scope()), covered(scope())
    assert keys(one) == keys(two)
    assert (one.steps, one.levels, one.complete) == (two.steps, two.levels, True)


def test_dropping_dead_variables_changes_nothing_that_can_be_seen() -> None:
    small = scope("open; send 1; shutdown", "listen; read")
    everything = covered(small, frozenset(TCB))
    reduced = covered(small)
    assert observable(reduced) == observable(everything)
    assert reduced.states < everything.states


@pytest.mark.parametrize("iss", [(0, 0), (63, 63), (31, 32), (62, 29)])
def test_where_the_numbers_wrap_makes_no_difference(iss: tuple[int, int]) -> None:
    assert covered(scope(iss=iss)).states == covered(scope(iss=(5, 5))).states


@pytest.mark.parametrize("bits", [6, 8, 32])
def test_the_width_of_the_sequence_space_makes_no_difference(bits: int) -> None:
    assert covered(scope(bits=bits)).states == covered(scope(bits=7)).states


def test_a_new_connection_may_begin_with_any_number_that_the_scope_tries() -> None:
    result = covered(scope("open; send 1", "listen; read 1", isns=3, losses=0))
    begun = {result.system.local(key, 0)[AT[ISS]] for key in keys(result) if result.system.local(key, 0)[AT[STATE]]}
    assert begun == {62, 63, 0}


def test_a_network_without_loss_reaches_less() -> None:
    assert covered(scope(losses=0)).states < covered(scope(losses=1)).states


def test_a_network_without_duplicates_reaches_less() -> None:
    assert covered(scope(duplicates=0)).states < covered(scope(duplicates=1)).states


def test_a_network_in_order_reaches_less() -> None:
    bounds: dict[str, object] = {"slots": 2, "losses": 0, "duplicates": 0, "mss": 1}
    app = "open; send 2"
    ordered = covered(scope(app, "listen", reorder=False, **bounds))
    assert ordered.states < covered(scope(app, "listen", **bounds)).states


def test_breadth_first_search_finds_a_shortest_path() -> None:
    result = covered(scope())
    depth = {key: number for number, level in enumerate(result.by_level()) for key in level}
    for key in depth:
        assert all(depth[after] <= depth[key] + 1 for after, _ in result.system.successors(key))
    for key in list(depth)[::11]:
        assert [depth[step] for step in result.path(key)] == list(range(depth[key] + 1))


def test_every_step_of_a_trace_is_a_step_of_the_system() -> None:
    answers = ask(scope("open; send 1; close", "listen; send 1; read; close"), tcp(parse_profile("half-duplex-close")))
    trace = next(a.trace for a in answers.answers if a.question.id == "lost-a")
    assert trace is not None
    system, key = answers.exploration.system, answers.exploration.system.initial
    for step in trace.steps:
        key = next(after for after, item in system.successors(key) if item.action == step.action)
    assert (system.local(key, 0), system.local(key, 1)) == trace.steps[-1].ends


def test_an_interrupted_exploration_says_what_it_covered() -> None:
    search = VectorSearch(System(scope(slots=2)))

    def stop(states: int, levels: int) -> None:
        if states > 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(stop)
    assert search.states > 1000
    assert not search.complete
    assert search.seconds > 0


def test_a_limit_stops_cleanly() -> None:
    result = finished(VectorSearch(System(scope()), Inquiry(limit=100)))
    assert not result.complete
    assert result.states >= 100


def stuck_in_last_ack(result: VectorSearch) -> bool:
    """Whether B can be in LAST-ACK with no way for both ends to close."""
    system = result.system
    stuck = result.cannot_reach(lambda key: system.local(key, 0)[0] == system.local(key, 1)[0] == 0)
    return any(system.local(key, 1)[0] == State.LAST_ACK.index for key in stuck)


def test_a_goal_that_stays_reachable_is_told_from_one_that_does_not() -> None:
    small = scope("open; shutdown; read")
    broken = tcp(small.profile, mutated("no-retransmission-in-last-ack"))
    assert not stuck_in_last_ack(covered(small))
    assert stuck_in_last_ack(finished(VectorSearch(System(small, broken))))


# ---- what an application author asks -------------------------------------------------------------------------


def answer(result: Answers, name: str) -> bool | None:
    return next(a.yes for a in result.answers if a.question.id == name)


def asked(app_a: str, app_b: str, **bounds: object) -> Answers:
    of = scope(app_a, app_b, **bounds)
    return ask(of, tcp(of.profile))


def test_a_full_close_loses_octets_when_the_peer_keeps_talking() -> None:
    result = asked("open; send 1; close", "listen; send 1; read; close")
    assert answer(result, "lost-a") is True
    assert answer(result, "reset-b") is True


def test_a_shutdown_loses_nothing_in_the_same_place() -> None:
    result = asked("open; send 1; shutdown; read; close", "listen; send 1; read; close")
    assert [answer(result, q) for q in ("lost-a", "lost-b", "reset-a", "reset-b", "wrong")] == [False] * 5
    assert answer(result, "ends") is True


def test_a_full_close_loses_nothing_when_the_peer_only_listens() -> None:
    assert answer(asked("open; send 1; close", "listen; read; close"), "lost-a") is False


def test_an_abort_can_lose_octets() -> None:
    assert answer(asked("open; send 1; abort", "listen; read"), "lost-a") is True


def test_octets_that_nobody_reads_are_left_unread_not_lost() -> None:
    result = asked("open; send 1; shutdown; read", "listen; abort")
    assert answer(result, "unread-a") is True
    assert answer(result, "lost-a") is False


def test_octets_are_left_unread_by_a_program_that_ends_without_reading() -> None:
    result = asked("open; send 1; shutdown; read", "listen; send 1; shutdown")
    assert [answer(result, q) for q in ("unread-a", "lost-a", "unread-b")] == [True, False, False]


def test_what_another_took_away_is_not_left_unread_by_ones_own_choice() -> None:
    result = asked("open; send 1; abort", "listen; read; on error: exit")
    assert [answer(result, q) for q in ("lost-a", "unread-a")] == [True, False]


def test_two_programs_that_listen_never_connect_and_every_no_says_so() -> None:
    result = asked("listen; send 1; close", "listen; read; close")
    assert result.connects is False
    assert not result.harmless
    notes = {a.question.id: a.note for a in result.answers if a.yes is False and a.question.good == "no"}
    assert notes.pop("stays") == "they never connect; A and B can stay in LISTEN"
    assert set(notes.values()) == {"they never connect"}


def test_a_no_about_octets_that_are_never_sent_says_so() -> None:
    result = asked("open; shutdown; read", "listen; send 1; shutdown; read")
    assert (result.lost_a.note, result.unread_a.note, result.lost_b.note) == ("A sends nothing", "A sends nothing", "")
    assert result.harmless


def test_programs_come_to_their_end_only_once_they_are_connected() -> None:
    result = asked("open", "listen", losses=0, duplicates=0)
    assert result.ends
    assert len(result.ends.trace.steps) == 5  # type: ignore[union-attr]


def test_two_free_applications_are_not_asked_whether_they_end_or_wait() -> None:
    result = asked("free: open", "free: listen", losses=0, duplicates=0)
    assert [result[q].said for q in ("ends", "waits-a", "waits-b")] == ["not asked"] * 3
    with pytest.raises(ValueError, match="has no end"):
        bool(result.ends)


# ---- what goes on for ever -----------------------------------------------------------------------------------

WAITING = [
    (
        "open; send 1; shutdown; read; close",
        "listen; read",
        (True, False, True),
        "A waits in 'read', in FIN-WAIT-2; B has come to its end, in CLOSE-WAIT",
    ),
    (
        "open; send 1; close",
        "listen; read",
        (False, False, True),
        "A has come to its end, in FIN-WAIT-2; B has come to its end, in CLOSE-WAIT",
    ),
    ("open; send 1; shutdown; read; close", "listen; read; close", (False, False, False), ""),
    ("open; send 1; read", "listen; read; close", (True, True, True), "B waits in 'read', in ESTABLISHED"),
    ("open; send 1; shutdown; read in time; exit", "listen; read", (False, False, True), "A has come to its end"),
    ("open; send 1; shutdown; read", "listen; read 2", (True, False, True), "B has met the end of file in 'read 2'"),
    ("open in time; exit", "listen; read; exit", (False, True, False), "B waits in 'listen', in LISTEN"),
    ("listen; send 1", "listen; close", (True, True, False), "A waits in 'listen', in LISTEN; B waits in 'listen', in"),
    ("listen", "listen", (True, True, False), "A waits in 'listen', in LISTEN; B waits in 'listen', in LISTEN"),
    ("listen; linger 0; exit", "listen in time", (True, False, False), "A waits in 'listen', in LISTEN; B has come to"),
    ("open; send 1", "open in time; exit", (False, False, True), "A has come to its end, in ESTABLISHED"),
    ("open", "listen", (False, False, True), "A has come to its end, in ESTABLISHED; B has come to its end"),
]


@pytest.mark.parametrize(("app_a", "app_b", "yes", "stands"), WAITING)
def test_who_can_wait_for_ever_and_where_both_ends_stand(
    app_a: str, app_b: str, yes: tuple[bool, ...], stands: str
) -> None:
    result = asked(app_a, app_b)
    assert tuple(result[q].yes for q in ("waits-a", "waits-b", "stays")) == yes
    assert not stands or any(stands in result[q].note for q in ("waits-a", "waits-b", "stays"))


def test_of_two_that_never_connect_only_the_end_that_gives_up_does_not_stay_in_listen() -> None:
    result = asked("listen; exit", "listen in time; abort")
    assert result.stays.note == "they never connect; A can stay in LISTEN"


def test_a_user_timeout_ends_what_would_last_for_ever() -> None:
    result = asked("open; send 1; shutdown; read; close", "listen; read", user_timeout=True, losses=0, duplicates=0)
    assert [result[q].yes for q in ("waits-a", "stays")] == [False, False]


def test_in_a_scope_too_large_it_is_not_known_what_goes_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halfclose.checks.explore.questions.MOST_STATES", 10)
    result = asked("open", "listen; read")
    assert result.waits_b.said == "unknown"
    assert "a smaller scope" in result.waits_b.note


# ---- what programs can do ------------------------------------------------------------------------------------


def test_linger_without_time_resets_and_so_loses() -> None:
    result = asked("open; send 1; linger 0; close", "listen; read; close")
    assert [answer(result, q) for q in ("lost-a", "reset-b")] == [True, True]


def test_linger_waits_for_the_acknowledgment_but_not_for_ever() -> None:
    result = asked("open; send 1; linger 9; close", "listen; read; close")
    assert [answer(result, q) for q in ("lost-a", "ends", "waits-a")] == [True, True, False]


def test_what_is_drained_before_a_reset_was_acknowledged_and_is_lost_all_the_same() -> None:
    result = asked("open; send 1; drain; abort", "listen; read; close")
    lost = result.lost_a.trace
    assert lost is not None
    assert "sees that all is acknowledged" in [step.edge for step in lost.steps]  # type: ignore[union-attr]


def test_poll_reads_what_is_there_and_does_not_wait() -> None:
    result = asked("open; send 1; shutdown; read; close", "listen; poll; close")
    assert [answer(result, q) for q in ("ends", "unread-a", "waits-b")] == [True, True, False]


def test_an_end_of_file_can_be_answered() -> None:
    programs = "open; send 1; shutdown; read; close", "listen; read 2; close"
    assert answer(asked(*programs), "ends") is False
    assert answer(asked(programs[0], f"{programs[1]}; on eof: close"), "ends") is True


def test_an_error_can_be_answered_with_another_connection() -> None:
    app_b, bounds = "listen; read; on error: listen; read", {"lives": 2, "losses": 0, "duplicates": 0}
    result = covered(scope("open; send 1; abort; open; shutdown", app_b, **bounds))
    answering = {(tcb[AT[STATE]], counter) for tcb, counter in (result.system.application(k, 1) for k in keys(result))}
    assert (State.ESTABLISHED.index, 3) in answering  # in the read of the answer, on a connection of its own


def test_drain_is_over_only_when_everything_is_acknowledged() -> None:
    result = covered(scope("open; send 1; drain; shutdown; drain; abort", "listen; read"), frozenset(TCB))
    system, drained, closed = result.system, 3, 5
    seen = [system.application(key, 0) for key in keys(result)]
    assert {tcb[AT[SND.END]] - tcb[AT[SND.UNA]] for tcb, counter in seen if counter == drained} == {0}
    assert {tcb[AT[SND.UNA]] - tcb[AT[SND.END]] for tcb, counter in seen if counter == closed and tcb[0]} == {1}


def test_exit_closes_as_the_system_does() -> None:
    with_close = asked("open; send 1; close", "listen; send 1; read; close")
    with_exit = asked("open; send 1; exit", "listen; send 1; read; close")
    assert [a.yes for a in with_exit.answers] == [a.yes for a in with_close.answers]


def test_exit_without_linger_time_resets() -> None:
    result = asked("open; send 1; linger 0; exit", "listen; read; close")
    assert [answer(result, q) for q in ("lost-a", "reset-b")] == [True, True]


# ---- advice --------------------------------------------------------------------------------------------------


def test_where_octets_can_be_lost_programs_that_do_not_lose_them_are_found_by_exploring_them() -> None:
    (tried,) = advise(asked("open; send 1; close", "listen; send 1; read; close"), RULES)
    assert str(tried.answers.scope.app_a) == "open; send 1; shutdown; read; close"
    assert tried.helps
    assert f"no octet can be lost (explored: {tried.answers.exploration.states:,} states)" in str(tried)


def test_an_advice_that_does_not_help_is_said_not_to() -> None:
    found = asked("open; send 1; close", "listen; read; close", user_timeout=True, losses=0, duplicates=0)
    tried = advise(found, RULES)
    assert tried
    assert not any(one.helps for one in tried)
    assert "octets can still be lost" in str(tried[0])


def test_an_answer_that_rests_on_what_survives_a_reset_says_so() -> None:
    found = asked("open; send 1; drain; abort", "listen; read; close", losses=0, duplicates=0)
    otherwise = other_reading(found, RULES)
    assert otherwise is not None
    assert found.lost_a
    assert [(answer.question.id, answer.said) for answer in otherwise.differs] == [("lost-a", "no")]
    assert "is gone with it" in str(otherwise)
    kept = asked("open; send 1; drain; abort", "listen; read; close", profile="reset-keeps-unread", losses=0)
    assert "can still be read; if it is gone" in str(other_reading(kept, RULES))


def test_where_no_reset_is_possible_nothing_rests_on_what_survives_one() -> None:
    assert other_reading(asked("open; shutdown; read", "listen; read; shutdown"), RULES) is None


def test_on_a_perfect_network_two_that_close_in_order_see_no_reset() -> None:
    result = asked(
        "open; read; shutdown; close", "listen; shutdown; read; close", losses=0, duplicates=0, reorder=False
    )
    assert [answer(result, q) for q in ("reset-a", "reset-b", "ends")] == [False, False, True]


def test_nothing_is_advised_where_nothing_is_lost() -> None:
    assert advise(asked("open; shutdown", "listen; read"), RULES) == ()


def test_a_no_names_the_bounds_that_it_rests_on() -> None:
    small = premises(scope(losses=0, crashes=1, lives=2))
    assert "no segment lost" in small
    assert "at most 1 crash" in small
    assert "no user timeout" in small
    assert any("TIME-WAIT outlasts" in words for words in small)
    assert not any("lost" in words for words in premises(scope()))
    again = premises(scope("open; abort; open; abort"))
    assert "at most 2 connections of A's end and 1 connection of B's" in again


# ---- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        ({"slots": 0}, "slots"),
        ({"slots": 1000}, "slots"),
        ({"slots_back": 0}, "slots_back"),
        ({"losses": -1}, "losses"),
        ({"octets": -3}, "octets"),
        ({"buffer": 0}, "buffer"),
        ({"bits": 33}, "bits"),
        ({"bits": 3}, "bits"),
        ({"isns": 0}, "isns"),
        ({"isns": 29}, "sequence numbers"),
        ({"lives": 9}, "say --bits 7"),
        ({"losses": 300}, "losses"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, object], word: str) -> None:
    with pytest.raises(BadScope, match=word):
        covered(scope(**bounds))


@pytest.mark.parametrize(
    "text", ["", ";", "fly", "send", "send 0", "send -1", "send x", "open 3", "read 1 2", "free:", "free: fly"]
)
def test_bad_programs_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadProgram) as error:
        parse_application(text)
    assert "\n" not in str(error.value)


WORDS = ["send 3", "read", "read 2", "read in time", "poll", "drain", "drain in time", "linger 0", "linger 9", "exit"]
PLAIN = ["open", "listen", "open in time", "shutdown", "close", "abort", *WORDS]


@given(
    st.lists(st.sampled_from(PLAIN), min_size=1),
    st.dictionaries(st.sampled_from(["eof", "error", "timeout"]), st.lists(st.sampled_from(PLAIN), min_size=1)),
)
def test_a_program_that_is_taken_prints_as_it_is_read(calls: list[str], answers: dict[str, list[str]]) -> None:
    passages = (f"on {occasion}: {'; '.join(steps)}" for occasion, steps in answers.items())
    try:
        program = parse_application("; ".join(("open", *calls, *passages)))
    except BadProgram:
        reject()
    assert isinstance(program, Program)
    assert parse_application(str(program)) == program


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("send 3; close", "call 1, 'send 3': there is no connection yet"),
        ("exit", "call 1, 'exit': there is no connection yet"),
        ("open; fly", "call 2: unknown call 'fly'; calls are open"),
        ("open; sned 3", "did you mean 'send'"),
        ("open; close; read", "call 3, 'read': nothing can be read after 'close'"),
        ("open; shutdown; send 1", "call 3, 'send 1': nothing can be sent after 'shutdown'"),
        ("open; exit; open", "nothing can be called after 'exit'"),
        ("open; poll; read 2", "call 3, 'read 2': how much was read before is not known"),
        ("open; read 2; on eof: exit; close", "call 4, 'close': nothing can be called after 'exit'"),
        ("open; on timeout: read 1", "call 2, 'read 1': how much"),
        ("open; on wednesday: exit", "unknown occasion 'wednesday'"),
        ("open; read 1; on eof close", "call 3, 'on eof close': an answer is written with 'on' and a colon"),
        ("open; read 1; on eof close", "e.g. 'on eof: close'"),
        ("open; read 1; On Error send 1; exit", "e.g. 'on error: send 1'"),
        ("open; read 1; timeout: exit", "e.g. 'on timeout: exit'"),
        ("open; on", "e.g. 'on eof: close'"),
        ("open; on eof:", "needs a call behind it"),
        ("open; on eof: exit; on eof: exit", "stands there twice"),
        ("open; send 1 in time", "can wait 'in time'"),
        ("open; linger", "needs a number of seconds"),
        ("open; linger -1", "number of seconds, 0 or more"),
        ("free: open drain", "a free application does not drain"),
    ],
)
def test_what_is_wrong_with_a_program_is_said_with_its_place(text: str, words: str) -> None:
    with pytest.raises(BadProgram) as error:
        parse_application(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_free_applications_print_as_they_are_read() -> None:
    free = parse_application("free: open, send read")
    assert isinstance(free, Free)
    assert parse_application(str(free)) == free


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 63), st.integers(0, 63), st.integers(1, 2), st.integers(1, 2))
def test_types_hold_wherever_the_numbers_begin(a: int, b: int, buffer: int, mss: int) -> None:
    result = covered(scope("open; send 2; shutdown", "listen; read 2", iss=(a, b), buffer=buffer, mss=mss))
    for key in keys(result)[::7]:
        for side in (0, 1):
            local = result.system.local(key, side)
            assert 0 <= local[AT[RCV.USER]] <= buffer
            assert local[AT[RCV.USER]] + local[AT[RCV.WND]] <= buffer
            assert all(0 <= local[AT[var]] < 64 for var in (SND.UNA, SND.NXT, RCV.NXT))

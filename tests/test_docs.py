"""The pages say what is so: blocks print what they show, links and names resolve, generated pages are up to date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import doc_blocks
import pytest
import typer
from doc_blocks import ROOT, Block, Session, blocks, elided, masked, matches, pages

from halfclose.checks.cli.commands import app
from halfclose.checks.docs.findings import IN_STACKS, IN_STANDARD
from halfclose.checks.docs.pages import PAGES
from halfclose.checks.vectors.generate import generate
from halfclose.spec.claims.figures import FIGURES
from halfclose.spec.language.profile import PROFILES
from halfclose.spec.world.scopes import SCOPES

PACKAGES = ("spec", "checks", "reference")
#: Rooms whose modules the picture need not name: one a command, and the package itself.
_SEEN_AT_A_GLANCE = (("cli",), ("halfclose",))


def named(paths: tuple[Path, ...]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


every_page = pytest.mark.parametrize("page", named(pages()))


# ---- blocks ------------------------------------------------------------------------------------------------------


def _all_blocks() -> list[Block]:
    return [block for page in pages() for block in blocks(page)]


def test_every_kind_of_block_is_known() -> None:
    assert {block.language for block in _all_blocks()} <= {"console", "python", "sh", "json", "text"}


def test_every_block_that_is_not_run_says_why() -> None:
    for block in _all_blocks():
        assert len(block.marks.get("not run", "a reason of several words").split()) > 2, block.place
        assert block.marks.get("needs", "numba") in doc_blocks.NEEDS, block.place


def _runs(page: Path) -> bool:
    return any(block.language in ("console", "python") and "not run" not in block.marks for block in blocks(page))


@pytest.mark.parametrize("page", named(tuple(page for page in pages() if _runs(page))))
def test_every_block_of_a_page_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    session = Session(tmp_path)
    wrong = [str(fault) for block in blocks(page) for fault in session.faults(block)]
    assert not wrong, "\n".join([*wrong, "(python tests/doc_blocks.py --update rewrites the pages)"])
    missing = {reason for block in blocks(page) if "not run" not in block.marks and (reason := session.why_not(block))}
    if missing:
        pytest.skip(f"all but what needs more was run: {', '.join(sorted(missing))}")


def test_times_rates_and_versions_are_masked() -> None:
    assert masked("the whole scope: 5 states, 12 levels, 0.3 s") == masked("the whole scope: 5 states, 12 levels, 12 s")
    assert masked("│ exchange │  5,561 │ 0.1 │ x") == masked("│ exchange │  5,561 │ 10.2 │ x")
    assert masked("linux: Linux 6.18.44, judged") == masked("linux: Linux 6.19.0-rc1, judged")
    assert masked("5 states") != masked("6 states")


def test_a_line_of_three_dots_stands_for_any_lines() -> None:
    assert matches(("...", "b", "..."), ("a", "b", "c", "d"))
    assert matches(("...", "b"), ("b",))
    assert not matches(("b",), ("a", "b"))
    assert not matches(("...", "x", "..."), ("a", "b"))


def test_a_block_is_rewritten_with_the_same_passages_left_out() -> None:
    shown = ("head 1", "...", "the answer is 41", "...", "the end 1")
    printed = ("head 2", "a", "b", "the answer is 42", "c", "the end 2", "in two lines")
    assert elided(shown, printed) == ("head 2", "...", "the answer is 42", "...", "the end 2", "in two lines")


def test_a_block_that_leaves_nothing_out_is_rewritten_with_everything() -> None:
    assert elided(("old",), ("new", "and more")) == ("new", "and more")
    assert elided(("...",), ("new", "and more")) == ("...",)


# ---- commands that pages name ------------------------------------------------------------------------------------


def _named_commands() -> Iterator[tuple[str, list[str]]]:
    """Every `halfclose ...` in the running text or in a block, as words."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        inline = [words for words in re.findall(r"`([^`\n]+)`", text) if "halfclose" in words.split()]
        shown = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        for line in (*inline, *shown):
            for part in re.split(r"&&|\|", line):
                words = part.split()
                if words[:1] == ["halfclose"]:
                    yield f"{page.name}: {part.strip()}", words[1:]


def _command(words: list[str]) -> Any:
    """The command that these words begin with; raises the usage error where there is none."""
    found: Any = typer.main.get_command(app)
    while hasattr(found, "resolve_command") and words and not words[0].startswith("-"):
        _, found, words = found.resolve_command(typer.Context(found), words)
    return found


def test_every_command_that_a_page_names_exists_with_its_options() -> None:
    for where, words in _named_commands():
        options = {name for param in _command(words).params for name in (*param.opts, *param.secondary_opts)}
        own = words[: words.index("--")] if "--" in words else words
        used = {word for word in own if re.fullmatch(r"--?[a-z][a-z-]*", word)} - {"--help", "--version"}
        assert used <= options, where


# ---- links and names ---------------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        assert to.exists(), target
        assert not anchor or anchor in _anchors(to), target


def _defined(file: Path, name: str) -> bool:
    """Whether a module defines a name, or a class in it a method or attribute."""
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = next((node for node in body if part in _names(node)), None)
        if found is None:
            return False
        body = found.body if isinstance(found, ast.ClassDef) else []
    return True


def _names(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


@every_page
def test_every_file_and_function_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path, _, name in re.findall(r"`((?:spec|reference|checks|tests|docs)/[\w/.-]*)(::([\w.]+))?`", text):
        file = ROOT / path
        assert file.exists(), path
        assert not name or _defined(file, name), f"{path} defines no {name}"


def _picture() -> dict[str, str]:
    """What the README's picture says of each package and of each of its rooms."""
    said: dict[str, str] = {}
    package = room = ""
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r" {4}(\w+)/ ", line):
            package = room = found[1]
        elif package and (found := re.match(r" {6}(\w+)/ ", line)):
            room = f"{package}/{found[1]}"
        elif not line.startswith("    "):
            package = room = ""
        if room:
            said[room] = said.get(room, "") + line
    return said


@pytest.mark.parametrize("package", PACKAGES)
def test_the_picture_of_the_house_shows_every_module_in_its_room(package: str) -> None:
    picture = _picture()
    missing = []
    for file in sorted((ROOT / package).rglob("[!_]*.py")):
        where = file.relative_to(ROOT).parts[:-1]
        room = "/".join(where[:2])
        if where[1:2] not in _SEEN_AT_A_GLANCE and not re.search(rf"\b{file.stem}\b", picture.get(room, "")):
            missing.append(f"{room}: {file.stem}")
    assert not missing, f"not in the README's picture: {', '.join(missing)}"


# ---- generated pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_its_data_say(name: str) -> None:
    message = f"{name} is out of date: python -m halfclose.checks.docs docs"
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), message


def test_every_finding_in_the_standard_names_a_command_and_a_place_that_exist() -> None:
    for one in IN_STANDARD:
        assert _command(one.shown_by.split()[1:]).name in ("verify", "prove", "explore")
        assert not one.where or one.where in SCOPES or one.where in FIGURES, one.where


def test_every_finding_in_a_stack_names_vectors_that_exist() -> None:
    ids = [vector.id for vector in generate(PROFILES["linux"]).vectors]
    for one in IN_STACKS:
        for pattern in one.vectors:
            assert any(fnmatchcase(name, pattern) for name in ids), pattern

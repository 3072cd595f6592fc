"""The arrows between folders and between modules: they run one way, as docs/ARCHITECTURE.md draws them."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("spec", "reference", "checks")

#: The rooms of each package in the order of the README's picture: a room imports only from itself and from rooms that
#: are drawn above it.
FLOORS = {
    "spec": ("language", "tcp", "world", "claims", "mutants", "requirements"),
    "reference": ("", "link", "http"),
    "checks": (
        "work",
        "readers",
        "explore",
        "prove",
        "claims",
        "stacks",
        "oracle",
        "vectors",
        "conform",
        "refine",
        "mutate",
        "fuzz",
        "export",
        "bench",
        "explain",
        "docs",
        "cli",
    ),
}


def _modules() -> dict[str, Path]:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {_name(file): file for file in files}


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(("halfclose", *(part for part in parts if part != "__init__")))


def _imports(module: str, file: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of this project that a file imports, wherever in the file it does so."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                if whole in known or base in known:
                    yield whole if whole in known else base


def _arrows() -> nx.DiGraph[str]:
    known = _modules()
    arrows: nx.DiGraph[str] = nx.DiGraph()
    arrows.add_nodes_from(known)
    for module, file in known.items():
        arrows.add_edges_from((module, imported) for imported in _imports(module, file, known))
    return arrows


def _room(module: str) -> tuple[str, str]:
    """The package and the folder of a module; "" for what lies in the package itself."""
    _, package, *rest = module.split(".")
    is_folder = bool(rest) and (ROOT / package / rest[0]).is_dir()
    return package, rest[0] if is_folder else ""


def test_no_module_imports_itself_over_others() -> None:
    circles = list(nx.simple_cycles(_arrows()))
    assert not circles, circles[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_imports_only_from_rooms_drawn_above_it(package: str) -> None:
    floors = FLOORS[package]
    against = [
        f"{one} -> {other}"
        for one, other in _arrows().edges
        if _room(one)[0] == _room(other)[0] == package
        and {_room(one)[1], _room(other)[1]} <= set(floors)
        and floors.index(_room(one)[1]) < floors.index(_room(other)[1])
    ]
    assert not against, against


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_has_its_floor(package: str) -> None:
    folders = {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    assert folders - {"halfclose"} == set(FLOORS[package]) - {""}


@pytest.mark.parametrize(("package", "foreign"), [("spec", {"reference", "checks"}), ("reference", {"spec", "checks"})])
def test_a_package_knows_nothing_of_those_beside_and_above_it(package: str, foreign: set[str]) -> None:
    found = [(a, b) for a, b in _arrows().edges if _room(a)[0] == package and _room(b)[0] in foreign]
    assert not found, found


def test_the_declaration_imports_no_solver() -> None:
    for file in (ROOT / "spec").rglob("*.py"):
        assert "import z3" not in file.read_text(encoding="utf-8"), file


def test_every_folder_is_installed() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {file.parent for package in PACKAGES for file in (ROOT / package).rglob("__init__.py")}
    names = {".".join(("halfclose", *folder.relative_to(ROOT).parts)) for folder in folders}
    assert set(declared) == (names - {"halfclose.checks.halfclose"}) | {"halfclose"}

"""What users import from `halfclose.spec`: every name is there, is documented there, and costs nothing until used."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import halfclose.spec
from halfclose.spec import TCP, parse_profile
from halfclose.spec.tcp.graph import tcp


@pytest.mark.parametrize("name", halfclose.spec.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(halfclose.spec, name) is not None


@pytest.mark.parametrize("name", halfclose.spec.__all__)
def test_a_public_name_is_documented_in_the_package(name: str) -> None:
    assert re.search(rf"\b{name}\b", halfclose.spec.__doc__ or "")


def test_importing_the_package_loads_none_of_its_modules() -> None:
    script = "import sys, halfclose.spec; print([m for m in sys.modules if m.startswith('halfclose.spec.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_graph_under_a_profile_is_the_one_that_the_explorer_uses() -> None:
    linux = parse_profile("linux")
    assert [edge.name for edge in TCP.under(linux).edges] == [edge.name for edge in tcp(linux).edges]

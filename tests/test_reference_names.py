"""What users import from `halfclose.reference`: every name is there, is documented there, and costs nothing until used;
segments and connections print as the RFC writes them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import halfclose.reference
from halfclose.reference import ACK, FIN, PSH, RST, SYN, URG, Connection, Segment

#: The heading behind the example.
ONE = "One connection"


@pytest.mark.parametrize("name", halfclose.reference.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(halfclose.reference, name) is not None


@pytest.mark.parametrize("name", halfclose.reference.__all__)
def test_a_public_name_is_documented_in_the_package(name: str) -> None:
    assert re.search(rf"\b{name}\b", halfclose.reference.__doc__ or "")


def test_importing_the_package_loads_none_of_its_modules() -> None:
    script = "import sys, halfclose.reference; print([m for m in sys.modules if m.startswith('halfclose.reference.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("segment", "printed"),
    [
        (Segment(100, 300, FIN | ACK, 0), "<SEQ=100><ACK=300><CTL=FIN,ACK> WND=0"),
        (Segment(100, 0, SYN, 1000, mss=1460), "<SEQ=100><CTL=SYN> WND=1000"),
        (Segment(0, 301, RST | ACK, 0), "<SEQ=0><ACK=301><CTL=RST,ACK> WND=0"),
        (Segment(101, 301, PSH | URG | ACK, 9, b"text"), "<SEQ=101><ACK=301><DATA=4><CTL=PSH,URG,ACK> WND=9"),
        (Segment(7, 300, 0, 1), "<SEQ=7><CTL=> WND=1"),
    ],
)
def test_a_segment_prints_as_the_rfc_writes_it(segment: Segment, printed: str) -> None:
    assert str(segment) == printed
    assert repr(segment).startswith("Segment(seq=")


def test_a_connection_prints_its_state_and_the_variables_that_have_a_value() -> None:
    connection = Connection(isn=lambda now: 100)
    assert str(connection) == "CLOSED"
    connection.listen(0.0)
    assert str(connection) == "LISTEN"
    connection.segment_arrives(Segment(300, 0, SYN, 1000), 0.1)
    connection.segment_arrives(Segment(301, 101, ACK, 1000), 0.2)
    assert str(connection) == (
        "ESTABLISHED ISS=100 SND.UNA=101 SND.NXT=101 SND.WND=1000 SND.WL1=301 SND.WL2=101 "
        "IRS=300 RCV.NXT=301 RCV.WND=65535"
    )


def test_a_connection_that_has_not_heard_its_peer_prints_what_it_sends() -> None:
    connection = Connection(isn=lambda now: 100)
    connection.open(0.0)
    assert str(connection) == "SYN-SENT ISS=100 SND.UNA=100 SND.NXT=101"


def test_the_example_in_the_package_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    example = [line.strip() for line in (halfclose.reference.__doc__ or "").splitlines()]
    start, end = example.index("from halfclose.reference import ACK, SYN, Connection, Segment"), example.index(ONE)
    code, promised = zip(*(re.split(r"\s{3,}", line + "   ")[:2] for line in example[start:end]), strict=True)
    exec("\n".join(code), {})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    for line, words in zip(printed, filter(None, promised), strict=True):
        assert line.startswith(words.removesuffix(" ..."))

"""What is served of a folder, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfclose.reference.http.client import BadUrl, parse_url
from halfclose.reference.http.files import answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("secret")
    folder = outside / "site"
    folder.mkdir()
    (folder / "page.html").write_text("page")
    (folder / "a b%.txt").write_text("odd name")
    (folder / "sub").mkdir()
    (folder / "sub" / "index.html").write_text("index")
    (folder / "escape").symlink_to(outside / "secret")
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "inside").symlink_to(folder / "page.html")
    return folder


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/page.html", 200),
        ("/page.html?query", 200),
        ("http://198.18.0.2/page.html", 200),
        ("/a%20b%25.txt", 200),
        ("/inside", 200),
        ("/", 200),
        ("/sub/", 200),
        ("/sub", 301),
        ("/nothing", 404),
        ("/page.html/", 404),
        ("/../secret", 404),
        ("/%2e%2e/secret", 404),
        ("/..%2fsecret", 404),
        ("//etc/passwd", 404),
        ("/escape", 404),
        ("/circle", 404),
        ("/" + "x" * 5000, 404),
        ("/%00", 400),
        ("*", 400),
    ],
)
def test_a_target_is_answered_with(site: Path, target: str, status: int) -> None:
    assert answer(site, "GET", target).status == status


@given(target=st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_no_target_reaches_outside(site: Path, target: str) -> None:
    for prefix in ("", "/", "/../", "/sub/../../"):
        content = answer(site, "GET", prefix + target).content
        assert isinstance(content, bytes) or content.is_relative_to(site.resolve())


def test_a_folder_is_listed_unless_it_has_an_index(site: Path) -> None:
    assert answer(site, "GET", "/sub/").content == site.resolve() / "sub" / "index.html"
    assert b'<a href="a%20b%25.txt">a b%.txt</a>' in bytes(answer(site, "GET", "/").content)  # type: ignore[arg-type]


def test_other_methods_are_told_which_there_are(site: Path) -> None:
    assert ("Allow", "GET, HEAD") in answer(site, "DELETE", "/page.html").fields


@pytest.mark.parametrize("url", ["", "198.18.0.1", "http://", "http://name/", "http://[::1", "http://1.2.3.4:x/"])
def test_what_is_no_url_with_an_address_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(url)


def test_a_url_is_taken_apart_and_its_path_quoted() -> None:
    url = parse_url("http://[2001:2::1]:8000/a b?c")
    assert (str(url.address), url.port, url.authority, url.target) == (
        "2001:2::1",
        8000,
        "[2001:2::1]:8000",
        "/a%20b?c",
    )

"""The answer to a request for a file: a pure function of the folder, the method and the target."""

from __future__ import annotations

import html
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit


@dataclass(frozen=True)
class Answer:
    """A response: its status, its header fields without the length, and its content, as octets or as a file."""

    status: int
    fields: tuple[tuple[str, str], ...]
    content: bytes | Path


def answer(root: Path, method: str, target: str) -> Answer:
    """Answer GET and HEAD from the files under root; nothing outside is reached, by .. or by a symbolic link."""
    if method not in ("GET", "HEAD"):
        return refusal(405, ("Allow", "GET, HEAD"))
    path = os.fsdecode(unquote_to_bytes(urlsplit(target).path))
    if not path.startswith("/") or "\0" in path:
        return refusal(400)
    root = root.resolve()
    try:
        found = (root / path.lstrip("/")).resolve(strict=True)
        if not found.is_relative_to(root):
            return refusal(404)
        if found.is_dir():
            return _folder(found, path)
        return refusal(404) if path.endswith("/") else _file(found)
    except PermissionError:
        return refusal(403)
    except (OSError, RuntimeError):  # not there; or, before Python 3.13, a circle of symbolic links
        return refusal(404)


def refusal(status: int, *fields: tuple[str, str]) -> Answer:
    """An answer whose content is only its status."""
    return Answer(status, (("Content-Type", "text/plain"), *fields), f"{status}\n".encode())


def _file(path: Path) -> Answer:
    if not path.is_file():
        return refusal(404)
    with path.open("rb"):  # a file that cannot be read is refused before its length is promised
        pass
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Answer(200, (("Content-Type", kind),), path)


def _folder(path: Path, asked: str) -> Answer:
    if not asked.endswith("/"):
        return refusal(301, ("Location", "/" + quote(os.fsencode(asked.strip("/"))) + "/"))
    if (path / "index.html").is_file():
        return _file(path / "index.html")
    names = sorted(entry.name + "/" * entry.is_dir() for entry in path.iterdir())
    rows = "".join(f'<li><a href="{quote(os.fsencode(name))}">{html.escape(name)}</a></li>\n' for name in names)
    page = f"<!DOCTYPE html>\n<meta charset=utf-8>\n<title>{html.escape(asked)}</title>\n<ul>\n{rows}</ul>\n"
    return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), os.fsencode(page))

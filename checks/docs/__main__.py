"""`python -m halfclose.checks.docs FOLDER` writes the generated pages into a folder, which is docs/ of this project."""

from __future__ import annotations

import sys
from pathlib import Path

from halfclose.checks.docs.pages import PAGES


def main(arguments: list[str]) -> int:
    """Write every generated page; exit status 2: wrong use."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m halfclose.checks.docs FOLDER (an existing folder)", file=sys.stderr)
        return 2
    for name, page in PAGES.items():
        (Path(arguments[0]) / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env bash
# numba 0.68.1 with NumPy 2.4.6 (PyPI): a function compiled with cache=True takes a NamedTuple as its argument.  Then the class gets another
# name, as refactorings do, in the module that defines it; the function's own file is not touched.
#
# Expected: numba sees that what it has kept is of no use any more, and compiles again.  Its cache is meant to be safe
# to leave behind: an index of another version, or of another state of the source file, is put aside in silence.
# Seen: AttributeError, at every call from then on, until somebody deletes the files by hand.  The index of the cache is
# unpickled before anything in it is compared, and it holds the class by its name.
#
# Who meets it: whoever upgrades a package that keeps compiled functions.  pip removes the files that it installed, and
# those in __pycache__ that numba wrote are none of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cd "$folder"
cat > shapes.py <<'PY'
from typing import NamedTuple

class Point(NamedTuple):
    x: int
    y: int
PY
cat > sums.py <<'PY'
from numba import njit

@njit(cache=True)
def total(p):
    return p.x + p.y
PY
cat > first.py <<'PY'
from shapes import Point
from sums import total
print(total(Point(1, 2)))
PY
"$folder/venv/bin/python" first.py
sed -i 's/Point/Place/' shapes.py
sed "s/Point/Place/g" first.py > second.py
if said=$("$folder/venv/bin/python" second.py 2>&1); then
    echo "changed: the function was compiled again and returned $said"
    exit 1
fi
grep -q "AttributeError: Can't get attribute 'Point'" <<< "$said" || { echo "changed: $said"; exit 1; }
echo "as before: AttributeError: Can't get attribute 'Point'"

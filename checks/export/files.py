"""What an export leaves in a folder: the model, and how to run it."""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path

from halfclose.spec.world.network import Scope

from .model import Model
from .promela import promela
from .tla import cfg, tla


class Language(Enum):
    """The language that a model is written in: Promela for Spin, TLA+ for TLC."""

    PROMELA = "promela"
    TLA = "tla"


_SPIN = """\
# TCP's connection life cycle for Spin

{heading}

    spin -a -o2 tcp.pml
    gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c
    ./pan -n -m1000000

`-o2` keeps variables that are written and never read, which are part of a state here; `-DNOREDUCE` visits every state
rather than one of several orders. "states, stored" is then the number of states of halfclose's own exploration, no
more and no less: a step is one atomic sequence, so nothing inside it is stored.

A violated property is an assertion violated. `spin -t tcp.pml` names the edges that led there; for a short way there,
compile with `-DBFS` too. (It stores the insides of atomic sequences as well; its "nominal states" leave them out.)
"""

_TLC = """\
# TCP's connection life cycle for TLC

{heading}

    java -XX:+UseParallelGC -cp tla2tools.jar tlc2.TLC -deadlock -workers 2 TCP

`-deadlock` lets a run end where nobody has anything left to do. "distinct states found" is the number of states of
halfclose's own exploration. For small scopes `-XX:TieredStopAtLevel=1` halves the time.

On several machines: one server, which keeps the states, and as many workers as there are machines, which find the way
to each other by the server's name (port 10997, or `-Dtlc2.tool.distributed.TLCServer.port=PORT` on both sides):

    java -Djava.rmi.server.hostname=SERVER -cp tla2tools.jar tlc2.tool.distributed.TLCServer -deadlock TCP
    java -Djava.rmi.server.hostname=WORKER -cp tla2tools.jar tlc2.tool.distributed.TLCWorker SERVER

The module goes from the server to the workers by itself; they end with it.
"""


def write(model: Model, language: Language, folder: Path, mutant: str = "") -> list[Path]:
    """Write the model into the folder, which is made if it is missing; raises OSError."""
    heading = describe(model, mutant)
    if language is Language.PROMELA:
        texts = {"tcp.pml": promela(model, heading), "README-spin.md": _readme(_SPIN, heading)}
    else:
        texts = {"TCP.tla": tla(model, "TCP", heading), "TCP.cfg": cfg(model), "README-tlc.md": _readme(_TLC, heading)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def describe(model: Model, mutant: str) -> str:
    """What is modelled, for the head of each file."""
    lines = ["TCP's connection life cycle (RFC 9293), exported by halfclose."]
    lines += [f"mutant: {mutant}"] if mutant else []
    lines += [f"{field.name}: {_value(model.scope, field.name)}" for field in dataclasses.fields(model.scope)]
    return "\n".join([*lines, *(f"property: {prop.name}" for prop in model.properties)])


def _value(scope: Scope, name: str) -> object:
    value = getattr(scope, name)
    if name == "slots_back":
        value = value or scope.slots
    return "any" if value is None else value.value if isinstance(value, Enum) else value


def _readme(text: str, heading: str) -> str:
    return text.format(heading="\n".join(f"    {line}" for line in heading.splitlines()))

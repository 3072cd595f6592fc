"""`halfclose export`: the model of one scope for Spin or TLC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from halfclose.checks.claims.judges import Judge
from halfclose.checks.cli import bounds, targets
from halfclose.checks.cli.options import refuse_unknown
from halfclose.checks.cli.progress import working
from halfclose.checks.cli.sizes import bound, pair
from halfclose.checks.cli.terminal import console, count, interrupted, refuse
from halfclose.checks.export.files import Language, write
from halfclose.checks.export.model import Model
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Always
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import UnknownMutant, mutated
from halfclose.spec.tcp.graph import RULES, tcp
from halfclose.spec.world.application import BadProgram
from halfclose.spec.world.network import BadScope, Scope, Wait
from halfclose.spec.world.scopes import SCOPES


class BadExport(ValueError):
    """What is asked for cannot be exported; the message says why, in one line."""


def command(
    context: typer.Context,
    language: Annotated[Language, typer.Argument(help="promela for Spin, tla for TLC.")],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", callback=targets.folder, help="Where the files are written; made if it is missing."
        ),
    ],
    scope: Annotated[
        str, typer.Option(help="A scope of `halfclose verify`; the options below change it. Without, they make one.")
    ] = "",
    prop: Annotated[
        list[str] | None,
        typer.Option(
            "--property", help="A claim, or the name of a property; may be repeated. By default all of the scope."
        ),
    ] = None,
    mutant: Annotated[str, typer.Option(help="Export this broken specification instead.")] = "",
    explored: Annotated[
        bool, typer.Option("--explore", help="Explore the scope too, and say what Spin and TLC will find.")
    ] = False,
    app_a: Annotated[str | None, bounds.APP_A] = None,
    app_b: Annotated[str | None, bounds.APP_B] = None,
    profile: Annotated[str | None, bounds.PROFILE] = None,
    slots: Annotated[int | None, bounds.SLOTS] = None,
    losses: Annotated[str | None, bounds.LOSSES] = None,
    duplicates: Annotated[str | None, bounds.DUPLICATES] = None,
    reorder: Annotated[bool | None, bounds.REORDER] = None,
    octets: Annotated[int | None, bounds.OCTETS] = None,
    lives: Annotated[int | None, bounds.LIVES] = None,
    buffer: Annotated[int | None, bounds.BUFFER] = None,
    mss: Annotated[int | None, bounds.MSS] = None,
    bits: Annotated[int | None, bounds.BITS] = None,
    iss: Annotated[str | None, typer.Option(help="Where the ISN clocks of A and B stand, e.g. 62,31.")] = None,
    crashes: Annotated[int | None, bounds.CRASHES] = None,
    wait: Annotated[Wait | None, bounds.WAIT] = None,
    user_timeout: Annotated[bool | None, bounds.USER_TIMEOUT] = None,
) -> None:
    """Write a model of one scope for Spin or TLC.

    The model is generated from the declaration and runs as it is; a README beside it says how. Spin and TLC find as
    many states in it as halfclose does, and the same verdict on each property.
    """
    refuse_unknown("scope", [scope] if scope else [], SCOPES, "halfclose explain scopes")
    plain = {
        "slots": slots,
        "reorder": reorder,
        "octets": octets,
        "lives": lives,
        "buffer": buffer,
        "mss": mss,
        "bits": bits,
        "crashes": crashes,
        "wait": wait,
        "user_timeout": user_timeout,
    }
    written: dict[str, tuple[Callable[[str], Any], str | None]] = {
        "app_a": (partial(bounds.application, "--app-a"), app_a),
        "app_b": (partial(bounds.application, "--app-b"), app_b),
        "profile": (parse_profile, profile),
        "losses": (partial(bound, "losses"), losses),
        "duplicates": (partial(bound, "duplicates"), duplicates),
        "iss": (pair, iss),
    }
    try:
        given = {name: value for name, value in plain.items() if value is not None}
        given |= {name: read(text) for name, (read, text) in written.items() if text is not None}
        covered = _scope(scope, given)
        bounds.refuse_pointless(context, covered)
        graph = tcp(covered.profile, mutated(mutant) if mutant else RULES)
        model = Model(covered, graph, _properties(scope, prop))
        files = write(model, language, folder, mutant)
    except (BadExport, BadProgram, BadScope, UnknownSwitch, UnknownMutant) as error:
        refuse(error)
    except OSError as error:
        refuse(f"cannot write to {folder}: {error.strerror}")
    for file in files:
        console.print(str(file), markup=False, soft_wrap=True)
    if explored:
        _explore(model)


def _scope(name: str, given: dict[str, Any]) -> Scope:
    """The named scope, or the defaults of `halfclose explore`, with what the options change."""
    if not name and not {"app_a", "app_b"} <= given.keys():
        raise BadExport("say what to export: --scope NAME, or both --app-a and --app-b")
    start: dict[str, Any] = (
        {field.name: getattr(SCOPES[name], field.name) for field in fields(Scope)} if name else {"slots": 1}
    )
    if "slots" in given:
        start["slots_back"] = None
    return Scope(**(start | given))


def _properties(scope: str, names: list[str] | None) -> tuple[Always, ...]:
    """The properties with these names or of these claims; without names those that hold always over the scope."""
    every = [(claim.id, prop) for claim in CLAIMS for prop in claim.properties if isinstance(prop, Always)]
    here = [(claim, prop) for claim, prop in every if prop.scope == scope or not scope]
    if names is None:
        return tuple(prop for _, prop in here if scope)
    chosen: dict[str, Always] = {}
    for name in names:
        found = {prop.name: prop for claim, prop in here if name in (claim, prop.name)}
        if not found:
            where = f" of scope {scope}" if scope else ""
            raise BadExport(f"no condition on states{where} is called {name!r}, or belongs to a claim {name!r}")
        chosen |= found
    return tuple(chosen.values())


def _explore(model: Model) -> None:
    try:
        with working("exploring"):
            judged = Judge(model.scope, model.properties).run(model.scope, model.graph)
    except KeyboardInterrupt:
        interrupted("the files are written, but what is to be found in them is not known")
    console.print(f"to be found: {count(judged.exploration.states, 'state')}")
    for outcome in judged.outcomes:
        console.print(f"  {'holds' if outcome.holds else 'fails'}: {outcome.prop.name}", markup=False)

"""`halfclose export`: the model of one scope for Spin or TLC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from halfclose.checks.claims.judges import Judge
from halfclose.checks.cli.sizes import bound, pair
from halfclose.checks.cli.terminal import console, refuse
from halfclose.checks.export.files import Language, write
from halfclose.checks.export.model import Model
from halfclose.spec.claims.catalogue import CLAIMS
from halfclose.spec.claims.properties import Always
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.mutants.defects import UnknownMutant, mutated
from halfclose.spec.tcp.graph import RULES, tcp
from halfclose.spec.world.application import BadProgram, parse_application
from halfclose.spec.world.network import BadScope, Scope, Wait
from halfclose.spec.world.scopes import SCOPES


class BadExport(ValueError):
    """What is asked for cannot be exported; the message says why, in one line."""


def command(
    language: Annotated[Language, typer.Argument(help="promela for Spin, tla for TLC.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; made if it is missing.")],
    scope: Annotated[str, typer.Option(help="A scope of `halfclose verify`; options below change it.")] = "",
    prop: Annotated[
        list[str] | None,
        typer.Option("--property", help="A claim, or a property's name; may be repeated. All of the scope by default."),
    ] = None,
    mutant: Annotated[str, typer.Option(help="Export this broken specification instead.")] = "",
    explored: Annotated[bool, typer.Option("--explore", help="Explore it here too, and say what to expect.")] = False,
    app_a: Annotated[str | None, typer.Option(help="A's program, as `halfclose explore` takes it.")] = None,
    app_b: Annotated[str | None, typer.Option(help="B's program.")] = None,
    profile: Annotated[str | None, typer.Option(help="Switches that are on, joined by '+', e.g. rfc5961.")] = None,
    slots: Annotated[int | None, typer.Option(help="Segments under way in each direction.")] = None,
    losses: Annotated[str | None, typer.Option(help="Segments lost on the way in all, or 'any'.")] = None,
    duplicates: Annotated[str | None, typer.Option(help="Segments duplicated in all, or 'any'.")] = None,
    reorder: Annotated[bool | None, typer.Option(help="Deliver in any order.")] = None,
    octets: Annotated[int | None, typer.Option(help="Octets a free application sends in one life.")] = None,
    lives: Annotated[int | None, typer.Option(help="Connections an end opens, one after the other.")] = None,
    buffer: Annotated[int | None, typer.Option(help="Receive buffer, and so the largest window.")] = None,
    mss: Annotated[int | None, typer.Option(help="Most octets in a segment.")] = None,
    bits: Annotated[int | None, typer.Option(help="Width of a sequence number.")] = None,
    iss: Annotated[str | None, typer.Option(help="Where the ISN clocks of A and B stand.")] = None,
    crashes: Annotated[int | None, typer.Option(help="Losses of memory in all.")] = None,
    wait: Annotated[Wait | None, typer.Option(help="What has happened when TIME-WAIT ends.")] = None,
    user_timeout: Annotated[bool | None, typer.Option("--user-timeout", help="Let user time-outs fire.")] = None,
) -> None:
    """Write a runnable model of one scope, generated from the declaration, with a README that says how to run it.

    Spin and TLC find as many states in it as halfclose does, and the same verdict on each property.
    """
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
        "app_a": (parse_application, app_a),
        "app_b": (parse_application, app_b),
        "profile": (parse_profile, profile),
        "losses": (partial(bound, "losses"), losses),
        "duplicates": (partial(bound, "duplicates"), duplicates),
        "iss": (pair, iss),
    }
    try:
        given = {name: value for name, value in plain.items() if value is not None}
        given |= {name: read(text) for name, (read, text) in written.items() if text is not None}
        covered = _scope(scope, given)
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
    if name and name not in SCOPES:
        raise BadExport(f"unknown scope {name!r}; known are {', '.join(SCOPES)}")
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
    judged = Judge(model.scope, model.properties).run(model.scope, model.graph)
    console.print(f"to be found: {judged.exploration.states:,} states")
    for outcome in judged.outcomes:
        console.print(f"  {'holds' if outcome.holds else 'fails'}: {outcome.prop.name}", markup=False)

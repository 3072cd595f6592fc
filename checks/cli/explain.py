"""`halfclose explain`: one claim, edge, mutant, switch or figure, with its place in the RFC."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

import typer

from halfclose.checks.cli.terminal import console, refuse
from halfclose.checks.readers.conditions import condition
from halfclose.spec.claims.agreement import AGREEMENT
from halfclose.spec.claims.catalogue import BY_ID
from halfclose.spec.claims.figures import FIGURES, Figure
from halfclose.spec.claims.invariant import INVARIANT
from halfclose.spec.claims.properties import (
    Claim,
    Endless,
    Eventually,
    Inductive,
    Property,
    Quiet,
    Replay,
    Shape,
    Theorem,
)
from halfclose.spec.language.edge import Rule
from halfclose.spec.language.profile import SWITCHES
from halfclose.spec.language.terms import definitions, show, variables
from halfclose.spec.mutants.defects import MUTANTS
from halfclose.spec.tcp.graph import RULES, TCP
from halfclose.spec.world.scopes import SCOPES


def command(
    name: Annotated[str, typer.Argument(help="A claim (S11), an edge, a mutant, a switch, a scope or a figure (F12).")],
) -> None:
    """Say what something is, why, and where in RFC 9293 it stands."""
    for find in (_claim, _figure, _edge, _mutant, _switch, _scope):
        text = find(name)
        if text is not None:
            console.print(text, markup=False, soft_wrap=True)
            return
    known = [*BY_ID, *FIGURES, *(rule.name for rule in RULES), *MUTANTS, *SWITCHES, *SCOPES]
    near = get_close_matches(name, known, n=4, cutoff=0.4)
    refuse(f"nothing is called {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))


def _claim(name: str) -> str | None:
    claim = BY_ID.get(name.upper())
    return None if claim is None else _describe_claim(claim)


def _describe_claim(claim: Claim) -> str:
    lines = [f"{claim.id}  {claim.title}   (RFC 9293 {', '.join(claim.cite)})", "", claim.why, ""]
    for prop in claim.properties:
        lines.append(f"{type(prop).__name__.lower()}: {prop.name}")
        if isinstance(prop, Replay):
            lines.append(f"    figure    {prop.scope}: {FIGURES[prop.scope].title}")
        elif isinstance(prop, Inductive):
            conjuncts = INVARIANT if prop.scope == "one end" else AGREEMENT
            lines += [f"    {conjunct.name}: {show(conjunct.holds)}" for conjunct in conjuncts]
        elif isinstance(prop, Theorem):
            lines += [f"    follows from the invariant of {prop.scope}", f"    formula   {show(prop.holds)}"]
        elif isinstance(prop, Shape):
            lines.append(f"    check     {prop.scope}")
        else:
            lines.append(f"    scope     {prop.scope}: {SCOPES[prop.scope].app_a} | {SCOPES[prop.scope].app_b}")
            lines += _formula(prop)
        lines.append(f"    broken by {', '.join(prop.broken_by)}")
    return "\n".join(lines)


def _formula(prop: Property) -> list[str]:
    """The formula, where the property has one."""
    match prop:
        case Eventually(goal=goal):
            return [f"    formula   {show(goal)}, again and again"]
        case Quiet() | Endless():
            return []
    return [f"    formula   {show(condition(prop))}"]


def _figure(name: str) -> str | None:
    figure = {key.lower(): value for key, value in FIGURES.items()}.get(name.lower())
    return None if figure is None else _describe_figure(figure)


def _describe_figure(figure: Figure) -> str:
    lines = [f"{figure.id}  {figure.title}   (RFC 9293 {figure.cite})", ""]
    return "\n".join(lines + [f"{line.do:<76} {line.states}" for line in figure.lines])


def _edge(name: str) -> str | None:
    rule = next((rule for rule in RULES if name in (rule.name, *(edge.name for edge in rule.edges()))), None)
    return None if rule is None else _describe_rule(rule)


def _describe_rule(rule: Rule) -> str:
    arrows = (f"{edge.source.value} -> {edge.target.value}" for edge in rule.edges())
    lines = [f"{rule.name}   on {rule.event.value}   (RFC 9293 {', '.join(rule.cite)})", f"    {'; '.join(arrows)}"]
    lines += [f"    {rule.why}"] if rule.why else []
    lines += ["when", *(f"    {show(c)}" for c in rule.guard)] if rule.guard else []
    lines += ["then", *(f"    {text}" for text in _updates(rule))] if rule.updates else []
    lines += ["sends", f"    {rule.emits}"] if rule.emits else []
    lines += ["tells the user", f"    {rule.signal}"] if rule.signal else []
    meanings = definitions(*rule.guard, *(a.value for a in rule.updates))
    lines += ["where", *(f"    {name}: {text}" for name, text in meanings.items())] if meanings else []
    return "\n".join(lines)


def _updates(rule: Rule) -> Iterator[str]:
    """One line an assignment; what is merely blanked shares a line."""
    blanked = [a.var.name for a in rule.updates if a.value.op == "literal" and not a.value.value]
    if len(blanked) > 2:
        yield f"{', '.join(blanked)} <- 0"
    for a in rule.updates:
        if len(blanked) <= 2 or a.var.name not in blanked:
            yield f"{a.var.name} <- {show(a.value)}"


def _mutant(name: str) -> str | None:
    if name not in MUTANTS:
        return None
    broken = [f"{c.id} {p.name}" for c in BY_ID.values() for p in c.properties if name in p.broken_by]
    return "\n".join([f"mutant {name}", f"    {MUTANTS[name].what}", "breaks", *(f"    {text}" for text in broken)])


def _switch(name: str) -> str | None:
    if name not in SWITCHES:
        return None
    switch = SWITCHES[name]
    reading = [rule.name for rule in TCP.rules if _mentions(rule, switch.name)]
    return "\n".join([f"switch {name}", f"    {switch.means}", "decides", *(f"    {text}" for text in reading)])


def _mentions(rule: Rule, name: str) -> bool:
    read = variables(*rule.guard, *(a.value for a in rule.updates))
    return any(var.name == name for var in read)


def _scope(name: str) -> str | None:
    if name not in SCOPES:
        return None
    scope = SCOPES[name]
    return f"scope {name}\n    A: {scope.app_a}\n    B: {scope.app_b}\n    {scope}"

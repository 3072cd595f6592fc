"""`halfclose graph`: the declaration as a diagram, or as data with every citation."""

from __future__ import annotations

import io
import json
from enum import Enum
from typing import Annotated, Any

import networkx as nx
import typer

from halfclose.checks.cli.terminal import refuse
from halfclose.checks.explain.figure5 import figure
from halfclose.spec.language.edge import Edge
from halfclose.spec.language.profile import UnknownSwitch, parse_profile
from halfclose.spec.language.states import State
from halfclose.spec.language.terms import show
from halfclose.spec.tcp.graph import TCP, Graph, tcp


class Format(Enum):
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"
    GRAPHML = "graphml"
    FIGURE = "figure"


def command(
    fmt: Annotated[
        Format,
        typer.Option(
            "--format",
            help="mermaid and dot draw the states, figure is figure 5 of the RFC; json and graphml list every edge.",
        ),
    ] = Format.MERMAID,
    profile: Annotated[str, typer.Option(help="Only the edges of this profile; all switches open by default.")] = "",
) -> None:
    """Print the transition graph: the eleven states as a diagram, or every edge with guard, updates and citations."""
    try:
        graph = tcp(parse_profile(profile)) if profile else TCP
    except UnknownSwitch as error:
        refuse(error)
    typer.echo(_WRITERS[fmt](graph), nl=False)


def edge_json(edge: Edge) -> dict[str, Any]:
    """Everything the declaration says about one edge."""
    rule = edge.rule
    return {
        "name": edge.name,
        "source": edge.source.value,
        "target": edge.target.value,
        "event": edge.event.value,
        "guard": [show(condition) for condition in rule.guard],
        "updates": {a.var.name: show(a.value) for a in rule.updates},
        "emits": str(rule.emits) if rule.emits else None,
        "signal": rule.signal or None,
        "cite": list(rule.cite),
        "why": rule.why or None,
    }


def _json(graph: Graph) -> str:
    data = {
        "schema": "halfclose-graph-1",
        "states": [state.value for state in State],
        "edges": [edge_json(edge) for edge in graph.edges],
    }
    return json.dumps(data, indent=2) + "\n"


def _graphml(graph: Graph) -> str:
    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="TCP, RFC 9293")
    plain.add_nodes_from(state.value for state in State)
    for edge in graph.edges:
        attributes = {k: _text(v) for k, v in edge_json(edge).items() if k not in ("source", "target", "name")}
        plain.add_edge(edge.source.value, edge.target.value, key=edge.name, **attributes)
    out = io.BytesIO()
    nx.write_graphml(plain, out, named_key_ids=True)
    return out.getvalue().decode() + "\n"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "; ".join(f"{name} <- {term}" for name, term in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _arrows(graph: Graph) -> dict[tuple[State, State], list[str]]:
    """The state changes, each with the names of its edges; edges that stay are left to the lists."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for source, target, name in graph.networkx.edges(keys=True):
        if source is not target:
            arrows.setdefault((source, target), []).append(name.partition("@")[0])
    return arrows


def _mermaid(graph: Graph) -> str:
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state.value}" as {state.name}' for state in State]
    lines += ["    [*] --> CLOSED"]
    for (source, target), names in _arrows(graph).items():
        lines.append(f"    {source.name} --> {target.name}: {'<br/>'.join(dict.fromkeys(names))}")
    return "\n".join(lines) + "\n"


def _dot(graph: Graph) -> str:
    lines = ["digraph TCP {", "    node [shape=box, style=rounded];"]
    lines += [f'    {state.name} [label="{state.value}"];' for state in State]
    for (source, target), names in _arrows(graph).items():
        label = "\\n".join(dict.fromkeys(names))
        lines.append(f'    {source.name} -> {target.name} [label="{label}"];')
    return "\n".join([*lines, "}"]) + "\n"


_WRITERS = {
    Format.MERMAID: _mermaid,
    Format.DOT: _dot,
    Format.JSON: _json,
    Format.GRAPHML: _graphml,
    Format.FIGURE: figure,
}

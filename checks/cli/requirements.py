"""`halfclose requirements`: the numbered requirements of RFC 9293, and what answers each of them here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from halfclose.checks.cli.targets import Json
from halfclose.checks.cli.terminal import console, count, refuse, show, table, write_json
from halfclose.checks.explain.requirements import Answer, Row, rows
from halfclose.spec.language.names import unknown
from halfclose.spec.requirements.numbering import SECTIONS
from halfclose.spec.requirements.requirement import LEVELS

#: So many names of edges are shown in the table; `halfclose explain` shows all of them.
_SHOWN = 3
#: The word of RFC 2119 for the beginning of each id.
_WORDS = {prefix: asked for prefix, (asked, _) in LEVELS.items()}


def command(
    level: Annotated[
        str,
        typer.Option(
            help="Only these: MUST, SHOULD (SHLD), MAY or RECOMMENDED (REC), each with its NOT; or 'MUST NOT' or "
            "'SHOULD NOT' alone."
        ),
    ] = "",
    section: Annotated[str, typer.Option(help="Only those of this section and the sections in it, such as 3.8.")] = "",
    uncovered: Annotated[
        bool, typer.Option("--uncovered", help="Only those that no edge, claim or switch of the specification answers.")
    ] = False,
    left_out: Annotated[
        bool, typer.Option("--left-out", help="Only those that neither specification nor reference answers.")
    ] = False,
    json_file: Json = None,
) -> None:
    """Show the requirements of RFC 9293 and what answers each."""
    section = section.removesuffix(".") or section
    chosen = [row for row in rows() if _is_of_level(row, level) and _is_within(row, section)]
    if uncovered:
        chosen = [row for row in chosen if row.answer not in (Answer.SPECIFIED, Answer.PARTLY)]
    if left_out:
        chosen = [row for row in chosen if row.answer is Answer.LEFT_OUT]
    if str(json_file) != "-":
        _print(chosen)
    write_json({"requirements": [row.to_json() for row in chosen], "summary": summary(chosen)}, json_file)


def _is_of_level(row: Row, level: str) -> bool:
    """Whether a row has this level: MUST is that of MUST NOT, too.  Refuses one that does not exist."""
    one, wanted = row.requirement, " ".join(level.upper().split())
    if level and not any(wanted in (prefix, *words) for prefix, words in LEVELS.items()):
        refuse(f"--level {level}: there are {', '.join(_WORDS.values())}, MUST NOT and SHOULD NOT")
    return not level or wanted in (one.prefix, _WORDS[one.prefix], one.level)


def _is_within(row: Row, section: str) -> bool:
    """Whether a row stands in this section; refuses one that does not exist."""
    if section and section not in SECTIONS:
        refuse(f"--section: {unknown('section of RFC 9293', section, SECTIONS, 'sections')}")
    return not section or f"{row.requirement.section}.".startswith(f"{section}.")


def _print(chosen: Sequence[Row]) -> None:
    made = table("id", "section", "level", "what it asks", "answered by")
    for row in chosen:
        one = row.requirement
        made.add_row(one.id, one.section, one.level, one.says, _answered(row))
    if chosen:
        show(made)
        console.print()
    console.print(summary(chosen), markup=False, soft_wrap=True)


def _answered(row: Row) -> str:
    """The specification's names, or else the reference's, or else what it is left out with."""
    one = row.requirement
    match row.answer:
        case Answer.SPECIFIED:
            return _few(row.specified_by)
        case Answer.PARTLY if one.left_out:
            return f"partly: {_few(row.specified_by)}; left out: {one.left_out.name}"
        case Answer.REFERENCE:
            return f"the reference: {_few(one.reference)}"
        case Answer.LEFT_OUT if one.left_out:
            return f"left out: {one.left_out.name}"
    return "nothing"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def summary(chosen: Sequence[Row]) -> str:
    """One line: how many there are of each level, and how many are answered in which way."""
    if not chosen:
        return "no requirement is of this kind"
    levels = _counts(_WORDS[row.requirement.prefix] for row in chosen)
    answers = _counts(row.answer.value for row in chosen)
    return f"{count(len(chosen), 'requirement')} ({levels}): {answers}"


def _counts(names: Iterable[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in Counter(names).items())

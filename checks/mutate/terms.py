"""The smallest changes of a term: a condition dropped or negated, a bound moved by one, an operand left out."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from halfclose.spec.language.terms import Kind, Sort, Term, Var, all_of, any_of, ite, rebuild, variables


@dataclass(frozen=True, eq=False)
class Changed:
    """A term with one change.  path: which part of it, as positions from the outside in.  change: in a word."""

    path: tuple[int, ...]
    change: str
    was: Term
    term: Term


def changes(term: Term, but: Container[Term] = (), path: tuple[int, ...] = ()) -> Iterator[Changed]:
    """Every change of a term or of a part of it.  but: terms that are left alone, and so are their parts."""
    if term in but:
        return
    for change, new in local_changes(term):
        yield Changed(path, change, term, new)
    if isinstance(term, Var):
        return
    for i, arg in enumerate(term.args):
        for inner in changes(arg, but, (*path, i)):
            args = (*term.args[:i], inner.term, *term.args[i + 1 :])
            yield Changed(inner.path, inner.change, inner.was, rebuild(term, args))


def local_changes(term: Term) -> Iterator[tuple[str, Term]]:
    """The changes of a term that leave its parts as they are."""
    match term.op:
        case "and" | "or":
            join = all_of if term.op == "and" else any_of
            for i, arg in enumerate(term.args):
                rest = (*term.args[:i], *term.args[i + 1 :])
                yield f"without-{i}", join(*rest)
                if not is_about_switches(arg):
                    yield f"not-{i}", join(*term.args[:i], ~arg, *term.args[i + 1 :])
        case "==" | "<" | "<=" if term.args[0].sort is not Sort.BOOL:
            left, right = term.args
            yield "+1", Term(term.op, (left, right + 1), Sort.BOOL)
            yield "-1", Term(term.op, (left + 1, right), Sort.BOOL)
        case "+":
            yield "without-1", term.args[0]
        case "-" if term.sort is term.args[0].sort:
            yield "without-1", term.args[0]
        case "ite":
            condition, then, otherwise = term.args
            yield "swapped", ite(condition, otherwise, then)


def is_about_switches(term: Term) -> bool:
    """Whether a condition only says which profile is meant; its opposite would be another reading, not a mistake."""
    read = variables(term)
    return bool(read) and all(var.kind is Kind.SWITCH for var in read)

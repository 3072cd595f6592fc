"""What `prove` and `verify` say of an induction: steps that nobody can take, and values that break a conjunct."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from halfclose.checks.cli.terminal import console, count, show, table
from halfclose.checks.prove.counterexample import NEED_NOT_BE_REACHABLE, WHERE_TRACES_ARE, Counterexample
from halfclose.checks.prove.enabling import Vacuous

#: So many names of steps are printed for one explanation; --json has them all.
_NAMES = 6


def show_vacuous(steps: Iterable[Vacuous], more: str = "--json lists them") -> None:
    """Steps that nobody can take, by what explains them; what nothing explains comes last, with every name."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for one in steps:
        groups.setdefault((one.explained, _explanation(one)), []).append(one.step)
    for (explained, why), names in sorted(groups.items(), key=lambda group: not group[0][0]):
        shown = names[:_NAMES] if explained else names
        others = f" and {len(names) - len(shown)} more, {more}" if len(names) > len(shown) else ""
        are = "is" if len(names) == 1 else "are"
        said = f"{count(len(names), 'step')} {are} vacuous: {why}: {', '.join(shown)}{others}"
        console.print(said, style="dim" if explained else "red", markup=False)


def _explanation(one: Vacuous) -> str:
    turned = " and ".join(f"{name[1:]} {'on' if name[0] == '+' else 'off'}" for name in one.enabled_by)
    if turned:
        return f"not in this profile, but with {turned}"
    return one.reason or "no state that the invariant allows can take them, and no reason for that is stated"


def show_counterexamples(examples: Sequence[Counterexample], where_traces_are: bool = True) -> None:
    """Each with the formula that fails, the guard, and the values of what they read.

    where_traces_are: whether to say how a real trace is found; not where one follows, or the reason why there is none.
    """
    for example in examples:
        console.print(f"counterexample to induction: {example.step} breaks: {example.goal}", style="bold", markup=False)
        console.print(f"  formula: {example.says}", markup=False)
        if example.guard:
            console.print(f"  guard: {example.guard}", markup=False)
        console.print(f"  profile: {'+'.join(example.profile) or 'rfc9293'}", markup=False)
        made = table("where", "variable", "before", "after")
        place = ""
        for value in example.values:
            where, place = ("" if value.place == place else value.place), value.place
            made.add_row(where, value.variable, value.before, "" if value.after == value.before else value.after)
        show(made)
        console.print()
    if examples:
        more = f" {WHERE_TRACES_ARE}" if where_traces_are else ""
        console.print(f"{NEED_NOT_BE_REACHABLE}{more}", style="dim", markup=False)

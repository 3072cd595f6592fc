"""The deadlines of many, against the plain way of looking at all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from halfclose.reference.deadlines import Deadlines

keys, times = st.integers(0, 5), st.floats(0, 100)


@given(st.lists(st.tuples(keys, times | st.none()) | times, max_size=300))
def test_first_and_due_are_those_of_a_search_through_all(steps: list[tuple[int, float | None] | float]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    plain: dict[int, float] = {}
    for step in steps:
        if isinstance(step, float):
            due = deadlines.due(step)
            assert [plain[key] for key in due] == sorted(when for when in plain.values() if when <= step)
            plain = {key: when for key, when in plain.items() if key not in due}
        else:
            key, when = step
            deadlines.set(key, when)
            plain.pop(key, None)
            if when is not None:
                plain[key] = when
        assert deadlines.first == min(plain.values(), default=None)


def test_one_that_changes_all_the_time_does_not_fill_the_memory() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("idle", 5000.0)
    for n in range(10_000):
        deadlines.set("busy", 1.0 + n)
    assert len(deadlines._heap) < 100
    assert deadlines.first == 5000.0

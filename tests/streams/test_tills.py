"""Runs of tills are the same packed and as sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.snapshot import freeze, unpack
from streams.tills import Tills

STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 40)) | st.sampled_from(["seal", "restart", "look"]), max_size=60
)


@given(STEPS)
def test_tills_remember_as_much_as_sets_would(steps: list[tuple[int, int] | str]) -> None:
    tills, known = Tills(), dict[int, set[int]]()
    for step in steps:
        if isinstance(step, tuple):
            till, number = step
            seen = number in known.setdefault(till, set())
            assert tills[till].add(number) != seen
            known[till].add(number)
        elif step == "seal":
            tills.seal()
            assert not len(tills), "nothing is left as a set"
        elif step == "restart":
            tills = Tills(unpack(freeze(tills.packed()).pack()))
        assert tills.numbers() == known.keys()
        assert tills.bounds() == sum(2 * _runs(each) for each in known.values())


def _runs(numbers: set[int]) -> int:
    return sum(number - 1 not in numbers for number in numbers)

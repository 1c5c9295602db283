"""Runs of tills are the same packed and as sets."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.snapshot import freeze, unpack
from streams.tills import Tills

STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 40))
    | st.sampled_from(["seal", "restart", "look"])
    | st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 40), st.integers(1, 3)), min_size=1),
    max_size=60,
)


@given(STEPS)
def test_tills_remember_as_much_as_sets_would(steps: list[Any]) -> None:
    tills, known = Tills(), dict[int, set[int]]()
    for step in steps:
        if isinstance(step, tuple):
            till, number = step
            seen = number in known.setdefault(till, set())
            assert tills.of(till).add(number) != seen
            known[till].add(number)
        elif isinstance(step, dict):
            first = np.array([begin for begin, _ in step.values()])
            size = np.array([many for _, many in step.values()])
            follows = tills.follow(np.array(list(step)), first, first + size).tolist()
            # The last run alone counts: what is added in its place must not be in the set, and does not close a gap.
            assert follows == [max(known.get(till, {-2}), default=-2) + 1 == begin for till, (begin, _) in step.items()]
            for (till, (begin, many)), moved in zip(step.items(), follows, strict=True):
                known.setdefault(till, set()).update(range(begin, begin + many) if moved else ())
        elif step == "seal":
            tills.seal()
            assert not len(tills), "nothing is left as a set"
        elif step == "restart":
            tills = Tills(unpack(freeze(tills.packed()).pack()))
        assert tills.numbers() == known.keys()
        assert tills.bounds() == sum(2 * _runs(each) for each in known.values())


def _runs(numbers: set[int]) -> int:
    return sum(number - 1 not in numbers for number in numbers)

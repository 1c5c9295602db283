"""Events wait until their input has passed them: batches put in at once and taken at any moment, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.queues import NEVER, Events, Queue

MOMENTS = st.integers(0, 50)
STEPS = st.lists(
    st.tuples(st.just("push"), st.lists(MOMENTS, min_size=1, max_size=6))
    | st.tuples(st.sampled_from(["punctuate", "pop"]), MOMENTS)
    | st.tuples(st.just("restart"), st.just(0)),
    max_size=20,
)


class OneByOne:
    """The same, an event at a time."""

    def __init__(self) -> None:
        self.watermark = NEVER
        self.waiting: list[tuple[int, int, int]] = []
        self._next = 0

    def push(self, moments: list[int]) -> None:
        for at in moments:
            self.watermark = max(self.watermark, at)
            self.waiting.append((self.watermark, at, self._next))
            self._next += 1

    def pop(self, limit: int) -> list[tuple[int, int, int]]:
        taken = [each for each in self.waiting if each[0] < limit]
        self.waiting = self.waiting[len(taken) :]
        return taken


@given(STEPS)
def test_events_leave_as_if_each_had_waited_alone(steps: list[tuple[str, int | list[int]]]) -> None:
    queue, expected, number = Queue(), OneByOne(), 0
    for step, value in steps:
        if isinstance(value, list):
            size = len(value)
            queue.push(Events.of({"number": np.arange(number, number + size), "at": np.array(value)}))
            expected.push(value)
            number += size
        elif step == "punctuate":
            queue.punctuate(value)
            expected.watermark = max(expected.watermark, value)
        elif step == "restart":
            saved, queue = queue.dump(), Queue()
            queue.load(saved)
        else:
            found = queue.pop(value, arrival=True)
            columns = [found[name].tolist() for name in ("arrival", "at", "number")] if found else [[], [], []]
            assert list(zip(*columns, strict=True)) == expected.pop(value)
        assert (queue.watermark, len(queue)) == (expected.watermark, len(expected.waiting))
        assert queue.first == (expected.waiting[0][0] if expected.waiting else NEVER)

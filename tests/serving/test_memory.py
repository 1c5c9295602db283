"""Asked once by many, kept a while, forgotten when it failed."""

from __future__ import annotations

import asyncio

import pytest

from serving.memory import Memory


class Asked:
    """Counts questions; fails when told to."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False

    async def __call__(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        if self.fails:
            raise OSError
        return self.times


async def test_asked_together_asked_once() -> None:
    memory, ask = Memory[int](), Asked()
    assert await asyncio.gather(*(memory.get("q", ask) for _ in range(5))) == [1] * 5
    assert await memory.get("another", ask) == 2


async def test_an_old_answer_is_asked_for_again() -> None:
    memory, ask = Memory[int](seconds=0.0), Asked()
    assert [await memory.get("q", ask), await memory.get("q", ask)] == [1, 2]


async def test_a_failure_is_told_and_forgotten() -> None:
    memory, ask = Memory[int](), Asked()
    ask.fails = True
    with pytest.raises(OSError):  # noqa: PT011 - it has no text
        await memory.get("q", ask)
    ask.fails = False
    assert await memory.get("q", ask) == 2


async def test_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    memory, ask = Memory[int](), Asked()
    first, second = (asyncio.create_task(memory.get("q", ask)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_no_more_than_so_many_are_kept() -> None:
    memory, ask = Memory[int](most=2), Asked()
    for question in ("a", "b", "c"):
        await memory.get(question, ask)
    assert await memory.get("a", ask) == 4
    assert await memory.get("c", ask) == 3

"""Holds the reading of topic ``clock`` against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from schemas import topics
from streams.clocks import Clocks
from streams.decode import UNREADABLE
from streams.fields import Rejected
from streams.options import Options
from streams.prefecture import Prefecture
from streams.snapshot import freeze, unpack
from tests.fuzz.corpus import Input
from tests.fuzz.held import REFERENCE, Tally, told
from tests.fuzz.shapes import Refused
from tests.streams.records import PREFECTURE, WALL

#: How far the stream has read each input.
READ = {topics.SALES: 1, topics.QUOTES: 2**40}


class Place:
    """Stands in for a prefecture: notes how far each input was punctuated."""

    def __init__(self) -> None:
        self.marks: dict[str, int] = {}

    def punctuate(self, topic: str, at: int) -> None:
        """Take note."""
        self.marks[topic] = at


def check(inputs: Sequence[Input], tally: Tally) -> list[str]:
    """Return what is wrong with any of ``inputs``."""
    wrong = []
    for tried in inputs:
        try:
            got = effect(tried.value)
        except BaseException as error:
            wrong.append(told(tried, f"crash: {error!r}"))
            continue
        tally.note(tried.kind, got if isinstance(got, str) else "accepted")
        wanted = meant(tried.value)
        if got != wanted:
            wrong.append(told(tried, f"to be {wanted}, became {got}"))
    return wrong


def effect(value: bytes | None) -> str | dict[str, int]:
    """Return the stage at which a record is refused, or what it does to a prefecture."""
    clocks, place = Clocks(Options()), Place()
    try:
        clocks.read(value, WALL)
    except UNREADABLE as error:
        return error.stage if isinstance(error, Rejected) else "decode"
    clocks.apply(READ, {PREFECTURE: cast(Prefecture, place)})
    waiting = msgspec.to_builtins(clocks.dump())
    assert unpack(freeze({"clocks": clocks.dump()}).pack()) == {"clocks": waiting}, "a snapshot keeps what waits"
    return place.marks


def meant(value: bytes | None) -> str | dict[str, int]:
    """Return the same, by the reference."""
    try:
        says = REFERENCE.clock(value)
    except Refused as refused:
        return refused.stage
    if says.prefectures and str(PREFECTURE) not in says.prefectures:
        return {}
    return {topic: says.at for topic in says.inputs if READ.get(topic, 0) >= says.offsets.get(topic, 0)}


def refused(values: Sequence[Any]) -> list[int]:
    """Return which of ``values`` the reference refuses."""
    return [index for index, value in enumerate(values) if isinstance(meant(value), str)]

"""Receipts in bulk give what ``decode.Decoder`` gives of them one by one, whatever lies between."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import catalogue, topics
from streams import receipts
from streams.chunk import Chunk
from streams.columns import Parts, Repeated, joined, listed
from streams.decode import Decoded, Decoder
from streams.indicators.civil import Civil
from streams.options import Options
from streams.seen import Seen

CATALOGUE = catalogue.load()
WALL = 1_723_082_531.0
LINE = {"line": 1, "good": "potato", "quantity": 2.5, "unit": "kg", "amount": 11.25}
RECEIPT = {
    "event_id": "r-1",
    "sender": "shop-7",
    "store": "bayi-01",
    "region": "540402",
    "workstation": "1",
    "business_date": "2024-08-08",
    "sequence": 1,
    "time": "2024-08-08T10:02:11+08:00",
    "lines": [LINE],
}

LINES = st.fixed_dictionaries(
    {"line": st.integers(1, 3), "good": st.sampled_from(["potato", "milk", "no such good"])},
    optional={
        "quantity": st.sampled_from([2.5, 0, 1e308, -1, 0.0004]),
        "unit": st.sampled_from(["kg", "斤", "L", "nothing"]),
        "amount": st.sampled_from([None, 0, 3.5, -1, 1e300]),
        "kind": st.sampled_from(["sale", "return", "void"]),
        "unit_cost": st.sampled_from([None, 1.25, 1e308, -2]),
    },
).map(lambda line: LINE | line)
RECEIPTS = st.fixed_dictionaries(
    {"lines": st.lists(LINES, max_size=4)},
    optional={
        "event_id": st.sampled_from(["r-2", "", "号", "x" * 201]),
        "store": st.sampled_from(["bayi-02", "", "巴宜"]),
        "region": st.sampled_from(["540421", "540102", "no such county"]),
        "business_date": st.sampled_from(["2024-08-07", "2024-01-01", "2024-02-30"]),
        "sequence": st.sampled_from([2, 3, 4, 2**60, 2**70]),
        "time": st.sampled_from(["2024-08-08T10:02:59+08:00", "2024-08-08T02:02:11Z", "2024-08-08T24:00:00Z", "now"]),
        "status": st.sampled_from(["training", "normal"]),
    },
).map(lambda receipt: msgspec.json.encode(RECEIPT | receipt))
VALUES = st.lists(st.one_of(RECEIPTS, RECEIPTS, st.sampled_from([None, b"", b"{", b'"\xff"'])), max_size=12)


def decoded(values: list[bytes | None], *, bulk: bool) -> tuple[Decoded, dict[str, Any]]:
    options = Options()
    seen = Seen()
    decoder = Decoder(CATALOGUE, 0, 4, Civil(options.timezone), options, seen)
    if not bulk:
        reader = decoder._bulk._json
        assert isinstance(reader, receipts.Reader)
        reader._decode = None
    size = len(values)
    chunk = Chunk(topics.SALES, 0, range(7, 7 + size), values, [b""] * size, [()] * size, [0] * size, 7 + size)
    return decoder.decode(chunk, WALL), seen.dump()


@settings(deadline=None, max_examples=300)
@given(VALUES)
def test_bulk_equals_one_by_one(values: list[bytes | None]) -> None:
    (fast, fast_seen), (slow, slow_seen) = decoded(values, bulk=True), decoded(values, bulk=False)
    assert fast.dead == slow.dead
    assert (fast.events, fast.dropped, fast.repeats) == (slow.events, slow.dropped, slow.repeats)
    assert {n: listed(c) for n, c in fast.columns.items()} == {n: listed(c) for n, c in slow.columns.items()}
    assert str(fast_seen) == str(slow_seen)


def test_right_receipts_are_read_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("looked at one by one")

    monkeypatch.setattr(Decoder, "_one", refuse)
    values = [msgspec.json.encode(RECEIPT | {"sequence": number}) for number in range(3000)]
    assert decoded(values, bulk=True)[0].events == 3000  # type: ignore[arg-type]


def test_columns_look_like_lists() -> None:
    column = Repeated(["a", "b"], [2, 3], 5)
    assert list(column) == ["a", "a", "b", "b", "b"] == column.tolist()
    assert (len(column), column[1], column[-1], column[1:3]) == (5, "a", "b", ["a", "b"])
    with pytest.raises(IndexError):
        column[5]
    assert list(joined([column, column])) == [*column, *column]
    parts = Parts()
    several: list[Any] = [column, np.arange(2), [None]]
    for part in several:
        parts.append(part)
    assert (len(parts), parts[-1], parts[4:6]) == (8, None, ["b", 0])
    assert all(type(value) is not np.int64 for value in parts)

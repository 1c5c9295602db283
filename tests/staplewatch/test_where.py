"""``--where``: what it may say, what it chooses, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from staplewatch.where import ConditionError, Where

ROW: dict[str, Any] = {
    "epoch": "e", "topic": "pos.sales", "partition": 3, "offset": 9, "stage": "validate", "sender": "",
    "event_id": "r-1", "reason": "good 'x' is not in the catalogue", "error": "Rejected", "site": "bayi-01",
    "region": "540402", "size": 312, "at": "2026-01-01T16:30:00Z", "replays": [],
}  # fmt: skip
REPLAYED = {**ROW, "offset": 10, "sender": "shop-7", "replays": [{"attempt": 2}]}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("offset >= 10", [False, True]),
        ("topic = 'pos.sales' and partition in (1, 3) and offset between 3 and 9", [True, False]),
        ("stage not in ('decode', 'size')", [True, True]),
        ("reason like '%catalogue'", [True, True]),
        ("reason like 'catalogue'", [False, False]),
        ("reason not like '%CATALOGUE%'", [True, True]),
        ("reason ilike '%CATALOGUE%'", [True, True]),
        ("lower(error) = 'rejected' and length(site) = 7", [True, True]),
        ("region = 540402", [True, True]),
        ("at >= '2026-01-02' and at < '2026-01-02T00:31'", [True, True]),
        ("at < '2026-01-01T16:30:00Z'", [False, False]),
        ("not replayed", [True, False]),
        ("attempts > 1 or offset = 9", [True, True]),
        ("sender is null", [True, False]),
        ("sender != 'shop-8'", [False, True]),
        ("not (sender = 'shop-7')", [False, False]),
        ("sender = 'shop-7' or 1 = 1", [True, True]),
        ("size > -1", [True, True]),
    ],
)
def test_a_condition_chooses(text: str, chosen: list[bool]) -> None:
    assert Where(text).choose([ROW, REPLAYED]) == chosen


def test_of_nothing_nothing_is_chosen() -> None:
    assert Where("offset = 1").choose([]) == []


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("topic = 'a' and staeg = 'x'", 17, 'unknown column "staeg": did you mean "stage"?'),
        ('stage = "decode"', 9, "write a text in single quotes, 'decode'"),
        ("at > now()", 6, "NOW() is not allowed here"),
        ("partition = 'three'", 1, "partition is a number and cannot be compared with 'three', a text"),
        ("offset", 1, "offset alone is no condition"),
        ("partition = 1.5", 13, "1.5 is not a whole number"),
        ("at > 'soon'", 1, "'soon' is no time"),
        ("region in (select 1)", 1, "after `in` only a list of values is allowed"),
        ("(select count(*) from sales) > 0", 9, "is not allowed here"),
        ("stage = 'decode' ; drop table sales", 18, "one expression"),
        ("dead_letters.stage = 'x'", 1, 'unknown column "dead_letters.stage"'),
        ("sender is true", 1, "only `is null` and `is not null`"),
        ("partition like '3%'", 1, "like compares a text column with a text"),
        ("", 1, "empty"),
        ("(" * 900 + "replayed" + ")" * 900, 1, "nested too deeply"),
        ("replayed and " * 400 + "replayed", 1, "at most 2,000 characters"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, column: int, said: str) -> None:
    with pytest.raises(ConditionError) as found:
        Where(text)
    assert said in found.value.message
    assert found.value.column == column

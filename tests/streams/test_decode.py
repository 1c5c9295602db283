"""Broken input: each record to the dead letters with a reason, the others count."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.letters import DeadLetter
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import WALL

AT = records.moment("11-01 12:00")
GOOD = records.receipt(AT, 1, ("potato", 2.0, 7.0))


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(GOOD), **fields})


def line(**fields: object) -> bytes:
    lines = [{**msgspec.to_builtins(GOOD)["lines"][0], **fields}]
    return changed(lines=lines)


def apply(value: bytes | None, topic: str = topics.SALES) -> Outcome:
    after = (
        records.receipt(AT, 2, ("tomato", 1.0, 3.0))
        if topic == topics.SALES
        else records.quote(AT, ("tomato", 3.0, None))
    )
    return records.engine().apply(records.chunk(topic, [value, after]), WALL)


def rejected(outcome: Outcome) -> DeadLetter:
    (letter,) = outcome.dead
    assert outcome.rows["dead_letters"]["reason"] == [letter.reason]
    return letter


@pytest.mark.parametrize(
    ("value", "stage", "reason"),
    [
        (msgspec.json.encode(GOOD)[:-20], "decode", "truncated"),
        (b"", "decode", "empty"),
        (None, "decode", "empty"),
        (b"[1, 2]", "decode", "Expected `object`"),
        (changed(sequence="one"), "decode", "Expected `int`"),
        (changed(lines=None), "decode", "Expected `array`"),
        (changed(lines=[]), "validate", "no lines"),
        (line(good="unobtainium"), "validate", "not in the catalogue"),
        (line(amount=-1.0), "validate", "amount is below 0"),
        (line(quantity=0), "validate", "quantity is not above 0"),
        (line(quantity=1e300), "validate", "finite"),
        (line(unit="L"), "validate", "L"),
        (line(unit="斤斤"), "validate", "斤斤"),
        (line(line=-1), "validate", "line -1"),
        (changed(sequence=2**60), "validate", "2^53"),
        (changed(time="1900-01-01T00:00:00+08:00"), "validate", "before 2000"),
        (changed(time="2100-01-01T00:00:00+08:00"), "validate", "ahead"),
        (changed(time="2026-11-01T12:00:00"), "validate", "no offset"),
        (changed(time="yesterday"), "validate", "RFC 3339"),
        (changed(time="2026-11-01T12:00:6²+08:00"), "validate", "RFC 3339"),
        (changed(business_date="2026-13-01"), "validate", "YYYY-MM-DD"),
        (changed(business_date="2025-01-01"), "validate", "days from"),
        (changed(region="540400"), "validate", "no county"),
        (changed(region="五四"), "validate", "no county"),
        (changed(region="540102"), "partition", "belongs to partition"),
        (changed(store=""), "validate", "store"),
        (changed(store="x" * 201), "validate", "201 characters"),
        (msgspec.json.encode(GOOD).replace(b'"shop"', b'"\xff\xfe"'), "decode", "utf-8"),
        (msgspec.json.encode(GOOD).replace(b'"shop"', b'"\\ud800"'), "decode", ""),
        (msgspec.json.encode(GOOD).replace(b"7.0", b"NaN"), "decode", "malformed"),
        (changed(pad="x" * 10_000_000), "size", "fewer lines"),
        (b"[" * 100_000, "decode", ""),
    ],
)
def test_a_broken_receipt_is_a_dead_letter_and_its_neighbour_counts(
    value: bytes | None, stage: str, reason: str
) -> None:
    outcome = apply(value)
    letter = rejected(outcome)
    assert (letter.stage, letter.value, letter.offset, letter.key) == (stage, value or b"", 0, b"540400")
    assert reason in letter.reason
    assert outcome.rows["sales"]["good"] == ["tomato"]


@pytest.mark.parametrize(
    ("price", "left", "reason"),
    [
        (None, None, "neither"),
        (0.0, None, "price is not above 0"),
        (-3.0, 1.0, "price"),
        (2.0, -1.0, "stock is below 0"),
    ],
)
def test_a_broken_quote(price: float | None, left: float | None, reason: str) -> None:
    bad = records.quote(AT, ("potato", price, left), number=1)
    assert reason in rejected(apply(msgspec.json.encode(bad), topics.QUOTES)).reason


def test_the_good_lines_of_a_receipt_with_a_bad_one_count() -> None:
    lines = [*msgspec.to_builtins(GOOD)["lines"], {"line": 2, "good": "nothing", "quantity": 1, "unit": "kg"}]
    outcome = apply(changed(lines=lines))
    assert rejected(outcome).reason.startswith("line 2: good 'nothing'")
    assert outcome.rows["sales"]["good"] == ["potato", "tomato"]


def test_units_and_fixed_point() -> None:
    rows = apply(line(quantity=3, unit="斤", amount=4.5)).rows["sales"]
    assert (rows["quantity"][0], rows["amount"][0]) == (1_500, 45_000)


def test_times_keep_their_offset_whatever_the_cache_holds() -> None:
    engine = records.engine()
    texts = [
        "2026-11-01T12:00:07+08:00",
        "2026-11-01T12:00:59+08:00",
        "2026-11-01T04:00:07Z",
        "2026-11-01T12:00:07.250+08:00",
    ]
    events = [msgspec.structs.replace(GOOD, sequence=number, time=text) for number, text in enumerate(texts)]
    rows = engine.apply(records.chunk(topics.SALES, events), WALL).rows["sales"]
    assert [at - AT for at in rows["at"]] == [7, 59, 7, 7]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 6))
def test_bytes_changed_anywhere_are_taken_or_rejected_never_lost(place: int, bytes_in: bytes, cut: int) -> None:
    value = msgspec.json.encode(GOOD)
    mutated = value[:place] + bytes_in + value[place + cut :]
    outcome = records.engine().apply(records.chunk(topics.SALES, [mutated]), WALL)
    taken = len(outcome.rows.get("sales", {}).get("offset", []))
    assert taken or outcome.dead or outcome.counts.get("dropped")
    for amount in outcome.rows.get("sales", {}).get("amount", []):
        assert math.isfinite(amount)

"""What was written beside prices comes back as it was, packed or not, for 32 hours."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.shelves import from_sums
from streams.snapshot import freeze, unpack
from streams.written import TOGETHER, Columns, Written

ROWS, KEPT, START = 6, 30, 1_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "mark", "restart"]), st.integers(1, 9), st.sets(st.integers(0, ROWS - 1), min_size=1)
    ),
    max_size=25,
)


@given(STEPS, st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_rows_and_values_are_those_of_their_moment(steps: list[tuple[str, int, set[int]]], seed: int) -> None:
    chance, bucket = np.random.default_rng(seed), START
    written, expected = Written(ROWS, KEPT), dict[int, dict[int, Columns]]()
    for step, number, chosen in steps:
        rows = np.array(sorted(chosen), np.int64)
        if step == "add":
            bucket += number
            values = _values(chance)
            written.add(bucket, rows, values)
            expected[bucket] = {row: {name: column[row] for name, column in values.items()} for row in rows.tolist()}
            expected = {each: found for each, found in expected.items() if each > bucket - KEPT}
        elif step == "mark" and bucket - number > START:
            written.mark(bucket - number, rows)
            for row in rows.tolist():
                expected.setdefault(bucket - number, {}).setdefault(row, _UNKNOWN)
        else:
            saved, written = unpack(freeze(written.dump()).pack()), Written(ROWS, KEPT)
            written.load(saved)
    for each in range(START, bucket + 1):
        assert (each in written) == (each in expected)
        assert written.rows(each).tolist() == sorted(expected.get(each, {}))
        found = written.values(each, written.rows(each))
        for place, row in enumerate(written.rows(each).tolist()):
            np.testing.assert_equal({name: column[place] for name, column in found.items()}, expected[each][row])


def test_an_hour_is_packed_when_the_next_begins() -> None:
    written, values = Written(400, 384), _values(np.random.default_rng(1), 400)
    for bucket in range(384):
        written.add(bucket, np.arange(400), values)
    packed = written.dump()["packed"]
    assert len(packed) == 384 // TOGETHER - 1
    assert sum(len(each) for _, each in packed) < 384 * 400 * 2


def _values(chance: np.random.Generator, rows: int = ROWS) -> Columns:
    sites_in, sites_out = chance.integers(0, 3, (2, rows))
    on_hand = np.where(sites_in + sites_out > 0, chance.integers(0, 2**40, rows).astype(float), np.nan)
    demand = np.where(chance.random(rows) < 0.5, chance.random(rows) * 1e6, 0.0)
    return {**from_sums(on_hand, sites_in, sites_out, demand), "stores_24h": chance.integers(0, 9, rows)}


_NAN = ("on_hand", "demand", "in_stock_rate", "demand_day", "cover_days")
_COUNTS = ("sites_in", "sites_out", "stores_24h")
_UNKNOWN: Columns = {name: np.array(np.nan if name in _NAN else 0) for name in (*_NAN, *_COUNTS)}

"""Flags of counties: runs of dates, and what is counted over a prefecture."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.conditions import parse
from streams.alerts.flags import counted, flagged, out_of_stock, runs, with_runs
from streams.alerts.names import provided

IV = {"iv": parse("change_day > 0.30 or change_week > 0.40", provided("date"))}
CITY, OTHER = 370201, 370202


def counties(*rows: tuple[int, int, int, float | None, float | None]) -> pl.DataFrame:
    """Return rows of (region, good, day, change_day, change_week)."""
    names = ("region", "good_index", "day", "change_day", "change_week")
    types = (*[pl.Int64] * 3, *[pl.Float64] * 2)
    return pl.DataFrame(list(rows), schema=dict(zip(names, types, strict=True)), orient="row")


def counts(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return (good, day, districts, days, goods) of flag iv."""
    flags = flagged(frame, IV)
    found = counted(with_runs(flags, ["iv", "iv~"]), ["iv", "iv~"])
    return found.select("good_index", "day", "districts_iv", "days_iv", "goods_iv").rows()


@pytest.mark.parametrize(
    ("day", "week", "flag", "near"),
    [
        (0.31, None, True, True), (0.30, 0.40, False, True), (0.28, 0.0, False, True), (0.27, 0.36, False, False),
        (None, 0.41, True, True), (0.1, None, None, None), (0.28, None, None, True), (None, None, None, None),
    ],
)  # fmt: skip
def test_a_flag_in_three_valued_logic(day: float, week: float, flag: bool | None, near: bool | None) -> None:
    found = flagged(counties((CITY, 0, 1, day, week)), IV)
    assert (found["iv"][0], found["iv~"][0]) == (flag, near)


def test_districts_days_and_goods() -> None:
    frame = counties(
        (CITY, 0, 1, 0.5, 0.0), (CITY, 0, 2, 0.5, 0.0), (CITY, 0, 3, 0.0, 0.0),
        (OTHER, 0, 1, 0.0, 0.0), (OTHER, 0, 2, 0.5, 0.0), (OTHER, 0, 3, 0.5, 0.0),
        (CITY, 1, 1, 0.0, 0.0), (CITY, 1, 2, 0.9, 0.0), (CITY, 1, 3, 0.0, 0.0),
    )  # fmt: skip
    assert counts(frame) == [
        (0, 1, 1, 1, 1),
        (0, 2, 2, 2, 2),
        (0, 3, 1, 2, 1),
        (1, 1, 0, 0, 1),
        (1, 2, 1, 1, 2),
        (1, 3, 0, 0, 1),
    ]


def test_an_undefined_flag_is_no_flag_and_ends_a_run() -> None:
    frame = counties((CITY, 0, 1, 0.5, 0.0), (CITY, 0, 2, None, 0.0), (CITY, 0, 3, 0.5, 0.0), (OTHER, 0, 2, 0.0, 0.0))
    assert counts(frame)[1:] == [(0, 2, 0, 0, 0), (0, 3, 1, 1, 1)]


def test_undefined_only_where_every_county_is() -> None:
    frame = counties((CITY, 0, 1, 0.1, None), (OTHER, 0, 1, None, None))
    assert counts(frame) == [(0, 1, None, None, None)]
    assert counts(counties((CITY, 0, 1, 0.1, None), (OTHER, 0, 1, 0.1, 0.1))) == [(0, 1, 0, 0, 0)]


def test_a_looser_flag_alone_defines_nothing() -> None:
    assert counts(counties((CITY, 0, 1, 0.28, None))) == [(0, 1, None, None, None)]


def test_counties_out_of_stock() -> None:
    schema = ("region", "good_index", "day", "sites_in", "sites_out")
    rows = [(CITY, 0, 1, 0, 2), (OTHER, 0, 1, 1, 3), (370203, 0, 1, 0, 0)]
    found = out_of_stock(pl.DataFrame(rows, schema=list(schema), orient="row"), {370200: 7})
    assert found.select("counties", "counties_stocked", "counties_out").rows() == [(7, 2, 1)]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=12), min_size=1, max_size=6))
def test_runs_equal_counting(subjects: list[list[bool]]) -> None:
    expected: list[int] = []
    for flags in subjects:
        for flag, group in groupby(flags):
            length = len(list(group))
            expected += range(1, length + 1) if flag else [0] * length
    flat = np.array([flag for flags in subjects for flag in flags])
    begins = np.array([not place for flags in subjects for place in range(len(flags))])
    assert runs(flat, begins).tolist() == expected

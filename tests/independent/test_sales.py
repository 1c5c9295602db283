"""The recomputation of sale indicators itself, on cases small enough for pencil and paper."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.independent.sales import Row, Sale, indicators

BAYI = 540402
NYINGCHI = 540400
MEDOG = 540423


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())


def sale(moment: str, quantity: float, amount: float | None, *, store: str = "s1", county: int = BAYI) -> Sale:
    return Sale(
        at(moment),
        county,
        "potato",
        store,
        round(quantity * 1000),
        None if amount is None else round(amount * 10_000),
    )


def row(rows: dict[tuple[int, str, int], Row], moment: str, region: int = BAYI) -> Row:
    return rows[region, "potato", at(moment)]


def test_a_bucket_sums_its_own_lines() -> None:
    rows = indicators([sale("2024-08-08 10:00:00", 1, 4), sale("2024-08-08 10:04:59", 2, 11)])
    assert rows.keys() == {(BAYI, "potato", at("2024-08-08 10:05")), (NYINGCHI, "potato", at("2024-08-08 10:05"))}
    found = row(rows, "2024-08-08 10:05")
    assert (found.amount, found.quantity, found.lines, found.vwap) == (150_000, 3_000, 2, 5.0)


def test_returns_subtract_and_lines_without_price_do_not_count() -> None:
    found = row(
        indicators(
            [
                sale("2024-08-08 10:00", 3, 12),
                sale("2024-08-08 10:01", -1, -4),
                sale("2024-08-08 10:02", 9, None, store="s2"),
            ]
        ),
        "2024-08-08 10:05",
    )
    assert (found.amount, found.quantity, found.lines, found.stores_24h) == (80_000, 2_000, 2, 1)


def test_a_bucket_of_unpriced_lines_only_has_a_row_without_price() -> None:
    found = row(indicators([sale("2024-08-08 10:00", 3, None)]), "2024-08-08 10:05")
    assert (found.lines, found.vwap, found.vwap_24h) == (0, None, None)


def test_windows_end_with_the_bucket_and_begin_a_whole_window_before() -> None:
    rows = indicators(
        [
            sale("2024-08-07 10:04", 1, 1),
            sale("2024-08-07 10:05", 1, 2, store="s2"),
            sale("2024-08-08 09:04", 1, 4),
            sale("2024-08-08 09:05", 1, 8),
            sale("2024-08-08 10:04", 1, 16),
        ]
    )
    found = row(rows, "2024-08-08 10:05")
    assert found.vwap_1h == pytest.approx(24 / 2)
    assert found.vwap_24h == pytest.approx(30 / 4)
    assert (found.lines_24h, found.stores_24h) == (4, 2)


def test_a_prefecture_pools_its_counties() -> None:
    rows = indicators([sale("2024-08-08 10:00", 1, 4), sale("2024-08-08 10:00", 3, 4, county=MEDOG)])
    assert row(rows, "2024-08-08 10:05", NYINGCHI).vwap == 2.0


def test_the_baseline_is_the_median_of_the_dates_before_and_needs_three() -> None:
    past = [sale(f"2024-08-0{day} 10:00", 1, price) for day, price in ((5, 4), (6, 6), (7, 5))]
    rows = indicators([*past, sale("2024-08-08 10:00", 1, 6)])
    found = row(rows, "2024-08-08 10:05")
    # 7 August 10:00 lies just outside the 24 hours that end at 10:05
    assert (found.vwap_24h, found.baseline_24h, found.spike_24h) == (6.0, 5.0, 0.2)
    assert found.spike_1h == 0.2
    assert row(rows, "2024-08-07 10:05").baseline_24h is None


def test_the_hourly_baseline_reads_the_same_clock_hour_only() -> None:
    past = [sale(f"2024-08-0{day} 11:30", 1, 5) for day in (5, 6, 7)]
    found = row(indicators([*past, sale("2024-08-08 10:00", 1, 6)]), "2024-08-08 10:05")
    assert found.baseline_24h == 5.0
    assert found.spike_1h is None


def test_the_last_bucket_of_a_date_belongs_to_that_date() -> None:
    past = [sale(f"2024-08-0{day} 23:58", 1, 5) for day in (5, 6, 7)]
    found = row(indicators([*past, sale("2024-08-08 23:58", 1, 10)]), "2024-08-09 00:00")
    assert (found.baseline_24h, found.spike_1h) == (5.0, 1.0)

"""Hourly sales with stock-out labels: what they say about sales and stock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from producers.replay import ReplayError, convert, freshretail, freshretail_data
from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.events import Receipt, SaleLine, StockLine, StockReport
from tests.producers.fakes import Memory

SLICE = Path(__file__).parents[1] / "data/freshretail_store_18.parquet"
COLUMNS = ["store_id", "category_id", "product_id", "dt", "hour", "hourly_sale", "hourly_stockout"]
DAY = date(2024, 3, 28)


def write(path: Path, *hours: tuple[float, int], product: int = 4) -> Path:
    """Write hours from 08:00 on as (sale, out)."""
    rows = [(18, 82, product, DAY, 8 + index, sale, out) for index, (sale, out) in enumerate(hours)]
    pl.DataFrame(rows, schema=COLUMNS, orient="row").write_parquet(path)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Memory:
    """In stock for three hours, out for two, in again until the end."""
    file = write(tmp_path / "f.parquet", (0.5, 0), (0.0, 0), (0.2, 0), (0.0, 1), (0.1, 1), (0.3, 0), (0.4, 0))
    sink = Memory()
    freshretail.replay(sink, own(tmp_path, file), file)
    return sink


def own(tmp_path: Path, file: Path) -> Catalogue:
    return catalogue.load(convert.freshretail(file, tmp_path / "out").catalogue)


def test_a_stock_out_is_observed_as_zero_at_its_first_hour(run: Memory) -> None:
    zeros = [report for report in run.events(StockReport) if report.lines[0].quantity == 0]
    assert [report.time for report in zeros] == ["2024-03-28T11:00:00+08:00"]
    assert zeros[0].action == "OBSERVE"


def test_a_run_in_stock_is_observed_as_what_it_sold_and_one_more(run: Memory) -> None:
    found = [(report.time[11:16], report.lines) for report in run.events(StockReport) if report.lines[0].quantity]
    assert found == [
        ("08:00", [StockLine("product-4", 1.7, "piece")]),
        ("13:00", [StockLine("product-4", 1.7, "piece")]),
    ]


def test_sales_have_no_amount_and_stay_even_where_the_label_says_out(run: Memory) -> None:
    receipts = run.events(Receipt)
    assert [(receipt.time[11:16], receipt.lines[0].quantity) for receipt in receipts] == [
        ("08:30", 0.5),
        ("10:30", 0.2),
        ("12:30", 0.1),
        ("13:30", 0.3),
        ("14:30", 0.4),
    ]
    assert receipts[0].lines == [SaleLine(line=1, good="product-4", quantity=0.5, unit="piece")]
    assert (receipts[0].store, receipts[0].sequence, receipts[0].business_date) == ("fr-18", 8, "2024-03-28")


def test_events_go_out_in_order_of_time_to_the_made_up_prefecture(run: Memory) -> None:
    times = [event.time for _, _, event in run.sent if isinstance(event, Receipt | StockReport)]
    assert times == sorted(times)
    assert {(topic, prefecture) for topic, prefecture, _ in run.sent} == {
        (topics.SALES, 990100),
        (topics.STOCK, 990100),
    }


def test_a_gap_in_the_data_ends_a_run(tmp_path: Path) -> None:
    file = write(tmp_path / "f.parquet", (0.5, 0), (0.2, 0), (0.1, 0))
    hours = freshretail_data.with_stock(freshretail_data.read(file)[0].filter(pl.col("civil").dt.hour() != 9))
    assert hours.select("opens", "on_hand").rows() == [(True, 1.5), (True, 1.1)]


def test_impossible_and_repeated_hours_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        (18, 82, 4, DAY, 8, 0.5, 0),
        (18, 82, 4, DAY, 8, 0.7, 0),
        (18, 82, 4, DAY, 9, -0.5, 0),
        (18, 82, 4, DAY, 24, 0.5, 0),
        (18, 82, 4, DAY, 10, None, 0),
        (18, 82, 4, DAY, 11, float("nan"), 0),
    ]
    file = tmp_path / "f.parquet"
    pl.DataFrame(rows, schema=COLUMNS, orient="row").write_parquet(file)
    hours, skipped = freshretail_data.read(file)
    assert hours["sold"].to_list() == [0.5]
    assert skipped == {freshretail_data.BAD_VALUES: 4, freshretail_data.REPEATED: 1}


def test_the_catalogue_must_be_that_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "f.parquet", (0.5, 0))
    with pytest.raises(ReplayError, match="staplewatch convert freshretail FILE DIR"):
        freshretail.replay(Memory(), catalogue.load(), file)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "f.parquet"
    text.write_text("date,price\n")
    with pytest.raises(ReplayError, match=r"cannot be read as a Parquet file .* / 无法读取"):
        freshretail_data.read(text)
    pl.DataFrame({"store_id": [1]}).write_parquet(text)
    with pytest.raises(ReplayError, match=r"lacks the columns category_id, .* / 缺少列"):
        freshretail_data.read(text)


def test_real_slice(tmp_path: Path) -> None:
    sink = Memory()
    summary = freshretail.replay(sink, own(tmp_path, SLICE), SLICE)
    raw = pl.read_parquet(SLICE)
    sold = sum(line.quantity for receipt in sink.events(Receipt) for line in receipt.lines)
    assert sold == pytest.approx(raw["hourly_sale"].cast(pl.Float64).sum(), rel=1e-6)
    zeros = sum(line.quantity == 0 for report in sink.events(StockReport) for line in report.lines)
    hours = raw.sort("product_id", "dt", "hour").with_columns(
        pl.col("hourly_stockout").shift(fill_value=0).over("product_id").alias("before")
    )
    assert zeros == hours.filter((pl.col("hourly_stockout") == 1) & (pl.col("before") == 0)).height
    ids = [event.event_id for _, _, event in sink.sent if isinstance(event, Receipt | StockReport)]
    assert len(ids) == len(set(ids))
    assert summary.skipped == {}

"""Real data sets as canonical quotes with a catalogue of their own."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from producers.replay import ReplayError, convert, quotes
from schemas import catalogue
from schemas.events import QuoteReport
from tests.producers.fakes import Memory

DATA = Path(__file__).parents[1] / "data"
VEGETABLES = DATA / "vegetables_12_goods.csv.gz"
FRESH = DATA / "freshretail_store_18.parquet"


def test_vegetables_are_wholesale_prices_per_kg_of_one_site(tmp_path: Path) -> None:
    found = convert.vegetables(VEGETABLES, tmp_path)
    raw = pl.read_csv(VEGETABLES, infer_schema=False)
    table = pl.read_csv(found.quotes, infer_schema=False)
    assert (found.rows, found.goods, found.skipped) == (raw.height, 12, {})
    assert table["price"].cast(pl.Float64).to_list() == raw["批发价格(元/千克)"].cast(pl.Float64).to_list()
    assert table.select("region", "site", "unit", "kind").unique().rows() == [
        ("990201", convert.VEGETABLE_SITE, "kg", "wholesale")
    ]
    own = catalogue.load(found.catalogue)
    assert "非真实区划" in own.place_zh(990201)
    assert own.goods[table["good"][0]].name_zh == raw["单品名称"][0]


def test_converted_vegetables_play(tmp_path: Path) -> None:
    found = convert.vegetables(VEGETABLES, tmp_path)
    sink = Memory()
    summary = quotes.replay(sink, catalogue.load(found.catalogue), found.quotes, kind="wholesale")
    assert (summary.lines, summary.skipped) == (found.rows, {})
    dates = [report.business_date for report in sink.events(QuoteReport)]
    assert dates == sorted(set(dates), key=str)
    assert (dates[0], dates[-1]) == ("2020-07-01", "2023-06-30")


def test_hourly_sales_become_daily_stock_at_noon_and_the_sales_of_the_day_before(tmp_path: Path) -> None:
    found = convert.freshretail(FRESH, tmp_path)
    raw = pl.read_parquet(FRESH)
    table = pl.read_csv(found.quotes)
    assert found.rows == raw.select("product_id", "dt").unique().height
    assert table["price"].null_count() == found.rows
    noon = raw.filter((pl.col("hour") == 12) & (pl.col("hourly_stockout") == 1)).height
    assert table.filter(pl.col("stock") == 0).height == noon
    first, second = (table.filter(pl.col("date") == day) for day in ("2024-03-28", "2024-03-29"))
    assert first["sales"].null_count() == first.height
    sold = raw.filter(pl.col("dt").cast(pl.String) == "2024-03-28")["hourly_sale"].cast(pl.Float64).sum()
    assert second["sales"].sum() == pytest.approx(sold, rel=1e-6)


def test_converted_hourly_sales_play(tmp_path: Path) -> None:
    found = convert.freshretail(FRESH, tmp_path)
    summary = quotes.replay(Memory(), catalogue.load(found.catalogue), found.quotes)
    assert (summary.lines, summary.skipped) == (found.rows, {})


def test_prices_of_zero_are_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "v.csv"
    file.write_text(
        "日期,单品编码,批发价格(元/千克),单品名称,分类编码,分类名称\n"
        "2020-07-01,1,0,苋菜,1,花叶类\n2020-07-02,1,2.5,苋菜,1,花叶类\n",
        "utf-8",
    )
    found = convert.vegetables(file, tmp_path / "out")
    assert (found.rows, found.skipped) == (1, {"rows without a price above 0": 1})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", r"lacks the columns 日期, .* / v.csv.gz 缺少列"),
        (
            "日期,单品编码,批发价格(元/千克),单品名称,分类编码,分类名称\n2020-07-01,1,x,苋菜,1,花叶类\n",
            r"v.csv.gz:2 has an empty",
        ),
        (
            "日期,单品编码,批发价格(元/千克),单品名称,分类编码,分类名称\n2020-07-01,1,2,苋菜,1,水果\n",
            r"v.csv.gz:2 has an empty",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "v.csv.gz"
    file.write_bytes(gzip.compress(content.encode()))
    with pytest.raises(ReplayError, match=says):
        convert.vegetables(file, tmp_path / "out")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"none.csv cannot be read as a CSV file"):
        convert.vegetables(tmp_path / "none.csv", tmp_path / "out")

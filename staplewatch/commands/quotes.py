"""Quotes that are held back because they look wrong: which, and what a person says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from staplewatch.commands.data import Prefecture
from staplewatch.commands.options import (
    Broker,
    Catalogue,
    Config,
    Data,
    Format,
    GiveUpAfter,
    Good,
    Lang,
    Limit,
    Region,
    SummaryFormat,
    WaitForBroker,
    Warehouse,
    examples,
    patience,
    seconds,
)
from staplewatch.output import Column
from staplewatch.words import say

Id = Annotated[
    str | None, typer.Argument(help=say("可疑报价的编号", "id of a quote that is held back"), show_default=False)
]
Site = Annotated[str | None, typer.Option("--site", help=say("网点名", "name of the site"), show_default=False)]
Date = Annotated[
    str | None, typer.Option("--date", help=say("报价日期", "business date of the quote"), show_default=False)
]
Kind = Annotated[
    Literal["retail", "wholesale"] | None,
    typer.Option("--kind", help=say("价格种类", "kind of price"), show_default=False),
]
Settle = Annotated[
    str, typer.Option("--settle", help=say("最多等多久看结果", "how long to wait for what becomes of it"))
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    quotes = typer.Typer(
        help=say("可疑报价：查看、确认、更正。", "Suspect quotes: list, confirm, correct."), no_args_is_help=True
    )
    quotes.command(
        "suspects",
        help=say(
            "因疑似单位错误或数值离谱而隔离的报价。", "Quotes held back as unit slips or absurd values, newest first."
        ),
        epilog=examples(
            "staplewatch quotes suspects --data DIR",
            "staplewatch quotes suspects --data DIR --state all --good potato --format json",
        ),
    )(suspects)
    quotes.command(
        "confirm",
        help=say("确认一个被隔离的报价属实，使其计入指标。", "Say that a quote that is held back is right."),
        epilog=examples(
            "staplewatch quotes confirm 3f2a9c01b7de --data DIR",
            "staplewatch quotes confirm --site 'Bayi market' --good potato --date 2022-08-08 --data DIR",
        ),
    )(confirm)
    quotes.command(
        "correct",
        help=say(
            "更正一个报价（被隔离的或已计入的）；由它引起的预警随之撤回。",
            "Set the right price of a quote, held back or counted; alerts that rest on the wrong one are withdrawn.",
        ),
        epilog=examples(
            "staplewatch quotes correct 3f2a9c01b7de --price 6.8 --data DIR",
            "staplewatch quotes correct --site s1 --good potato --date 2022-08-08 --price 3.4 --unit 斤 --data DIR",
        ),
    )(correct)
    app.add_typer(quotes, name="quotes")


def suspects(
    data: Data = None,
    state: Annotated[
        Literal["waiting", "confirmed", "corrected", "expired", "all"],
        typer.Option("--state", help=say("状态", "what became of them")),
    ] = "waiting",
    region: Region = None,
    prefecture: Prefecture = None,
    site: Site = None,
    good: Good = None,
    kind: Kind = None,
    date: Date = None,
    limit: Limit = None,
    format: Format = "table",
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """List the quotes."""
    from staplewatch import output, places, settings, source, verdicts  # noqa: PLC0415

    if date is not None:
        verdicts.check_date(date)
    chosen = settings.load(config, data=data, warehouse=warehouse, catalogue=catalogue)
    asked: dict[str, Any] = {
        "region": region,
        "prefecture": prefecture,
        "site": site,
        "good": good,
        "kind": kind,
        "date": date,
    }
    asked |= {"state": None if state == "all" else state, "limit": limit}
    with source.opened(chosen, direct=warehouse is not None) as answers:
        rows = answers.ask("quotes/suspects", asked)
    name = places.namer(chosen.catalogue)
    if format == "table":
        rows = [{**name(row), "state": verdicts.state_name(row["state"]), "why": verdicts.why(row)} for row in rows]
    output.emit(rows, format, columns(), say("可疑报价", "Suspect quotes"))


def confirm(
    id: Id = None,
    data: Data = None,
    site: Site = None,
    good: Good = None,
    date: Date = None,
    region: Region = None,
    kind: Kind = None,
    settle: Settle = "15s",
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Confirm a quote; exit code 3 when the stream has not read it within ``--settle``."""
    return _say("confirm", locals())


def correct(
    price: Annotated[float, typer.Option("--price", help=say("正确的价格（元）", "the right price, CNY"))],
    id: Id = None,
    data: Data = None,
    site: Site = None,
    good: Good = None,
    date: Date = None,
    region: Region = None,
    kind: Kind = None,
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit",
            help=say("价格的单位（默认为商品的基本单位）", "unit of the price (default: the good's base unit)"),
            show_default=False,
        ),
    ] = None,
    settle: Settle = "15s",
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Correct a quote; exit code 3 when the stream has not read it within ``--settle``."""
    return _say("correct", locals())


def _say(verdict: Literal["confirm", "correct"], given: dict[str, Any]) -> int:
    from staplewatch import sending, settings, source, verdicts  # noqa: PLC0415

    subject = verdicts.Subject(**{name: given[name] for name in ("id", "site", "good", "date", "region", "kind")})
    subject.check()
    named = {name: given[name] for name in ("data", "broker", "warehouse", "catalogue")}
    chosen = settings.load(given["config"], **named)
    until = seconds(given["settle"], "--settle") or 0.0
    place = sending.target(chosen, patience(given["give_up_after"]), wait=given["wait"])
    known = place.load()
    with source.opened(chosen, direct=given["warehouse"] is not None) as answers:
        quote = verdicts.find(answers, subject, verdict)
        price = quote["price"]
        if verdict == "correct":
            price = verdicts.in_base_unit(known, quote, given["price"], given["unit"])
        event = verdicts.report(quote, verdict, price, verdicts.base_unit(known, quote), place.zone)
        with sending.producer(place) as outlet:
            verdicts.send(outlet, event)
        became = verdicts.settle(answers, quote, event, until)
    facts = verdicts.facts(quote, event, became)
    if given["format"] == "table":
        facts |= {name: f"{facts[name]:g}" for name in ("was", "price")}
    sending.tell(f"quotes {verdict}", facts, given["format"])
    return 0 if became["read"] else 3


def columns() -> Sequence[Column]:
    """Return the columns of the table of suspect quotes."""
    return (
        Column("id", say("编号", "id")),
        Column("date", say("日期", "date")),
        Column("place", say("地区", "region")),
        Column("site", say("网点", "site")),
        Column("good_name", say("商品", "good")),
        Column("kind", say("种类", "kind")),
        Column("price", say("报价", "price"), digits=2),
        Column("own_price", say("本点上次", "its last"), digits=2),
        Column("county_price", say("本县中位数", "county"), digits=2),
        Column("why", say("缘由", "why")),
        Column("state", say("状态", "state")),
    )

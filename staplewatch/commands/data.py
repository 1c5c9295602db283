"""Asking: indicators and alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from staplewatch.commands.options import (
    Broker,
    Catalogue,
    Config,
    Data,
    Follow,
    Format,
    Good,
    Lang,
    Limit,
    Region,
    SummaryFormat,
    Warehouse,
    examples,
)
from staplewatch.output import Column
from staplewatch.words import say

Prefecture = Annotated[
    str | None,
    typer.Option(
        "--prefecture",
        help=say("地市代码：本级及所辖县", "a prefecture's code: itself and its counties"),
        show_default=False,
    ),
]
Level = Literal["none", "blue", "yellow", "orange", "red"]
Change = Callable[[Mapping[str, Any]], dict[str, Any]]


def register(app: typer.Typer) -> typer.Typer:
    """Add the commands; return the group ``alerts``, which others add to."""
    app.command(
        help=say("各县各商品最新指标。", "Newest indicators of each county and good."),
        epilog=examples(
            "staplewatch indicators --data DIR --region 540402 --good potato",
            "staplewatch indicators --data DIR --format json | jq '.[] | select(.cover_days < 3)'",
            "staplewatch indicators --data DIR --from 2022-08-08 --to 2022-08-09T12:00:00+08:00 --format csv",
            "staplewatch indicators --data DIR --follow",
        ),
    )(indicators)
    group = typer.Typer()
    group.callback(
        invoke_without_command=True,
        help=say("预警：每次事件的最新状态。", "Alerts: the newest state of each episode."),
        epilog=examples(
            "staplewatch alerts --data DIR --level orange --state firing",
            "staplewatch alerts --data DIR --transitions --format json",
            "staplewatch alerts --data DIR --follow --format json",
            "staplewatch alerts show ID --data DIR",
            "staplewatch alerts ack ID --note 'called three stores' --data DIR",
        ),
    )(alerts)
    group.command(
        "show",
        help=say(
            "解释一条预警：测得什么、与什么相比、依据哪些网点、自何时起、经过如何。",
            "Explain an alert: what was measured, against what, over which sites, since when, and how it went.",
        ),
        epilog=examples(
            "staplewatch alerts show 0b1c0e0e-6f0a-5b59-9d5e-6f1d8d0f2a11 --data DIR",
            "staplewatch alerts show ID --data DIR --format json | jq .measured",
        ),
    )(show)
    app.add_typer(group, name="alerts")
    return group


def indicators(
    data: Data = None,
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    grain: Annotated[
        Literal["5m", "date"] | None, typer.Option("--grain", help=say("粒度", "grain"), show_default=False)
    ] = None,
    kind: Annotated[
        Literal["retail", "wholesale"] | None, typer.Option("--kind", help=say("价格种类", "kind"), show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help=say("历史：从此刻起（日期或 RFC 3339）", "history from this moment"), show_default=False
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", help=say("历史：到此刻为止", "history up to this moment"), show_default=False),
    ] = None,
    follow: Follow = False,
    limit: Limit = None,
    format: Format = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show indicators."""
    asked: dict[str, Any] = {
        "region": region, "prefecture": prefecture, "good": good, "grain": grain, "kind": kind, "limit": limit
    }  # fmt: skip
    what = "indicators"
    if since or until:
        what = "indicators/series"
        asked |= {"since": moment(since, "--from"), "until": moment(until, "--to")}
    settings = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    _show(what, asked, settings, config, follow, format, indicator_columns, say("指标", "Indicators"), lambda row: row)


def alerts(
    context: typer.Context,
    data: Data = None,
    level: Annotated[
        Level | None,
        typer.Option("--level", help=say("曾达到的最低级别", "lowest level that was reached"), show_default=False),
    ] = None,
    state: Annotated[
        Literal["pending", "firing", "resolved"] | None,
        typer.Option("--state", help=say("状态", "state"), show_default=False),
    ] = None,
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    pack: Annotated[str | None, typer.Option("--pack", help=say("规则包", "rule pack"), show_default=False)] = None,
    id: Annotated[
        str | None, typer.Option("--id", help=say("一次事件的全过程", "transitions of one episode"), show_default=False)
    ] = None,
    transitions: Annotated[
        bool, typer.Option("--transitions", help=say("每次变化一行，旧者在前", "a row per transition, oldest first"))
    ] = False,
    follow: Follow = False,
    limit: Limit = None,
    format: Format = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show alerts."""
    if context.invoked_subcommand:
        return
    asked: dict[str, Any] = {
        "level": level, "state": state, "region": region, "prefecture": prefecture, "good": good, "pack": pack,
        "limit": limit,
    }  # fmt: skip
    what = "alerts"
    if transitions or id:
        what = "alerts/transitions"
        asked["id"] = id
    settings = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    _show(what, asked, settings, config, follow, format, alert_columns, say("预警", "Alerts"), _alert_in_words)


def show(
    id: Annotated[str, typer.Argument(help=say("预警编号（alerts --format json 的 id）", "the alert's id"))],
    data: Data = None,
    format: SummaryFormat = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Explain one alert."""
    from staplewatch import acting, explaining, output, places, settings, source  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    given = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    chosen = settings.load(config, **given)
    with source.opened(chosen, direct=bool(warehouse or broker)) as answers:
        rows = answers.ask("alerts/transitions", {"id": id})
        marked = _marked(answers, rows[-1]) if rows else {}
    if not rows:
        raise CommandError(acting.no_alert(id))
    names = places.namer(chosen.catalogue)
    found = explaining.explanation([names(row) for row in rows], chosen.timezone, marked)
    lines = [output.as_json(found)] if format == "json" else explaining.told(found)
    for line in lines:
        typer.echo(line)


def _marked(answers: Any, newest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the alert as it is live, with its marks; a transition has none."""
    wanted = {name: newest[name] for name in ("region", "good", "pack")}
    return next((row for row in answers.ask("alerts", wanted) if row["id"] == newest["id"]), {})


def moment(text: str | None, option: str, *, zone: str | None = None) -> str | None:
    """Return a date or time as RFC 3339; civil time of the deployment when it has no offset."""
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        msg = say(
            f"{option}：{text!r} 不是日期或时间，例如 2022-08-08 或 2022-08-08T10:00+08:00",
            f"{option}: {text!r} is no date or time, try 2022-08-08 or 2022-08-08T10:00+08:00",
        )
        raise CommandError(msg) from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone or "Asia/Shanghai"))).isoformat()


def _show(
    what: str,
    asked: Mapping[str, Any],
    given: Mapping[str, Any],
    config: Any,
    follow: bool,
    form: Literal["table", "json", "csv"],
    columns: Callable[[], Sequence[Column]],
    title: str,
    in_words: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> None:
    from staplewatch import output, places, settings, source  # noqa: PLC0415

    chosen = settings.load(config, **given)
    name = _readable(places, chosen, in_words) if form == "table" else dict
    with source.opened(chosen, direct=bool(given.get("warehouse") or given.get("broker"))) as answers:
        if not follow:
            output.emit([name(row) for row in answers.ask(what, asked)], form, columns(), title)
            return
        for first, rows in enumerate(answers.follow(what, asked)):
            if form == "csv" and not first:
                output.emit(rows, form, columns(), title)
            else:
                output.emit_lines(map(name, rows), form, columns())


def _readable(places: Any, chosen: Any, in_words: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Change:
    """Return what makes a row readable: civil time of the deployment, names instead of codes."""
    zone = ZoneInfo(chosen.timezone)
    names = places.namer(chosen.catalogue)

    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        at = datetime.fromisoformat(row["at"]).astimezone(zone)
        return {**in_words(names(row)), "at": f"{at:%Y-%m-%d %H:%M:%S}"}

    return change


def _alert_in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    from staplewatch import places  # noqa: PLC0415

    return {
        **row,
        "level_name": places.level_name(row["level"]),
        "highest_name": places.level_name(row["highest"]) if row.get("highest") else None,
        "state_name": places.state_name(row["state"]),
        "text": say(row["text_zh"], row["text_en"]),
    }


def indicator_columns() -> Sequence[Column]:
    """Return the columns of the indicators' table."""
    return (
        Column("at", say("时刻", "at")),
        Column("grain", say("粒度", "grain")),
        Column("kind", say("种类", "kind")),
        Column("place", say("地区", "region")),
        Column("good_name", say("商品", "good")),
        Column("vwap_24h", say("24小时均价", "vwap 24 h"), digits=2),
        Column("spike_24h", say("较基线", "spike 24 h"), percent=True),
        Column("price", say("报价中位数", "price"), digits=2),
        Column("change_day", say("日涨跌", "day"), percent=True),
        Column("change_week", say("周涨跌", "week"), percent=True),
        Column("on_hand", say("库存", "on hand"), digits=1),
        Column("in_stock_rate", say("在售率", "in stock"), digits=2),
        Column("demand_day", say("日需求", "demand/day"), digits=1),
        Column("cover_days", say("可销天数", "cover days"), digits=1),
    )


def alert_columns() -> Sequence[Column]:
    """Return the columns of the alerts' table."""
    return (
        Column("at", say("时刻", "at")),
        Column("level_name", say("级别", "level")),
        Column("highest_name", say("最高", "highest")),
        Column("state_name", say("状态", "state")),
        Column("pack", say("规则包", "pack")),
        Column("place", say("地区", "region")),
        Column("good_name", say("商品", "good")),
        Column("text", say("说明", "in words"), fold=True),
    )

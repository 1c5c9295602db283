"""Acting on alerts: acknowledge, comment, silence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from staplewatch.commands.data import moment
from staplewatch.commands.options import (
    Broker,
    By,
    Catalogue,
    Config,
    Data,
    Format,
    GiveUpAfter,
    Lang,
    SummaryFormat,
    Warehouse,
    examples,
    patience,
    seconds,
)
from staplewatch.output import Column
from staplewatch.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping


class OpenLevel(StrEnum):
    """A level at which an alert can be; typer takes no list of literals."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


Id = Annotated[str, typer.Argument(metavar="ID", help=say("预警编号（alerts --format json 的 id）", "the alert's id"))]


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``alerts``."""
    group.command(
        "ack",
        help=say("确认一条预警；升级后标记自动失效。", "Acknowledge an alert; a higher level takes the mark away."),
        epilog=examples(
            "staplewatch alerts ack 0b1c0e0e-6f0a-5b59-9d5e-6f1d8d0f2a11 --note 'called three stores' --data DIR",
            "staplewatch alerts ack ID --by tsering --format json",
        ),
    )(acknowledge)
    group.command(
        "comment",
        help=say("给一条预警留言，触发或解除均可。", "Add words to an alert, open or resolved."),
        epilog=examples("staplewatch alerts comment ID 'look again tomorrow' --data DIR"),
    )(comment)
    group.command(
        "silence",
        help=say(
            "在一段时间内不通知某些预警；照常显示和记录。",
            "Keep alerts from being sent to people for a while; they are shown and recorded as ever.",
        ),
        epilog=examples(
            "staplewatch alerts silence --region 540400 --good potato --for 2h --why 'stock-taking' --data DIR",
            "staplewatch alerts silence --rule live-24h --level blue --level yellow "
            "--until 2026-11-25T08:00:00+08:00 --why 'holiday prices'",
        ),
    )(silence)
    group.command(
        "silences",
        help=say("生效中的静默。", "Silences that stand."),
        epilog=examples("staplewatch alerts silences --data DIR --format json"),
    )(silences)
    group.command(
        "unsilence",
        help=say("提前结束一个静默。", "End a silence before its time."),
        epilog=examples("staplewatch alerts unsilence SILENCE --data DIR"),
    )(unsilence)


def acknowledge(
    id: Id,
    note: Annotated[str, typer.Option("--note", help=say("说明", "words to go with it"))] = "",
    by: By = None,
    data: Data = None,
    format: SummaryFormat = "table",
    give_up_after: GiveUpAfter = "30s",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Acknowledge an alert."""
    given = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    _on_alert(id, "acknowledge", note, by, given, config, give_up_after, format)


def comment(
    id: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=say("留言", "the words"))],
    by: By = None,
    data: Data = None,
    format: SummaryFormat = "table",
    give_up_after: GiveUpAfter = "30s",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Add words to an alert."""
    given = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    _on_alert(id, "comment", text, by, given, config, give_up_after, format)


def silence(
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help=say("区划代码，含下级；可多次", "region and those below it; repeatable")),
    ] = None,
    good: Annotated[list[str] | None, typer.Option("--good", help=say("商品；可多次", "good; repeatable"))] = None,
    pack: Annotated[
        list[str] | None, typer.Option("--pack", help=say("规则包；可多次", "rule pack; repeatable"))
    ] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help=say("规则；可多次", "rule; repeatable"))] = None,
    site: Annotated[list[str] | None, typer.Option("--site", help=say("网点；可多次", "site; repeatable"))] = None,
    level: Annotated[
        list[OpenLevel] | None,
        typer.Option(
            "--level",
            help=say(
                "只在这些级别；升到其上照常通知；可多次", "only at these levels: above them it is sent; repeatable"
            ),
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help=say("到此刻为止（日期或 RFC 3339）", "until this moment"))
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", help=say("持续多久，如 30m、2h、3d", "for how long: 30m, 2h, 3d"))
    ] = None,
    why: Annotated[str, typer.Option("--why", help=say("原因（必填）", "the reason (needed)"))] = "",
    by: By = None,
    data: Data = None,
    format: SummaryFormat = "table",
    give_up_after: GiveUpAfter = "30s",
    broker: Broker = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Silence alerts."""
    from schemas.events import Matcher  # noqa: PLC0415
    from staplewatch import acting, settings  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if not why.strip():
        raise CommandError(say("--why：请说明原因", "--why: say why, for those who come after"))
    chosen = settings.load(config, data=data, broker=broker, catalogue=catalogue)
    matcher = Matcher(
        region or [], good or [], pack or [], rule or [], site or [], [each.value for each in level or []]
    )
    ends = acting.ending(moment(until, "--until", zone=chosen.timezone), seconds(lasting, "--for"))
    done = acting.silence(chosen, matcher, ends, why, by, patience=patience(give_up_after))
    told = say(
        f"已静默 {done['silence']}：{acting.covered(done['matcher'])}，至 {_local(done['until'], chosen.timezone)}",
        f"silence {done['silence']}: {acting.covered(done['matcher'])} until {_local(done['until'], chosen.timezone)}",
    )
    _tell(done, told, format)


def silences(
    data: Data = None,
    format: Format = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """List silences."""
    from staplewatch import acting, output, settings  # noqa: PLC0415

    chosen = settings.load(config, data=data, broker=broker, warehouse=warehouse)
    rows = acting.silences(chosen, direct=bool(warehouse or broker))
    if format == "table":
        rows = [
            {**row, "until": _local(row["until"], chosen.timezone), "covers": acting.covered(row["matcher"])}
            for row in rows
        ]
    output.emit(rows, format, _columns(), say("静默", "Silences"))


def unsilence(
    id: Annotated[str, typer.Argument(metavar="SILENCE", help=say("静默编号（见 silences）", "id, see silences"))],
    by: By = None,
    data: Data = None,
    format: SummaryFormat = "table",
    give_up_after: GiveUpAfter = "30s",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """End a silence."""
    from staplewatch import acting, settings  # noqa: PLC0415

    chosen = settings.load(config, data=data, broker=broker, warehouse=warehouse, catalogue=catalogue)
    done = acting.unsilence(chosen, id, by, direct=bool(warehouse or broker), patience=patience(give_up_after))
    _tell(done, say(f"静默 {id} 已结束", f"silence {id} is over"), format)


def _on_alert(
    id: str,
    kind: Literal["acknowledge", "comment"],
    note: str,
    by: str | None,
    given: Mapping[str, Any],
    config: Config,
    give_up_after: str,
    format: SummaryFormat,
) -> None:
    from staplewatch import acting, settings  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if kind == "comment" and not note.strip():
        raise CommandError(say("留言不能为空", "TEXT: there are no words"))
    chosen = settings.load(config, **given)
    direct = bool(given["warehouse"] or given["broker"])
    done = acting.on_alert(chosen, id, kind, note, by, direct=direct, patience=patience(give_up_after))
    told = {
        "acknowledge": say(f"已确认 {done['key']}（{done['by']}）", f"acknowledged {done['key']} by {done['by']}"),
        "comment": say(f"已留言 {done['key']}（{done['by']}）", f"commented on {done['key']} by {done['by']}"),
    }
    _tell(done, told[kind], format)


def _tell(done: Mapping[str, Any], told: str, format: SummaryFormat) -> None:
    from staplewatch import output  # noqa: PLC0415

    typer.echo(output.as_json(done) if format == "json" else told)


def _local(at: str, zone: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _columns() -> tuple[Column, ...]:
    return (
        Column("silence", say("编号", "silence")),
        Column("until", say("至", "until")),
        Column("covers", say("对象", "covers")),
        Column("by", say("设置人", "by")),
        Column("note", say("原因", "why"), fold=True),
    )

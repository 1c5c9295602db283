"""Rules of a running deployment: which packs hold where, what changed, and a change without a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from staplewatch.commands.options import (
    Broker,
    By,
    Catalogue,
    Config,
    Data,
    Format,
    GiveUpAfter,
    Lang,
    Region,
    SummaryFormat,
    Warehouse,
    examples,
    patience,
)
from staplewatch.commands.run import Packs, RegionPacks
from staplewatch.words import say

if TYPE_CHECKING:
    from staplewatch.settings import Settings

Note = Annotated[str, typer.Option("--note", help=say("缘由", "why"))]


def register(rules: typer.Typer) -> None:
    """Add the commands."""
    rules.command(
        "in-force",
        help=say(
            "各地区现行的规则包：最近一次变更，没有变更则为设置所选。",
            "Which packs hold where: those of the last change, without one those of the settings.",
        ),
        epilog=examples(
            "staplewatch rules in-force --data DIR",
            "staplewatch rules in-force --region 540102 --data DIR --format json",
        ),
    )(in_force)
    rules.command(
        "changes",
        help=say("规则的变更记录，最新的在前。", "Changes of the rules, newest first."),
        epilog=examples("staplewatch rules changes --data DIR --format json"),
    )(list_changes)
    rules.command(
        "reload",
        help=say(
            "不重启更换规则：检查规则包，写入 rules.changes，等各分区执行。"
            "未给 --packs 等设置时，重读运行实例所选的包。",
            "Other rules without a restart: checks the packs, records them on rules.changes and waits until every "
            "partition follows. Where no setting names packs, those that the running instance chose are read again.",
        ),
        epilog=examples(
            "staplewatch rules reload --data DIR",
            "staplewatch rules reload --data DIR --packs live,cover,my-pack.toml --note 'thresholds of the feast'",
            "staplewatch rules reload --data DIR --packs live,cover --region-packs 540100=live,my-pack.toml",
            "staplewatch rules reload --broker kafka://host:9092 --warehouse clickhouse://host/db --config sw.toml",
            say(
                "退出码：0 全部分区已执行；1 已记录但 30 秒内未全部执行；2 规则包被拒绝，旧规则不变。",
                "Exit codes: 0 every partition follows; 1 recorded, but not followed everywhere within 30 s; "
                "2 refused, the old rules stay.",
            ),
        ),
    )(reload)


def in_force(
    region: Region = None,
    packs: Packs = None,
    region_packs: RegionPacks = None,
    data: Data = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Print which packs hold where."""
    from staplewatch import output, reloading, settings  # noqa: PLC0415
    from staplewatch.output import Column  # noqa: PLC0415

    named = {"packs": packs, "region_packs": region_packs, "data": data, "warehouse": warehouse, "catalogue": catalogue}
    columns = (
        Column("region", say("地区", "region")),
        Column("name", say("名称", "name")),
        Column("reference", say("所选", "chosen")),
        Column("kind", say("价格", "prices")),
        Column("version", say("版本", "version")),
        Column("since", say("自", "since")),
        Column("by", say("由", "by")),
    )
    rows = reloading.in_force(settings.load(config, **named), region)
    output.emit(rows, format, columns, say("现行规则包", "Packs in force"))


def list_changes(
    data: Data = None,
    warehouse: Warehouse = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Print the changes."""
    from staplewatch import output, reloading, settings  # noqa: PLC0415
    from staplewatch.output import Column  # noqa: PLC0415

    columns = (
        Column("at", say("时间", "at")),
        Column("by", say("由", "by")),
        Column("note", say("缘由", "why"), fold=True),
        Column("partitions", say("分区", "partitions")),
        Column("packs", say("规则包", "packs"), fold=True),
    )
    rows = reloading.changes(settings.load(config, data=data, warehouse=warehouse))
    shown = rows if format == "json" else [{**row, "packs": _listed(row["packs"])} for row in rows]
    output.emit(shown, format, columns, say("规则变更", "Changes of the rules"))


def _listed(packs: list[dict[str, Any]]) -> str:
    return ", ".join(
        ("" if pack["region"] == "000000" else f"{pack['region']}=") + f"{pack['reference']} {pack['version']}"
        for pack in packs
    )


def reload(
    packs: Packs = None,
    region_packs: RegionPacks = None,
    note: Note = "",
    by: By = None,
    data: Data = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    give_up_after: GiveUpAfter = "30s",
    format: SummaryFormat = "table",
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Change the rules."""
    from staplewatch import people, reloading, sending, settings  # noqa: PLC0415

    named = {"packs": packs, "region_packs": region_packs, "data": data, "broker": broker}
    chosen = settings.load(config, **named, warehouse=warehouse, catalogue=catalogue)
    wanted, seconds = reloading.wanted(chosen), patience(give_up_after)
    known = sending.target(wanted, seconds).load()
    change = reloading.make(wanted, known, sender=reloading.SENDER, by=by or people.user(), note=note)
    partitions = reloading.send(wanted, change, seconds)
    following = reloading.confirmed(wanted, change.event_id, partitions) if _answers(wanted) else None
    facts = {
        "change": change.event_id,
        "partitions": partitions,
        "following": "unknown" if following is None else following,
        "packs": reloading.told(change),
    }
    sending.tell("rules reload", facts, format)
    if following is None or following >= partitions:
        return 0
    typer.echo(
        say(
            f"staplewatch: 已记录，但仅 {following}/{partitions} 个分区已执行：检查 worker 是否在运行",
            f"staplewatch: recorded, but {following} of {partitions} partitions follow so far: check that workers run",
        ),
        err=True,
    )
    return 1


def _answers(chosen: Settings) -> bool:
    """Return whether anybody can tell what the workers did: an instance, or a warehouse that was named."""
    from staplewatch import instance  # noqa: PLC0415

    return chosen.warehouse is not None or instance.find(Path(chosen.data)) is not None

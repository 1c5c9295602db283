"""Who is watched: enterprises and sites, loaded from sheets, listed and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from staplewatch.commands.options import (
    Broker,
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
)
from staplewatch.output import Column
from staplewatch.words import say

Sheet = Annotated[
    Literal["enterprises", "sites"] | None,
    typer.Option(
        "--kind", help=say("企业或网点（默认看表头）", "what it lists (default: by its headings)"), show_default=False
    ),
]
Prefecture = Annotated[
    str | None, typer.Option("--prefecture", help=say("只看此地市", "only this prefecture's"), show_default=False)
]
_KINDS = {"enterprises": "enterprise", "sites": "site"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help=say(
            "登记：企业与网点、联系人、营业时间。", "The registry: enterprises and sites, contacts, opening hours."
        ),
        no_args_is_help=True,
    )
    group.command(
        "load",
        help=say(
            "读入 CSV 表（表头中英文均可）。任一行有误则全部不发送；与仓库中相同的不再发送。",
            "Load a CSV sheet (headings in Chinese or English). Nothing is sent if a row is wrong; "
            "what has not changed is not sent again.",
        ),
        epilog=examples(
            "staplewatch registry load enterprises.csv --data DIR",
            "staplewatch registry load sites.csv --kind sites --data DIR --skip-bad",
            "staplewatch registry load sites.csv --data DIR --from 2022-08-01  # with a replay of old data",
        ),
    )(load)
    group.command(
        "list",
        help=say("列出企业与网点。", "List enterprises and sites."),
        epilog=examples(
            "staplewatch registry list --data DIR --kind enterprises",
            "staplewatch registry list --data DIR --prefecture 540400 --format json | jq '.[].contact_phone'",
        ),
    )(list_)
    group.command(
        "export",
        help=say("导出为 load 能读回的表，或 JSON。", "Export as a sheet that load reads back, or as JSON."),
        epilog=examples(
            "staplewatch registry export --kind sites --data DIR > sites.csv",
            "staplewatch registry export --kind enterprises --data DIR --format json > enterprises.json",
        ),
    )(export)
    app.add_typer(group, name="registry")


def load(
    file: Annotated[Path, typer.Argument(help=say("CSV 文件", "CSV file"))],
    kind: Sheet = None,
    data: Data = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help=say("自此刻起有效（默认：现在）", "holds from then on (default: now)"), show_default=False
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help=say("跳过有误的行", "leave bad rows out instead of refusing the file")),
    ] = False,
    give_up_after: GiveUpAfter = "15m",
    format: SummaryFormat = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Load a sheet."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from staplewatch import registering, sending, settings, source  # noqa: PLC0415
    from staplewatch.commands.data import moment  # noqa: PLC0415

    chosen = settings.load(config, data=data, broker=broker, warehouse=warehouse, catalogue=catalogue)
    place = sending.target(chosen, patience(give_up_after))
    time = registering.effective(moment(since, "--from", zone=place.zone), datetime.now(UTC))
    found = registering.read(file, kind, place.load(), skip_bad=skip_bad)
    with source.opened(chosen, direct=warehouse is not None) as answers:
        known = registering.Known.of(answers.ask("registry", {}))
    wanted = registering.changes(found.entities, known, time=time, sender="registry")
    with sending.producer(place) as outlet:
        registering.send(outlet, wanted)
    changed = len({(each.enterprise or each.site).code for _, each in wanted})  # type: ignore[union-attr]
    told: dict[str, Any] = {"kind": found.sheet, "rows": len(found.entities), "changed": changed, "sent": len(wanted)}
    sending.tell("registry load", told | {"unchanged": len(found.entities) - changed, "bad": found.wrong}, format)
    for each in found.problems:
        sending.note(f"{each.place}: {say(each.chinese, each.english)}")


def list_(
    data: Data = None,
    kind: Sheet = None,
    prefecture: Prefecture = None,
    format: Format = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """List what is registered."""
    from staplewatch import output  # noqa: PLC0415

    given = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    rows = _rows(config, given, kind, prefecture)
    if format == "table":
        rows = [_readable(row) for row in rows]
    output.emit(rows, format, columns(), say("登记", "Registry"))


def export(
    kind: Annotated[Literal["enterprises", "sites"], typer.Option("--kind", help=say("企业或网点", "what to export"))],
    data: Data = None,
    prefecture: Prefecture = None,
    format: Annotated[
        Literal["csv", "json"], typer.Option("--format", help=say("输出格式", "form of the output"))
    ] = "csv",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Export a sheet."""
    from producers import registry_sheet  # noqa: PLC0415
    from staplewatch import output, registering  # noqa: PLC0415

    given = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    rows = _rows(config, given, kind, prefecture)
    if format == "csv":
        sheet = [registry_sheet.cells(registering.entity_of(row)) for row in rows]
        typer.echo(",".join(registry_sheet.COLUMNS[kind])) if not sheet else output.emit(sheet, "csv", (), "")
    else:
        output.emit(rows, "json", (), "")


def _rows(config: Path | None, given: dict[str, Any], kind: str | None, prefecture: str | None) -> list[dict[str, Any]]:
    from staplewatch import settings, source  # noqa: PLC0415

    chosen = settings.load(config, **given)
    asked = {"kind": _KINDS.get(kind or ""), "prefecture": prefecture}
    with source.opened(chosen, direct=bool(given["warehouse"] or given["broker"])) as answers:
        return answers.ask("registry", asked)


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    name = say(row["name_zh"], row["name_en"] or row["name_zh"])
    return {**row, "name": name, "prefectures": " ".join(row["prefectures"])}


def columns() -> tuple[Column, ...]:
    """Return the columns of the table."""
    return (
        Column("kind", say("类别", "kind")),
        Column("code", say("编码", "code")),
        Column("name", say("名称", "name"), fold=True),
        Column("enterprise", say("所属企业", "enterprise")),
        Column("county", say("县区", "county")),
        Column("prefectures", say("地市", "prefectures")),
        Column("hours", say("营业时间", "open"), fold=True),
        Column("feed", say("库存上报方式", "feed")),
        Column("contact_name", say("联系人", "contact")),
        Column("contact_phone", say("联系电话", "phone")),
    )

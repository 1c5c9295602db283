"""Dead letters: listing, showing and exporting the records that were rejected."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import typer

from staplewatch.commands.data import moment
from staplewatch.commands.options import (
    Config,
    Data,
    Format,
    Lang,
    Limit,
    SummaryFormat,
    Warehouse,
    examples,
)
from staplewatch.errors import CommandError
from staplewatch.output import Column
from staplewatch.words import say

Topic = Annotated[str | None, typer.Option("--topic", help=say("来源主题", "topic"), show_default=False)]
Stage = Annotated[
    Literal["size", "decode", "validate", "partition"] | None,
    typer.Option("--stage", help=say("拒收环节", "where it was rejected"), show_default=False),
]
Sender = Annotated[
    str | None,
    typer.Option("--sender", help=say("发送方（能读出时）", "sender, as far as it can be read"), show_default=False),
]
Reason = Annotated[
    str | None, typer.Option("--reason", help=say("原因含此文字", "text in the reason"), show_default=False)
]
Since = Annotated[
    str | None,
    typer.Option("--from", help=say("自此刻起被拒（日期或 RFC 3339）", "rejected from then on"), show_default=False),
]
Until = Annotated[
    str | None, typer.Option("--to", help=say("到此刻为止被拒", "rejected up to then"), show_default=False)
]
Replayed = Annotated[
    Literal["yes", "no"] | None,
    typer.Option("--replayed", help=say("是否已重放", "whether sent again"), show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    letters = typer.Typer(help=say("被拒收的记录。", "Records that were rejected."), no_args_is_help=True)
    letters.command(
        "list",
        help=say("被拒收的记录及原因，新者在前。", "Rejected records with reasons, newest first."),
        epilog=examples(
            "staplewatch dead-letters list --data DIR --stage validate --replayed no",
            "staplewatch dead-letters list --data DIR --summary",
            "staplewatch dead-letters list --data DIR --sender shop-7 --from 2022-08-08 --format json",
        ),
    )(list_letters)
    letters.command(
        "show",
        help=say("一条记录的全部：来源、原因、原文、怎么办、重放结果。", "Everything about one record, in words."),
        epilog=examples("staplewatch dead-letters show pos.sales/3/1042 --data DIR"),
    )(show)
    letters.command(
        "export",
        help=say("导出为 JSON Lines，原始字节为 base64，旧者在前。", "JSON lines with base64 bytes, oldest first."),
        epilog=examples(
            "staplewatch dead-letters export --data DIR --out letters.jsonl",
            "staplewatch dead-letters export --data DIR --stage decode | jq -r .value_base64",
        ),
    )(export)
    app.add_typer(letters, name="dead-letters")


def list_letters(
    data: Data = None,
    topic: Topic = None,
    stage: Stage = None,
    sender: Sender = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    replayed: Replayed = None,
    summary: Annotated[
        bool, typer.Option("--summary", help=say("按主题、环节、原因计数", "counts by topic, stage and reason"))
    ] = False,
    limit: Limit = None,
    format: Format = "table",
    warehouse: Warehouse = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show rejected records."""
    from staplewatch import output  # noqa: PLC0415

    with _asked(locals()) as (source, wanted, zone):
        if summary:
            rows = source.ask("dead-letters/summary", {**wanted, "limit": limit or 1000})
            shown = [_civil(row, zone, "first", "last") for row in rows] if format == "table" else rows
            output.emit(shown, format, summary_columns(), say("死信小结", "Dead letters by reason"))
            return
        rows = list(_first(source.letters({**wanted, "limit": limit or 100}), limit or 100))
        if format == "table":
            rows = [_in_words(row, zone) for row in rows]
        output.emit(rows, format, columns(), say("死信", "Dead letters"))


def show(
    place: Annotated[
        str, typer.Argument(help=say("主题/分区/位移[.行][@批次]", "TOPIC/PARTITION/OFFSET[.LINE][@EPOCH]"))
    ],
    data: Data = None,
    format: SummaryFormat = "table",
    warehouse: Warehouse = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show one record."""
    from dataclasses import asdict  # noqa: PLC0415

    from staplewatch import letters, output  # noqa: PLC0415

    wanted = asdict(letters.Place.parse(place))
    with _asked(locals()) as (source, _, zone):
        rows = next(iter(source.letters({**wanted, "limit": 10})))
    if not rows:
        msg = say(
            f"没有位于 {place} 的死信：用 staplewatch dead-letters list 查看",
            f"there is no dead letter at {place}: see staplewatch dead-letters list",
        )
        raise CommandError(msg)
    if len(rows) > 1:
        places = ", ".join(map(letters.place_of, rows))
        raise CommandError(say(f"{place} 有多条，请指明其一：{places}", f"{place} is not one, name one of: {places}"))
    if format == "json":
        typer.echo(output.as_json(letters.parsed(rows[0])))
        return
    for line in letters.told(rows[0], zone):
        typer.echo(line)


def export(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help=say("写入此文件（默认标准输出）", "file to write (default: stdout)"), show_default=False
        ),
    ] = None,
    data: Data = None,
    topic: Topic = None,
    stage: Stage = None,
    sender: Sender = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    replayed: Replayed = None,
    limit: Limit = None,
    format: SummaryFormat = "table",
    warehouse: Warehouse = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Write records to a file."""
    from staplewatch import letters, sending  # noqa: PLC0415

    watch, count, size = sending.Stopwatch(), 0, 0
    with _asked(locals()) as (source, wanted, _):
        pages = source.letters({**wanted, "order": "oldest"})
        bar = sending.reporter(say("条", "records"))
        bar.begin("dead-letters export", limit or total(source, wanted))
        try:
            with _written(out) as stream:
                for row in letters.export([_first(pages, limit)], stream):
                    count, size = count + 1, size + row["size"]
                    bar.advance(1, 0)
        finally:
            bar.end()
    if out is not None:
        facts = {"letters": count, "bytes": size, "seconds": round(watch.seconds, 1), "file": str(out)}
        sending.tell("dead-letters export", facts, format)


@contextmanager
def _asked(given: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any], str]]:
    """Yield who answers, the filters in the API's words, and the deployment's civil time."""
    from staplewatch import settings, source  # noqa: PLC0415

    named = {name: given[name] for name in ("data", "warehouse")}
    chosen = settings.load(given["config"], **named)
    wanted = {name: given.get(name) for name in ("topic", "stage", "sender", "reason")}
    for name, option in (("since", "--from"), ("until", "--to")):
        wanted[name] = moment(given.get(name), option, zone=chosen.timezone)
    wanted["replayed"] = {"yes": 1, "no": 0}.get(given.get("replayed") or "")
    with source.opened(chosen, direct=given["warehouse"] is not None) as answers:
        yield answers, wanted, chosen.timezone


def total(source: Any, wanted: Mapping[str, Any]) -> int:
    """Return how many letters the filters choose."""
    return sum(row["letters"] for row in source.ask("dead-letters/summary", {**wanted, "limit": 1_000_000}))


def _first(pages: Iterator[Sequence[dict[str, Any]]], limit: int | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of pages, no page more than needed."""
    left = limit
    for page in pages:
        yield from page[:left]
        if left is not None:
            left -= len(page)
            if left <= 0:
                return


@contextmanager
def _written(file: Path | None) -> Iterator[IO[str]]:
    """Yield stdout, or a file that appears under its name once it is whole."""
    from staplewatch import letters  # noqa: PLC0415

    if file is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    part = letters.partial_file(file)
    try:
        with part.open("w", encoding="utf-8") as stream:
            yield stream
        part.replace(file)
    except OSError as error:
        raise CommandError(say(f"无法写入 {file}：{error}", f"cannot write {file}: {error}")) from error
    finally:
        part.unlink(missing_ok=True)


def _in_words(row: Mapping[str, Any], zone: str) -> dict[str, Any]:
    from staplewatch import letters  # noqa: PLC0415

    return {**_civil(row, zone, "at"), "replay": letters.fate(row), "sender": letters.shortened(row["sender"])}


def _civil(row: Mapping[str, Any], zone: str, *names: str) -> dict[str, Any]:
    from datetime import datetime  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    times = {name: datetime.fromisoformat(row[name]).astimezone(ZoneInfo(zone)) for name in names}
    return {**row, **{name: f"{time:%Y-%m-%d %H:%M:%S}" for name, time in times.items()}}


def columns() -> Sequence[Column]:
    """Return the columns of the dead letters' table."""
    return (
        Column("at", say("时刻", "at")),
        Column("topic", say("主题", "topic")),
        Column("partition", say("分区", "partition")),
        Column("offset", say("位移", "offset")),
        Column("line", say("行", "line")),
        Column("stage", say("环节", "stage")),
        Column("sender", say("发送方", "sender")),
        Column("replay", say("重放", "replayed")),
        Column("reason", say("原因", "reason"), fold=True),
    )


def summary_columns() -> Sequence[Column]:
    """Return the columns of the counts by reason."""
    return (
        Column("letters", say("条数", "letters"), digits=0),
        Column("replayed", say("已重放", "replayed"), digits=0),
        Column("topic", say("主题", "topic")),
        Column("stage", say("环节", "stage")),
        Column("first", say("最早", "first")),
        Column("last", say("最近", "last")),
        Column("example", say("原因（一例）", "reason (an example)"), fold=True),
    )

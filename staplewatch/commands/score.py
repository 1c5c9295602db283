"""Scoring alerts: against a scenario's ground truth, or against labelled stock-outs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staplewatch.commands.options import Broker, Catalogue, Config, Data, Format, Lang, Warehouse, examples
from staplewatch.words import say

if TYPE_CHECKING:
    from staplewatch.output import Column
    from staplewatch.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=say(
            "给预警打分：对照模拟场景的真值（召回、精确、延迟、误报），或对照带缺货标注的小时销量。",
            "Score alerts against what a scenario broke (recall, precision, delay, false alarms), "
            "or suspected stock-outs against labelled hourly sales.",
        ),
        epilog=examples(
            "staplewatch score --truth truth.jsonl --data DIR",
            "staplewatch alerts --transitions --format json --data DIR > alerts.json",
            "staplewatch score --truth truth.jsonl --alerts alerts.json --format json",
            "staplewatch score --labels freshretail_hourly_sample.parquet",
        ),
    )(score)


def score(
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", help=say("simulate --truth 写出的真值", "what simulate --truth wrote"), show_default=False
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help=say("带缺货标注的小时销量", "hourly sales with stock-out labels"), show_default=False
        ),
    ] = None,
    alerts: Annotated[
        Path | None,
        typer.Option(
            "--alerts",
            help=say("alerts --transitions --format json 的输出", "what alerts --transitions --format json printed"),
            show_default=False,
        ),
    ] = None,
    pack: Annotated[
        str, typer.Option("--pack", help=say("--labels：规则包名或 TOML 文件", "--labels: pack or TOML file"))
    ] = "suspected-out",
    learn: Annotated[
        int, typer.Option("--learn", min=1, help=say("--labels：只用于学习的天数", "--labels: dates only learnt on"))
    ] = 60,
    format: Format = "table",
    data: Data = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Score alerts."""
    from staplewatch import settings  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if (truth is None) == (labels is None):
        raise CommandError(say("请给 --truth 或 --labels 之一", "give one of --truth and --labels"))
    chosen = settings.load(config, data=data, broker=broker, warehouse=warehouse, catalogue=catalogue)
    if labels is not None:
        _against_labels(labels, pack, learn, chosen, format)
    elif truth is not None:
        _against_truth(truth, alerts, chosen, format, direct=bool(warehouse or broker))


def _against_truth(path: Path, alerts: Path | None, chosen: Settings, form: Format, *, direct: bool) -> None:
    from staplewatch import output  # noqa: PLC0415
    from staplewatch.scoring import reading, truth  # noqa: PLC0415

    truths = reading.truths(path)
    found = reading.transitions(alerts) if alerts is not None else reading.stored(chosen, direct=direct)
    rows = [asdict(one) for one in truth.scores(truths, found)]
    output.emit(rows, form, truth_columns(), say("对照真值的得分", "Scores against the ground truth"))


def _against_labels(path: Path, pack: str, learn: int, chosen: Settings, form: Format) -> None:
    import numpy as np  # noqa: PLC0415

    from producers.replay.freshretail_data import BAD_VALUES, REPEATED  # noqa: PLC0415
    from producers.replay.recording import ReplayError  # noqa: PLC0415
    from staplewatch import output  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415
    from staplewatch.scoring import labels, reading  # noqa: PLC0415
    from streams.options import Options  # noqa: PLC0415

    rule = reading.sales_rule(pack)
    opened = np.zeros(labels.HOURS, dtype=bool)
    opened[slice(*Options().open_hours)] = True
    try:
        found, skipped = labels.read(path, learn)
    except ReplayError as error:
        raise CommandError(str(error)) from error
    for reason, count in skipped.items():
        why = {BAD_VALUES: "有空值、负值或不可能的值", REPEATED: "重复出现"}[reason]
        typer.echo(say(f"staplewatch: 已略过 {count} 小时：{why}", f"staplewatch: left out {count} {reason}"), err=True)
    rows = [asdict(one) for one in labels.compare(rule, found, opened, learn)]
    output.emit(rows, form, label_columns(), say("对照缺货标注的得分", "Scores against labelled stock-outs"))


def truth_columns() -> tuple[Column, ...]:
    """Return the columns of scores against a ground truth."""
    from staplewatch.output import Column  # noqa: PLC0415

    return (
        Column("rule", say("规则", "rule")),
        Column("expected", say("应报", "expected"), digits=0),
        Column("met", say("报出", "met"), digits=0),
        Column("recall", say("召回率", "recall"), digits=3),
        Column("episodes", say("预警次数", "episodes"), digits=0),
        Column("explained", say("有因", "explained"), digits=0),
        Column("precision", say("精确率", "precision"), digits=3),
        Column("delay_median", say("中位延迟（时）", "median delay (h)"), digits=1),
        Column("delay_p90", say("90 % 延迟（时）", "p90 (h)"), digits=1),
        Column("delay_worst", say("最长延迟（时）", "worst (h)"), digits=1),
        Column("false_per_day", say("日均误报", "false alarms/day"), digits=2),
    )


def label_columns() -> tuple[Column, ...]:
    """Return the columns of scores against labels."""
    from staplewatch.output import Column  # noqa: PLC0415

    return (
        Column("rule", say("规则", "rule")),
        Column("out_hours", say("缺货小时", "hours out"), digits=0),
        Column("found_hours", say("发现小时", "hours found"), digits=0),
        Column("recall", say("召回率", "recall"), digits=4),
        Column("false_rate", say("误报率", "false-alarm rate"), digits=4),
        Column("precision", say("精确率", "precision"), digits=3),
        Column("outages", say("缺货次数", "stock-outs"), digits=0),
        Column("found_outages", say("发现次数", "found"), digits=0),
        Column("delay_median", say("中位延迟（营业小时）", "median delay (open h)"), digits=1),
        Column("delay_p90", say("90 % 延迟", "p90"), digits=1),
        Column("delay_worst", say("最长延迟", "worst"), digits=1),
    )

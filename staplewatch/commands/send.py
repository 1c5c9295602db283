"""Sending: simulated events, recordings, and conversions of data to what can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from staplewatch.commands import resend
from staplewatch.commands.options import (
    Broker,
    Catalogue,
    Config,
    Data,
    GiveUpAfter,
    Lang,
    SummaryFormat,
    WaitForBroker,
    examples,
    patience,
)
from staplewatch.words import say

if TYPE_CHECKING:
    from producers.replay import Playback, Summary

Rate = Annotated[
    str | None,
    typer.Option("--rate", help=say("每秒行数，如 5000、5k", "lines per second, 5000 or 5k"), show_default=False),
]
Speed = Annotated[
    str | None,
    typer.Option(
        "--speed", help=say("事件时间的倍速，如 60x", "multiple of event time, for example 60x"), show_default=False
    ),
]
Since = Annotated[
    str | None, typer.Option("--from", help=say("从此日期或时刻起", "from this date or time"), show_default=False)
]
Until = Annotated[
    str | None,
    typer.Option("--to", help=say("到此日期（含）或时刻", "to this date (included) or time"), show_default=False),
]
ShiftTo = Annotated[
    str | None,
    typer.Option(
        "--shift-to", help=say("now：整日平移到今天", "now: move by whole dates to today"), show_default=False
    ),
]
Final = Annotated[
    bool, typer.Option("--final", help=say("结束时关闭所有日期", "close every date at the end, everywhere"))
]
Punctuate = Annotated[
    str | None,
    typer.Option(
        "--punctuate",
        help=say("每隔多久报时，如 5m", "say the time every so often, for example 5m"),
        show_default=False,
    ),
]
MaxLines = Annotated[
    int | None, typer.Option("--max-lines", min=1, help=say("最多行数", "lines at most"), show_default=False)
]
Prefectures = Annotated[
    str | None,
    typer.Option("--prefectures", help=say("地市代码，逗号分隔", "prefecture codes, by comma"), show_default=False),
]
Encoding = Annotated[
    Literal["json", "arrow"],
    typer.Option(
        "--encoding",
        help=say("小票编码：逐张 JSON，或成批 Arrow", "receipts one by one in JSON, or in Arrow batches"),
    ),
]
Kind = Annotated[
    Literal["retail", "wholesale"] | None,
    typer.Option("--kind", help=say("只取一种价格", "only quotes of this kind"), show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=say(
            "按脚本模拟一个地区的销售、库存与故障。", "Simulate a region's sales, stock and mishaps by a scenario."
        ),
        epilog=examples(
            "staplewatch simulate lockdown --data DIR --speed 600x",
            "staplewatch simulate calm --data DIR --encoding arrow",
            "staplewatch simulate calm --broker kafka://host:9092 --seed 3 --speed 3600x --truth truth.jsonl",
        ),
    )(simulate)
    replay = typer.Typer(help=say("回放真实数据。", "Play real data."), no_args_is_help=True)
    replay.command(
        "completejourney",
        help=say("真实超市小票（2017）。", "Real supermarket receipts (2017), placed on the catalogue."),
        epilog=examples("staplewatch replay completejourney --data DIR --shift-to now --speed 3600x"),
    )(replay_completejourney)
    replay.command(
        "freshretail",
        help=say("带缺货标注的小时销量。", "Hourly sales with stock-out labels."),
        epilog=examples("staplewatch replay freshretail hourly.parquet --data DIR --catalogue hourly-catalogue"),
    )(replay_freshretail)
    replay.command(
        "quotes",
        help=say("报价表 date,region,site,good,price,unit,kind,sales,stock。", "Quotes from a canonical CSV file."),
        epilog=examples(
            "staplewatch replay quotes quotes.csv --data DIR --kind wholesale --final",
            "staplewatch replay quotes quotes.csv --data DIR --from 2022-08-01 --to 2022-08-31 --skip-bad",
        ),
    )(replay_quotes)
    resend.register(replay)
    app.add_typer(replay, name="replay")
    convert = typer.Typer(
        help=say("转换数据文件及其目录。", "Convert data files, with a catalogue of their own."), no_args_is_help=True
    )
    convert.command(
        "vegetables",
        help=say("蔬菜批发日价 → 报价表。", "Daily wholesale prices of vegetables → canonical quotes."),
        epilog=examples("staplewatch convert vegetables vegetable_wholesale_daily.csv.gz veg"),
    )(convert_vegetables)
    convert.command(
        "freshretail",
        help=say("小时销量 → 目录。", "Hourly sales → their catalogue."),
        epilog=examples("staplewatch convert freshretail freshretail_hourly_sample.parquet fresh"),
    )(convert_freshretail)
    app.add_typer(convert, name="convert")


def simulate(
    scenario: Annotated[str, typer.Argument(help=say("脚本名或 TOML 文件", "name of a scenario, or a TOML file"))],
    data: Data = None,
    broker: Broker = None,
    seed: Annotated[int, typer.Option("--seed", help=say("随机种子", "seed"))] = 7,
    speed: Speed = None,
    rate: Rate = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=say("从此日期开始（默认：昨天结束）", "first date (default: ends yesterday)"),
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help=say("到此刻提前结束", "end early at this moment"), show_default=False)
    ] = None,
    prefectures: Prefectures = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help=say("真值写入此文件", "write the ground truth here"), show_default=False),
    ] = None,
    final: Final = False,
    encoding: Encoding = "json",
    punctuate: Annotated[
        bool, typer.Option("--punctuate", help=say("报时（事件时间模式）", "say the time, for event-time mode"))
    ] = False,
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Simulate."""
    from staplewatch import playing, sending, settings  # noqa: PLC0415

    place = sending.target(
        settings.load(config, data=data, broker=broker, catalogue=catalogue), patience(give_up_after), wait=wait
    )
    wanted = playing.SimulationRequest(
        scenario, seed, speed, rate, since, until, playing.codes(prefectures), truth, final, punctuate, encoding
    )
    sending.tell("simulate", playing.simulate(place, wanted), format)


def replay_completejourney(
    data: Data = None,
    broker: Broker = None,
    speed: Speed = None,
    rate: Rate = None,
    since: Since = None,
    until: Until = None,
    shift_to: ShiftTo = None,
    final: Final = False,
    punctuate: Punctuate = None,
    max_lines: MaxLines = None,
    prefectures: Prefectures = None,
    encoding: Encoding = "json",
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Play the real sales."""
    from staplewatch import playing  # noqa: PLC0415

    place, playback = _plan(locals(), config)
    wanted = playing.codes(prefectures)
    _tell(format, playing.completejourney(place, playback, rate, wanted, encoding))


def replay_freshretail(
    file: Annotated[Path, typer.Argument(help=say("parquet 文件", "parquet file"))],
    data: Data = None,
    broker: Broker = None,
    speed: Speed = None,
    rate: Rate = None,
    since: Since = None,
    until: Until = None,
    shift_to: ShiftTo = None,
    final: Final = False,
    punctuate: Punctuate = None,
    max_lines: MaxLines = None,
    encoding: Encoding = "json",
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Play hourly sales."""
    from staplewatch import playing  # noqa: PLC0415

    place, playback = _plan(locals(), config)
    _tell(format, playing.freshretail(place, playback, rate, file, encoding))


def replay_quotes(
    file: Annotated[Path, typer.Argument(help=say("CSV 文件", "CSV file"))],
    data: Data = None,
    broker: Broker = None,
    speed: Speed = None,
    rate: Rate = None,
    since: Since = None,
    until: Until = None,
    shift_to: ShiftTo = None,
    final: Final = False,
    punctuate: Punctuate = None,
    max_lines: MaxLines = None,
    kind: Kind = None,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad",
            help=say("跳过有错的行（默认：拒绝整个文件）", "leave bad rows out instead of refusing the file"),
        ),
    ] = False,
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Play quotes."""
    from staplewatch import playing  # noqa: PLC0415

    place, playback = _plan(locals(), config)
    _tell(format, playing.quotes(place, playback, rate, file, kind=kind, skip_bad=skip_bad))


Out = Annotated[Path, typer.Argument(help=say("输出目录", "directory to write to"))]


def convert_vegetables(
    file: Annotated[Path, typer.Argument(help=say("CSV 文件（可为 .gz）", "CSV file, also .gz"))],
    out: Out,
    format: SummaryFormat = "table",
    lang: Lang = None,
) -> None:
    """Convert vegetable prices."""
    from staplewatch import playing, sending  # noqa: PLC0415

    sending.tell("convert", playing.convert_vegetables(file, out), format)


def convert_freshretail(
    file: Annotated[Path, typer.Argument(help=say("parquet 文件", "parquet file"))],
    out: Out,
    format: SummaryFormat = "table",
    lang: Lang = None,
) -> None:
    """Convert hourly sales."""
    from staplewatch import playing, sending  # noqa: PLC0415

    sending.tell("convert", playing.convert_freshretail(file, out), format)


def _plan(given: Mapping[str, Any], config: Path | None) -> tuple[Any, Playback]:
    from staplewatch import playing, sending, settings  # noqa: PLC0415

    named = {name: given[name] for name in ("data", "broker", "catalogue")}
    place = sending.target(settings.load(config, **named), patience(given["give_up_after"]), wait=given["wait"])
    return place, playing.playback(place, given)


def _tell(form: str, told: tuple[Summary, float]) -> None:
    from staplewatch import playing, sending  # noqa: PLC0415

    sending.tell("replay", playing.facts(*told), form)

"""Checking a deployment, and showing what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from staplewatch.commands.options import Broker, Catalogue, Config, Data, Format, Lang, Map, Warehouse, examples
from staplewatch.words import say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=say("检查各部分，并说明怎么办。", "Check every part and say what to do."),
        epilog=examples(
            "staplewatch doctor --data DIR",
            "staplewatch doctor --map counties.geojson",
            "staplewatch doctor --broker kafka://host:9092 --warehouse clickhouse://host/staplewatch --format json",
        ),
    )(doctor)
    app.command(
        help=say("演示：真实销售与封控脚本，压缩时间。", "Real sales and the lockdown scenario, compressed in time."),
        epilog=examples("staplewatch demo --seconds 45"),
    )(demo)


def doctor(
    data: Data = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    map: Map = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Check every part; exit code 2 when one needs mending."""
    from staplewatch import doctor as checks  # noqa: PLC0415
    from staplewatch import output, settings  # noqa: PLC0415

    chosen = settings.load(config, data=data, broker=broker, warehouse=warehouse, catalogue=catalogue, map=map)
    found = checks.examine(chosen)
    output.emit([check.row() for check in found], format, checks.columns(), say("检查", "Doctor"))
    problems = [check for check in found if check.state == "problem"]
    for check in problems:
        typer.echo(
            f"staplewatch: {check.name}: {check.found}" + (f": {check.advice}" if check.advice else ""), err=True
        )
    return 2 if problems else 0


def demo(
    seconds: Annotated[int, typer.Option("--seconds", min=20, help=say("秒后自行结束", "ends by itself after"))] = 60,
    data: Annotated[
        Path, typer.Option("--data", help=say("数据目录（先清空）", "data directory, emptied first"))
    ] = Path("demo-data"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=say("网页端口", "web port"))] = 0,
    lang: Lang = None,
) -> int:
    """Show the pipe at work."""
    from staplewatch.demo import run  # noqa: PLC0415

    return run(data, seconds, port)

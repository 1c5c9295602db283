"""Auditing: does everything that is stored agree."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from staplewatch.commands.options import Broker, Catalogue, Config, Data, Lang, Warehouse, examples, seconds
from staplewatch.commands.run import EventTime, Inputs, Packs, Partitions, Quarantine, Timezone
from staplewatch.words import say

if TYPE_CHECKING:
    from staplewatch.audit import Report, Tell
    from staplewatch.settings import Settings

Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        help=say(
            "先等到日志读完，最多这么久；读不完算不一致",
            "first wait for the logs to be read, at most so long, e.g. 30s",
        ),
        show_default=False,
    ),
]
ReportFormat = Annotated[Literal["table", "json"], typer.Option("--format", help=say("输出格式", "form of the output"))]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=say(
            "核对日志、进度、原始行、指标、快照、预警和死信是否一致。0 一致，1 有不一致，2 无法核对。",
            "Compare logs, progress, raw rows, indicators, snapshots, alerts and dead letters. "
            "Exit code 0: all agree, 1: something does not, 2: cannot be checked.",
        ),
        epilog=examples(
            "staplewatch audit --data DIR",
            "staplewatch audit --data DIR --wait 30s --format json",
            "staplewatch audit --broker kafka://host:9092 --warehouse clickhouse://host/staplewatch --wait 1m",
            "staplewatch audit --broker kafka://host:9092 --warehouse clickhouse://host/staplewatch "
            "--event-time --inputs quotes --packs urumqi-2007",
        ),
    )(audit)


def audit(
    data: Data = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    packs: Packs = None,
    event_time: EventTime = None,
    inputs: Inputs = None,
    quarantine: Quarantine = None,
    timezone: Timezone = None,
    partitions: Partitions = None,
    wait: Wait = None,
    format: ReportFormat = "table",
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Audit a deployment."""
    from staplewatch import settings  # noqa: PLC0415
    from staplewatch.audit import printing  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    given: dict[str, Any] = {
        name: value for name, value in locals().items() if name in settings.Settings.model_fields
    }  # fmt: skip
    chosen = settings.load(config, **given)
    try:
        report = _report(chosen, seconds(wait, "--wait") or 0.0, direct=bool(broker or warehouse))
    except CommandError as error:
        raise CommandError("\n".join([str(error), *error.details])) from error  # whatever it is: not checked
    printing.show(report, format)
    return 0 if report.agrees else 1


def _report(chosen: Settings, wait: float, *, direct: bool) -> Report:
    from staplewatch import instance, source  # noqa: PLC0415
    from staplewatch.audit import opening, printing  # noqa: PLC0415

    found = None if direct else instance.find(chosen.data)
    if found is not None:
        with printing.waiting(found.pid):
            return printing.parsed(source.Instance(found).audit(wait))
    if not direct:
        source.check_directory(chosen.data, chosen.warehouse is not None)
    with _told() as tell:
        return opening.by_settings(chosen, wait, tell)


@contextmanager
def _told() -> Iterator[Tell]:
    """Show how far long checks are, on a terminal."""
    from staplewatch.audit import printing, scope  # noqa: PLC0415

    if not sys.stderr.isatty():
        yield scope.silence
        return
    with printing.bars() as tell:
        yield tell

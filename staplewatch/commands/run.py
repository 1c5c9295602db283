"""Running: everything on one machine, a worker, the web application, migrations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from staplewatch.commands.options import (
    Broker,
    Catalogue,
    Config,
    Data,
    Duration,
    Lang,
    LogFormat,
    LogLevel,
    Map,
    Operations,
    Warehouse,
    examples,
    seconds,
)
from staplewatch.words import say

if TYPE_CHECKING:
    from staplewatch.settings import Settings

Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        help=say("网页端口，0 为任意空闲端口", "web port, 0 takes a free one"),
        show_default=False,
    ),
]
Host = Annotated[
    str | None, typer.Option("--host", help=say("网页监听地址", "web address to listen on"), show_default=False)
]
Exercise = Annotated[
    bool | None,
    typer.Option(
        "--exercise",
        help=say("演练：大屏标明一切都不是实情", "an exercise: the wall says that nothing is real"),
        show_default=False,
    ),
]
OpenWall = Annotated[
    bool | None,
    typer.Option(
        "--open-wall/--no-open-wall",
        help=say(
            "大屏无需登录即可查看（默认仅限本机监听时）",
            "the wall may be read without a login (default: only where bound to loopback)",
        ),
        show_default=False,
    ),
]
EventTime = Annotated[
    bool | None,
    typer.Option(
        "--event-time",
        help=say("事件时间模式：墙上时钟不起作用", "event-time mode: the clock decides nothing"),
        show_default=False,
    ),
]
Inputs = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        help=say("推进时间的输入：sales,stock,quotes", "inputs that move time: sales,stock,quotes"),
        show_default=False,
    ),
]
Quarantine = Annotated[
    Literal["on", "off"] | None,
    typer.Option(
        "--quarantine",
        help=say(
            "隔离可疑报价（默认 on，事件时间模式 off）", "hold suspect quotes back (default on; off in event-time mode)"
        ),
        show_default=False,
    ),
]
Native = Annotated[
    Literal["auto", "on", "off"] | None,
    typer.Option(
        "--native",
        help=say(
            "用 Rust 解码器读小票（默认 auto：装了就用）",
            "read receipts by the decoder in Rust (default auto: where it is installed)",
        ),
        show_default=False,
    ),
]
Packs = Annotated[
    str | None,
    typer.Option(
        "--packs",
        help=say("规则包，逗号分隔", "rule packs, by comma: NAME, NAME:wholesale or FILE.toml"),
        show_default=False,
    ),
]
RegionPacks = Annotated[
    list[str] | None,
    typer.Option(
        "--region-packs",
        help=say(
            "某地区及其下级改用的规则包，可多次：540100=live,my.toml",
            "packs that hold in a region and below it instead, several times: 540100=live,my.toml",
        ),
        show_default=False,
    ),
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", help=say("当地时区", "civil time of the deployment"), show_default=False)
]
Partitions = Annotated[
    int | None,
    typer.Option("--partitions", min=1, help=say("主题分区数", "partitions of every topic"), show_default=False),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", min=0, max=65535, help=say("指标与探针端口", "port of metrics and probes"), show_default=False
    ),
]
MetricsHost = Annotated[
    str | None,
    typer.Option("--metrics-host", help=say("指标与探针地址", "address of metrics and probes"), show_default=False),
]
Group = Annotated[str | None, typer.Option("--group", help=say("消费组", "consumer group"), show_default=False)]
SlotNumber = Annotated[
    int | None,
    typer.Option("--slot", min=0, help=say("本进程的固定编号", "this worker's own number"), show_default=False),
]
WaitForParts = Annotated[
    bool | None,
    typer.Option(
        "--wait-for-parts/--no-wait-for-parts",
        help=say(
            "代理或仓库暂时连不上时等待（worker、serve 默认）；否则报错退出（up 默认）",
            "wait for a broker or warehouse that cannot be reached yet (default of worker and serve); "
            "else refuse (default of up)",
        ),
        show_default=False,
    ),
]
StallSeconds = Annotated[
    float | None,
    typer.Option(
        "--stall-seconds",
        min=1,
        help=say("有积压而无进展多久后未就绪（60 秒）", "not ready after so long with lag and no progress (60 s)"),
        show_default=False,
    ),
]
StallExitSeconds = Annotated[
    float | None,
    typer.Option(
        "--stall-exit-seconds",
        min=1,
        help=say("停滞多久后以退出码 76 结束（180 秒）", "end with exit code 76 after so long (180 s)"),
        show_default=False,
    ),
]
BrokerMemory = Annotated[
    int | None,
    typer.Option(
        "--broker-memory",
        min=64,
        help=say(
            "内置代理的内存上限（MiB，默认 2048）：超过则读完、换新代理继续",
            "MiB that the embedded broker may take (2048); beyond it everything is read and a new one goes on",
        ),
        show_default=False,
    ),
]
EXITS = say(
    "退出码：0 全部入库；75 有未入库的数据，下次启动重读；76 停滞，请重启；70 停止超时；1 故障；2 需先改正。",
    "Exit codes: 0 all stored; 75 something is not stored and is read again after the next start; "
    "76 stalled, start again; 70 the stop hung; 1 a part failed; 2 something must be corrected first.",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=say(
            "一条命令启动全部：代理、仓库、流处理、网页。内置代理只在内存中。",
            "Everything on one machine: broker, warehouse, worker, web. The embedded broker is in memory only.",
        ),
        epilog=examples(
            "staplewatch up --data DIR",
            "staplewatch up --data DIR --port 0 --duration 60s",
            "staplewatch up --data DIR --map counties.geojson",
            "staplewatch up --data DIR --event-time --inputs quotes --catalogue veg/catalogue",
            "staplewatch up --broker kafka://host:9092 --warehouse clickhouse://user:password@host:9000/staplewatch",
            EXITS,
        ),
    )(up)
    app.command(
        help=say("一个流处理进程（生产环境可有多个）。", "One worker of a production deployment."),
        epilog=examples(
            "staplewatch worker --broker kafka://host:9092 --warehouse clickhouse://host/staplewatch --slot 0",
            EXITS,
        ),
    )(worker)
    app.command(
        help=say("只启动网页。", "The web application alone."),
        epilog=examples(
            "staplewatch serve --broker kafka://host:9092 --warehouse clickhouse://host/staplewatch",
            "staplewatch serve --broker … --warehouse … --host 0.0.0.0 --operations postgresql://user:password@host/db",
        ),
    )(serve)
    app.command(
        help=say("建表与升级。", "Create and upgrade the warehouse's tables."),
        epilog=examples("staplewatch migrate --warehouse clickhouse://user:password@host:9000/staplewatch"),
    )(migrate)


def up(
    data: Data = None,
    port: Port = None,
    host: Host = None,
    duration: Duration = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    operations: Operations = None,
    open_wall: OpenWall = None,
    exercise: Exercise = None,
    event_time: EventTime = None,
    inputs: Inputs = None,
    quarantine: Quarantine = None,
    native: Native = None,
    catalogue: Catalogue = None,
    map: Map = None,
    packs: Packs = None,
    region_packs: RegionPacks = None,
    timezone: Timezone = None,
    partitions: Partitions = None,
    group: Group = None,
    slot: SlotNumber = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
    wait_for_parts: WaitForParts = None,
    stall_seconds: StallSeconds = None,
    stall_exit_seconds: StallExitSeconds = None,
    broker_memory: BrokerMemory = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Run everything."""
    return _launch(locals(), with_worker=True)


def serve(
    data: Data = None,
    port: Port = None,
    host: Host = None,
    duration: Duration = None,
    broker: Broker = None,
    warehouse: Warehouse = None,
    operations: Operations = None,
    open_wall: OpenWall = None,
    exercise: Exercise = None,
    catalogue: Catalogue = None,
    map: Map = None,
    timezone: Timezone = None,
    wait_for_parts: WaitForParts = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Run the web application."""
    return _launch(locals(), with_worker=False)


def worker(
    broker: Broker = None,
    warehouse: Warehouse = None,
    slot: SlotNumber = None,
    data: Data = None,
    duration: Duration = None,
    event_time: EventTime = None,
    inputs: Inputs = None,
    quarantine: Quarantine = None,
    native: Native = None,
    catalogue: Catalogue = None,
    packs: Packs = None,
    region_packs: RegionPacks = None,
    timezone: Timezone = None,
    partitions: Partitions = None,
    group: Group = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
    wait_for_parts: WaitForParts = None,
    stall_seconds: StallSeconds = None,
    stall_exit_seconds: StallExitSeconds = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    config: Config = None,
    lang: Lang = None,
) -> int:
    """Run a worker."""
    from staplewatch.signals import StoppedEarlyError, Stopping  # noqa: PLC0415

    given = locals()
    stopping = Stopping()
    try:
        settings = _settings(given)
        _need(settings, "broker", "warehouse")
        from staplewatch import solo  # noqa: PLC0415

        return solo.run(settings, stopping, seconds(duration), partial(_read, given))
    except StoppedEarlyError:
        return 0


def migrate(warehouse: Warehouse = None, data: Data = None, config: Config = None, lang: Lang = None) -> None:
    """Create and upgrade tables."""
    from staplewatch import assembly  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    settings = _settings(locals())
    import warehouse as stores  # noqa: PLC0415

    try:
        store = stores.connect(settings.warehouse_url)
        try:
            applied = store.migrate()
        finally:
            store.close()
    except (stores.WarehouseUnavailable, stores.WarehouseError) as error:
        raise CommandError(assembly.unusable(error)) from error
    for name in applied:
        typer.echo(name)
    typer.echo(say(f"已应用 {len(applied)} 项", f"{len(applied)} applied"), err=True)


def _launch(given: dict[str, Any], *, with_worker: bool) -> int:
    from staplewatch.signals import StoppedEarlyError, Stopping  # noqa: PLC0415

    stopping = Stopping()  # before the imports that take seconds
    try:
        settings = _settings(given)
        if not with_worker:
            _need(settings, "broker", "warehouse")
        from staplewatch import launcher, launching  # noqa: PLC0415

        limit = seconds(given.get("duration"))
        return launcher.Launcher(
            settings,
            stopping,
            launching.announce,
            duration=limit,
            with_worker=with_worker,
            reread=partial(_read, given),
        ).run()
    except StoppedEarlyError:
        return 0


def _settings(given: dict[str, Any]) -> Settings:
    from staplewatch import logs  # noqa: PLC0415

    chosen = _read(given)
    logs.configure(chosen.log_level, chosen.log_format)
    return chosen


def _read(given: dict[str, Any]) -> Settings:
    from staplewatch import settings  # noqa: PLC0415

    named = {name: value for name, value in given.items() if name in settings.Settings.model_fields}
    return settings.load(given.get("config"), **named)


def _need(settings: Settings, *names: str) -> None:
    from staplewatch.errors import CommandError  # noqa: PLC0415

    for name in names:
        if getattr(settings, name) is None:
            msg = say(
                f"需要 --{name}（或 STAPLEWATCH_{name.upper()}）", f"--{name} is needed (or STAPLEWATCH_{name.upper()})"
            )
            raise CommandError(msg)

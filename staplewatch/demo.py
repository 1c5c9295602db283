"""The demonstration: real sales and a lockdown, compressed in time, with a live view of what comes out.

The instance and the two producers are processes of their own; this one only asks and shows.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from staplewatch import instance, places
from staplewatch.errors import CommandError
from staplewatch.source import Instance, Rows
from staplewatch.words import language, say

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Where the real sales go, and where the lockdown happens: neither disturbs the other's prices.
SALES_PREFECTURES: Final = "540100,540200,540300"
#: Dates of real sales at the end of the year that is played, moved to end today.
SALES_DAYS: Final = 7
SALES_LAST: Final = date(2017, 12, 31)
#: The scenario's history is sent at full speed: about 5,000 receipts per county. More counties where there is time.
LOCKDOWN_PREFECTURES: Final = ((120, "540400,540500,540600,542500"), (75, "540400,540500"), (0, "540400"))
#: Hours that the scenario's paced part lasts: four dates from 8 o'clock on.
PACED_HOURS: Final = 4 * 24 - 8
#: What start-up and history take before the paced part can begin, and what the end takes.
BEFORE_SECONDS: Final = 20
AFTER_SECONDS: Final = 3
#: Of these, what the scenario's history takes while the real sales run already.
HISTORY_SECONDS: Final = 6
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.0
#: An instance that is catching up may be busy for a while: the picture must move on.
ANSWER_SECONDS: Final = 2.0
#: Off a terminal a line of text is enough now and then.
PLAIN_SECONDS: Final = 5.0
#: A directory with one of these was a demonstration's before, and may be emptied.
MARKS: Final = ("demo", instance.LOCK)
ROWS: Final = 6
#: Speeds are over this long: a chunk of history is counted at once.
WINDOW_SECONDS: Final = 5.0


@dataclass(slots=True)
class Picture:
    """What is shown: refreshed from the instance's answers."""

    ready: float | None = None
    totals: dict[str, float] = field(default_factory=dict)
    events_per_s: float = 0.0
    lines_per_s: float = 0.0
    movers: Rows = field(default_factory=list)
    covers: Rows = field(default_factory=list)
    alerts: Rows = field(default_factory=list)
    firing: int = 0
    indicators_after: int = 0
    alerts_after: int = 0
    _seen: deque[tuple[float, dict[str, float]]] = field(default_factory=deque)
    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _alerts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def count(self, totals: dict[str, float], now: float) -> None:
        """Take in the worker's totals and derive speeds from the change over the last seconds."""
        self._seen.append((now, totals))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        if now > since:
            self.events_per_s, self.lines_per_s = (
                (totals.get(name, 0.0) - before.get(name, 0.0)) / (now - since) for name in ("events", "lines")
            )
        self.totals = totals

    def take(self, indicators: Rows, alerts: Rows) -> None:
        """Take in what changed; prefectures are left out, their counties tell more."""
        self._rows.update(((row["region"], row["good"]), row) for row in indicators if not row["region"].endswith("00"))
        self._alerts.update((row["key"], row) for row in alerts)

    def choose(self, name: Callable[[Any], dict[str, Any]]) -> None:
        """Choose what is shown: the largest rises, the lowest covers, the newest alerts that are firing."""
        rows = self._rows.values()
        moved = sorted((row for row in rows if row["spike_24h"] is not None), key=lambda row: -row["spike_24h"])
        covered = sorted((row for row in rows if row["cover_days"] is not None), key=lambda row: row["cover_days"])
        self.movers, self.covers = [name(row) for row in moved[:ROWS]], [name(row) for row in covered[:ROWS]]
        firing = [row for row in self._alerts.values() if row["state"] == "firing"]
        self.firing = len(firing)
        self.alerts = sorted(firing, key=lambda row: (row["at"], row["key"]), reverse=True)[: ROWS + 2]


def run(data: Path, seconds: int, port: int, *, clock: Callable[[], float] = time.monotonic) -> int:
    """Run the demonstration for ``seconds``; return the exit code. The data directory stays behind."""
    began = clock()
    _empty(data)
    with _processes(data) as start:
        up = start("up", ["up", "--data", str(data), "--port", str(port), "--log-level", "warning", "--exercise"])
        found = _wait_ready(data, up, began, clock)
        sys.stdout.write(say(f"大屏：{found.http}/wall\n", f"wall: {found.http}/wall\n"))
        sys.stdout.flush()
        _play(start, data, seconds, clock() - began)
        picture = Picture(ready=clock() - began)
        _show(picture, Instance(found, ANSWER_SECONDS), up, began + seconds - AFTER_SECONDS, clock)
    elapsed = clock() - began - (picture.ready or 0.0)
    counts = _counts(data)
    speed = counts["lines"] / max(elapsed, 1.0)
    told = " ".join(f"{name}={counts[name]}" for name in ("indicators", "alerts", "dead_letters"))
    sys.stdout.write(f"demo: lines={counts['lines']} lines_per_s={speed:.0f} {told}\n")
    sys.stdout.flush()
    return 0


def _empty(data: Path) -> None:
    if data.exists():
        if instance.holder(data) is not None:
            msg = say(f"{data} 正在被使用：先停止该实例", f"{data} is in use: stop that instance first")
            raise CommandError(msg)
        if any(data.iterdir()) and not any((data / mark).exists() for mark in MARKS):
            msg = say(
                f"{data} 不是演示目录：换一个 --data", f"{data} is no demonstration's directory: choose another --data"
            )
            raise CommandError(msg)
        shutil.rmtree(data)
    (data / "demo").mkdir(parents=True)


Start = Callable[[str, Sequence[str]], "subprocess.Popen[bytes]"]


@contextmanager
def _processes(data: Path) -> Iterator[Start]:
    """Yield what starts a command; all of them are ended at the end, the instance last."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        from staplewatch.broker import die_with_parent  # noqa: PLC0415

        command = [sys.executable, "-m", "staplewatch", *arguments]
        with (data / "demo" / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509
                env={**os.environ, "STAPLEWATCH_LANG": language()},
            )
        started.append(child)
        return child

    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield start
    finally:
        signal.signal(signal.SIGTERM, previous)
        for child in reversed(started):
            _end(child)


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _wait_ready(data: Path, up: subprocess.Popen[bytes], began: float, clock: Callable[[], float]) -> instance.Instance:
    sys.stdout.write(say("正在启动代理、仓库、流处理和网页 …\n", "starting broker, warehouse, worker and web …\n"))
    sys.stdout.flush()
    while clock() - began < READY_SECONDS:
        found = instance.find(data)
        if found is not None:
            return found
        if up.poll() is not None:
            break
        time.sleep(0.1)
    log = data / "demo" / "up.log"
    last = log.read_text(errors="replace").strip().splitlines()[-1:] or [""]
    raise CommandError(
        say(f"实例未能启动（见 {log}）：{last[0]}", f"the instance did not start (see {log}): {last[0]}"), 1
    )


def _play(start: Start, data: Path, seconds: int, elapsed: float) -> None:
    paced = max(seconds - max(elapsed, BEFORE_SECONDS) - AFTER_SECONDS, 10)
    prefectures = next(codes for least, codes in LOCKDOWN_PREFECTURES if seconds >= least)
    speed = f"{PACED_HOURS * 3600 / paced:.0f}x"
    target = ["--data", str(data), "--format", "json"]
    truth = ["--truth", str(data / "demo" / "truth.jsonl")]
    start("lockdown", ["simulate", "lockdown", *target, "--prefectures", prefectures, "--speed", speed, *truth])
    first = (SALES_LAST - timedelta(days=SALES_DAYS - 1)).isoformat()
    pace = ["--from", first, "--shift-to", "now", "--speed", f"{SALES_DAYS * 86_400 / (paced + HISTORY_SECONDS):.0f}x"]
    start("sales", ["replay", "completejourney", *target, "--prefectures", SALES_PREFECTURES, *pace])


def _show(
    picture: Picture, source: Instance, up: subprocess.Popen[bytes], until: float, clock: Callable[[], float]
) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console()
    name = places.namer(None)
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            while clock() < until and up.poll() is None:
                _look(picture, source, name, clock)
                live.update(draw(picture, source.found.http, until - clock()), refresh=True)
                time.sleep(0.5)
    else:
        told = 0.0
        while clock() < until and up.poll() is None:
            _look(picture, source, name, clock)
            if clock() - told >= PLAIN_SECONDS:
                told = clock()
                sys.stdout.write(plain(picture) + "\n")
                sys.stdout.flush()
            time.sleep(0.5)
    _look(picture, source, name, clock)
    if up.poll() is not None:
        msg = say(f"实例提前结束（{up.returncode}）", f"the instance ended early ({up.returncode})")
        raise CommandError(msg, code=1)


def _look(
    picture: Picture, source: Instance, name: Callable[[Any], dict[str, Any]], clock: Callable[[], float]
) -> None:
    """Ask the instance for what is new; one that is too busy to answer is asked again the next time."""
    with suppress(CommandError):
        picture.count(source.totals(), clock())
        rows, picture.indicators_after = source.news("indicators", {"grain": "5m"}, picture.indicators_after)
        changed, picture.alerts_after = source.news("alerts", {}, picture.alerts_after)
        picture.take(rows, changed)
        picture.choose(name)


def draw(picture: Picture, http: str, left: float) -> RenderableType:
    """Return the live table."""
    from rich.columns import Columns  # noqa: PLC0415
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    movers = Table(title=say("涨幅最大（较基线）", "Top price changes (against baseline)"), title_justify="left")
    covers = Table(title=say("可销天数最少", "Lowest covers"), title_justify="left")
    for table, last in ((movers, say("24小时", "24 h")), (covers, say("天", "days"))):
        table.add_column(say("地区", "region"))
        table.add_column(say("商品", "good"))
        table.add_column(last, justify="right")
    for row in picture.movers:
        movers.add_row(row["place"], row["good_name"], f"{row['spike_24h']:+.0%}")
    for row in picture.covers:
        covers.add_row(row["place"], row["good_name"], f"{row['cover_days']:.1f}")
    news = Table(
        title=say(f"最新预警（触发中 {picture.firing}）", f"Newest alerts ({picture.firing} firing)"),
        title_justify="left",
    )
    news.add_column(say("级别", "level"))
    news.add_column(say("说明", "in words"))
    for row in picture.alerts:
        news.add_row(places.level_name(row["level"]), Text(say(row["text_zh"], row["text_en"])))
    footer = Text(f"{http}/wall   " + say(f"还有 {max(left, 0):.0f} 秒", f"{max(left, 0):.0f} s left"), style="dim")
    return Group(Text(plain(picture), style="bold"), Columns([movers, covers]), news, footer)


def plain(picture: Picture) -> str:
    """Return the state in one line."""
    lines, lag = picture.totals.get("lines", 0), picture.totals.get("lag", 0)
    speed = f"{picture.events_per_s:,.0f}", f"{picture.lines_per_s:,.0f}"
    newest = picture.alerts[0] if picture.alerts else None
    words = say(newest["text_zh"], newest["text_en"]) if newest else say("尚无预警", "no alerts yet")
    return say(
        f"事件/秒 {speed[0]}  行/秒 {speed[1]}  累计 {lines:,.0f} 行  积压 {lag:,.0f}  触发 {picture.firing}  {words}",
        f"events/s {speed[0]}  lines/s {speed[1]}  lines {lines:,.0f}  lag {lag:,.0f}  "
        f"firing {picture.firing}  {words}",
    )


def _counts(data: Path) -> dict[str, int]:
    """Return how many lines, indicators, alert episodes and dead letters the directory holds now."""
    import warehouse as stores  # noqa: PLC0415
    from staplewatch import settings  # noqa: PLC0415

    store = stores.connect(settings.load(data=data).warehouse_url)
    try:
        rows = store.query("counts")
        found = dict(zip(rows.column("name").to_pylist(), rows.column("rows").to_pylist(), strict=True))
        episodes = store.query("alerts_highest").num_rows
        lines = sum(found[table] for table in ("sales", "stock", "quotes"))
        return {
            "lines": lines,
            "indicators": found["indicators"],
            "alerts": episodes,
            "dead_letters": found["dead_letters"],
        }
    finally:
        store.close()

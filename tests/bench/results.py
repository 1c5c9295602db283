"""What was measured, as a table for people and as JSON beside it: ``tests/bench/results/<date>.json``."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

DIRECTORY = Path(__file__).with_name("results")
PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "msgspec", "numpy", "polars", "clickhouse-driver", "chdb")
#: Bars of issue 6: at least, or at most.
BARS = {
    "pipe_vs_best_peer": (">=", 6.0),
    "pipe_vs_confluent": (">=", 1.0),
    "pipe_vs_faust": (">=", 100.0),
    "job_vs_confluent": (">=", 0.3),
    "alert_p99_s_20k": ("<", 1.0),
    "cost_growth": ("<", 1.5),
    "rebuild_s": ("<", 10.0),
    "wall_query_p99_ms": ("<", 100.0),
    "state_gib": ("<", 4.0),
}
NOTE = (
    "Two cores shared with the broker, the ClickHouse server and whatever else ran (see load_average). Rates of "
    "different runs are not comparable; pipe and job ratios are medians over rounds of one interleaved run."
)


@dataclass
class Results:
    """Ratios of issue 6, figures beside them, and the raw runs."""

    ratios: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def write(self, directory: Path = DIRECTORY) -> Path:
        """Write the file of today and return it; what it has of measurements left out of this run (``-k``) stays."""
        directory.mkdir(exist_ok=True)
        path = directory / f"{self.started:%Y-%m-%d}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        for name in ("ratios", "figures", "raw"):
            setattr(self, name, before.get(name, {}) | getattr(self, name))
        machine = {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
        }
        load = {"start": self.load_before, "end": os.getloadavg()}
        rounded = {name: round(value, 4) for name, value in self.ratios.items()}
        about = {
            "started": f"{self.started:%Y-%m-%dT%H:%M:%SZ}",
            "machine": machine,
            "load_average": load,
            "note": NOTE,
        }
        content = {"ratios": rounded, "figures": self.figures, **about, "raw": self.raw}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return path

    def show(self, console: Console) -> None:
        """Print the ratios against their bars, then the figures."""
        table = Table("what", "measured", "bar", "", title="staplewatch bench")
        for name, value in self.ratios.items():
            sign, bar = BARS[name]
            reached = value >= bar if sign == ">=" else value < bar
            table.add_row(name, f"{value:,.3f}", f"{sign} {bar:g}", "ok" if reached else "missed")
        for name, figure in self.figures.items():
            table.add_row(name, figure if isinstance(figure, str) else f"{figure:,.2f}", "", "")
        console.print(table)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()

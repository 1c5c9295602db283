"""What a candidate is asked and has to answer. Standard library only: it runs in every environment.

Asked: ``--servers host:port --topic NAME --counts N,N,… --result FILE``: read the first ``N`` records
of each partition, sum amount (1/10,000 CNY) and quantity (1/1,000 unit) per county, good and 5
minutes. The clock runs from the first record in hand to the last one summed up; connecting,
joining a group and importing are nobody's speed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

BUCKET = 300
#: How the codes of counties that no catalogue has end.
UNKNOWN = "99"

#: "county|good|start of the bucket" -> [amount, quantity].
Totals = dict[str, list[int]]


@dataclass
class Task:
    """What to read, and where the answer goes."""

    servers: str
    topic: str
    counts: list[int]
    result: Path
    directory: Path
    #: Which of several ways to do it.
    way: str = ""

    @property
    def records(self) -> int:
        """Return how many records there are to read."""
        return sum(self.counts)


def asked(arguments: Sequence[str] | None = None) -> Task:
    """Return the task of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--counts", required=True, type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--result", required=True, type=Path)
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("--way", default="")
    return Task(**vars(parser.parse_args(arguments)))


@dataclass
class Meter:
    """Wall clock and CPU of this process, all its threads included, from ``start`` to ``stop``."""

    seconds: float = 0.0
    cpu: float = 0.0
    _running: tuple[float, float] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start unless it runs already."""
        if self._running is None:
            self._running = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Stop."""
        assert self._running is not None, "nothing was read"
        wall, cpu = self._running
        self.seconds, self.cpu = time.perf_counter() - wall, time.process_time() - cpu


@dataclass
class Left:
    """Counts down the records of each partition; ``take`` says whether one is still asked for."""

    counts: list[int]

    def __post_init__(self) -> None:
        """Keep how many are left."""
        self.records = sum(self.counts)
        self._left = list(self.counts)

    def take(self, partition: int) -> bool:
        """Count one record; False when this partition's share is complete."""
        if not self._left[partition]:
            return False
        self._left[partition] -= 1
        self.records -= 1
        return True

    def some(self, partition: int, many: int) -> int:
        """Count up to ``many`` records and return how many are asked for."""
        taken = min(many, self._left[partition])
        self._left[partition] -= taken
        self.records -= taken
        return taken


def answer(task: Task, meter: Meter, totals: Totals, **more: object) -> None:
    """Write the result; amounts of counties that do not exist are dropped here, outside the clock."""
    known = {key: each for key, each in totals.items() if key[4:6] != UNKNOWN}
    found = {"seconds": meter.seconds, "cpu": meter.cpu, "records": task.records, "peak": _peak(), "totals": known}
    task.result.write_text(json.dumps({**found, **more}))


def _peak() -> int:
    """Return the largest resident memory, bytes; ``ru_maxrss`` begins with what the parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


class Minutes:
    """Start of the bucket of an RFC 3339 time, cached by the text up to the minute."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def bucket(self, text: str) -> int:
        """Return epoch seconds."""
        minute = text[:16] + text[19:]
        found = self._known.get(minute)
        if found is None:
            at = datetime.fromisoformat(text).timestamp()
            found = self._known[minute] = int(at) // BUCKET * BUCKET
        return found


def flat(sums: dict[tuple[str, str, int], list[int]]) -> Totals:
    """Return sums by a tuple as sums by a text."""
    return {"|".join(map(str, key)): value for key, value in sums.items()}

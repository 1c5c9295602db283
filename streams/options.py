"""What can be set, with defaults and the reason for each. Limits come from here, never from constants in code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas import topics
from streams.indicators.suspects import Limits

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How events become indicators (see RULES). Durations are seconds."""

    timezone: str = "Asia/Shanghai"
    #: Event-time mode: only the named inputs and ``clock`` move time.
    event_time: bool = False
    inputs: tuple[str, ...] = topics.INPUTS
    close_after: int = 2 * 3600
    #: Share of yesterday's sites that must have quoted before a date is evaluated early; 1.0 never does.
    coverage: float = 0.8
    carry_days: int = 3
    #: A later event is a dead letter: one wrong date must not close the future.
    ahead: int = 600
    earliest: int = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
    #: Records above this are dead letters of stage ``size`` (the broker's own limit is 16 MiB).
    max_record_bytes: int = 8 * MIB
    #: So are batches of receipts with more lines than this: it bounds what one record can take of the event loop
    #: (50 ms, or 1 s if every line is wrong) and how many dead letters can come of it.
    max_record_lines: int = 50_000
    #: Live: silence after which the wall clock moves a prefecture's time,
    idle_after: int = 60
    #: unless its newest event is older than this: then a replay of old data is running.
    idle_reach: int = 36 * 3600
    #: Live: an input counts as being read for so many chunks after its last, or this long by the wall clock;
    #: for at most this long time then waits for it. A feed that is always late delays a bucket's close by it.
    alternation: int = 8
    hold: float = 1.0
    #: Live: how long after its close a date of a province waits for prefectures that have fallen silent.
    extent_wait: int = 3600
    open_hours: tuple[int, int] = (8, 22)
    list_days: int = 28
    #: Counts kept per (site, good), so that a correction can take away the newest ones: 20 B each.
    counts_kept: int = 4
    #: Lines of deliveries kept per prefecture for the same purpose, within 7 dates: 32 B each.
    deliveries_kept: int = 500_000
    #: Grid points that one call decides per prefecture at most (0: all that are due). A compressed replay
    #: makes thousands due at once, ~0.3 ms each; the event loop must not stand still for them.
    most_steps: int = 0
    #: How often changed indicators are handed to the publisher, which sends at most one per key and second.
    live_seconds: float = 0.2
    #: Quotes that look wrong are held back until a later quote or a person says what they are.
    quarantine: bool = False
    suspect: Limits = field(default_factory=Limits)
    #: Plain receipts are read by the decoder in Rust (``streams.native``), which must be installed.
    native: bool = False
    #: Feed kind of enterprises that the registry does not know: sales are taken off the last count.
    snapshots_feed: bool = True


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker talks to Kafka and the warehouse."""

    broker: str
    data: Path
    group: str = "staplewatch"
    slot: int = 0
    embedded: bool = False
    partitions: int = topics.PARTITIONS
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    #: Records in one chunk at most: bounds the pause that one chunk makes in the event loop, 10 ms for receipts of five
    #: lines with the decoder in Rust, 40 ms in Python. Half of it costs a tenth more per line.
    chunk_records: int = 8000
    fetch_bytes: int = 4 * MIB
    #: Rows waiting for the warehouse; above it consumption pauses.
    buffer_bytes: int = 256 * MIB
    flush_seconds: float = 1.0
    flush_rows: int = 100_000
    snapshot_seconds: float = 60.0
    #: What snapshots of one partition may write on average; one of 60 MB then comes every 4 minutes,
    snapshot_bytes: float = 0.25 * MIB
    #: but never less often than this: a rebuild reads the raw rows since.
    snapshot_seconds_most: float = 600.0
    live_seconds: float = 1.0
    #: History that a rebuild without a snapshot reads: the longest look-back of any indicator (change_month: 34
    #: dates and the carry before it), and the dates that its first quotes are held against (``suspect.own_dates``).
    history_days: int = 46
    stop_seconds: float = 6.0
    #: With lag and no progress: not ready after the first, ended for a restart after the second.
    #: Longest time that the group may take to share out partitions before the process ends: the broker's own limits
    #: for that are 6 s each.
    sharing_seconds: float = 60.0
    stall_seconds: float = 60.0
    stall_exit_seconds: float = 180.0
    engine: Options = field(default_factory=Options)


#: Options that may change between a snapshot and its use.
_NOT_STATE = {
    "most_steps",
    "native",
    "max_record_bytes",
    "ahead",
    "extent_wait",
    "earliest",
    "idle_after",
    "idle_reach",
    "hold",
    "alternation",
    "live_seconds",
}


def of_state(options: Options) -> dict[str, object]:
    """Return the options that the state depends on, by name."""
    return {name: getattr(options, name) for name in Options.__dataclass_fields__ if name not in _NOT_STATE}

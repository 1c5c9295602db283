"""What a worker counts, for Prometheus. One object, passed in; the registry is the caller's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Seconds; one chunk takes milliseconds, a chunk of 4,000 receipts some 100 ms.
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: Seconds from the broker's time stamp to the applied state; replays of old logs end in the last bucket.
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_RECORDS = (1, 10, 100, 500, 1000, 2000, 4000, 8000)
_ROWS = (1, 10, 100, 1000, 10_000, 50_000, 100_000, 200_000)


class Metrics:
    """Counters, gauges and histograms of a worker, all named ``staplewatch_…``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._input()
        self._state()
        self._warehouse()

    def _input(self) -> None:
        registry = self.registry
        self.events = Counter("staplewatch_events", "Records read", ["topic"], registry=registry)
        self.lines = Counter("staplewatch_lines", "Rows of raw tables made from them", ["table"], registry=registry)
        self.counts = Counter("staplewatch_counts", "Lines by what happened to them", ["what"], registry=registry)
        self.dead_letters = Counter("staplewatch_dead_letters", "Rejected", ["topic", "stage"], registry=registry)
        self.gaps = Counter("staplewatch_gaps", "Records lost before they were read", ["topic"], registry=registry)
        self.stale = Counter("staplewatch_stale_chunks", "Chunks dropped and read again", registry=registry)
        self.chunk = Histogram("staplewatch_chunk_records", "Records per chunk", registry=registry, buckets=_RECORDS)
        self.batch = Histogram("staplewatch_chunk_seconds", "Time to apply a chunk", registry=registry, buckets=_FAST)
        self.latency = Histogram("staplewatch_latency_seconds", "Broker to state", registry=registry, buckets=_SLOW)
        self.lag = Gauge("staplewatch_lag", "Records not read yet", ["topic", "partition"], registry=registry)

    def _state(self) -> None:
        registry = self.registry
        self.state = Gauge("staplewatch_state_entries", "Entries", ["partition", "part"], registry=registry)
        self.assigned = Gauge("staplewatch_partitions", "Partitions that this worker holds", registry=registry)
        self.rebuilds = Counter("staplewatch_rebuilds", "Partitions rebuilt", registry=registry)
        self.rebuild = Histogram("staplewatch_rebuild_seconds", "Time to rebuild one", registry=registry, buckets=_SLOW)
        self.alerts = Counter("staplewatch_alerts", "Transitions", ["level", "state"], registry=registry)
        self.sent = Counter("staplewatch_sent", "Records acknowledged by the broker", ["topic"], registry=registry)
        self.unsent = Counter("staplewatch_send_failures", "Records to send again", ["topic"], registry=registry)

    def _warehouse(self) -> None:
        registry = self.registry
        self.inserts = Counter("staplewatch_inserts", "Inserts done", ["table"], registry=registry)
        self.rows = Counter("staplewatch_rows", "Rows inserted", ["table"], registry=registry)
        self.failures = Counter("staplewatch_insert_failures", "Inserts that failed", registry=registry)
        self.insert = Histogram("staplewatch_insert_seconds", "Time of an insert", registry=registry, buckets=_FAST)
        self.insert_rows = Histogram("staplewatch_insert_rows", "Rows per insert", registry=registry, buckets=_ROWS)
        self.buffer = Gauge("staplewatch_buffer_bytes", "Rows waiting for the warehouse (estimate)", registry=registry)
        self.paused = Gauge("staplewatch_paused", "1 while the buffer is full and reading waits", registry=registry)
        self.snapshots = Counter("staplewatch_snapshots", "Snapshots stored", registry=registry)
        self.freeze = Histogram(
            "staplewatch_snapshot_pause_seconds", "Copying a state", registry=registry, buckets=_FAST
        )
        self.snapshot_bytes = Gauge(
            "staplewatch_snapshot_bytes", "Size of the newest snapshot", ["partition"], registry=registry
        )

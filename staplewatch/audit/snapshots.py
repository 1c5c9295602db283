"""Check *snapshots*: none knows of more than the progress, and a rebuild would find one to begin with."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from staplewatch.audit.report import Tally, Text, spot
from staplewatch.audit.scope import Scope

UNIT = Text("快照", "snapshots")


def check(scope: Scope, tally: Tally) -> None:
    """Look at the newest snapshots of every partition and epoch. They are read first: progress only grows."""
    found = scope.query("audit_snapshots")
    progress = {
        (epoch, topic, partition): offset
        for epoch, topic, partition, offset in scope.query("audit_progress").iter_rows()
    }
    subject = scope.subject
    fingerprints = {
        partition: subject.new_engine(partition, subject.epoch.id, subject.epoch.ordinal).fingerprint
        for partition in sorted({partition for _, partition in scope.reached if partition < subject.partitions})
    }
    compare(found, progress, tally)
    without = missing(found, fingerprints)
    if without:
        listed = ", ".join(map(str, without))
        tally.note(
            f"分区 {listed} 没有可用的快照：重建要读全部历史（刚更换目录、规则包或设置后属正常）",
            f"partitions {listed} have no usable snapshot: a rebuild reads all history "
            "(normal just after a change of catalogue, packs or settings)",
        )


def compare(found: pl.DataFrame, progress: Mapping[tuple[str, str, int], int], tally: Tally) -> None:
    """Hold each snapshot's offsets against the progress of its epoch."""
    for row in found.iter_rows(named=True):
        tally.compared += 1
        offsets = msgspec.json.decode(row["offsets"], type=dict[str, int])
        for topic, offset in sorted(offsets.items()):
            reached = progress.get((row["epoch"], topic, row["partition"]), 0)
            if offset > reached:
                tally.wrong("snapshot_beyond", _where(row, topic), f"<= {reached}", offset)
        if sum(offsets.values()) != row["position"]:
            tally.wrong("snapshot_position", _where(row), sum(offsets.values()), row["position"])


def missing(found: pl.DataFrame, fingerprints: Mapping[int, str]) -> list[int]:
    """Return the partitions of which no snapshot of any epoch fits the engine."""
    usable = set(found.select("partition", "fingerprint").iter_rows())
    return [partition for partition, fingerprint in fingerprints.items() if (partition, fingerprint) not in usable]


def _where(row: Mapping[str, object], topic: str = "snapshot") -> str:
    return f"{row['epoch']} {spot(topic, int(str(row['partition'])))} @{row['position']}"

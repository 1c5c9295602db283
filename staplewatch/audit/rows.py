"""Check *rows*: one content per key, known brokers, nothing that was forgotten beyond the progress."""

from __future__ import annotations

import polars as pl

from staplewatch.audit.report import Tally, Text, facts, spot
from staplewatch.audit.scope import Scope

UNIT = Text("行", "rows")
#: Offsets whose keys are counted in one query: bounds the server's memory, some 100 MB with five lines a record.
WINDOW = 200_000


def check(scope: Scope, tally: Tally) -> None:
    """Look at every raw row of every epoch."""
    extents = scope.query("audit_extents")
    progress = {
        (epoch, topic, partition): offset
        for epoch, topic, partition, offset in scope.query("audit_progress").iter_rows()
    }
    progress |= {(scope.subject.epoch.id, *place): offset for place, offset in scope.reached.items()}
    unknown(extents, set(scope.ordinals), tally)
    total, done, copies, beyond, ended = int(extents["rows"].sum()), 0, 0, 0, 0
    for extent in extents.iter_rows(named=True):
        copies += _place(scope, extent, tally)
        reached = progress.get((extent["epoch"], extent["topic"], extent["partition"]), 0)
        found = _beyond(scope, extent, reached)
        if extent["epoch"] == scope.subject.epoch.id and scope.unread is None:
            beyond += found
        else:
            ended += found
        done += extent["rows"]
        scope.tell("rows", done, total)
    tally.compared += total
    if copies:
        tally.note(f"{copies:,} 行是相同的副本，合并时消失", f"{copies:,} rows are equal copies, merges remove them")
    if beyond:
        tally.note(
            f"{beyond:,} 行在进度之后：它们的记录会再读一遍",
            f"{beyond:,} rows lie at or beyond the progress: their records will be read again",
        )
    if ended:
        tally.note(
            f"{ended:,} 行在已消失的代理的进度之后：照样算数",
            f"{ended:,} rows lie beyond the progress of a broker that is gone: they count",
        )


def unknown(extents: pl.DataFrame, epochs: set[str], tally: Tally) -> None:
    """Find rows of brokers that table ``epochs`` does not have."""
    strange = extents.filter(~pl.col("epoch").is_in(sorted(epochs)))
    for epoch, rows in strange.group_by("epoch").agg(pl.col("rows").sum()).sort("epoch").iter_rows():
        tally.wrong("epoch", epoch, "epochs", f"rows={rows}")


def contents(where: str, copies: pl.DataFrame, tally: Tally) -> int:
    """Judge keys stored more than once (offset, line, copies, contents); returns the number of equal copies."""
    for row in copies.filter(pl.col("contents") > 1).iter_rows(named=True):
        tally.wrong("contents", f"{where} @{row['offset']}:{row['line']}", "contents=1", facts(row, ["contents"]))
    return int((copies["copies"] - copies["contents"]).sum())


def _place(scope: Scope, extent: dict[str, object], tally: Tally) -> int:
    where = {name: extent[name] for name in ("epoch", "topic", "partition")}
    name = spot(str(extent["topic"]), int(str(extent["partition"])))
    last, copies = int(str(extent["last_offset"])), 0
    for begin in range(int(str(extent["first_offset"])), last + 1, WINDOW):
        found = scope.query(
            f"audit_copies_{extent['name']}", **where, from_offset=begin, to_offset=min(begin + WINDOW, last + 1)
        )
        copies += contents(name, found, tally)
    return copies


def _beyond(scope: Scope, extent: dict[str, object], reached: int) -> int:
    if int(str(extent["last_offset"])) < reached:
        return 0
    where = {name: extent[name] for name in ("epoch", "topic", "partition")}
    found = scope.query("audit_beyond", **where, table=str(extent["name"]), from_offset=reached)
    return int(found["rows"].sum())

"""Check *alerts*: what is open is open everywhere, once, and with all of its transitions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import polars as pl

from schemas import topics
from schemas.events import Alert
from staplewatch.audit.report import Tally, Text
from staplewatch.audit.scope import Scope
from streams.chunk import Chunk
from streams.reader import LogReader

UNIT = Text("预警", "alert episodes")
#: A transition goes to the topic at once and to the warehouse within a second or two.
SETTLE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.5
RESOLVED: Final = "resolved"

#: The newest transition of a key: (episode, seq, state, level).
State = tuple[str, int, str, str]
#: A key, and its newest transition here and there.
Differing = tuple[str, State | None, State | None]


def check(scope: Scope, log: LogReader | None, tally: Tally) -> None:
    """Look at every episode, and compare with the topic."""
    episodes(scope.query("audit_episodes"), tally)
    two_open(scope.query("audit_alerts"), tally)
    if log is None:
        return
    published, strange = newest_published(log.topic(topics.ALERTS, scope.subject.partitions))
    if strange:
        tally.note(f"主题 alerts 有 {strange:,} 条无法解读", f"{strange:,} records of topic alerts cannot be read")

    def again() -> list[Differing]:
        published.update(newest_published(log.topic(topics.ALERTS, scope.subject.partitions))[0])
        return unequal(newest_stored(scope.query("audit_alerts")), published)

    differing = settled(unequal(newest_stored(scope.query("audit_alerts")), published), again)
    report(differing, tally)


def episodes(numbers: pl.DataFrame, tally: Tally) -> None:
    """Find gaps in the numbers of transitions: (key, id, first, last, stored)."""
    tally.compared += numbers.height
    gaps = numbers.filter((pl.col("first") != 0) | (pl.col("last") + 1 != pl.col("stored")))
    for row in gaps.iter_rows(named=True):
        expected, found = f"seq=0..{row['last']}", f"first={row['first']} stored={row['stored']}"
        tally.wrong("seq_gap", f"{row['key']} {row['id']}", expected, found, row["last"] + 1 - row["stored"] or 1)


def two_open(newest: pl.DataFrame, tally: Tally) -> None:
    """Find keys with more than one episode that is not resolved."""
    standing = newest.filter(pl.col("state") != RESOLVED).group_by("key").agg("id").filter(pl.col("id").list.len() > 1)
    for key, ids in standing.sort("key").iter_rows():
        tally.wrong("two_open", key, "open=1", " ".join(sorted(ids)), len(ids) - 1)


def newest_stored(newest: pl.DataFrame) -> dict[str, State]:
    """Return the newest transition of each key, from the newest of each of its episodes."""
    last = newest.sort("version", "at", "seq").group_by("key", maintain_order=True).last()
    return {key: tuple(state) for key, *state in last.select("key", "id", "seq", "state", "level").iter_rows()}


def newest_published(chunks: Iterable[Chunk]) -> tuple[dict[str, State], int]:
    """Return the newest record of each key by ``Alert.supersedes``, and how many could not be read."""
    newest: dict[str, Alert] = {}
    strange = 0
    for chunk in chunks:
        for value in chunk.values:
            try:
                alert = msgspec.json.decode(value or b"", type=Alert)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                strange += 1
                continue
            known = newest.get(alert.key)
            if known is None or alert.supersedes(known):
                newest[alert.key] = alert
    return {key: (each.id, each.seq, each.state, each.level) for key, each in newest.items()}, strange


def unequal(stored: Mapping[str, State], published: Mapping[str, State]) -> list[Differing]:
    """Return keys that are open on one side and otherwise on the other: (key, stored, published)."""
    open_somewhere = {key for side in (stored, published) for key, state in side.items() if state[2] != RESOLVED}
    pairs = ((key, stored.get(key), published.get(key)) for key in sorted(open_somewhere))
    return [pair for pair in pairs if pair[1] != pair[2]]


def settled(
    differing: list[Differing],
    again: Callable[[], list[Differing]],
    *,
    seconds: float = SETTLE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Differing]:
    """Look again while anything differs: workers may be between the two."""
    deadline = clock() + seconds
    while differing and clock() < deadline:
        sleep(LOOK_SECONDS)
        differing = again()
    return differing


def report(differing: Iterable[Differing], tally: Tally) -> None:
    """Note keys on which warehouse and topic differ."""
    for key, stored, published in differing:
        tally.wrong("alert_topic", key, f"warehouse: {text(stored)}", f"topic: {text(published)}")


def text(state: State | None) -> str:
    """Return a state for people."""
    return "-" if state is None else f"{state[0]} seq={state[1]} {state[2]} {state[3]}"

"""Check *letters*: table ``dead_letters`` and topic ``dead.letters`` hold the same rejected records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from schemas import topics
from schemas.letters import LETTER_LINES
from staplewatch.audit.report import Tally, Text, ranges, spot
from staplewatch.audit.scope import Scope
from streams.chunk import Chunk
from streams.reader import LogReader

UNIT = Text("死信", "dead letters")
HEADERS: Final = tuple(f"__connect.errors.{name}" for name in ("topic", "partition", "offset", "stage"))
KEY: Final = ["topic", "offset", "line", "stage"]
SCHEMA: Final = {"topic": pl.String, "offset": pl.Int64, "line": pl.Int64, "stage": pl.String}


@dataclass(slots=True)
class Published:
    """The letters of one source partition that the topic still holds; ``oldest`` is the first one's time (epoch s).

    ``whole``: none was deleted by the broker. ``strange``: records that are no dead letters of ours.
    """

    keys: dict[str, list[object]] = field(default_factory=lambda: {name: [] for name in KEY})
    oldest: int = 0
    whole: bool = True
    strange: int = 0

    def frame(self) -> pl.DataFrame:
        """Return one row per letter: topic, offset, line, stage."""
        return pl.DataFrame(self.keys, SCHEMA)


def check(scope: Scope, log: LogReader, tally: Tally) -> None:
    """Compare partition by partition: a letter goes to the partition that its record came from."""
    published = collect(log.topic(topics.DEAD_LETTERS, scope.subject.partitions))
    again = strange = 0
    for partition in range(scope.subject.partitions):
        told = published.get(partition, Published())
        stored = scope.query("audit_dead_letters", epoch=scope.subject.epoch.id, partition=partition)
        reached = {topic: offset for (topic, number), offset in scope.reached.items() if number == partition}
        again += compare(partition, told, stored, reached, tally)
        strange += told.strange
    if again:
        tally.note(f"主题上有 {again:,} 条重复", f"{again:,} records are on the topic more than once")
    if strange:
        tally.note(f"主题上有 {strange:,} 条不是死信", f"{strange:,} records on the topic are no dead letters")


def collect(chunks: Iterable[Chunk]) -> dict[int, Published]:
    """Return the letters of each partition by what their headers say."""
    found: dict[int, Published] = {}
    for chunk in chunks:
        if chunk.partition not in found:
            first = chunk.offsets[0] if len(chunk) else 0
            stamp = chunk.timestamps[0] // 1000 if len(chunk) else 0
            found[chunk.partition] = Published(oldest=stamp, whole=first == 0)
        told = found[chunk.partition]
        for headers in chunk.headers:
            if not _add(told, dict(headers)):
                told.strange += 1
    return found


def _add(told: Published, headers: Mapping[str, bytes | None]) -> bool:
    """Add one letter; a record that has been one before carries headers of then, the last ones count."""
    try:
        topic, _, offset, stage = ((headers[name] or b"").decode() for name in HEADERS)
        number, line = int(offset), int((headers.get(LETTER_LINES) or b"0").partition(b"+")[0])
    except (KeyError, ValueError):
        return False
    for name, value in zip(KEY, (topic, number, line, stage), strict=True):
        told.keys[name].append(value)
    return True


def compare(partition: int, told: Published, stored: pl.DataFrame, reached: Mapping[str, int], tally: Tally) -> int:
    """Compare one partition both ways up to ``reached`` (per topic); returns how many are on the topic again.

    ``stored``: topic, offset, line, stage, at (epoch s). What the broker deleted is not missed on the topic.
    """
    published = told.frame()
    once = published.unique()
    limits = pl.DataFrame(list(reached.items()), {"topic": pl.String, "limit": pl.Int64}, orient="row")
    due_stored = _due(stored, limits)
    due_told = _due(once, limits)
    tally.compared += due_stored.height
    missed = due_stored.join(once, on=KEY, how="anti")
    if not told.whole:
        missed = missed.filter(pl.col("at") > told.oldest)
    _wrong("letter_topic", partition, missed, tally)
    _wrong("letter_table", partition, due_told.join(stored, on=KEY, how="anti"), tally)
    return published.height - once.height


def _due(letters: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Return the letters of records below the progress; later ones may still be under way."""
    return letters.join(limits, on="topic").filter(pl.col("offset") < pl.col("limit"))


def _wrong(problem: str, partition: int, letters: pl.DataFrame, tally: Tally) -> None:
    for (topic, stage), group in letters.sort(KEY).group_by("topic", "stage", maintain_order=True):
        for first, last in ranges(group["offset"]):
            expected, found = (stage, None) if problem == "letter_topic" else (None, stage)
            tally.wrong(problem, spot(str(topic), partition, first, last), expected, found, last - first + 1)

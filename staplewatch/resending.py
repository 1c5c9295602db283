"""``replay dead-letters``: chosen letters back to their topics, or said what would become of them."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from producers.replay import dead_letters, item_mapping
from producers.replay.dead_letters import Ready, UnreadableError
from producers.replay.item_mapping import ItemMapping
from staplewatch import sending
from staplewatch.errors import CommandError
from staplewatch.letters import place_of
from staplewatch.where import ConditionError, Where
from staplewatch.words import say

if TYPE_CHECKING:
    from producers.progress import Reporter
    from schemas.catalogue import Catalogue
    from staplewatch.source import Source

Row = Mapping[str, Any]

#: How often the stream is asked what became of the records.
ASK_SECONDS: Final = 0.3
#: What became of a record that the stream has not met yet.
NOT_READ: Final = "not_read"


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay, in the words of the command line. ``settle``: seconds to wait for what becomes of it."""

    where: str | None = None
    mapping: Path | None = None
    limit: int | None = None
    again: bool = False
    settle: float = 15.0


class Trial(Protocol):
    """Says without sending what would become of records."""

    def __call__(self, records: Sequence[Ready]) -> None:
        """Judge some records."""


class Outlet(dead_letters.Outlet, Protocol):
    """A producer."""

    def flush(self) -> None:
        """Wait until the broker has everything."""


@dataclass(slots=True)
class Summary:
    """Letters by what was done with them; ``mapped`` counts lines."""

    letters: int = 0
    sent: int = 0
    skipped: int = 0
    unreadable: list[str] = field(default_factory=list)
    mapped: int = 0
    became: dict[str, int] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what the command tells."""
        told = {name: getattr(self, name) for name in ("letters", "sent", "skipped", "mapped")}
        return told | {"unreadable": len(self.unreadable), "became": self.became}


class Chooser:
    """Picks letters and makes them ready to be sent; counts what it leaves out."""

    def __init__(self, request: Request, catalogue: Catalogue, partitions: int, zone: str) -> None:
        self._request = request
        self._catalogue = catalogue
        self.partitions = partitions
        self._where = condition(request.where, zone)
        self._mapping = mapping(request.mapping, catalogue)
        self.summary = Summary()

    def choose(self, rows: Sequence[Row]) -> list[Ready]:
        """Return those of the letters that are to be sent."""
        verdicts = self._where.choose(rows) if self._where else [True] * len(rows)
        return [each for row, wanted in zip(rows, verdicts, strict=True) if wanted for each in self._ready(row)]

    @property
    def full(self) -> bool:
        """Return whether as many were picked as the limit allows."""
        return self._request.limit is not None and self.summary.sent >= self._request.limit

    def _ready(self, row: Row) -> Iterator[Ready]:
        if self.full:
            return
        summary = self.summary
        summary.letters += 1
        if dead_letters.attempts(row) and not self._request.again:
            summary.skipped += 1
            return
        try:
            record = dead_letters.ready(row, self._catalogue, self.partitions, self._mapping)
        except UnreadableError as error:
            summary.unreadable.append(f"{place_of(row)}: {error}")
            return
        summary.sent += 1
        summary.mapped += record.mapped
        yield record


def condition(text: str | None, zone: str) -> Where | None:
    """Return the condition; ``CommandError`` says where it is wrong."""
    if text is None:
        return None
    try:
        return Where(text, zone)
    except ConditionError as error:
        msg = f"--where: {error}"
        raise CommandError(msg) from error


def mapping(file: Path | None, catalogue: Catalogue) -> ItemMapping | None:
    """Return the mapping of items; ``CommandError`` names the wrong rows."""
    if file is None:
        return None
    with sending.explained():
        return item_mapping.load(file, catalogue)


def pages(source: Source, total: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the first ``total`` letters, oldest first: what is rejected again meanwhile comes after them."""
    left = total
    for page in source.letters({"order": "oldest"}):
        yield page[:left]
        left -= len(page)
        if left <= 0:
            return


def total(source: Source) -> int:
    """Return how many letters there are."""
    return sum(row["letters"] for row in source.ask("dead-letters/summary", {"limit": 1_000_000}))


def rehearse(source: Source, chooser: Chooser, trial: Trial, bar: Reporter) -> Summary:
    """Let ``trial`` judge what would be sent."""
    for rows in _watched(source, bar):
        trial(chooser.choose(rows))
        if chooser.full:
            break
    return chooser.summary


def resend(
    source: Source,
    outlet: Outlet,
    chooser: Chooser,
    bar: Reporter,
    *,
    settle: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Summary:
    """Send page by page, note each page once the broker has it, then wait for what became of all.

    Killed in between, at most one page is sent and not noted; the stream notes those itself when it reads them.
    """
    run = uuid.uuid4().hex
    for rows in _watched(source, bar):
        records = chooser.choose(rows)
        for record in records:
            record.send(outlet)
        outlet.flush()
        if records:
            source.record([_noted(record, run) for record in records])
        if chooser.full:
            break
    deadline = clock() + settle
    while chooser.summary.sent:
        found = {row["outcome"]: row["records"] for row in source.ask("dead-letters/replays", {"run": run})}
        chooser.summary.became = {name or NOT_READ: count for name, count in found.items()}
        if not found.get("") or clock() >= deadline:
            break
        sleep(ASK_SECONDS)
    return chooser.summary


def _watched(source: Source, bar: Reporter) -> Iterator[list[dict[str, Any]]]:
    number = total(source)
    bar.begin("replay dead-letters", number)
    try:
        for rows in pages(source, number) if number else ():
            yield rows
            bar.advance(len(rows), 0)
    finally:
        bar.end()


def _noted(record: Ready, run: str) -> dict[str, Any]:
    replay = record.replay
    return {
        "epoch": replay.epoch,
        "topic": replay.topic,
        "partition": replay.partition,
        "offset": replay.offset,
        "line": replay.line,
        "attempt": replay.attempt,
        "sent_partition": record.partition,
        "run": run,
    }


@dataclass(slots=True)
class Rehearsal:
    """Runs the stream's own decoder over records, one (topic, partition) at a time.

    ``decode`` returns the lines that would count and the rejected records' (stage, reason).
    """

    decode: Callable[[str, int, Sequence[Ready]], tuple[int, list[tuple[str, str]]]]
    lines: int = 0
    rejected: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __call__(self, records: Sequence[Ready]) -> None:
        """Judge some records."""
        places: dict[tuple[str, int], list[Ready]] = {}
        for record in records:
            places.setdefault((record.replay.topic, record.partition), []).append(record)
        for (topic, partition), group in places.items():
            lines, dead = self.decode(topic, partition, group)
            self.lines += lines
            self.rejected.update((topic, stage, reason) for stage, reason in dead)

    def facts(self) -> dict[str, Any]:
        """Return what the command tells."""
        return {
            "lines": self.lines,
            "rejected_again": sum(self.rejected.values()),
            "reasons": [
                {"topic": topic, "stage": stage, "reason": reason, "records": count}
                for (topic, stage, reason), count in self.rejected.most_common()
            ],
        }


def unreadable_lines(summary: Summary, most: int = 20) -> Iterator[str]:
    """Yield what could not be sent, the first ones."""
    yield from summary.unreadable[:most]
    if len(summary.unreadable) > most:
        more = len(summary.unreadable) - most
        yield say(f"… 另有 {more} 条", f"… and {more} more")

"""Check *records*: every record of the log is in the warehouse as it should be, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from schemas import topics
from staplewatch.audit.decoding import Expected, decode, decode_clock, moments
from staplewatch.audit.report import Tally, Text, facts, ranges, spot
from staplewatch.audit.scope import TABLE_OF, Scope
from streams.chunk import Chunk
from streams.decode import Decoder
from streams.positions import Place
from streams.reader import Bounds, LogReader
from streams.seen import DATES, Seen

UNIT = Text("记录", "records")
KEY = ["offset", "line"]
DAY = 86_400


class Records:
    """Reads places of the log window by window and compares each with what is stored."""

    def __init__(self, scope: Scope, log: LogReader, tally: Tally) -> None:
        self._scope, self._log, self._tally = scope, log, tally
        self._rejected_then = self._dropped = self._unjudged = 0
        self._first_epoch = min(scope.ordinals.values(), default=0) >= scope.subject.epoch.ordinal

    def check(self, bounds: Mapping[Place, Bounds]) -> None:
        """Compare all places up to their progress; what workers tell each other leaves no rows to compare."""
        spans = {
            place: (bounds[place].start, min(self._scope.reached.get(place, 0), bounds[place].end))
            for place in bounds
            if place[0] in topics.CONSUMED
        }
        total, done = sum(max(0, end - begin) for begin, end in spans.values()), 0
        for place, (begin, end) in spans.items():
            for size in self._place(place, begin, end):
                done += size
                self._scope.tell("records", done, total)
        self._tell()

    def _place(self, place: Place, begin: int, end: int) -> Iterator[int]:
        """Compare one place; yields the sizes of its windows."""
        subject, at = self._scope.subject, begin
        decoder = Decoder(subject.catalogue, place[1], subject.partitions, self._scope.civil, subject.options, Seen())
        for chunk in self._log.read(place, begin, end):
            self._window(place, at, chunk, decoder, repeats=begin == 0 and self._first_epoch)
            yield chunk.next_offset - at
            at = chunk.next_offset
        if at < end:
            self._tally.wrong("short", spot(*place), end, at, end - at)

    def _window(self, place: Place, begin: int, chunk: Chunk, decoder: Decoder, *, repeats: bool) -> None:
        where = {"epoch": self._scope.subject.epoch.id, "topic": place[0], "partition": place[1]}
        where |= {"from_offset": begin, "to_offset": chunk.next_offset}
        letters = self._scope.query("audit_letters", **where)
        self._tally.compared += len(chunk)
        if place[0] == topics.CLOCK:
            self._buried(place, decode_clock(chunk, self._scope.subject.options, self._scope.present), letters)
            return
        stored = self._scope.query(f"{TABLE_OF[place[0]]}_after", **where)
        known = dict(letters.select("offset", "at").iter_rows())
        known |= dict(stored.select("offset", "ingested").iter_rows())
        expected = decode(decoder, chunk, moments(chunk, known))
        self._dropped += expected.dropped
        self._buried(place, expected, letters)
        self._compare(place, expected, stored, letters, repeats=repeats)

    def _buried(self, place: Place, expected: Expected, letters: pl.DataFrame) -> None:
        missing = sorted(expected.rejected - set(letters["offset"]))
        for first, last in ranges(missing):
            self._tally.wrong("unburied", spot(*place, first, last), "dead_letters", None, last - first + 1)

    def _compare(
        self, place: Place, expected: Expected, stored: pl.DataFrame, letters: pl.DataFrame, *, repeats: bool
    ) -> None:
        if expected.rows.equals(stored.select(expected.rows.columns)):
            return
        lost, invented, different = differences(expected.rows, stored)
        # Rejected when it came, though it would be accepted now: too far ahead of the clock, a good not yet known.
        excused = pl.col("offset").is_in(sorted(set(letters["offset"]) - expected.rejected))
        self._rejected_then += lost.filter(excused)["offset"].n_unique()
        self._rows("lost", place, lost.filter(~excused))
        self._rows("invented", place, invented)
        self._altered(place, different, repeats=repeats)

    def _rows(self, problem: str, place: Place, rows: pl.DataFrame) -> None:
        counts = dict(rows.group_by("offset").len().sort("offset").iter_rows())
        for first, last in ranges(counts):
            lines = sum(counts.get(offset, 0) for offset in range(first, last + 1))
            expected, found = (f"lines={lines}", None) if problem == "lost" else (None, f"lines={lines}")
            self._tally.wrong(problem, spot(*place, first, last), expected, found, lines)

    def _altered(self, place: Place, different: pl.DataFrame, *, repeats: bool) -> None:
        for row in different.iter_rows(named=True):
            names = [name for name in row if f"{name}_stored" in row and row[name] != row[f"{name}_stored"]]
            if names == ["repeat"]:
                self._repeat(place, row, repeats=repeats)
                continue
            names = [name for name in names if name != "repeat" or repeats]
            stored = {name: row[f"{name}_stored"] for name in names}
            where = f"{spot(*place, row['offset'])}:{row['line']}"
            self._tally.wrong("different", where, facts(row, names), facts(stored, names))

    def _repeat(self, place: Place, row: dict[str, object], *, repeats: bool) -> None:
        """Judge a flag: repeats are known over 7 dates, from the first record on, and across topics of a partition."""
        if not repeats or self._forgotten(place[1], row):
            self._unjudged += 1
            return
        where = f"{spot(*place, int(str(row['offset'])))}:{row['line']}"
        self._tally.wrong("repeat", where, f"repeat={row['repeat']}", f"repeat={row['repeat_stored']}")

    def _forgotten(self, partition: int, row: dict[str, object]) -> bool:
        """Return whether the line's date may have fallen out of memory: something much newer had come before."""
        where = {"epoch": self._scope.subject.epoch.id, "partition": partition, "until": row["ingested"]}
        newest: int = self._scope.query("audit_newest", **where).item() or 0
        return int(str(row["at"])) // DAY <= newest // DAY - DATES + 1

    def _tell(self) -> None:
        notes: Sequence[tuple[int, str, str]] = (
            (self._dropped, "条为培训或作废小票，按规则不入库", "training or cancelled receipts, dropped by rule"),
            (self._rejected_then, "条当时被拒收、如今会接受：可重放死信", "rejected then, accepted now: replay them"),
            (
                self._unjudged,
                "行的重复标记无法核对：记忆只有 7 天，且需从第一条记录读起",
                "flags of repeats not judged: they are known over 7 dates, from the first record on",
            ),
        )
        for count, zh, en in notes:
            if count:
                self._tally.note(f"{count:,} {zh}", f"{count:,} {en}")


def differences(expected: pl.DataFrame, stored: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rows that are only expected, those only stored, and those of equal key whose content differs.

    The last have every column twice, the stored one with suffix ``_stored``.
    """
    both = expected.join(stored, on=KEY, how="inner", suffix="_stored")
    unequal = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in expected.columns if name not in KEY
    )
    return expected.join(stored, on=KEY, how="anti"), stored.join(expected, on=KEY, how="anti"), both.filter(unequal)

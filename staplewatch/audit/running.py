"""All checks in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from schemas import topics
from staplewatch.audit import alerts, buckets, dates, letters, log, rebuilt, records, rows, snapshots
from staplewatch.audit.lateness import Lateness, Punctuation
from staplewatch.audit.report import Report, Tally, Text
from staplewatch.audit.scope import Scope, Subject, Tell, silence
from streams import rebuild
from streams.clocks import Clocks
from streams.decode import UNREADABLE
from streams.indicators.civil import Civil
from streams.positions import Place
from streams.reader import Bounds, LogReader

#: Why the event-time check is not made otherwise.
LIVE: Final = Text(
    "仅在事件时间模式下核对：实时模式的时刻取决于时钟", "made in event-time mode only: live, the clock takes part"
)


def run(
    subject: Subject,
    reader: LogReader | None,
    unread: Text | None = None,
    *,
    wait: float = 0.0,
    tell: Tell = silence,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Make every check; without a ``reader``, ``unread`` says why the log cannot be read.

    ``wait``: first wait so many seconds until the progress has reached the ends that the logs have
    now. Raises what the warehouse raises, and ``BrokerUnreachableError``.
    """
    bounds = _ends(subject, reader, wait)
    began = now()
    scope = _scope(subject, began.timestamp(), unread, tell)
    tallies = _checks(scope, reader, bounds, waited=wait > 0)
    return Report(
        began.isoformat(timespec="seconds"),
        subject.epoch.id,
        [tally.summary() for tally in tallies],
        [finding for tally in tallies for finding in tally.findings],
    )


def _ends(subject: Subject, reader: LogReader | None, wait: float) -> dict[Place, Bounds]:
    """Return what the logs hold, once it is read or the time is over."""
    if reader is None:
        return {}

    def progress() -> Mapping[Place, int]:
        return rebuild.progress(subject.warehouse, subject.epoch.id)

    reached = progress()
    places = [(topic, number) for topic in topics.READ for number in range(subject.partitions)]
    bounds = reader.bounds({place: reached.get(place, 0) for place in places})
    log.wait(progress, bounds, wait)
    return bounds


def _scope(subject: Subject, present: float, unread: Text | None, tell: Tell) -> Scope:
    reached = rebuild.progress(subject.warehouse, subject.epoch.id)
    epochs = subject.warehouse.query("epochs").to_pylist()
    ordinals = {row["epoch"]: row["ordinal"] for row in epochs}
    return Scope(subject, reached, ordinals, Civil(subject.options.timezone), present, unread, tell)


def _checks(scope: Scope, reader: LogReader | None, bounds: Mapping[Place, Bounds], *, waited: bool) -> Sequence[Tally]:
    clocks = punctuation(scope, reader, bounds)

    def ends(_: LogReader, tally: Tally) -> None:
        log.check(bounds, scope.reached, tally, waited=waited)

    def stored(found: LogReader, tally: Tally) -> None:
        records.Records(scope, found, tally).check(bounds)

    def buried(found: LogReader, tally: Tally) -> None:
        letters.check(scope, found, tally)

    return [
        _read(scope, "log", log.UNIT, reader, ends),
        _read(scope, "records", records.UNIT, reader, stored),
        _made("rows", rows.UNIT, lambda tally: rows.check(scope, tally)),
        _made("buckets", buckets.UNIT, lambda tally: buckets.check(scope, Lateness(scope, "sales", clocks), tally)),
        _made("dates", dates.UNIT, lambda tally: dates.check(scope, Lateness(scope, "quotes", clocks), tally)),
        _made("snapshots", snapshots.UNIT, lambda tally: snapshots.check(scope, tally)),
        _made("alerts", alerts.UNIT, lambda tally: _alerts(scope, reader, tally)),
        _made("rebuilt", rebuilt.UNIT, lambda tally: _rebuilt(scope, reader, tally)),
        _read(scope, "letters", letters.UNIT, reader, buried),
    ]


def _made(name: str, unit: Text, check: Callable[[Tally], None]) -> Tally:
    tally = Tally(name, unit)
    check(tally)
    return tally


def _read(
    scope: Scope, name: str, unit: Text, reader: LogReader | None, check: Callable[[LogReader, Tally], None]
) -> Tally:
    """Make a check that needs the log."""
    tally = Tally(name, unit)
    if reader is not None:
        check(reader, tally)
    elif scope.unread is not None:
        tally.skip(scope.unread)
    return tally


def _alerts(scope: Scope, reader: LogReader | None, tally: Tally) -> None:
    alerts.check(scope, reader, tally)
    if reader is None and scope.unread is not None:
        tally.skip(scope.unread)


def _rebuilt(scope: Scope, reader: LogReader | None, tally: Tally) -> None:
    if scope.subject.options.event_time:
        rebuilt.check(scope, reader, tally)
    else:
        tally.skip(LIVE)


def punctuation(scope: Scope, reader: LogReader | None, bounds: Mapping[Place, Bounds]) -> list[Punctuation]:
    """Return the clock records that are still in the log and were read."""
    found: list[Punctuation] = []
    if reader is None:
        return found
    subject = scope.subject
    clocks = Clocks(subject.options)
    for number in range(subject.partitions):
        log_bounds = bounds[topics.CLOCK, number]
        mine = [
            code for code in subject.catalogue.prefectures if topics.partition_of(code, subject.partitions) == number
        ]
        for chunk in reader.read((topics.CLOCK, number), log_bounds.start, log_bounds.end):
            for value, stamp in zip(chunk.values, chunk.timestamps, strict=True):
                with suppress(*UNREADABLE):
                    clock, at, _ = clocks.parse(value, scope.present)
                    chosen = [code for code in mine if not clock.prefectures or str(code) in clock.prefectures]
                    found.append(Punctuation(chosen, at, stamp // 1000, clock.offsets))
    return found

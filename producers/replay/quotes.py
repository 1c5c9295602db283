"""Daily reports from a canonical quotes sheet: one event per date, site and kind, at 12:00 local time.

Noon is when the emergency daily report is due. Rows go in order of their date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from producers.progress import Reporter
from producers.replay.playback import Playback, Sink, Summary, play
from producers.replay.quotes_sheet import Quote, Sheet, load, write_rejected
from producers.replay.recording import Recording, ReplayError, Row
from schemas import topics
from schemas.catalogue import Catalogue, Problem
from schemas.events import QuoteKind, QuoteLine, QuoteReport

NOON: Final = time(12)

OTHER_KIND: Final = "rows of the other kind"
BAD_ROWS: Final = "bad rows"
#: Shown of a file with many: the first few say what is wrong with it.
MOST_SHOWN: Final = 20

_SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "civil": pl.Datetime("us"),
    "group": pl.Int64,
    "region": pl.Int64,
    "site": pl.String,
    "kind": pl.String,
    "good": pl.String,
    "unit": pl.String,
    "price": pl.Float64,
    "sales": pl.Float64,
    "stock": pl.Float64,
}


class BadRows(ReplayError):
    """A sheet that was not played because of bad rows; ``problems`` has all of them."""

    def __init__(self, path: Path, problems: Sequence[Problem], rows: int) -> None:
        self.problems = tuple(problems)
        self.rows = rows
        shown = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        if len(self.problems) > MOST_SHOWN:
            left = len(self.problems) - MOST_SHOWN
            shown.append(f"and {left} more / 另有 {left} 处")
        head = (
            f"{path.name}: {rows} bad row(s), nothing was sent: correct them, or send the others with --skip-bad"
            f" / 有 {rows} 行错误，未发送任何数据：请改正，或用 --skip-bad 只发送其余行"
        )
        super().__init__("\n".join([head, *shown]))


def replay(
    sink: Sink,
    catalogue: Catalogue,
    path: Path,
    playback: Playback | None = None,
    *,
    kind: QuoteKind | None = None,
    skip_bad: bool = False,
    reporter: Reporter | None = None,
) -> Summary:
    """Play the sheet into ``sink``. Raises ``ReplayError`` (``BadRows``), and what the sink raises.

    ``kind``: play this kind only, and take rows that name none for it. ``skip_bad``: play the good rows.
    """
    found = recording(catalogue, path, kind=kind, skip_bad=skip_bad)
    return play(found, sink, playback or Playback(), reporter=reporter)


def recording(catalogue: Catalogue, path: Path, *, kind: QuoteKind | None = None, skip_bad: bool = False) -> Recording:
    """Return the reports of the sheet.

    Without ``skip_bad`` any bad row raises ``BadRows``; with it they are written to
    ``FILE.rejected.csv`` beside the file.
    """
    sheet = load(path, catalogue, kind)
    if sheet.fatal:
        raise ReplayError("\n".join(map(str, sheet.fatal)))
    if sheet.rejected:
        _reject(path, sheet, skip=skip_bad)
    skipped = {BAD_ROWS: len(sheet.rejected), OTHER_KIND: sheet.other_kind}
    return Recording(
        title=path.name,
        inputs=(topics.QUOTES,),
        prefectures=tuple(sorted({quote.region // 100 * 100 for quote in sheet.quotes})),
        lines=_frame(sheet.quotes),
        build=_report,
        skipped={reason: count for reason, count in skipped.items() if count},
    )


def rejected_path(path: Path) -> Path:
    """Return where the bad rows of a sheet are written."""
    return path.with_name(f"{path.name.removesuffix('.csv')}.rejected.csv")


def _reject(path: Path, sheet: Sheet, *, skip: bool) -> None:
    if not skip:
        raise BadRows(path, [problem for row in sheet.rejected for problem in row.problems], len(sheet.rejected))
    target = rejected_path(path)
    try:
        write_rejected(target, sheet.rejected)
    except OSError as error:
        msg = f"{target} cannot be written ({error.strerror}): make room for it / 无法写入 {target.name}"
        raise ReplayError(msg) from error


def _frame(quotes: Sequence[Quote]) -> pl.DataFrame:
    groups: dict[tuple[object, str, str], int] = {}
    rows = []
    for quote in quotes:
        group = groups.setdefault((quote.day, quote.site, quote.kind), len(groups))
        noon = datetime.combine(quote.day, NOON)
        place = (noon, group, quote.region, quote.site, quote.kind)
        rows.append((*place, quote.good, quote.unit, quote.price, quote.sales, quote.stock))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _report(rows: Sequence[Row]) -> tuple[str, int, QuoteReport]:
    first = rows[0]
    lines = [
        QuoteLine(good=row["good"], unit=row["unit"], price=row["price"], sales=row["sales"], stock=row["stock"])
        for row in rows
    ]
    report = QuoteReport(
        event_id=_event_id(first, lines),
        sender=first["site"],
        site=first["site"],
        region=str(first["region"]),
        time=first["at"],
        lines=lines,
        kind=first["kind"],
        business_date=first["date"],
    )
    return topics.QUOTES, first["region"] // 100 * 100, report


def _event_id(first: Row, lines: list[QuoteLine]) -> str:
    """Return an id of the content: the same sheet sent again is a repeat, a corrected one is news."""
    content = msgspec.json.encode((first["site"], first["region"], first["kind"], first["date"], lines))
    return f"quote-{first['date']}-{hashlib.blake2b(content, digest_size=12).hexdigest()}"

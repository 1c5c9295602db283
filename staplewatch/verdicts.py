"""What a person says of a quote, as a report that goes the way of all others: it is right, or this is the right price.

Such a report has the time and date of the quote that it speaks of. So it counts instead of that quote (of equal times
the later one does), and it moves no time forward where old data are played.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.events import QuoteLine, QuoteReport
from schemas.fixed import PRICE, to_fixed
from schemas.units import UnitError, factor
from staplewatch.errors import CommandError
from staplewatch.words import say

if TYPE_CHECKING:
    import msgspec

    from schemas.catalogue import Catalogue

Row = Mapping[str, Any]
Verdict = Literal["confirm", "correct"]

#: What such reports are sent by, as actions on alerts are.
SENDER: Final = "desk"
#: How often the stream is asked whether it has read the report.
ASK_SECONDS: Final = 0.3
#: What is written for a quote that was never held back.
NOT_HELD: Final = "not_held"


class Asking(Protocol):
    """Answers questions as ``staplewatch.source.Source`` does."""

    def ask(self, what: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows that the API returns for those parameters."""


class Outlet(Protocol):
    """A producer."""

    def send(self, topic: str, prefecture: int, event: msgspec.Struct) -> None:
        """Hand over an event."""

    def flush(self) -> None:
        """Wait until the broker has everything."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which quote: by its id among those held back, or by site, good and date; the others narrow that down."""

    id: str | None = None
    site: str | None = None
    good: str | None = None
    date: str | None = None
    region: str | None = None
    kind: str | None = None

    def check(self) -> None:
        """Raise ``CommandError`` unless it names a quote."""
        named = [name for name in ("site", "good", "date") if getattr(self, name)]
        if (self.id and named) or (not self.id and len(named) < 3):
            msg = say(
                "请给出可疑报价的编号 ID，或同时给出 --site、--good、--date（见 staplewatch quotes suspects）",
                "name the quote by its ID, or by --site, --good and --date together (see staplewatch quotes suspects)",
            )
            raise CommandError(msg)
        if self.date is not None:
            check_date(self.date)

    def parameters(self) -> dict[str, Any]:
        """Return what the API takes."""
        return {name: getattr(self, name) for name in ("id", "site", "good", "date", "region", "kind")}


def find(source: Asking, subject: Subject, verdict: Verdict) -> Row:
    """Return the one quote that is meant, as a row of those held back or else of the quotes; raises ``CommandError``.

    Only a quote that waits can be confirmed; any can be corrected.
    """
    subject.check()
    held = source.ask("quotes/suspects", subject.parameters())
    waiting = [row for row in held if row["state"] == "waiting"]
    if subject.id:
        return _by_id(subject.id, held, verdict)
    if waiting or verdict == "confirm":
        return _only(waiting, subject)
    reported = source.ask("quotes", {name: text for name, text in subject.parameters().items() if name != "id"})
    newest = {(row["region"], row["kind"]): row for row in reported}  # of each site the last one counts
    return {"state": NOT_HELD, **_only(list(newest.values()), subject)}


def _by_id(identity: str, held: Sequence[Row], verdict: Verdict) -> Row:
    if not held:
        msg = say(
            f"没有编号为 {identity} 的可疑报价：用 staplewatch quotes suspects --state all 查看",
            f"no suspect quote has the id {identity}: see staplewatch quotes suspects --state all",
        )
        raise CommandError(msg)
    row = held[0]
    if verdict == "confirm" and row["state"] != "waiting":
        msg = say(
            f"{identity} 的状态已是“{state_name(row['state'])}”：如需改价，用 staplewatch quotes correct",
            f"{identity} is {row['state']} already: to set another price use staplewatch quotes correct",
        )
        raise CommandError(msg)
    return row


def _only(rows: Sequence[Row], subject: Subject) -> Row:
    what = f"{subject.site} {subject.good} {subject.date}"
    if not rows:
        raise CommandError(
            say(f"{what} 没有这样的报价", f"there is no such quote of {what}: see staplewatch quotes suspects")
        )
    if len(rows) > 1:
        found = ", ".join(f"{row['region']} {row['kind']}" for row in rows)
        msg = say(
            f"{what} 有多个报价（{found}）：加上 --region 或 --kind",
            f"{what} has several quotes ({found}): add --region or --kind",
        )
        raise CommandError(msg)
    return rows[0]


def report(row: Row, verdict: Verdict, price: float, unit: str, zone: str) -> QuoteReport:
    """Return the report that confirms a quote or corrects it to ``price``, CNY per base ``unit``."""
    named = [row["event_id"]] if row["event_id"] else []
    return QuoteReport(
        event_id=f"{verdict}-{uuid.uuid4().hex}",
        sender=SENDER,
        site=row["site"],
        region=row["region"],
        time=datetime.fromisoformat(row["at"]).astimezone(ZoneInfo(zone)).isoformat(),
        lines=[QuoteLine(good=row["good"], unit=unit, price=price)],
        kind=row["kind"],
        business_date=row["date"],
        corrects=named if verdict == "correct" else [],
        confirms=named if verdict == "confirm" else [],
        schema=2,
    )


def base_unit(catalogue: Catalogue, row: Row) -> str:
    """Return the base unit of a quote's good; raises ``CommandError`` where the catalogue has no such good."""
    good = catalogue.goods.get(row["good"])
    if good is None:
        msg = say(
            f"目录中没有商品 {row['good']}：请给出 --catalogue",
            f"the catalogue has no good {row['good']}: give --catalogue",
        )
        raise CommandError(msg)
    return good.unit


def in_base_unit(catalogue: Catalogue, row: Row, price: float, unit: str | None) -> float:
    """Return ``price`` per ``unit`` (the good's base unit if None) in CNY per base unit; raises ``CommandError``."""
    base = base_unit(catalogue, row)
    try:
        found = to_fixed(price / factor(unit or base, base), PRICE)
    except (UnitError, ValueError) as error:
        msg = f"--price, --unit: {error}"
        raise CommandError(msg) from error
    if found <= 0:
        raise CommandError(say(f"--price {price:g}：必须大于 0", f"--price {price:g}: must be above 0"))
    return found / PRICE


def send(outlet: Outlet, event: QuoteReport) -> None:
    """Send a report and wait until the broker has it."""
    outlet.send(topics.QUOTES, int(event.region) // 100 * 100, event)
    outlet.flush()


def settle(
    source: Asking,
    row: Row,
    event: QuoteReport,
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Wait until the stream has read the report and decided, at most ``seconds``; return what is known then.

    ``read``: it is stored. ``state``: what the quote is now.
    """
    where = {name: row[name] for name in ("site", "good", "date", "region", "kind")}
    deadline = clock() + seconds
    while True:
        read = any(each["event_id"] == event.event_id for each in source.ask("quotes", where))
        state = row["state"]
        if row.get("id"):
            found = source.ask("quotes/suspects", {"id": row["id"]})
            state = found[0]["state"] if found else state
        if (read and state != "waiting") or clock() >= deadline:
            return {"read": read, "state": state}
        sleep(ASK_SECONDS)


def state_name(state: str) -> str:
    """Return what became of a quote in words."""
    names = {
        "waiting": ("待核实", "waiting"),
        "confirmed": ("已确认", "confirmed"),
        "corrected": ("已更正", "corrected"),
        "expired": ("逾期", "expired"),
        NOT_HELD: ("未隔离", "not held back"),
    }
    return say(*names.get(state, (state, state)))


def why(row: Row) -> str:
    """Return what is wrong with a quote that is held back, in words."""
    slip = row["slip"]
    if slip is None:
        return say("数值离谱", "absurd")
    times = f"×{slip:g}" if slip >= 1 else f"÷{1 / slip:g}"
    return say(f"疑似单位错误 {times}", f"unit slip {times}")


def facts(row: Row, event: QuoteReport, became: Row) -> dict[str, Any]:
    """Return what the command tells: the quote, what was sent, and what became of it."""
    quoted = {name: row[name] for name in ("site", "region", "good", "date", "kind")}
    prices = {"was": row["price"], "price": event.lines[0].price}
    return {"id": row.get("id", ""), **quoted, **prices, "event_id": event.event_id, **became}


def check_date(text: str) -> None:
    """Raise ``CommandError`` for a text that is no date."""
    try:
        date.fromisoformat(text)
    except ValueError as error:
        msg = say(f"--date：{text!r} 不是日期，例如 2022-08-08", f"--date: {text!r} is no date, try 2022-08-08")
        raise CommandError(msg) from error

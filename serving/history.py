"""What the warehouse knows and the live stream does not: daily prices, and what single sites said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from schemas.fixed import AMOUNT, PRICE, QUANTITY
from serving import rows
from serving.access import NEEDS
from serving.answers import Answers, Parameters
from serving.wall import Wall

DAY: Final = 86_400
#: A site lists a good for 28 dates from its last event (RULES); a quote is carried for 3.
SITE_DAYS: Final = 28
LONGEST_DAYS: Final = 400
_EPOCH: Final = date(1970, 1, 1)

Days = Annotated[int, QueryParameter(ge=1, le=LONGEST_DAYS, description="dates up to the newest one")]
Region = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="a county, for example 540402")]
Prefecture = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="the counties of a prefecture")]
County = Annotated[str, QueryParameter(pattern=r"^\d{6}$", description="a county, for example 540402")]
Good = Annotated[str | None, QueryParameter(description="code of the good, for example potato")]
Grain = Annotated[Literal["5m", "date"], QueryParameter(description="date: of quotes; 5m: at the till, 24-hour mean")]
Kind = Annotated[Literal["retail", "wholesale"], QueryParameter(description="kind of prices")]


class PriceRow(msgspec.Struct):
    """Median over counties of a good's price on a date, CNY per base unit, and over how many counties."""

    good: str
    date: str
    price: float
    counties: int


class SiteRow(msgspec.Struct):
    """What a site last said of a good; times are UTC, money CNY, quantities base units, null is "nothing said"."""

    site: str
    good: str
    price: float | None = None
    quoted_at: str | None = None
    stock: float | None = None
    counted_at: str | None = None
    sold_24h: float | None = None
    vwap_24h: float | None = None
    sold_at: str | None = None


@get("/api/prices", summary="Daily prices: medians over counties", opt={NEEDS: "wall"})
async def get_prices(
    answers: NamedDependency[Answers],
    wall: NamedDependency[Wall],
    days: Days = 14,
    grain: Grain = "date",
    kind: Kind = "retail",
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
) -> list[PriceRow]:
    """Return one row per good and date, of quotes or of sales, up to the newest event's date."""
    until = _day(_newest(wall, region or prefecture or ""), wall.timezone)
    asked = {"grain": grain, "kind": kind, "since": until - days + 1, "until": until, "good": good or ""}
    places = {"region": int(region or 0), "prefecture": int(prefecture or 0)}
    parameters: Parameters = {**asked, **places}
    found = await wall.memory.get(tuple(parameters.values()), lambda: answers.ask("prices_daily", parameters))
    return [PriceRow(each["good"], each["date"].isoformat(), each["price"], each["counties"]) for each in _each(found)]


@get("/api/sites", summary="What each site of a county last said", opt={NEEDS: "wall"})
async def get_sites(
    answers: NamedDependency[Answers], wall: NamedDependency[Wall], region: County, good: Good = None
) -> list[SiteRow]:
    """Return one row per site and good with an event in the last 28 dates."""
    newest = _newest(wall, region)
    asked = {"region": int(region), "good": good or ""}
    since = {"since": max(newest - SITE_DAYS * DAY, 0), "sold_since": max(newest - DAY, 0)}
    return _sites(_each(await answers.ask("sites_latest", {**asked, **since})))


def _sites(found: Iterable[dict[str, Any]]) -> list[SiteRow]:
    sites: dict[tuple[str, str], SiteRow] = {}
    for each in found:
        row = sites.setdefault((each["site"], each["good"]), SiteRow(each["site"], each["good"]))
        _say(row, each)
    return list(sites.values())


def _say(row: SiteRow, said: dict[str, Any]) -> None:
    at = rows.utc(said["newest"])
    if said["said"] == "quote":
        row.price, row.quoted_at = said["value"] / PRICE, at
    elif said["said"] == "count":
        row.stock, row.counted_at = said["quantity"] / QUANTITY, at
    else:
        row.sold_24h, row.sold_at = said["quantity"] / QUANTITY, at
        if said["quantity"] > 0:
            row.vwap_24h = round(said["value"] / AMOUNT / row.sold_24h, 4)


def _each(table: Any) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def _newest(wall: Wall, region: str) -> int:
    """Return the newest event time (epoch seconds) that is known of a region's prefecture, or of all; else now."""
    feeds = wall.hub.live.latest.feeds
    return feeds.newest(f"{region[:4]}00" if region else "") or int(datetime.now(UTC).timestamp())


def _day(at: int, timezone: str) -> int:
    return (datetime.fromtimestamp(at, ZoneInfo(timezone)).date() - _EPOCH) // timedelta(days=1)

"""The situations that the design was drawn for: the same 23 alerts, and prices and stock that go with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from schemas.events import Acknowledged, AsOf, Indicator, Substitute
from serving.rows import AlertRow
from tests.browser.told import CATALOGUE, row_of

NOW: Final = datetime(2026, 11, 23, 14, 32, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
TODAY: Final = NOW.date()
#: 可销天数 and changes at which a level begins, as in the packs that ship.
RISES: Final = {"yellow": 0.30, "orange": 0.50, "red": 1.00}
LEVELS: Final = ("blue", "yellow", "orange", "red")
#: Good: price of all counties today, change on the day and on the week.
PRICES: Final = {
    "tomato": (9.20, 0.022, 0.186),
    "chinese-cabbage": (4.35, 0.036, 0.160),
    "cucumber": (8.40, 0.012, 0.135),
    "green-pepper": (10.20, 0.015, 0.118),
    "celtuce": (7.60, 0.007, 0.094),
    "eggs": (13.10, 0.008, 0.056),
    "potato": (4.70, 0.0, 0.033),
    "eggplant": (8.10, -0.012, -0.030),
    "fresh-pork": (35.80, 0.003, 0.017),
    "beef": (92.00, 0.0, 0.005),
}
#: Good that stands for its category: days of cover of all counties.
COVERS: Final = {
    "japonica-rice": 41.2,
    "fresh-pork": 26.4,
    "milk": 14.8,
    "eggs": 7.1,
    "potato": 11.6,
    "celtuce": 3.6,
    "tomato": 8.4,
}
#: Counties that have not quoted today, and those that are late by two dates: 61 of 74 have.
YESTERDAY: Final = (540102, 540103, 540104, 540121, 540123, 540124, 540127, 540202, 540221, 540222)
LATE: Final = (542522, 540330, 540237)
#: Dates that the drill-down's county did not quote on.
GAP: Final = (TODAY - timedelta(days=12), TODAY - timedelta(days=11))

#: Region, good, level, what was measured, value, minutes ago, who confirmed it.
ALERTS: Final = (
    (540602, "chinese-cabbage", "orange", "change_week", 0.524, 6, ""),
    (542527, "cucumber", "orange", "change_week", 0.561, 21, ""),
    (540624, "green-pepper", "yellow", "change_week", 0.382, 34, ""),
    (540581, "cucumber", "yellow", "change_week", 0.340, 52, "扎西"),
    (540122, "celtuce", "blue", "cover_days", 2.1, 62, ""),
    (542526, "potato", "yellow", "cover_days", 4.2, 190, "卓玛"),
    (540623, "green-pepper", "orange", "out_days", 3, 300, "次仁"),
    (540423, "fresh-pork", "yellow", "cover_days", 9.1, 430, "卓玛"),
    (540628, "celtuce", "yellow", "spike_24h", 0.320, 450, "次仁"),
    (540627, "celtuce", "yellow", "spike_24h", 0.342, 470, "次仁"),
    (540621, "eggs", "yellow", "intermittent", None, 500, "次仁"),
    (542521, "tomato", "yellow", "change_week", 0.312, 520, "扎西"),
    (540629, "eggs", "blue", "cover_days", 5.1, 540, "扎西"),
    (540232, "japonica-rice", "blue", "cover_days", 26.0, 560, "扎西"),
    (540302, "eggs", "blue", "cover_days", 5.6, 580, "卓玛"),
    (540328, "celtuce", "blue", "cover_days", 2.4, 600, "卓玛"),
    (540425, "milk", "blue", "cover_days", 11.0, 620, "卓玛"),
    (540531, "chinese-cabbage", "blue", "cover_days", 8.3, 640, "次仁"),
    (540233, "fresh-pork", "blue", "cover_days", 17.0, 660, "次仁"),
    (540529, "tomato", "blue", "cover_days", 6.1, 680, "次仁"),
    (540602, "eggs", "blue", "cover_days", 5.4, 700, "次仁"),
    (540623, "chinese-cabbage", "blue", "cover_days", 9.6, 720, "次仁"),
    (540630, "tomato", "red", "out_days", 8, 1500, "次仁"),
)
#: What the takeover is shown for.
RED: Final = (540602, "chinese-cabbage", "red", "change_week", 1.124, 6, "")
PACKS: Final = {"cover_days": "cover", "spike_24h": "live"}
RISING: Final = ("change_week", "spike_24h")
WORDS: Final = {
    "spike_24h": ("24 小时均价上涨 {:.0%}", "24-hour mean up {:.0%}"),
    "change_week": ("比一周前上涨 {:.0%}", "up {:.0%} on the week"),
    "cover_days": ("可销 {:g} 天", "{:g} days of cover"),
    "out_days": ("断档 {:g} 天", "out for {:g} days"),
    "intermittent": ("供应时断时续", "supply is intermittent"),
}


@dataclass(frozen=True)
class Scene:
    """A situation: which alerts are open, how the address ends, what the status says."""

    name: str
    alerts: tuple[tuple[Any, ...], ...] = ALERTS
    query: str = "&view=alerts"
    status: dict[str, Any] = field(default_factory=dict)
    exercise: bool = False
    #: What is clicked: a selector of each step; nothing on a telephone.
    clicks: tuple[str, ...] = ()
    #: How many alerts were resolved before.
    resolved: int = 0

    def rows(self) -> list[AlertRow]:
        """Return the open alerts."""
        return [alert(*each) for each in self.alerts]

    def past(self) -> list[AlertRow]:
        """Return those that were resolved."""
        ended: dict[str, Any] = {"state": "resolved", "level": "none"}
        return [msgspec.structs.replace(alert(*each), **ended) for each in ALERTS[: self.resolved]]


FEEDS: Final = {
    "sales": {"at": NOW.timestamp() - 3, "heard": NOW.timestamp() - 3},
    "stock": {"at": NOW.timestamp() - 60, "heard": NOW.timestamp() - 60},
    "quotes": {"at": NOW.timestamp() - 40, "heard": NOW.timestamp() - 40},
}
STALE: Final = {**FEEDS, "sales": {"at": NOW.timestamp() - 1800, "heard": NOW.timestamp() - 1800}}
DRILL: Final = ('.label[data-region="540600"]', '.sheet tr[data-county="540602"]')

SCENES: Final = (
    Scene("calm", alerts=(), resolved=4),
    Scene("alerts"),
    Scene("stale", status={"feeds": STALE}),
    Scene("takeover", alerts=(RED, *ALERTS[1:]), exercise=True),
    Scene("drill", clicks=DRILL),
    Scene("cover", query="&view=cover"),
    Scene("price", query="&view=price"),
)


def moment(at: datetime) -> str:
    """Return RFC 3339 in UTC, as rows have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def thresholds(good: str, measure: str) -> dict[str, float]:
    """Return what every level is held against."""
    if measure in RISING:
        return {f"{level}.{measure}": at for level, at in RISES.items()}
    if measure == "out_days":
        return {"orange.out_days": 3, "red.out_days": 8}
    return {f"{level}.cover_days": at for level, at in zip(LEVELS, CATALOGUE.goods[good].cover, strict=True)}


def alert(region: int, good: str, level: str, measure: str, value: float | None, minutes: int, by: str) -> AlertRow:
    """Return an open alert of ``minutes`` ago, confirmed ``by`` somebody or by nobody."""
    at = NOW - timedelta(minutes=minutes)
    chinese, english = (words.format(value) for words in WORDS[measure])
    known = CATALOGUE.goods[good]
    price = round(PRICES.get(good, (10.0, 0, 0))[0] * (1 + (value or 0)), 2)
    name = "vwap_24h" if measure == "spike_24h" else "price"
    evidence = {"sites_present": 11, "sites_fresh": 9, name: price} if measure in RISING else {
        "on_hand": round(120 * (value or 0), 1), "demand_day": 120.0, "sites_in": 4, "sites_out": 7}  # fmt: skip
    return AlertRow(
        id=f"{region}-{good}", key=f"{region}|{good}", pack=PACKS.get(measure, "urumqi-2007"), pack_version="3",
        rule=measure, level=level, highest=level, state="firing",
        region=str(region), site=None, good=good, since=moment(at), at=moment(at),
        values={measure: value, "intermittent": 1.0} if value is None else {measure: value},
        thresholds=thresholds(good, measure), evidence=evidence, reason="raised", processed_at=moment(at),
        text_zh=f"{CATALOGUE.place_zh(region)} {known.name_zh} {chinese}",
        text_en=f"{CATALOGUE.place_en(region)} {known.name_en} {english}",
        acknowledged=Acknowledged(by, moment(at + timedelta(minutes=9)), "") if by else None,
        substitutes=[] if measure in RISING else [Substitute("540102-03", "540102", good, 320.0, 9.5)],
    )  # fmt: skip


def indicators(alerts: list[AlertRow]) -> Iterator[Indicator]:
    """Return newest rows of every county: quotes of ten goods, sales and stock of seven."""
    own = {(int(each.region), each.good): each for each in alerts}
    counties = [code for code, region in CATALOGUE.regions.items() if region.level == "county"]
    for at, region in enumerate(counties):
        wobble = 1 + (at * 37 % 21 - 10) / 100 if at % 3 == 0 else 1.0  # most alike: the median is the price
        for good in PRICES:
            yield quoted(region, good, wobble, own.get((region, good)))
        for good, days in COVERS.items():
            yield sold(region, good, days * wobble, own.get((region, good)))


def quoted(region: int, good: str, wobble: float, firing: AlertRow | None) -> Indicator:
    """Return a county's date row of a good."""
    price, day, week = PRICES[good]
    behind = 1 if region in YESTERDAY else 2 if region in LATE else 0
    values = {"price": round(price * wobble, 2), "change_day": day, "change_week": week}
    if firing is not None and firing.values.get("change_week") is not None:
        values |= {"change_week": firing.values["change_week"] or 0, "price": firing.evidence["price"]}
    present = {"sites_present": 11.0, "sites_fresh": 0.0 if behind else 9.0}
    told = TODAY - timedelta(days=behind)
    return record(region, good, {**values, **present}, grain="date", date=told.isoformat())


def sold(region: int, good: str, days: float, firing: AlertRow | None) -> Indicator:
    """Return a county's 5-minute row of a good."""
    cover = firing.values.get("cover_days") if firing else None
    spike = firing.values.get("spike_24h") if firing else None
    rise = (region % 17 - 8) / 100 if spike is None else spike
    days = days if cover is None else cover
    values = {"cover_days": round(days, 1), "demand_day": 120.0, "on_hand": round(120 * days), "spike_24h": rise}
    price = PRICES.get(good, (5.6, 0, 0))[0]
    return record(region, good, {**values, "vwap_24h": price, "sites_in": 9.0, "sites_out": 1.0})


def record(region: int, good: str, values: dict[str, float], **changes: Any) -> Indicator:
    """Return an indicator of this moment."""
    return Indicator(region=str(region), good=good, at=NOW.isoformat(), values=values, as_of=AsOf(1, 10, 0), **changes)


def answers(alerts: list[AlertRow]) -> dict[str, Any]:
    """Return what the wall asks beside the stream: price history, an alert's course, what sites said."""
    return {
        "/api/prices": prices,
        "/api/alerts/transitions": lambda url: [row_of(each) for each in alerts if each.id == asked(url, "id")],
        "/api/sites": [site(number) for number in range(5)],
        "/api/indicators/series": [
            {"at": moment(NOW - timedelta(hours=hours)), "cover_days": 4.2 + hours / 12} for hours in range(72, 0, -1)
        ],
        "/api/map": [],
    }


def asked(url: str, name: str) -> str:
    """Return a parameter of an address."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def prices(url: str) -> list[dict[str, Any]]:
    """Return daily prices up to yesterday: of all goods for the panel, of one county's good with a gap."""
    good, days, region = asked(url, "good"), int(asked(url, "days")), asked(url, "region")
    changes = {each[1]: each[4] for each in ALERTS if str(each[0]) == region and each[3] in RISING}
    dates = [TODAY - timedelta(days=back) for back in range(days - 1, 0, -1)]
    wanted = [good] if good else list(PRICES)
    return [
        {"good": each, "date": at.isoformat(), "price": course(each, at, changes.get(each)), "counties": 74}
        for each in wanted
        for at in dates
        if not good or at not in GAP
    ]


def course(good: str, at: date, change: float | None) -> float:
    """Return the price of a date: calm until a week ago, then ``change``, or that of all counties."""
    price, _, week = PRICES.get(good, (10.0, 0.0, 0.0))
    base, week = (price / (1 + week), week) if change is None else (price, change)
    behind = (TODAY - at).days
    ripple = 1 + (behind * 7 % 5 - 2) / 500
    return round(base * ripple * (1 + week * max(0, 7 - behind) / 7), 2)


def site(number: int) -> dict[str, Any]:
    """Return what one of five shops last said."""
    said = moment(NOW - timedelta(hours=3 + number))
    return {
        "site": f"540602-s{number + 1}", "good": "chinese-cabbage", "price": 7.2 - number / 5, "quoted_at": said,
        "stock": 310.0 - 40 * number, "counted_at": said, "sold_24h": 88.5, "vwap_24h": 6.9 - number / 5,
        "sold_at": said,
    }  # fmt: skip

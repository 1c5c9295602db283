"""Indicators and levels of the quote packs, recomputed in pandas from RULES alone.

Nothing of the product is used. A table has one row per calendar date and one column per site;
three-valued logic is that of pandas' own ``boolean`` type. Slow and direct on purpose.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

Frame = Any
Series = Any
#: region, good -> one value per date
Columns = dict[tuple[int, str], dict[str, Series]]

CARRY_DAYS, LIST_DAYS = 3, 28
RULES = ("urumqi-2007", "urumqi-2007-steady", "qingdao-2014", "qingdao-2015", "mofcom-2011")
EXTENTS = (1, 100, 10_000, 1_000_000)


@dataclass(frozen=True)
class World:
    """Quotes (``day, region, site, good, price, stock``, base units, in the order of the file) and their places.

    ``counties``: how many counties the catalogue has, per prefecture.
    """

    quotes: Frame
    counties: Mapping[int, int]

    @cached_property
    def dates(self) -> list[date]:
        """Every calendar date from the first to the last row."""
        first, last = min(self.quotes["day"]), max(self.quotes["day"])
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


#: What the packs read, and every price indicator.
SHOWN = ("price", "change_day", "change_week")
READ = (*SHOWN, "rise_over_usual")
PRICES = (*READ, "sites_present", "sites_fresh", "change_month", "change_year", "dispersion")


def indicators(world: World, extent: int, names: Iterable[str] = PRICES) -> Columns:
    """Return the indicators of each (region, good) of an extent: 1 counties, 100 prefectures and so on."""
    found: Columns = {}
    quotes = world.quotes.assign(place=world.quotes["region"] // extent * extent)
    for (place, good), rows in quotes.groupby(["place", "good"]):
        found[int(place), str(good)] = {**prices(rows, world.dates, names), **stock(rows, world.dates)}
    return found


def table(rows: Frame, column: str, dates: list[date]) -> Frame:
    """Return the last value of each date (rows) and site (columns); NaN where none was given."""
    given = rows[rows[column].notna()]
    last = given.groupby(["day", "site"], sort=False)[column].last().unstack("site")
    return last.reindex(index=dates, columns=sorted(set(rows["site"])))


# -- prices


def prices(rows: Frame, dates: list[date], names: Iterable[str]) -> dict[str, Series]:
    """Return what "Prices from quotes" defines, as far as it is in ``names``."""
    quoted = table(rows, "price", dates)
    present = quoted.ffill(limit=CARRY_DAYS - 1)
    usual_price = present.median(axis=1)
    usual = usual_price.tolist()
    by_date = [{site: value for site, value in row.items() if value == value} for row in present.to_dict("records")]  # noqa: PLR0124
    fresh = [{site: value for site, value in row.items() if value == value} for row in quoted.to_dict("records")]  # noqa: PLR0124
    place = {day: number for number, day in enumerate(dates)}

    def at(where: list[dict[str, float]], day: date) -> dict[str, float]:
        return where[place[day]] if day in place else {}

    def back(day: date, first: int, last: int) -> list[date]:
        return [day - timedelta(days=number) for number in range(first, last + 1)]

    def on_base(bases: Callable[[date], list[date]]) -> Series:
        return series(
            dates, lambda day: next((r for b in bases(day) if (r := matched(at(by_date, day), at(by_date, b)))), None)
        )

    known: dict[str, Callable[[], Series]] = {
        "price": lambda: usual_price,
        "sites_present": lambda: present.notna().sum(axis=1),
        "sites_fresh": lambda: quoted.notna().sum(axis=1),
        "change_day": lambda: series(dates, lambda day: matched(at(fresh, day), at(fresh, day - timedelta(days=1)))),
        "change_week": lambda: on_base(lambda day: back(day, 7, 13)),
        "change_month": lambda: on_base(lambda day: back(day, 28, 34)),
        "change_year": lambda: on_base(lambda day: back(year_ago(day), 0, 6)),
        "rise_over_usual": lambda: series(dates, lambda day: rise(usual, place[day])),
        "dispersion": lambda: series(dates, lambda day: spread(list(at(by_date, day).values()))),
    }
    return {name: known[name]() for name in names}


class Ratio(float):
    """A change that is true even when it is 0, so that ``next`` can look for the first defined one."""

    def __bool__(self) -> bool:
        return True


def series(dates: list[date], value: Callable[[date], float | None]) -> Series:
    """Return ``value`` of every date, NaN for None."""
    found = [value(day) for day in dates]
    return pd.Series([np.nan if each is None else float(each) for each in found], index=dates, dtype=float)


def matched(later: Mapping[str, float], earlier: Mapping[str, float]) -> Ratio | None:
    """Return the change between medians over the sites that are in both."""
    both = sorted(later.keys() & earlier.keys())
    if not both:
        return None
    return Ratio(round(median(later[site] for site in both) / median(earlier[site] for site in both) - 1, 9))


def year_ago(day: date) -> date:
    """Return the same calendar date a year ago; 28 February for the 29th."""
    last = calendar.monthrange(day.year - 1, day.month)[1]
    return date(day.year - 1, day.month, min(day.day, last))


def rise(price: list[float], number: int) -> float | None:
    """Compare P with the median of the defined P over d-28 … d-8; dates are numbered from the first."""
    window = [value for value in price[max(number - 28, 0) : max(number - 7, 0)] if not np.isnan(value)]
    if np.isnan(price[number]) or len(window) < 7:
        return None
    return round(price[number] / median(window) - 1, 9)


def spread(latest: list[float]) -> float | None:
    """Return 1.4826 MAD / median."""
    if not latest:
        return None
    middle = median(latest)
    return round(1.4826 * median(abs(value - middle) for value in latest) / middle, 9)


# -- stock


def stock(rows: Frame, dates: list[date]) -> dict[str, Series]:
    """Return what "Stock" defines for stock in quotes."""
    counted = table(rows, "stock", dates).ffill()
    sent = table(rows.assign(any=1.0), "any", dates).notna()
    lists = sent.astype(float).rolling(LIST_DAYS, min_periods=1).max() > 0
    reports = counted.notna() & lists
    inside = (reports & (counted > 0)).sum(axis=1)
    outside = (reports & (counted <= 0)).sum(axis=1)
    total = inside + outside
    rate = (inside / total.where(total > 0)).round(9)
    out = (total > 0) & (inside == 0)
    days = out.groupby((~out).cumsum()).cumsum().astype(int)
    week_out = out.astype(float).rolling(7, min_periods=1).sum() >= 1
    week_low = (rate < 0.5).astype(float).rolling(7, min_periods=1).sum() >= 2
    return {
        "sites_in": inside,
        "sites_out": outside,
        "in_stock_rate": rate,
        "out": out,
        "out_days": days,
        "intermittent": (total > 0) & ~(days >= 3) & (week_out | week_low),
        "reports": total > 0,
    }


# -- three-valued logic


def above(values: Series, threshold: float, *, strictly: bool = False) -> Series:
    """Return true, false, or NA where the value is undefined."""
    holds = values > threshold if strictly else values >= threshold
    return holds.astype("boolean").mask(values.isna())


def sure(values: Series) -> Series:
    """Return what is always defined."""
    return values.astype("boolean")


def level(conditions: Mapping[str, Series]) -> Series:
    """Return the highest level whose condition holds, from red downward; undefined where none does and one is NA."""
    first = next(iter(conditions.values()))
    result = pd.Series("none", index=first.index)
    unknown = pd.Series(False, index=first.index)
    for condition in conditions.values():
        unknown |= condition.isna()
    result[unknown] = "undefined"
    for name in ("blue", "yellow", "orange", "red"):
        if name in conditions:
            result[conditions[name].fillna(False).astype(bool)] = name
    return result


# -- packs


def urumqi(found: Mapping[str, Series], *, steady: bool) -> Series:
    """Rise on the week or out of stock; ``steady``: and above what was usual."""

    def rises(threshold: float) -> Series:
        week = above(found["change_week"], threshold)
        return week & above(found["rise_over_usual"], 0.15) if steady else week

    return level(
        {
            "yellow": rises(0.30) | sure(found["intermittent"]),
            "orange": rises(0.50) | sure(found["out_days"] >= 3),
            "red": rises(1.00) | sure(found["out_days"] > 7),
        }
    )


def tight(found: Mapping[str, Series]) -> Series:
    """``qingdao-2015``."""
    rate = found["in_stock_rate"]
    return level({"blue": (rate < 0.7).astype("boolean").mask(rate.isna())})


#: Flag -> over which rise on the day, or on the week.
FLAGS = {"IV": (0.30, 0.40), "III": (0.50, 0.60), "II": (0.70, 0.80)}


def flag(found: Mapping[str, Series], name: str) -> Series:
    """Return whether a county is flagged, NA where that is undefined."""
    day, week = FLAGS[name]
    return above(found["change_day"], day, strictly=True) | above(found["change_week"], week, strictly=True)


def qingdao(counties: Columns, world: World) -> dict[tuple[int, str], Series]:
    """``qingdao-2014`` of every (prefecture, good)."""
    flags = {subject: {name: flag(found, name) for name in FLAGS} for subject, found in counties.items()}
    subjects = sorted({(region // 100 * 100, good) for region, good in counties})
    return {
        (prefecture, good): _qingdao(prefecture, good, flags, counties, world.counties[prefecture])
        for prefecture, good in subjects
    }


def _qingdao(
    prefecture: int,
    good: str,
    flags: Mapping[tuple[int, str], Mapping[str, Series]],
    counties: Columns,
    in_catalogue: int,
) -> Series:
    own = [subject for subject in flags if subject[0] // 100 * 100 == prefecture]
    these = [subject for subject in own if subject[1] == good]
    up = {
        subject: {name: found.fillna(False).astype(bool) for name, found in flags[subject].items()} for subject in own
    }

    def districts(name: str) -> Series:
        return sum(up[subject][name].astype(int) for subject in these)

    def days(name: str) -> Series:
        runs = [up[subject][name].groupby((~up[subject][name]).cumsum()).cumsum() for subject in these]
        return pd.concat(runs, axis=1).max(axis=1)

    def goods(name: str) -> Series:
        per_good = [
            pd.concat([up[subject][name] for subject in own if subject[1] == each], axis=1).any(axis=1)
            for each in {subject[1] for subject in own}
        ]
        return sum(found.astype(int) for found in per_good)

    unknown = pd.concat([flags[subject]["IV"].isna() for subject in these], axis=1).all(axis=1)
    reporting = sum(counties[subject]["reports"].astype(int) for subject in these)
    out = sum(counties[subject]["out"].astype(int) for subject in these)
    cut_off = (reporting > 0) & (out == reporting) & ((reporting >= 2) | (reporting == in_catalogue))
    spread_out = (districts("III") >= 2) | (days("III") >= 7) | (goods("III") >= 3)
    return level(
        {
            "blue": sure(districts("IV") >= 1).mask(unknown),
            "yellow": sure((districts("III") >= 1) & spread_out).mask(unknown),
            "orange": sure(districts("II") >= 1).mask(unknown),
            "red": sure(cut_off),
        }
    )


def mofcom(county_levels: Mapping[tuple[int, str], Series]) -> dict[tuple[int, str], Series]:
    """``mofcom-2011`` of every county, prefecture, province and of the nation."""
    result = {}
    for good in {subject[1] for subject in county_levels}:
        own = {region: found for (region, each), found in county_levels.items() if each == good}
        result.update({(region, good): found for region, found in _mofcom(own).items()})
    return result


def _mofcom(county_levels: Mapping[int, Series]) -> dict[int, Series]:
    affected = {region: found.isin(["yellow", "orange", "red"]) for region, found in county_levels.items()}
    reporting = {region: found != "undefined" for region, found in county_levels.items()}
    result: dict[int, Series] = {
        region: level({"blue": sure(up).mask(~reporting[region])}) for region, up in affected.items()
    }
    up_prefecture, in_prefecture = {}, {}
    for prefecture, own in below(affected, 100).items():
        count, total = total_of(affected, own), total_of(reporting, own)
        yellow = (total >= 2) & (2 * count > total)
        in_prefecture[prefecture] = total > 0
        up_prefecture[prefecture] = yellow | ((total == 1) & (count == 1))
        result[prefecture] = level({"yellow": sure(yellow).mask(total == 0)})
    up_province, in_province = {}, {}
    for province, own in below(up_prefecture, 10_000).items():
        count, total = total_of(up_prefecture, own), total_of(in_prefecture, own)
        capital = total_of(up_prefecture, [code for code in own if f"{code:06d}"[2:4] == "01"]) > 0
        orange = ((total >= 2) & (2 * count > total)) | capital
        up_province[province], in_province[province] = count > 0, total > 0
        result[province] = level({"orange": sure(orange).mask(total == 0)})
    everywhere = list(up_province)
    red = total_of(up_province, everywhere) >= 2
    result[0] = level({"red": sure(red).mask(total_of(in_province, everywhere) == 0)})
    return result


def below(codes: Iterable[int], step: int) -> dict[int, list[int]]:
    """Group region codes by the region above."""
    found: dict[int, list[int]] = {}
    for code in codes:
        found.setdefault(code // step * step, []).append(code)
    return found


def total_of(flags: Mapping[int, Series], codes: Iterable[int]) -> Series:
    """Return in how many of the regions a flag is set, per date."""
    zero = next(iter(flags.values())).astype(int) * 0
    return sum((flags[code].astype(int) for code in codes), start=zero)


# -- everything


def backtest(world: World) -> dict[tuple[str, int, str, date], dict[str, Any]]:
    """Return level, price, change_day and change_week by (rule, region, good, date)."""
    measured: Columns = {}
    for extent in EXTENTS:
        measured |= indicators(world, extent, READ if extent == 1 else SHOWN)
    counties = {subject: found for subject, found in measured.items() if subject[0] % 100}
    levels = {
        "urumqi-2007": {subject: urumqi(found, steady=False) for subject, found in counties.items()},
        "urumqi-2007-steady": {subject: urumqi(found, steady=True) for subject, found in counties.items()},
        "qingdao-2014": qingdao(counties, world),
        "qingdao-2015": {subject: tight(found) for subject, found in counties.items()},
    }
    levels["mofcom-2011"] = mofcom(levels["urumqi-2007"])
    shown = {
        subject: list(zip(*(found[name].tolist() for name in SHOWN), strict=True))
        for subject, found in measured.items()
    }
    return {
        (rule, region, good, day): {"level": one, **dict(zip(SHOWN, map(number, values), strict=True))}
        for rule, subjects in levels.items()
        for (region, good), by_date in subjects.items()
        for day, one, values in zip(world.dates, by_date.tolist(), shown[region, good], strict=True)
    }


def number(value: float) -> float | None:
    """Return None for NaN."""
    return None if np.isnan(value) else float(value)

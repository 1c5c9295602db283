"""The indicator names that a rule may use, and how their values read in words.

A new indicator is one line in ``_ALL``. A rule with flags brings names of its own, see ``NAMES``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

#: ``ratio``, ``price``, ``days`` and ``quantity`` are measured, so their thresholds move for the
#: clear condition; a ``count``, an outage or a ``flag`` stays as it is. A ``threshold`` comes from the catalogue.
#: A ``factor`` is a number of times: ×10, ÷500.
Kind = Literal["ratio", "price", "days", "quantity", "count", "flag", "factor", "threshold"]
#: ``quote``: a quote was held back, or decided on after that.
Trigger = Literal["tick", "date", "quote"]
#: Which rules see a name: all of its triggers, those on prefectures, those with a ``county_rule``;
#: ``site`` and ``enterprise`` names are those of rules on sites and enterprises, which see no others.
Scope = Literal["all", "prefecture", "extent", "site", "enterprise"]

TRIGGERS: Final[tuple[Trigger, ...]] = ("tick", "date", "quote")
#: Kinds that are rounded to 9 decimals before they are compared: 13/10 - 1 is not above 0.30.
MEASURED: Final = frozenset({"ratio", "price", "days"})


@dataclass(frozen=True, slots=True)
class Name:
    """An indicator: who provides it and what it is called. ``unit_*`` follows the number in words."""

    name: str
    kind: Kind
    triggers: tuple[Trigger, ...]
    zh: str
    en: str
    unit_zh: str = ""
    unit_en: str = ""
    scope: Scope = "all"


_TICK: Final[tuple[Trigger, ...]] = ("tick",)
_DATE: Final[tuple[Trigger, ...]] = ("date",)
_BOTH: Final[tuple[Trigger, ...]] = ("tick", "date")
_DAYS: Final = (" 天", " day")


def _prefecture(name: str, zh: str, en: str) -> Name:
    return Name(name, "count", _DATE, zh, en, scope="prefecture")


def _extent(name: str, kind: Literal["count", "flag"], zh: str, en: str) -> Name:
    return Name(name, kind, _DATE, zh, en, scope="extent")


def _site(name: str, kind: Kind, zh: str, en: str, unit: tuple[str, str] = ("", "")) -> Name:
    return Name(name, kind, _TICK, zh, en, *unit, scope="site")


def _enterprise(name: str, kind: Kind, zh: str, en: str, unit: tuple[str, str] = ("", "")) -> Name:
    return Name(name, kind, _TICK, zh, en, *unit, scope="enterprise")


def _quote(name: str, kind: Kind, zh: str, en: str) -> Name:
    return Name(name, kind, ("quote",), zh, en, scope="site")


_HOURS: Final = (" 小时", " hour")

_ALL: Final = (
    Name("vwap_1h", "price", _TICK, "1 小时均价", "1-hour average price"),
    Name("vwap_24h", "price", _TICK, "24 小时均价", "24-hour average price"),
    Name("baseline_1h", "price", _TICK, "前 7 日同一小时均价中位数", "median of the same hour on the 7 dates before"),
    Name("baseline_24h", "price", _TICK, "前 7 日均价中位数", "median of the 7 dates before"),
    Name("spike_1h", "ratio", _TICK, "1 小时均价变动", "change of the 1-hour average price"),
    Name("spike_24h", "ratio", _TICK, "24 小时均价变动", "change of the 24-hour average price"),
    Name("lines_1h", "count", _TICK, "1 小时销售行数", "sale lines in 1 hour"),
    Name("lines_24h", "count", _TICK, "24 小时销售行数", "sale lines in 24 hours"),
    Name("stores_1h", "count", _TICK, "1 小时有销售的门店数", "stores selling in 1 hour"),
    Name("stores_24h", "count", _TICK, "24 小时有销售的门店数", "stores selling in 24 hours"),
    Name("on_hand", "quantity", _TICK, "库存", "stock on hand"),
    Name("demand_day", "quantity", _TICK, "日均需求", "demand a day"),
    Name("cover_days", "days", _TICK, "可销天数", "days of cover", *_DAYS),
    Name("cover_blue", "threshold", _TICK, "可销天数蓝色线", "blue line of cover", *_DAYS),
    Name("cover_yellow", "threshold", _TICK, "可销天数黄色线", "yellow line of cover", *_DAYS),
    Name("cover_orange", "threshold", _TICK, "可销天数橙色线", "orange line of cover", *_DAYS),
    Name("cover_red", "threshold", _TICK, "可销天数红色线", "red line of cover", *_DAYS),
    Name("sites_in", "count", _BOTH, "有货网点数", "sites in stock"),
    Name("sites_out", "count", _BOTH, "缺货网点数", "sites out of stock"),
    Name("in_stock_rate", "ratio", _BOTH, "有货率", "in-stock rate"),
    Name("price", "price", _DATE, "报价中位数", "median quote"),
    Name("change_day", "ratio", _DATE, "比前一日变动", "change on the day"),
    Name("change_week", "ratio", _DATE, "比一周前变动", "change on the week"),
    Name("change_month", "ratio", _DATE, "比四周前变动", "change on the month"),
    Name("change_year", "ratio", _DATE, "比上年同日变动", "change on the year"),
    Name("rise_over_usual", "ratio", _DATE, "高于常态", "rise over the usual price"),
    Name("dispersion", "ratio", _DATE, "网点间离散度", "dispersion across sites"),
    Name("sites_present", "count", _DATE, "有效报价网点数", "sites with a current quote"),
    Name("sites_fresh", "count", _DATE, "当日报价网点数", "sites that quoted on the date"),
    Name("out_days", "count", _DATE, "连续断货天数", "days out of stock", *_DAYS),
    Name("intermittent", "flag", _DATE, "断档", "intermittent supply"),
    _site("site_price", "price", "本点报价", "its price"),
    _site("over_county", "ratio", "高于本县其他网点", "over the county's other sites"),
    _site("over_neighbours", "ratio", "高于其他网点", "over the other sites"),
    _site("neighbours", "count", "比较网点数", "sites compared with"),
    _site("neighbours_z", "quantity", "稳健偏离度", "robust z"),
    _site("over_own", "ratio", "高于自身前 7 日", "over its own 7 dates before"),
    _site("site_out", "flag", "缺货", "out of stock"),
    _site("site_on_hand", "quantity", "本点库存", "its stock on hand"),
    _site("site_demand_day", "quantity", "本点日均需求", "its demand a day"),
    _site("site_cover_days", "days", "本点可销天数", "its days of cover", _DAYS),
    _site("no_sale_p", "ratio", "无销售概率", "chance of no sale"),
    _site("sales_expected", "quantity", "此间应有销售笔数", "sales that were due"),
    _site("sales_day", "quantity", "往常日销售笔数", "usual sales a day"),
    _site("quiet_hours", "quantity", "无销售营业时长", "open hours without a sale", _HOURS),
    _site("site_quiet_hours", "quantity", "全店无销售营业时长", "open hours without any sale at the site", _HOURS),
    _site("profile_dates", "count", "销售规律所依据的天数", "dates that the usual sales rest on"),
    _enterprise("feed_silent_hours", "quantity", "数据中断营业时长", "open hours without any event", _HOURS),
    _enterprise("feed_interval_hours", "quantity", "往常上报间隔", "usual interval between events", _HOURS),
    _enterprise("feed_gaps", "count", "往常间隔所依据的次数", "intervals that the usual one rests on"),
    _quote("unit_slip", "flag", "疑似单位错误", "looks like a unit slip"),
    _quote("absurd", "flag", "数值离谱", "absurd value"),
    _quote("suspect_price", "price", "可疑报价", "suspect quote"),
    _quote("suspect_slip", "factor", "单位倍数", "unit slip"),
    _quote("own_price", "price", "本点上次报价", "its last quote"),
    _quote("county_price", "price", "本县其他网点中位数", "median of the county's other sites"),
    _quote("own_z", "quantity", "与自身的稳健偏离度", "robust z against itself"),
    _quote("county_z", "quantity", "与本县的稳健偏离度", "robust z against the county"),
    _quote("county_sites", "count", "本县其他网点数", "other sites of the county"),
    _prefecture("counties", "区县总数", "counties of the prefecture"),
    _prefecture("counties_stocked", "有库存报告的区县数", "counties that report stock"),
    _prefecture("counties_out", "断货区县数", "counties out of stock"),
    _extent("county", "flag", "区县级", "is a county"),
    _extent("prefecture", "flag", "地市级", "is a prefecture"),
    _extent("province", "flag", "省级", "is a province"),
    _extent("nation", "flag", "全国", "is the nation"),
    _extent("affected", "flag", "受影响", "affected"),
    _extent("counties_affected", "count", "受影响区县数", "affected counties"),
    _extent("counties_reporting", "count", "有评估的区县数", "reporting counties"),
    _extent("prefectures_affected", "count", "受影响地市数", "affected prefectures"),
    _extent("prefectures_reporting", "count", "有评估的地市数", "reporting prefectures"),
    _extent("capital_affected", "flag", "省会受影响", "capital affected"),
    _extent("provinces_affected", "count", "受影响省份数", "provinces with an affected prefecture"),
    _extent("provinces_reporting", "count", "有评估的省份数", "reporting provinces"),
)

#: What a rule's flag ``x`` brings: counties flagged, longest run of dates of one of them, goods flagged.
FLAG_COUNTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "districts": ("{flag} 级区县数", "counties flagged {flag}"),
        "days": ("{flag} 级连续天数", "days in a row flagged {flag}"),
        "goods": ("{flag} 级商品数", "goods flagged {flag}"),
    }
)
#: After a name: the same counted with the flags' thresholds moved by a tenth, for the clear condition.
NEAR: Final = "~"
_FLAGGED: Final = re.compile(rf"({'|'.join(FLAG_COUNTS)})_([a-z][a-z0-9]*){NEAR}?")


class _Names(dict[str, Name]):
    def __missing__(self, name: str) -> Name:
        found = _FLAGGED.fullmatch(name)
        if found is None:
            raise KeyError(name)
        zh, en = FLAG_COUNTS[found[1]]
        return Name(name, "count", _DATE, zh.format(flag=found[2].upper()), en.format(flag=found[2].upper()))


#: Every indicator by its name; ``districts_x``, ``days_x`` and ``goods_x`` are there for any flag ``x``.
NAMES: Final[Mapping[str, Name]] = MappingProxyType(_Names({name.name: name for name in _ALL}))


def provided(trigger: Trigger, scopes: Iterable[Scope] = (), flags: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the indicators that frames of ``trigger`` carry, for a rule of these scopes with these flags."""
    alone = {"site", "enterprise"} & set(scopes)
    wanted = alone or {"all", *scopes}
    own = tuple(name.name for name in _ALL if trigger in name.triggers and name.scope in wanted)
    return (*own, *flag_names(flags))


def flag_names(flags: Iterable[str]) -> tuple[str, ...]:
    """Return the indicators that flags bring."""
    return tuple(f"{count}_{flag}" for flag in flags for count in FLAG_COUNTS)


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ``: did you mean "x"?``, or nothing when no known word is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f': did you mean "{near[0]}"?' if near else ""


def format_zh(name: str, value: float) -> str:
    """Return ``value`` as a Chinese reader expects it: 34 %, 0.8 天, 4.50 元."""
    found = NAMES[name]
    if found.kind == "flag":
        return "是" if value else "否"
    if found.kind == "price":
        return f"{value:.2f} 元"
    if found.kind == "factor":
        return _times(value)
    return _number(found, value) + found.unit_zh


def format_en(name: str, value: float) -> str:
    """Return ``value`` as an English reader expects it: 34 %, 0.8 days, CNY 4.50."""
    found = NAMES[name]
    if found.kind == "flag":
        return "yes" if value else "no"
    if found.kind == "price":
        return f"CNY {value:.2f}"
    if found.kind == "factor":
        return _times(value)
    number = _number(found, value)
    plural = "s" if found.unit_en and number != "1" else ""
    return number + found.unit_en + plural


def _times(value: float) -> str:
    return f"×{value:g}" if value >= 1 else f"÷{1 / value:g}"


def _number(found: Name, value: float) -> str:
    """Cut rather than round: 29.96 % must not read as the 30 % of the next level."""
    if found.kind == "ratio":
        return f"{_cut(value * 100, 0)} %"
    return _cut(value, 1)


def _cut(value: float, decimals: int) -> str:
    scale = 10**decimals
    # 0.29 * 100 is 28.999999999999996: take the noise away before cutting.
    cut = math.trunc(round(value * scale, 6)) / scale
    return f"{cut:.{decimals}f}".removesuffix(".0") if cut else "0"

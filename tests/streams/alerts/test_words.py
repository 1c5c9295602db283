"""Alerts as people read them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from schemas.events import Alert, AsOf
from streams.alerts.names import NAMES, format_en, format_zh
from streams.alerts.packs import load
from streams.alerts.rules import Rule
from tests.streams.alerts.support import CLEAR, SHANGHAI, UNDEFINED, Life, minute, rule_of

YELLOW, ORANGE, RED = 2, 3, 4
SPIKE = rule_of("live", "live-24h")
URUMQI = rule_of("urumqi-2007", "urumqi-2007")
COVER = rule_of("cover", "cover")
LINES = {"cover_blue": 10.0, "cover_yellow": 5.0, "cover_orange": 1.0, "cover_red": 0.5}


def last(rule: Rule, *steps: tuple[str, int, Mapping[str, float | None]], region: int = 540402) -> Alert:
    """Return the record of the last transition after ``steps``."""
    life = Life(rule, region)
    found = [each for moment, level, values in steps for each in life.step(moment, level, values)]
    return life.book.to_alert(found[-1], AsOf(1, 2, 3), minute("12:00"), SHANGHAI)


def test_raised() -> None:
    alert = last(SPIKE, ("08:05", ORANGE, {"spike_24h": 0.5412}))
    assert alert.text_zh == "林芝市巴宜区 土豆 24 小时均价 上涨 54 %（橙色）"
    assert alert.text_en == "Potato in Bayi District, Nyingchi: 24-hour average price up 54 % (orange)"


def test_escalated_and_lowered() -> None:
    up = [("08:05", YELLOW, {"spike_24h": 0.34}), ("08:10", RED, {"spike_24h": 1.0})]
    assert last(SPIKE, *up).text_zh.endswith("上涨 100 %（红色，由黄色升级）")
    down = [*up, ("08:15", YELLOW, {"spike_24h": 0.4}), ("08:45", YELLOW, {"spike_24h": 0.3})]
    alert = last(SPIKE, *down)
    assert alert.text_zh.endswith("24 小时均价 上涨 30 %（黄色，由红色降级）")
    assert alert.text_en.endswith("24-hour average price up 30 % (yellow, down from red)")


def test_pending_cover_of_a_prefecture_and_the_threshold_it_is_below() -> None:
    alert = last(COVER, ("08:05", ORANGE, {"cover_days": 0.86, **LINES}), region=540400)
    assert alert.text_zh == "林芝市 土豆 可销天数 0.8 天，低于 1 天（橙色，待确认）"
    assert alert.text_en == "Potato in Nyingchi: 0.8 days of cover, below 1 day (orange, pending)"


@pytest.mark.parametrize(
    ("level", "values", "zh", "en"),
    [
        (YELLOW, {"change_week": 0.3}, "比一周前上涨 30 %（黄色）", "up 30 % on the week (yellow)"),
        (YELLOW, {"intermittent": 1.0}, "供应时断时续（断档）（黄色）", "supply intermittent (yellow)"),
        (ORANGE, {"change_week": 0.31, "out_days": 3.0}, "已连续断货 3 天（橙色）", "out of stock for 3 days (orange)"),
        (
            ORANGE, {"change_week": 0.5, "out_days": 4.0},
            "比一周前上涨 50 %、已连续断货 4 天（橙色）", "up 50 % on the week, out of stock for 4 days (orange)",
        ),
    ],
)  # fmt: skip
def test_a_date_rule_says_which_condition_decided(level: int, values: dict[str, float], zh: str, en: str) -> None:
    alert = last(URUMQI, ("2022-08-08", level, values))
    assert alert.text_zh == f"林芝市巴宜区 土豆 {zh}"
    assert alert.text_en == f"Potato in Bayi District, Nyingchi: {en}"


@pytest.mark.parametrize(
    ("pack", "region", "level", "values", "zh", "en"),
    [
        (
            "urumqi-2007-steady", 540402, YELLOW, {"change_week": 0.4, "rise_over_usual": 0.2},
            "林芝市巴宜区 土豆 比一周前上涨 40 %，高于常态 20 %（黄色）",
            "Potato in Bayi District, Nyingchi: up 40 % on the week, 20 % over the usual price (yellow)",
        ),
        (
            "qingdao-2014", 540400, YELLOW, {"districts_iii": 2, "days_iii": 1, "goods_iii": 1},
            "林芝市 土豆 2 个区县日涨超 50 % 或周涨超 60 %，已 1 天，涉及 1 种商品（黄色）",
            "Potato in Nyingchi: up over 50 % on the day or 60 % on the week in 2 counties (days: 1; goods: 1) "
            "(yellow)",
        ),
        (
            "qingdao-2014", 540400, RED, {"counties": 7, "counties_stocked": 3, "counties_out": 3},
            "林芝市 土豆 3 个有报告的区县全部断货（红色）",
            "Potato in Nyingchi: out of stock in all 3 counties that report (red)",
        ),
        (
            "qingdao-2015", 540402, 1, {"in_stock_rate": 0.6999},
            "林芝市巴宜区 土豆 有货率 69 %，低于 70 %（蓝色）",
            "Potato in Bayi District, Nyingchi: 69 % of sites have it, below 70 % (blue)",
        ),
        (
            "mofcom-2011", 540402, 1, {"county": 1, "affected": 1},
            "林芝市巴宜区 土豆 本县市场异常（蓝色）",
            "Potato in Bayi District, Nyingchi: abnormal in this county (blue)",
        ),
        (
            "mofcom-2011", 540000, ORANGE,
            {"province": 1, "capital_affected": 1, "prefectures_affected": 1, "prefectures_reporting": 3},
            "西藏自治区 土豆 省会异常（橙色）",
            "Potato in Tibet Autonomous Region: abnormal in the capital (orange)",
        ),
        (
            "mofcom-2011", 0, RED, {"nation": 1, "provinces_affected": 2, "provinces_reporting": 5},
            "全国 土豆 2 个省份出现异常（红色）",
            "Potato nationwide: abnormal in 2 provinces (red)",
        ),
    ],
)  # fmt: skip
def test_the_quote_packs_in_words(
    pack: str, region: int, level: int, values: dict[str, float], zh: str, en: str
) -> None:
    alert = last(rule_of(pack, pack), ("2022-08-08", level, values), region=region)
    assert (alert.text_zh, alert.text_en) == (zh, en)


def test_resolved() -> None:
    alert = last(
        SPIKE,
        ("08:05", ORANGE, {"spike_24h": 0.54}),
        ("08:10", CLEAR, {"spike_24h": 0.1}),
        ("08:40", CLEAR, {"spike_24h": -0.041}),
    )
    assert alert.text_zh == "林芝市巴宜区 土豆 24 小时均价上涨已解除（原橙色），24 小时均价变动 -4 %"
    assert alert.text_en == (
        "Potato in Bayi District, Nyingchi: 24-hour price rise resolved (was orange), "
        "change of the 24-hour average price: -4 %"
    )


def test_not_held() -> None:
    alert = last(COVER, ("08:05", RED, {}), ("08:10", CLEAR, {"cover_days": 30.0}))
    assert alert.text_zh == "林芝市巴宜区 土豆 可销天数不足未持续，不再预警，可销天数 30 天"
    assert alert.text_en.endswith("low cover did not last, withdrawn, days of cover: 30 days")


def test_stale_fresh_and_no_data() -> None:
    steps: list[tuple[str, int, Mapping[str, float | None]]] = [
        ("2022-08-01", ORANGE, {"change_week": 0.6}),
        ("2022-08-02", UNDEFINED, {"change_week": None}),
    ]
    stale = last(URUMQI, *steps)
    assert stale.stale
    assert stale.text_zh == "林芝市巴宜区 土豆 价格上涨或断货（橙色，数据中断）"
    fresh = last(URUMQI, *steps, ("2022-08-03", ORANGE, {"change_week": 0.7}))
    assert fresh.text_en.endswith("up 70 % on the week (orange, data are back)")
    ended = last(URUMQI, *steps, ("2022-08-09", UNDEFINED, {}))
    assert ended.text_zh.endswith("价格上涨或断货已解除（原橙色）：7 天缺数据")
    assert ended.text_en.endswith("price rise or outage resolved (was orange): 7 days without data")


def test_wholesale_says_so() -> None:
    alert = last(rule_of("urumqi-2007:wholesale", "urumqi-2007"), ("2022-08-08", RED, {"change_week": 1.5}))
    assert alert.text_zh.startswith("林芝市巴宜区 土豆（批发） 比一周前上涨 150 %")
    assert alert.text_en.startswith("Potato (wholesale) in Bayi District")
    assert (alert.kind, alert.pack, alert.rule) == ("wholesale", "urumqi-2007", "urumqi-2007")


def test_the_record_has_times_with_offset_and_codes_as_text() -> None:
    alert = last(SPIKE, ("08:05", YELLOW, {"spike_24h": 0.34}))
    assert (alert.region, alert.good, alert.level, alert.state) == ("540402", "potato", "yellow", "firing")
    assert alert.since == "2022-08-08T08:00:00+08:00"
    assert alert.at == "2022-08-08T08:05:00+08:00"
    assert alert.processed_at == "2022-08-08T12:00:00+08:00"
    assert alert.pack_version == load("live").version
    assert alert.as_of == AsOf(1, 2, 3)


def test_a_date_rule_has_held_since_the_midnight_that_begins_its_date() -> None:
    alert = last(URUMQI, ("2022-08-08", RED, {}))
    assert alert.since == "2022-08-08T00:00:00+08:00"
    assert alert.at == "2022-08-09T00:00:00+08:00"


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("spike_24h", 0.2996, "29 %", "29 %"),
        ("spike_24h", 0.29, "29 %", "29 %"),
        ("spike_24h", -0.001, "0 %", "0 %"),
        ("cover_days", 0.96, "0.9 天", "0.9 days"),
        ("cover_days", 1.0, "1 天", "1 day"),
        ("out_days", 3, "3 天", "3 days"),
        ("stores_24h", 12, "12", "12"),
        ("price", 4.5, "4.50 元", "CNY 4.50"),
        ("intermittent", 1.0, "是", "yes"),
        ("intermittent", 0.0, "否", "no"),
    ],
)
def test_numbers_are_cut_so_that_they_do_not_read_as_the_next_level(name: str, value: float, zh: str, en: str) -> None:
    assert (format_zh(name, value), format_en(name, value)) == (zh, en)


def test_every_indicator_has_a_name_in_both_languages() -> None:
    assert all(name.zh and name.en and name.triggers for name in NAMES.values())

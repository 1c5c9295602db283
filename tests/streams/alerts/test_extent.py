"""From affected counties to the nation, through the shipped pack ``mofcom-2011``."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from streams.alerts import extent
from tests.streams.alerts.support import judged, rule_of

NONE, BLUE, YELLOW, ORANGE, RED, UNDEFINED = 0, 1, 2, 3, 4, -1


def levels(by_county: Mapping[int, int]) -> pl.DataFrame:
    rows = [(region, 0, 1, level) for region, level in by_county.items()]
    return pl.DataFrame(rows, schema=["region", "good_index", "day", "level"], orient="row")


def prefectures(by_county: Mapping[int, int]) -> pl.DataFrame:
    """Return the prefectures with their counts and the level that the pack gives them."""
    counts = extent.prefectures(extent.counties(levels(by_county)))
    rule = rule_of("mofcom-2011", "mofcom-2011")
    found = [judged(rule, **of_extent("prefecture"), **dict(list(row.items())[3:]))[0] for row in counts.to_dicts()]
    return counts.with_columns(pl.Series("level", found))


def provinces(by_county: Mapping[int, int]) -> pl.DataFrame:
    return extent.provinces(extent.affected_prefectures(prefectures(by_county)))


def of_extent(name: str) -> dict[str, object]:
    return {each: each == name for each in extent.EXTENTS}


@pytest.mark.parametrize(
    ("level", "affected"),
    [(UNDEFINED, None), (NONE, False), (BLUE, False), (YELLOW, True), (ORANGE, True), (RED, True)],
)
def test_a_county_is_affected_from_yellow(level: int, affected: bool | None) -> None:
    assert extent.counties(levels({110101: level}))["affected"][0] is affected


@pytest.mark.parametrize(
    ("own", "level"),
    [
        ([YELLOW, RED, NONE], YELLOW), ([YELLOW, NONE], NONE), ([YELLOW, NONE, UNDEFINED], NONE),
        ([YELLOW, UNDEFINED], NONE), ([YELLOW, YELLOW, UNDEFINED], YELLOW), ([UNDEFINED, UNDEFINED], UNDEFINED),
    ],
)  # fmt: skip
def test_a_prefecture_is_yellow_with_more_than_half_of_two_or_more(own: list[int], level: int) -> None:
    assert prefectures({110101 + place: each for place, each in enumerate(own)})["level"].to_list() == [level]


def test_a_single_reporting_county_makes_its_prefecture_affected_but_not_yellow() -> None:
    found = prefectures({110201: YELLOW, 110202: UNDEFINED})
    assert found["level"][0] == NONE
    assert extent.affected_prefectures(found)["affected"].to_list() == [True]
    assert extent.affected_prefectures(prefectures({110201: UNDEFINED}))["affected"].to_list() == [None]


@pytest.mark.parametrize(
    ("by_county", "level"),
    [
        ({110201: YELLOW, 110301: YELLOW, 110401: NONE}, ORANGE),
        ({110201: YELLOW, 110301: NONE}, NONE),
        ({110201: YELLOW}, NONE),
        ({110101: YELLOW}, ORANGE),
        ({110101: YELLOW, 110201: NONE, 110301: NONE}, ORANGE),
        ({110101: UNDEFINED, 110201: YELLOW, 110301: NONE}, NONE),
        ({110101: UNDEFINED}, UNDEFINED),
    ],
)
def test_a_province_is_orange_with_more_than_half_or_its_capital(by_county: dict[int, int], level: int) -> None:
    counts = provinces(by_county).to_dicts()[0]
    counts = {name: value for name, value in counts.items() if name not in {"region", "good_index", "day"}}
    assert judged(rule_of("mofcom-2011", "mofcom-2011"), **of_extent("province"), **counts)[0] == level


@pytest.mark.parametrize(
    ("by_county", "affected", "reporting", "level"),
    [
        ({110201: YELLOW, 230201: YELLOW, 370201: NONE}, 2, 3, RED),
        ({110201: YELLOW, 110301: YELLOW, 230201: NONE}, 1, 2, NONE),
        ({110201: UNDEFINED, 230201: UNDEFINED}, None, None, UNDEFINED),
    ],
)
def test_the_nation_is_red_with_two_provinces(
    by_county: dict[int, int], affected: int | None, reporting: int | None, level: int
) -> None:
    found = extent.nation(provinces(by_county)).to_dicts()[0]
    assert found["region"] == 0
    assert (found["provinces_affected"], found["provinces_reporting"]) == (affected, reporting)
    seen = {"provinces_affected": affected}
    assert judged(rule_of("mofcom-2011", "mofcom-2011"), **of_extent("nation"), **seen)[0] == level

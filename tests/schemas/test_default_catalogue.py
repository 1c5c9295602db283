"""The default catalogue: Tibet's regions and the 38 goods."""

from __future__ import annotations

import dataclasses
from collections import Counter
from types import MappingProxyType

import pytest

from schemas.catalogue import Catalogue, load
from schemas.tiles import Tile


@pytest.fixture(scope="module")
def tibet() -> Catalogue:
    return load()


def test_seven_prefectures_and_74_counties(tibet: Catalogue) -> None:
    assert tibet.prefectures == (540100, 540200, 540300, 540400, 540500, 540600, 542500)
    assert [len(tibet.counties(code)) for code in tibet.prefectures] == [8, 18, 11, 7, 12, 11, 7]
    assert Counter(region.level for region in tibet.regions.values()) == {"province": 1, "prefecture": 7, "county": 74}


def test_newer_codes_and_no_pseudo_zones(tibet: Catalogue) -> None:
    assert tibet.regions[540481].name_zh == "米林市"
    assert tibet.regions[540581].name_zh == "错那市"
    assert not {540171, 540172, 540173, 540174, 540422, 540530} & set(tibet.regions)


def test_full_names(tibet: Catalogue) -> None:
    assert tibet.place_zh(540402) == "林芝市巴宜区"
    assert tibet.place_en(540402) == "Bayi District, Nyingchi"
    assert tibet.place_zh(542523) == "阿里地区噶尔县"
    assert (tibet.place_zh(540400), tibet.place_en(540400)) == ("林芝市", "Nyingchi")
    assert (tibet.place_zh(540000), tibet.place_en(540000)) == ("西藏自治区", "Tibet Autonomous Region")
    assert (tibet.place_zh(0), tibet.place_en(0)) == ("全国", "Nationwide")
    assert (tibet.place_zh(110101), tibet.place_en(110101)) == ("110101", "110101")


def test_english_kind_of_region_follows_the_chinese_one(tibet: Catalogue) -> None:
    words = {"区": "District", "县": "County", "市": "City"}
    for code in (code for prefecture in tibet.prefectures for code in tibet.counties(prefecture)):
        region = tibet.regions[code]
        assert region.name_en.endswith(words[region.name_zh[-1]])
        assert region.name_zh.startswith(region.short_zh)


def test_tile_names_fit(tibet: Catalogue) -> None:
    assert max(len(region.short_en) for region in tibet.regions.values()) <= 8
    assert max(len(region.short_zh) for region in tibet.regions.values()) <= 3
    assert tibet.regions[540103].short_zh == "堆龙"
    names = [region.short_en for region in tibet.regions.values()]
    assert len(set(names)) == len(names)


def test_each_prefecture_is_one_connected_patch_of_the_grid(tibet: Catalogue) -> None:
    tiles = [region.tile for region in tibet.regions.values() if region.tile]
    assert len(set(tiles)) == len(tiles) == 81
    assert {row for row, _ in tiles} == set(range(8))
    assert {column for _, column in tiles} == set(range(13))
    for prefecture in tibet.prefectures:
        counties = {tile for code in tibet.counties(prefecture) if (tile := tibet.regions[code].tile)}
        label = tibet.regions[prefecture].tile
        assert label is not None
        assert _connected(counties)
        assert _connected({*counties, label})


def _connected(tiles: set[Tile]) -> bool:
    reached: set[Tile] = set()
    ahead = [min(tiles)]
    while ahead:
        row, column = ahead.pop()
        if (row, column) in tiles - reached:
            reached.add((row, column))
            ahead += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    return reached == tiles


def test_38_goods_with_thresholds_of_their_category(tibet: Catalogue) -> None:
    assert len(tibet.goods) == 38
    assert {good.category for good in tibet.goods.values()} == set(tibet.categories)
    by_category = {good.category: good.cover for good in tibet.goods.values()}
    assert by_category["grain-oil"] == (30, 15, 7, 3)
    assert by_category["meat"] == (20, 10, 5, 2)
    assert by_category["dairy"] == (13, 7, 3, 1)
    assert by_category["eggs"] == (6, 4, 2, 1)
    assert by_category["storable-vegetables"] == (10, 5, 3, 1)
    assert by_category["leafy-vegetables"] == (3, 2, 1, 0.5)
    others = {"fruit-vegetables", "aquatic", "sugar-salt-tea", "fuel"}
    assert {by_category[category] for category in others} == {(7, 4, 2, 1)}
    assert all(good.cover == by_category[good.category] for good in tibet.goods.values())


def test_goods_by_code(tibet: Catalogue) -> None:
    potato = tibet.goods["potato"]
    assert (potato.name_zh, potato.name_en, potato.unit) == ("土豆", "Potato", "kg")
    storable = [good.code for good in tibet.goods.values() if good.category == "storable-vegetables"]
    assert storable == ["carrot", "potato", "chinese-cabbage"]
    litres = {good.code for good in tibet.goods.values() if good.unit == "L"}
    assert litres == {
        *("salad-oil", "peanut-oil", "rapeseed-oil", "milk"),
        *("petrol-92", "petrol-95", "petrol-98", "diesel-0", "diesel-minus-10"),
    }


def test_nothing_can_be_changed(tibet: Catalogue) -> None:
    assert isinstance(tibet.regions, MappingProxyType)
    assert isinstance(tibet.goods, MappingProxyType)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(tibet.goods["potato"], "unit", "L")  # noqa: B010

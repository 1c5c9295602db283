"""What a map file must hold, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import catalogue
from serving import county_map
from tests.serving.maps import NUMBER, collection, feature, of, square, written

CATALOGUE = catalogue.load()
BAYI, GONGBO = 540402, 540421


def load(directory: Path, content: dict[str, Any]) -> county_map.CountyMap:
    return county_map.load(written(directory, content), CATALOGUE)


def codes(found: county_map.CountyMap) -> list[str]:
    return [each["properties"]["code"] for each in json.loads(found.content.content)["features"]]


def test_a_map_of_all_counties_lacks_none(tmp_path: Path) -> None:
    found = load(tmp_path, of(CATALOGUE))
    assert (found.review_number, found.missing) == (NUMBER, ())
    assert len(codes(found)) == 74


def test_counties_without_an_area_are_named_in_the_order_of_the_catalogue(tmp_path: Path) -> None:
    assert load(tmp_path, of(CATALOGUE, without={GONGBO, BAYI})).missing == (BAYI, GONGBO)


@pytest.mark.parametrize(
    ("name", "value"),
    [("adcode", BAYI), ("adcode", "540402"), ("code", "540402"), ("gb", "156540402")],
)
def test_the_code_may_stand_in_several_properties(tmp_path: Path, name: str, value: object) -> None:
    assert codes(load(tmp_path, collection(feature(value, name=name)))) == ["540402"]


def test_the_review_number_may_have_its_chinese_name_and_brackets(tmp_path: Path) -> None:
    content = collection(feature(BAYI), review_number="", 审图号="藏S（2023）012号")
    assert load(tmp_path, content).review_number == "藏S（2023）012号"


def test_what_is_no_county_is_drawn_but_not_coloured_and_geometry_is_as_it_was(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[80.123456789, 30], [81, 31]]}
    neighbour = feature(650100, {"type": "MultiPolygon", "coordinates": [square(3, 3)["coordinates"]]})
    content = collection(feature(BAYI), neighbour, feature("100000_JD", line), feature(540400))
    found = load(tmp_path, content)
    assert codes(found) == ["540402", "", "", ""]
    told = json.loads(found.content.content)
    assert [each["geometry"] for each in told["features"]] == [each["geometry"] for each in content["features"]]
    assert told["review_number"] == NUMBER


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (collection(feature(BAYI), review_number=""), "it has no map review number (审图号), so it is not shown: add"),
        (collection(feature(BAYI), review_number="none"), "map review number 'none' is malformed, so it is not shown"),
        ({"type": "Topology", "objects": {}}, "is no GeoJSON FeatureCollection (Invalid enum value 'Topology'"),
        (collection(feature(BAYI, {"type": "Polygon", "coordinates": [[["x", 1]]]})),
         "Expected `float`, got `str` - at `$.features[0].geometry.coordinates[0][0][0]`"),
        (collection(feature(110101)), "none of its 1 features is a county of the catalogue (properties: adcode, name)"),
        (collection(feature(BAYI), feature(GONGBO, {"type": "LineString", "coordinates": [[80, 30]]})),
         "features[1] is a region and no area"),
        (collection(feature(BAYI, square(0, 5000))), "features[0] has coordinates that are not degrees"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_with_file_place_and_advice(
    tmp_path: Path, content: dict[str, Any], said: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(county_map.MapError) as refused:
        county_map.load(path, CATALOGUE)
    assert refused.value.english.startswith(f"map {path}: ")
    assert said in refused.value.english
    assert refused.value.chinese.startswith(f"地图 {path}：")


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(county_map.MapError, match="cannot be read \\(No such file or directory\\): check --map"):
        county_map.load(tmp_path / "none.geojson", CATALOGUE)
    with pytest.raises(county_map.MapError, match="use a reviewed version of smaller scale"):
        county_map.load(written(tmp_path, of(CATALOGUE)), CATALOGUE, largest=100)


def test_another_map_has_another_digest(tmp_path: Path) -> None:
    whole, part = load(tmp_path, of(CATALOGUE)), load(tmp_path, of(CATALOGUE, without={BAYI}))
    assert whole.digest != part.digest

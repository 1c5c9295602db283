"""A bureau's own map of its counties: a GeoJSON file with its map review number (审图号).

In China a map may be shown in public only as it was reviewed, beside its number: geometry is passed on as
it is, and a file without a number is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from schemas.catalogue import Catalogue
from serving.assets import Asset

#: Where a feature's region code may stand, first found first taken: ``adcode`` as in most public files, ``code``,
#: and ``gb`` of the national platform (天地图), which is the country's 156 before the code.
CODE_PROPERTIES: Final = ("adcode", "code", "gb")
#: GS(2024)0650号, GS京(2022)1061号, 藏S(2023)012号; with full-width brackets too.
REVIEW_NUMBER: Final = re.compile(r"\w{0,3}S\w{0,3}[(（](19|20)\d\d[)）]\d{1,6}号")
#: A wall is a small computer: this much takes it a second to read.
LARGEST_BYTES: Final = 32 * 1024 * 1024
MEDIA_TYPE: Final = "application/geo+json"

COUNTRY: Final = "156"
_CODE: Final = re.compile(rf"(?:{COUNTRY})?(\d{{6}})")

Position = list[float]


class Line(msgspec.Struct, tag_field="type", tag="LineString"):
    """A line: a boundary that is drawn beside the areas."""

    coordinates: list[Position]


class Lines(msgspec.Struct, tag_field="type", tag="MultiLineString"):
    """Several lines."""

    coordinates: list[list[Position]]


class Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    """An area: its outer ring, then its holes."""

    coordinates: list[list[Position]]


class Polygons(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    """Several areas."""

    coordinates: list[list[list[Position]]]


Geometry = Line | Lines | Polygon | Polygons


class Feature(msgspec.Struct):
    """A region, or what else the reviewed map shows."""

    type: Literal["Feature"]
    properties: dict[str, Any] | None
    geometry: Geometry


class Collection(msgspec.Struct):
    """The file; members that are not named here are left out."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    review_number: str = ""
    review_number_zh: str = msgspec.field(name="审图号", default="")


class MapError(ValueError):
    """A file that was refused: which, where in it, and what to do, in two languages."""

    def __init__(self, path: Path, chinese: str, english: str) -> None:
        self.chinese, self.english = f"地图 {path}：{chinese}", f"map {path}: {english}"
        super().__init__(f"{self.english} / {self.chinese}")


@dataclass(frozen=True, slots=True)
class CountyMap:
    """A map that may be shown.

    ``content`` is GeoJSON whose features of counties carry ``code`` and nothing else; ``missing`` are counties
    of the catalogue without an area, in its order; ``digest`` tells one file from another.
    """

    review_number: str
    content: Asset
    missing: tuple[int, ...]
    digest: str


def load(path: Path, catalogue: Catalogue, *, largest: int = LARGEST_BYTES) -> CountyMap:
    """Return the map in ``path``: GeoJSON (RFC 7946), degrees of longitude and latitude, UTF-8.

    Raises ``MapError`` for what cannot be shown.
    """
    found = _decode(path, _read(path, largest))
    number = _review_number(path, found)
    codes = [_code(feature) for feature in found.features]
    counties = [code for code, region in catalogue.regions.items() if region.level == "county"]
    if not set(codes) & set(counties):
        raise _without_counties(path, found)
    for at, feature in enumerate(found.features):
        _check(path, at, feature, is_county=codes[at] in catalogue.regions)
    content = _told(found.features, codes, set(counties), number)
    asset = Asset(MEDIA_TYPE, content, gzip.compress(content, mtime=0))
    missing = tuple(code for code in counties if code not in set(codes))
    return CountyMap(number, asset, missing, hashlib.sha256(content).hexdigest()[:16])


def _read(path: Path, largest: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > largest:
            mib = 1024 * 1024
            raise MapError(
                path,
                f"文件 {size / mib:.0f} MiB，上限 {largest / mib:.0f} MiB：请用经审核的较小比例尺版本",
                f"it has {size / mib:.0f} MiB, {largest / mib:.0f} at most: use a reviewed version of smaller scale",
            )
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        reason = error.strerror or str(error)
        raise MapError(path, f"无法读取（{reason}）：检查 --map", f"cannot be read ({reason}): check --map") from error


def _decode(path: Path, content: bytes) -> Collection:
    try:
        return msgspec.json.decode(content, type=Collection)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError says where: $.features[3]…
        raise MapError(
            path,
            f"不是 GeoJSON FeatureCollection（{error}）：请导出为 GeoJSON，UTF-8，经纬度坐标",
            f"is no GeoJSON FeatureCollection ({error}): export it as GeoJSON, UTF-8, longitude and latitude",
        ) from error


def _review_number(path: Path, found: Collection) -> str:
    number = (found.review_number or found.review_number_zh).strip()
    if REVIEW_NUMBER.fullmatch(number):
        return number
    chinese = f"审图号 {number!r} 不成样" if number else "没有审图号"
    english = f"map review number {number!r} is malformed" if number else "it has no map review number (审图号)"
    raise MapError(
        path,
        f'{chinese}，不予展示：在文件顶层写明所用地图的审图号，例如 "review_number": "GS(2024)0650号"',
        f"{english}, so it is not shown: add the number of the reviewed map at the top level of the file, for example "
        '"review_number": "GS(2024)0650号"',
    )


def _code(feature: Feature) -> int:
    """Return the feature's region code, 0 where it has none."""
    for name in CODE_PROPERTIES:
        value = (feature.properties or {}).get(name)
        if value is not None and (found := _CODE.fullmatch(str(value))):
            return int(found[1])
    return 0


def _without_counties(path: Path, found: Collection) -> MapError:
    names = sorted({name for feature in found.features for name in feature.properties or {}})
    listed = ", ".join(names[:8]) or "–"
    wanted = ", ".join(CODE_PROPERTIES)
    return MapError(
        path,
        f"{len(found.features)} 个要素中没有本目录的县区（属性：{listed}）：县区要素的 {wanted} 之一须为六位区划代码",
        f"none of its {len(found.features)} features is a county of the catalogue (properties: {listed}): "
        f"one of {wanted} must hold a county's six-digit code",
    )


def _check(path: Path, at: int, feature: Feature, *, is_county: bool) -> None:
    if is_county and not isinstance(feature.geometry, Polygon | Polygons):
        raise MapError(
            path,
            f"features[{at}] 是县区而几何不是面：须为 Polygon 或 MultiPolygon",
            f"features[{at}] is a region and no area: it must be a Polygon or MultiPolygon",
        )
    if not all(_is_degrees(position) for position in _positions(feature.geometry.coordinates)):
        raise MapError(
            path,
            f"features[{at}] 的坐标不是经纬度：请以 EPSG:4490 或 EPSG:4326 重新导出",
            f"features[{at}] has coordinates that are not degrees: export it again in EPSG:4490 or EPSG:4326",
        )


def _positions(coordinates: Iterable[Any]) -> Iterable[Position]:
    for each in coordinates:
        if each and isinstance(each[0], list):
            yield from _positions(each)
        else:
            yield each


def _is_degrees(position: Position) -> bool:
    return len(position) >= 2 and abs(position[0]) <= 180 and abs(position[1]) <= 90


def _told(features: Iterable[Feature], codes: Iterable[int], counties: set[int], number: str) -> bytes:
    told: list[Mapping[str, Any]] = [
        {
            "type": "Feature",
            "properties": {"code": f"{code:06d}" if code in counties else ""},
            "geometry": feature.geometry,
        }
        for feature, code in zip(features, codes, strict=True)
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "review_number": number, "features": told})

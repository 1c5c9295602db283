"""Invented maps: squares where the tiles are, nobody's borders."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue

NUMBER = "GS(2000)0001号"


def square(row: float, column: float, side: float = 1.0) -> dict[str, Any]:
    """Return a polygon of ``side`` degrees, rows going south from 36° N and columns going east from 80° E."""
    west, north = 80.0 + column, 36.0 - row
    east, south = west + side, north - side
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def feature(code: object, geometry: dict[str, Any] | None = None, name: str = "adcode") -> dict[str, Any]:
    """Return a region's feature, as public files have it."""
    return {"type": "Feature", "properties": {name: code, "name": "x"}, "geometry": geometry or square(0, 0)}


def collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a reviewed map of these features."""
    return {"type": "FeatureCollection", "review_number": NUMBER, "features": list(features), **members}


def of(catalogue: Catalogue, without: Collection[int] = ()) -> dict[str, Any]:
    """Return a map of every county that has a tile, but some."""
    shown = [
        feature(code, square(*region.tile))
        for code, region in catalogue.regions.items()
        if region.level == "county" and region.tile and code not in without
    ]
    return collection(*shown)


def written(directory: Path, content: dict[str, Any]) -> Path:
    """Write a map to a file of ``directory``."""
    path = directory / "counties.geojson"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path

"""Names of regions and goods beside their codes, for tables that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from staplewatch.words import language, say

LEVEL_NAMES: Mapping[str, tuple[str, str]] = {
    "none": ("无", "none"),
    "blue": ("蓝色 IV", "blue IV"),
    "yellow": ("黄色 III", "yellow III"),
    "orange": ("橙色 II", "orange II"),
    "red": ("红色 I", "red I"),
}
STATE_NAMES: Mapping[str, tuple[str, str]] = {
    "pending": ("待定", "pending"),
    "firing": ("触发", "firing"),
    "resolved": ("解除", "resolved"),
}


def namer(catalogue: Path | None) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that adds ``place`` and ``good_name`` to a row; unknown codes stand for themselves."""
    from schemas import catalogue as catalogues  # noqa: PLC0415

    known = catalogues.load(catalogue)
    place = known.place_zh if language() == "zh" else known.place_en

    def name(row: Mapping[str, Any]) -> dict[str, Any]:
        code, good = int(row["region"]), known.goods.get(row["good"])
        named = (good.name_zh if language() == "zh" else good.name_en) if good else row["good"]
        within = {"substitutes": [name(each) for each in row["substitutes"]]} if row.get("substitutes") else {}
        return {**row, **within, "place": place(code) if code in known.regions else row["region"], "good_name": named}

    return name


def level_name(level: str) -> str:
    """Return a level in words with its roman number."""
    return say(*LEVEL_NAMES.get(level, (level, level)))


def state_name(state: str) -> str:
    """Return the state of an alert in words."""
    return say(*STATE_NAMES.get(state, (state, state)))

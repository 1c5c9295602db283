"""Receipts are told apart by store, county and sender, whatever form their columns come in."""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.columns import Coded
from streams.origins import Origins


class Place:
    """Numbers names as a prefecture does."""

    def __init__(self) -> None:
        self.sites: dict[tuple[str, int], int] = {}
        self.senders: dict[str, int] = {}

    def site(self, _kind: str, name: str, region: int) -> int:
        return self.sites.setdefault((name, region), len(self.sites))

    def sender(self, name: str) -> int:
        return self.senders.setdefault(name, len(self.senders))


ROWS = [(5401, "s1", 540102, "x"), (5402, "s1", 540202, "x"), (5401, "s2", 540102, "y"), (5401, "s1", 540102, "x")]


def found(origins: Origins, columns: list[Any]) -> list[tuple[int, ...]]:
    number = origins.of(*columns)
    return [tuple(int(origins.table[name][each]) for name in ("place", "site", "sender")) for each in number]


def test_ids_are_those_of_the_prefecture_in_the_order_of_the_rows() -> None:
    places: dict[int, Any] = {5401: Place(), 5402: Place()}
    expected = [(0, 0, 0), (1, 0, 0), (0, 1, 1), (0, 0, 0)]
    lists = [list(column) for column in zip(*ROWS, strict=True)]
    origins = Origins(places.__getitem__)
    assert [found(origins, lists), found(origins, lists)] == [expected] * 2
    codes = np.array([0, 1, 2, 0])
    coded = [Coded(column[:3], codes) for column in lists]
    assert found(Origins({5401: Place(), 5402: Place()}.__getitem__), coded) == expected  # type: ignore[arg-type]
    assert [each is places[code] for each, code in zip(origins.places, (5401, 5402), strict=True)] == [True, True]


def test_a_store_that_moves_or_reports_for_another_is_another_origin() -> None:
    origins = Origins({5401: Place()}.__getitem__)  # type: ignore[arg-type]
    columns = [[5401] * 3, ["s"] * 3, [540102, 540103, 540102], ["x", "x", "y"]]
    assert found(origins, columns) == [(0, 0, 0), (0, 1, 0), (0, 0, 1)]

"""Tiles for regions that have none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.tiles import COLUMNS, arrange


def test_blocks_stand_beside_each_other_and_are_filled_row_by_row() -> None:
    tiles = arrange({100: [100, 101, 102, 103, 104], 200: [200, 201]})
    assert [tiles[code] for code in (100, 101, 102, 103, 104)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert [tiles[code] for code in (200, 201)] == [(0, 3), (0, 4)]


def test_they_stand_below_what_is_taken() -> None:
    assert arrange({100: [100]}, [(0, 5), (7, 2)]) == {100: (8, 0)}


@given(st.dictionaries(st.integers(1, 99), st.integers(1, 60), max_size=20))
def test_no_collision_and_no_region_left_out(sizes: dict[int, int]) -> None:
    blocks = {key * 100: [key * 100 + index for index in range(size)] for key, size in sizes.items()}
    tiles = arrange(blocks)
    assert set(tiles) == {code for codes in blocks.values() for code in codes}
    assert len(set(tiles.values())) == len(tiles)
    assert all(row >= 0 and 0 <= column < COLUMNS for row, column in tiles.values())

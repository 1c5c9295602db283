"""A county grid for regions without tile coordinates: one block per prefecture, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

Tile = tuple[int, int]

#: The wall shows 13 columns; a wider row of blocks starts below the one before.
COLUMNS: Final = 13


def arrange(blocks: Mapping[int, Sequence[int]], taken: Iterable[Tile] = ()) -> dict[int, Tile]:
    """Return (row, column) of every region in ``blocks`` (prefecture -> its regions, label first).

    Each block is filled row by row and is about square. Blocks stand beside each other below
    every ``taken`` tile, so nothing collides.
    """
    tiles: dict[int, Tile] = {}
    top = max((row for row, _ in taken), default=-1) + 1
    left = height = 0
    for _, regions in sorted(blocks.items()):
        width = math.ceil(math.sqrt(len(regions)))
        if left and left + width > COLUMNS:
            top, left, height = top + height, 0, 0
        for index, region in enumerate(regions):
            tiles[region] = (top + index // width, left + index % width)
        height = max(height, math.ceil(len(regions) / max(width, 1)))
        left += width
    return tiles

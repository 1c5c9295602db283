"""What every part of one worker's streams needs to know, worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from schemas.catalogue import Catalogue
from streams.indicators.civil import Civil
from streams.indicators.groups import Floats
from streams.options import Options

COVER_COLUMNS = ("cover_blue", "cover_yellow", "cover_orange", "cover_red")


@dataclass
class Setup:
    """Catalogue and options with goods as indices."""

    catalogue: Catalogue
    options: Options
    goods: list[str] = field(init=False)
    good_index: dict[str, int] = field(init=False)
    cover: dict[str, Floats] = field(init=False)
    civil: Civil = field(init=False)

    def __post_init__(self) -> None:
        """Give goods numbers by code, so that snapshots do not depend on the order of a file."""
        self.goods = sorted(self.catalogue.goods)
        self.good_index = {good: index for index, good in enumerate(self.goods)}
        thresholds = np.array([self.catalogue.goods[good].cover for good in self.goods], np.float64)
        self.cover = {name: thresholds[:, index] for index, name in enumerate(COVER_COLUMNS)}
        self.civil = Civil(self.options.timezone)

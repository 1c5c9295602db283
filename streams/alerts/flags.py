"""Counties of a prefecture flagged for a good: how many, for how long, for how many goods (``qingdao-2014``).

Frames have ``region``, ``good_index`` and ``day`` (days since 1970-01-01), one row per subject and date.
An undefined flag is not a flag and ends a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from streams.alerts.evaluation import Columns
from streams.alerts.extent import region_of
from streams.alerts.names import FLAG_COUNTS, NEAR
from streams.alerts.terms import Condition, relaxed

_SUBJECT: Final = ("region", "good_index", "day")
_DEFINED: Final = "defined"


def flagged(counties: pl.DataFrame, flags: Mapping[str, Condition]) -> pl.DataFrame:
    """Return the subjects of ``counties`` and a Boolean column per flag, null where it is undefined.

    ``x~`` is flag ``x`` with its thresholds moved by a tenth.
    """
    columns = Columns(counties)
    found = {name: columns.truth(condition) for name, condition in flags.items()}
    near = {name + NEAR: columns.truth(relaxed(condition)) for name, condition in flags.items()}
    return counties.select(*_SUBJECT, **found, **near)


def runs(flag: NDArray[np.bool_], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the length of the run of true values that ends at each place, 0 where ``flag`` is false.

    Shapes (rows,). ``begins`` marks the first date of a subject; its dates follow one another.
    """
    place = np.arange(len(flag))
    before = np.where(flag, np.where(begins, place - 1, -1), place)
    run: NDArray[np.int64] = place - np.maximum.accumulate(before)
    return run


def with_runs(flags: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return ``flags`` with a column ``days_x`` per flag: its run up to the row's date.

    The rows of a subject stand together, by date and without a gap.
    """
    subject = flags.select(pl.struct("region", "good_index") != pl.struct("region", "good_index").shift(1))
    begins = subject.to_series().fill_null(True).to_numpy()
    return flags.with_columns(
        pl.Series(f"days_{name}", runs(flags[name].fill_null(False).to_numpy(), begins)) for name in names
    )


def counted(flags: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return ``districts_x``, ``days_x`` and ``goods_x`` per prefecture, good and day, sorted by them.

    ``flags`` has the flags ``names`` (``x~`` among them) of counties and their ``days_x``. All counts
    are null where no county of the prefecture has a flag that is true or false.
    """
    names = tuple(names)
    # A flag's looser form may be true where the flag is undefined: it does not make the county known.
    judged = [name for name in names if not name.endswith(NEAR)]
    known = pl.any_horizontal(pl.col(*judged).is_not_null()).any().alias(_DEFINED)
    districts = [pl.col(name).fill_null(False).sum().cast(pl.Int64).alias(f"districts_{name}") for name in names]
    days = [pl.col(f"days_{name}").max() for name in names]
    goods = [(pl.col(f"districts_{name}") > 0).sum().over("region", "day").alias(f"goods_{name}") for name in names]
    found = (
        flags.group_by(region_of("prefecture"), "good_index", "day").agg(known, *districts, *days).with_columns(*goods)
    )
    counts = [f"{count}_{name}" for name in names for count in FLAG_COUNTS]
    defined = pl.when(pl.col(_DEFINED)).then(pl.col(*counts))
    return found.select(*_SUBJECT, defined.name.keep()).sort(_SUBJECT)


def out_of_stock(counties: pl.DataFrame, sizes: Mapping[int, int]) -> pl.DataFrame:
    """Return ``counties``, ``counties_stocked`` and ``counties_out`` per prefecture, good and day.

    ``counties`` has ``sites_in`` and ``sites_out`` at the close of the date; a county that reports
    is out where none of its sites has any. ``sizes``: counties of each prefecture in the catalogue.
    """
    reports = (pl.col("sites_in") + pl.col("sites_out")) > 0
    out = reports & (pl.col("sites_in") == 0)
    return (
        counties.group_by(region_of("prefecture"), "good_index", "day")
        .agg(
            reports.sum().cast(pl.Int64).alias("counties_stocked"),
            out.sum().cast(pl.Int64).alias("counties_out"),
        )
        .with_columns(pl.col("region").replace_strict(dict(sizes), return_dtype=pl.Int64).alias("counties"))
    )

"""When the sites of one prefecture are open: the registry's hours where it has any, else the deployment's usual ones.

Most sites of a deployment have the usual hours, and where all have, every reading is one number instead
of an array: sites are told apart only from the first that differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.opening import HOURS, Week
from streams.indicators.groups import Floats, Ints

#: Closed dates kept: the 28 that suspected stock-outs look back on, and two that are not closed or learnt yet.
DATES: Final = 30


class Named(Protocol):
    """Sites, or enterprises, by their ids: a list of names that grows."""

    names: list[str]


class Hours:
    """Opening hours of every site (or enterprise) in ``named``; a closed date keeps those that it closed with."""

    def __init__(self, named: Named, usual: Week) -> None:
        self._named = named
        self._own: dict[str, Week] = {}
        #: Distinct weeks, the usual one first, and which of them each site has.
        self.weeks = [usual]
        self._week = np.zeros(0, np.int64)
        #: Per closed date one mask for all sites, or one each.
        self._closed: dict[int, int | NDArray[np.int32]] = {}
        #: Counts changes: whoever keeps something that was worked out from the hours compares it.
        self.version = 0

    @property
    def sites(self) -> int:
        """Return the number of sites."""
        return len(self._named.names)

    @property
    def uniform(self) -> bool:
        """Return whether every site has the usual hours."""
        return len(self.weeks) == 1

    def set(self, site: str, week: Week | None) -> bool:
        """Let a site be open as ``week`` says from now on, None: as usual; return whether that is a change."""
        before = self._own.pop(site, None)
        own = None if week == self.weeks[0] else week
        if own is not None:
            self._own[site] = own
        if own == before:
            return False
        self.weeks = [self.weeks[0], *dict.fromkeys(self._own.values())]
        self._week = np.zeros(0, np.int64)
        self.version += 1
        return True

    def week_of(self, site: Ints) -> Ints:
        """Return which of ``weeks`` sites have, shape as given."""
        if len(self._week) < len(self._named.names):
            place = {week: number for number, week in enumerate(self.weeks)}
            fresh = self._named.names[len(self._week) :]
            found = [place[self._own[name]] if name in self._own else 0 for name in fresh]
            self._week = np.concatenate([self._week, np.array(found, np.int64)])
        return self._week[site]

    def a_day(self, site: Ints) -> float | Floats:
        """Return the mean open hours of a date over the week: one number where all sites have the usual hours."""
        if self.uniform:
            return self.weeks[0].hours_a_day
        return np.array([week.hours_a_day for week in self.weeks])[self.week_of(site)]

    def close(self, day: int) -> None:
        """Keep the hours of ``day``, which has just closed, as they are now."""
        masks = np.array([week.mask(day) for week in self.weeks], np.int32)
        kept: int | NDArray[np.int32] = int(masks[0])
        if not self.uniform:
            kept = masks[self.week_of(np.arange(len(self._named.names)))]
            kept.flags.writeable = False  # snapshots need no copy
        self._closed[day] = kept
        self._closed.pop(day - DATES, None)

    def masks(self, days: Sequence[int], site: Ints) -> NDArray[np.int32]:
        """Return the open hours of dates as masks of 24 bits: shape (len(days),) where all sites agree, else (n, days).

        A date that has not closed here, and a site that was not known at its close, have the usual hours.
        """
        usual = [self._closed.get(day, self.weeks[0].mask(day)) for day in days]
        if all(isinstance(each, int) for each in usual):
            return np.array(usual, np.int32)
        columns = [self._column(each, day, site) for each, day in zip(usual, days, strict=True)]
        return np.stack(columns, axis=1)

    def _column(self, kept: int | NDArray[np.int32], day: int, site: Ints) -> NDArray[np.int32]:
        if isinstance(kept, int):
            return np.full(len(site), kept, np.int32)
        later = np.full(max(0, len(self._named.names) - len(kept)), self.weeks[0].mask(day), np.int32)
        column: NDArray[np.int32] = np.concatenate([kept, later])[site]
        return column

    # -- snapshot

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot; the sites' own weeks are the registry's to remember."""
        return [[day, kept] for day, kept in self._closed.items()]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self._closed = dict(data)


def flags_of(masks: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return masks as flags: one more axis, of 24 hours."""
    flags: NDArray[np.bool_] = (masks[..., None] >> np.arange(HOURS, dtype=np.int32)) & 1 > 0
    return flags

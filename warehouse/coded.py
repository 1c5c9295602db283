"""Columns that are no lists: few values, each once, with a number per row; and numbers of which some are NULL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Coded(Protocol):
    """``words[codes[i]]`` is the value of row i; ``codes`` are whole numbers from 0."""

    words: list[Any]
    codes: NDArray[Any]

    def __len__(self) -> int: ...


@runtime_checkable
class Nullable(Protocol):
    """``numbers[i]`` is the value of row i, but NULL where ``null[i]``."""

    numbers: NDArray[Any]
    null: NDArray[np.bool_]

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Gaps:
    """A column of numbers, NULL where ``null``, that is ready to be stored."""

    numbers: NDArray[Any]
    null: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    def part(self, begin: int, end: int) -> Gaps:
        """Return rows [begin, end)."""
        return Gaps(self.numbers[begin:end], self.null[begin:end])


@dataclass(frozen=True, slots=True)
class Words:
    """A coded column whose words are ready to be stored."""

    words: Sequence[Any] | NDArray[Any]
    codes: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def part(self, begin: int, end: int) -> Words:
        """Return rows [begin, end)."""
        return Words(self.words, self.codes[begin:end])

    def used(self) -> Words:
        """Return the same rows with the words that occur only: of all that somebody knows these may be few."""
        occurs = np.bincount(self.codes, minlength=len(self.words)) > 0
        if occurs.all():
            return self
        words = [self.words[code] for code in np.flatnonzero(occurs).tolist()]
        return Words(words, (np.cumsum(occurs) - 1)[self.codes])

    def distinct(self) -> Words:
        """Return the same rows with the words that occur, each of them once."""
        used = np.flatnonzero(np.bincount(self.codes, minlength=len(self.words)))
        known: dict[Any, int] = {}
        places = [known.setdefault(self.words[code], len(known)) for code in used.tolist()]
        codes = np.zeros(len(self.words), np.int64)
        codes[used] = places
        return Words(list(known), codes[self.codes])

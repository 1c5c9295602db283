"""Columns of rows that are not spelled out before somebody needs every value.

The lines of a receipt share most of their values. Kept once per receipt they cost a fifth, and
whoever only counts rows or hands them on never pays for the rest.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from streams.indicators.groups import Ints


class Repeated(Sequence[Any]):
    """``values[i]`` stands ``counts[i]`` times in a row; looks like the list of all of them.

    Both may be columns of any kind themselves.
    """

    __slots__ = ("_length", "counts", "values")

    def __init__(self, values: Sequence[Any] | Ints, counts: Sequence[int] | Ints, length: int) -> None:
        """``length`` is the sum of ``counts``."""
        self.values, self.counts, self._length = values, counts, length

    @classmethod
    def of(cls, value: object, count: int) -> Repeated:
        """Return one value ``count`` times."""
        return cls([value], [count], count)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    def __iter__(self) -> Iterator[Any]:
        """Return all values."""
        return chain.from_iterable(map(repeat, listed(self.values), listed(self.counts)))

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return a value, or the values of a slice; walks up to it."""
        if isinstance(index, slice):
            return list(islice(self, *index.indices(self._length)))
        place = index + self._length if index < 0 else index
        if not 0 <= place < self._length:
            raise IndexError(index)
        return next(islice(self, place, None))

    def tolist(self) -> list[Any]:
        """Return all values."""
        return list(self)


class Coded(Sequence[Any]):
    """``words[codes[i]]`` for every row i; looks like the list of all of them."""

    __slots__ = ("codes", "words")

    def __init__(self, words: list[Any], codes: Ints) -> None:
        self.words, self.codes = words, codes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        """Return all values."""
        return iter(self.tolist())

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Coded: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return a value, or some rows of the same words."""
        found = self.codes[index]
        return Coded(self.words, found) if isinstance(index, slice) else self.words[found]

    def take(self, rows: Ints) -> list[Any]:
        """Return the values of some rows."""
        return [self.words[code] for code in self.codes[rows].tolist()]

    def own(self) -> Coded:
        """Return the same rows with the words that occur only."""
        counts = np.bincount(self.codes, minlength=len(self.words))
        used = np.flatnonzero(counts)
        if len(used) == len(self.words):
            return self
        return Coded([self.words[code] for code in used.tolist()], (np.cumsum(counts > 0) - 1)[self.codes])

    def map(self, function: Callable[[Any], Any], kind: DTypeLike) -> NDArray[Any]:
        """Return ``function`` of every value as an array of ``kind``, called once per word."""
        return np.array([function(word) for word in self.words], kind)[self.codes]

    def tolist(self) -> list[Any]:
        """Return all values."""
        words = np.empty(len(self.words), object)
        words[:] = self.words
        return words[self.codes].tolist()  # type: ignore[no-any-return]


class Nullable(Sequence[Any]):
    """``numbers[i]`` for every row i, None where ``null[i]``; looks like the list of all of them."""

    __slots__ = ("null", "numbers")

    def __init__(self, numbers: NDArray[Any], null: NDArray[np.bool_]) -> None:
        self.numbers, self.null = numbers, null

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    def __iter__(self) -> Iterator[Any]:
        """Return all values."""
        return iter(self.tolist())

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Nullable: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return a value, or some rows."""
        if isinstance(index, slice):
            return Nullable(self.numbers[index], self.null[index])
        return None if self.null[index] else self.numbers[index].item()

    def tolist(self) -> list[Any]:
        """Return all values."""
        found = self.numbers.astype(object)
        found[self.null] = None
        return found.tolist()  # type: ignore[no-any-return]


class Parts(Sequence[Any]):
    """Columns one after another, each as it came; looks like the list of all their values."""

    __slots__ = ("_length", "parts")

    def __init__(self) -> None:
        self.parts: list[Sequence[Any]] = []
        self._length = 0

    def append(self, part: Sequence[Any]) -> None:
        """Add a column, which must not be changed any more."""
        self.parts.append(part)
        self._length += len(part)

    def ordered(self, order: Sequence[int]) -> Parts:
        """Return the same parts in another order."""
        found = Parts()
        for place in order:
            found.append(self.parts[place])
        return found

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    def __iter__(self) -> Iterator[Any]:
        """Return all values, numbers as Python's."""
        return chain.from_iterable(map(listed, self.parts))

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return a value or the values of a slice; lists everything."""
        return list(self)[index]


def listed(column: Iterable[Any]) -> list[Any]:
    """Return a column as a list of plain values: what clickhouse-driver takes fastest."""
    if isinstance(column, list):
        return column
    return column.tolist() if isinstance(column, np.ndarray | Repeated | Coded | Nullable) else list(column)


def numbers(column: Any) -> Ints:
    """Return a column of whole numbers as an array."""
    if isinstance(column, Repeated):
        return np.repeat(numbers(column.values), column.counts)
    if isinstance(column, Coded):
        return np.array(column.words, np.int64)[column.codes]
    return np.asarray(column, np.int64)


class Remembered:
    """What a function gave for the rows of coded columns, once per code for as long as their words are the same lists.

    Words may be added to the lists, and none may change.
    """

    def __init__(self, function: Callable[..., int]) -> None:
        """Ask ``function``, which takes a value of each column and returns a whole number, 0 or above."""
        self._function = function
        self.forget()

    def forget(self) -> None:
        """Ask the function again."""
        self._words: list[list[Any]] = []
        self._found = np.zeros(0, np.int64)

    def of(self, *columns: Coded) -> Ints:
        """Return the numbers of rows; the function is called in their order. All columns have the same codes."""
        codes = columns[0].codes
        if len(columns) != len(self._words) or any(map(operator.is_not, (each.words for each in columns), self._words)):
            self._words, self._found = [each.words for each in columns], np.zeros(0, np.int64)
        missing = len(self._words[0]) - len(self._found)
        if missing:
            self._found = np.r_[self._found, np.full(missing, -1)]
        numbers = self._found[codes]
        if len(new := codes[numbers < 0]):
            for code in dict.fromkeys(new.tolist()):
                self._found[code] = self._function(*(words[code] for words in self._words))
            numbers = self._found[codes]
        return numbers


def alike(*columns: Coded) -> bool:
    """Return whether the rows of all columns have the same codes."""
    codes = columns[0].codes
    return all(column.codes is codes or np.array_equal(column.codes, codes) for column in columns[1:])


def joined(parts: Sequence[Any]) -> Any:
    """Return the parts of one column, all of one kind, as one."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    if all(isinstance(part, Repeated) for part in parts):
        values, counts = joined([part.values for part in parts]), joined([part.counts for part in parts])
        return Repeated(values, counts, sum(map(len, parts)))
    if all(isinstance(part, Coded) for part in parts):
        return _recoded(parts)
    return list(chain.from_iterable(map(listed, parts)))


def spread(column: Any) -> Any:
    """Return a column with a value or a code for every row: what a warehouse takes fastest (``warehouse.coded``)."""
    if isinstance(column, Parts):
        return _in_a_row([spread(part) for part in column.parts])
    if not isinstance(column, Repeated):
        return column
    values = spread(column.values)
    if isinstance(values, np.ndarray):
        return np.repeat(values, column.counts)
    # 32 bits: a batch has some 100,000 rows, and half of the time here is memory's.
    if isinstance(values, Coded):
        return Coded(values.words, np.repeat(values.codes.astype(np.int32), column.counts))
    return Coded(values, np.repeat(np.arange(len(values), dtype=np.int32), column.counts))


def _in_a_row(parts: Sequence[Any]) -> Any:
    """Return the parts as one column; words of different parts are not looked for in each other."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    if all(isinstance(part, Nullable) for part in parts):
        return Nullable(np.concatenate([part.numbers for part in parts]), np.concatenate([part.null for part in parts]))
    if not all(isinstance(part, Coded) for part in parts):
        return list(chain.from_iterable(map(listed, parts)))
    words, codes, begin = list[Any](), [], 0
    last: list[Any] | None = None
    for part in parts:
        if part.words is not last:
            last, begin = part.words, len(words)
        words += last[len(words) - begin :]  # the same list may have become longer
        codes.append(part.codes + begin)
    return Coded(words, np.concatenate(codes))


def sorted_parts(columns: Mapping[str, Any], by: str) -> Mapping[str, Any]:
    """Return columns with their parts in the order of the first values of column ``by``; the order is stable."""
    leading = columns.get(by)
    if not isinstance(leading, Parts):
        return columns
    first = [part[0] for part in leading.parts]
    order = sorted(range(len(first)), key=first.__getitem__)
    return {name: column.ordered(order) for name, column in columns.items()}


def _recoded(parts: Sequence[Coded]) -> Coded:
    """Return the parts with one list of words for all."""
    if all(part.words is parts[0].words for part in parts):
        return Coded(parts[0].words, np.concatenate([part.codes for part in parts]))
    words: dict[Any, int] = {}
    numbered = Remembered(lambda word: words.setdefault(word, len(words)))
    codes = [numbered.of(part) for part in parts]
    return Coded(list(words), np.concatenate(codes))

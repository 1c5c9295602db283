"""Dead letters in the table and on the topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from schemas import topics
from schemas.letters import DeadLetter, dead_letter_headers
from staplewatch.audit import letters
from staplewatch.audit.letters import Published
from staplewatch.audit.report import Tally
from streams.chunk import Chunk
from tests.staplewatch.audit.worlds import frame, problems, tally

STORED = {"topic": pl.String, "offset": pl.Int64, "line": pl.Int64, "stage": pl.String, "at": pl.Int64}
SECOND = 1000


def headers(offset: int, *own: tuple[str, bytes]) -> Sequence[tuple[str, bytes]]:
    return dead_letter_headers(DeadLetter(topics.SALES, 2, offset, "decode", "no JSON", "DecodeError", b"{", None, own))


def told(*offsets: int, first: int = 0) -> Published:
    """Return what the topic holds, its first record being number ``first``, one sent every second."""
    places = range(first, first + len(offsets))
    stamps = [number * SECOND for number in places]
    size = len(offsets)
    chunk = Chunk(
        topics.DEAD_LETTERS,
        2,
        places,
        [b"{"] * size,
        [None] * size,
        [headers(each) for each in offsets],
        stamps,
        first + size,
    )
    return letters.collect([chunk])[2]


def audit(published: Published, *stored: int, reached: int = 100) -> tuple[int, Tally]:
    found = tally()
    rows = frame(STORED, *[(topics.SALES, offset, 0, "decode", offset) for offset in stored])
    return letters.compare(2, published, rows, {topics.SALES: reached}, found), found


def test_equal_sides_agree_and_what_was_sent_twice_is_counted() -> None:
    again, found = audit(told(3, 4, 4), 3, 4)
    assert (again, found.compared, problems(found)) == (1, 2, [])


def test_a_letter_lost_from_the_topic_is_found() -> None:
    assert problems(audit(told(3), 3, 4, 5)[1]) == [("letter_topic", "pos.sales/2 @4-5", "decode", "-")]


def test_a_letter_lost_from_the_table_is_found() -> None:
    assert problems(audit(told(3, 4), 3)[1]) == [("letter_table", "pos.sales/2 @4", "-", "decode")]


def test_letters_at_or_beyond_the_progress_may_be_under_way() -> None:
    assert problems(audit(told(3, 50), 3, 60, reached=50)[1]) == []


def test_what_the_broker_deleted_is_not_missed() -> None:
    kept = told(30, first=20)
    assert problems(audit(kept, 3, 30)[1]) == []
    assert problems(audit(kept, 3, 29, 30)[1]) == [("letter_topic", "pos.sales/2 @29", "decode", "-")]


def test_a_letter_of_a_letter_is_known_by_its_last_headers() -> None:
    twice: Any = headers(7, *headers(3))
    chunk = Chunk(topics.DEAD_LETTERS, 2, range(2), [b"{", b"?"], [None] * 2, [twice, ()], [0, 0], 2)
    found = letters.collect([chunk])[2]
    assert (found.keys["offset"], found.strange) == ([7], 1)


def test_a_header_without_a_value_is_no_dead_letter() -> None:
    nulls: Any = [(name, None) for name in letters.HEADERS]
    chunk = Chunk(topics.DEAD_LETTERS, 2, range(1), [b"{"], [None], [nulls], [0], 1)
    assert letters.collect([chunk])[2].strange == 1


def test_receipts_of_one_batch_are_letters_of_their_own() -> None:
    def letter(line: int) -> DeadLetter:
        return DeadLetter(topics.SALES, 2, 3, "validate", "no", "Rejected", b"{}", None, line=line, lines=2)

    own = [dead_letter_headers(letter(line)) for line in (0, 4)]
    chunk = Chunk(topics.DEAD_LETTERS, 2, range(2), [b"{}"] * 2, [None] * 2, own, [0, 0], 2)
    published = letters.collect([chunk])[2]
    found = tally()
    rows = frame(STORED, *[(topics.SALES, 3, line, "validate", 3) for line in (0, 4, 8)])
    letters.compare(2, published, rows, {topics.SALES: 100}, found)
    assert problems(found) == [("letter_topic", "pos.sales/2 @3", "validate", "-")]

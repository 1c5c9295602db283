"""A dead letter gives back what it was made of, whatever that was."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.letters import DeadLetter, dead_letter_headers
from streams.chunk import Chunk
from streams.decode import letter
from streams.fields import Rejected
from streams.rows import dead_rows

#: Header names as Kafka has them: any UTF-8, a name may come twice, values may be null.
HEADERS = st.lists(st.tuples(st.text(st.characters(codec="utf-8"), max_size=5), st.none() | st.binary(max_size=9)))
ERRORS = st.sampled_from([Rejected("validate", "未知商品"), RecursionError("deep"), ValueError("x" * 5000)])
CONNECT = 6


def made(
    value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes | None]], error: Exception
) -> DeadLetter:
    return letter(Chunk(topics.SALES, 3, [17], [value], [key], [headers], [1000], 18), 0, error)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.none() | st.binary(), st.none() | st.binary(), HEADERS, ERRORS)
def test_any_bytes_come_back(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes | None]], error: Exception
) -> None:
    dead = made(value, key, headers, error)
    kept = [(name, text or b"") for name, text in headers]
    assert (dead.value, dead.key, list(dead.headers)) == (value or b"", key, kept)
    on_the_wire = dead_letter_headers(dead)
    assert on_the_wire[:-CONNECT] == kept
    assert all(name.startswith("__connect.errors.") and text for name, text in on_the_wire[-CONNECT:])

    rows = dead_rows([dead], "epoch", 5)
    assert base64.b64decode(rows["value_base64"][0]) == (value or b"")
    assert base64.b64decode(rows["key_base64"][0]) == (key or b""), "a null key is stored as an empty one"
    stored = json.loads(rows["headers"][0])
    assert [(name, base64.b64decode(text)) for name, text in stored] == kept
    assert all(isinstance(each[0], int) or isinstance(each[0].encode(), bytes) for each in rows.values())


def test_a_replayed_letter_that_dies_again_tells_both_reasons_the_newest_last() -> None:
    first = made(b"{", None, [("trace", b"1")], ValueError("one"))
    again = made(first.value, first.key, dead_letter_headers(first), ValueError("two"))
    names = [name for name, _ in dead_letter_headers(again)]
    assert len(names) == 1 + 2 * CONNECT
    assert dict(dead_letter_headers(again))["__connect.errors.exception.message"] == b"two"

"""Who sent a record, also one that is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import LONGEST, Identity, identify

WHOLE = b'{"event_id": "r-1", "sender": "shop-7", "store": "bayi-01", "region": "540402", "lines": []}'
FOUND = Identity("r-1", "shop-7", "bayi-01", "540402")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (WHOLE, FOUND),
        (WHOLE[:-4], FOUND),
        (WHOLE[:40], Identity("r-1", "shop-7")),
        (WHOLE.replace(b'"540402"', b"540402"), FOUND),
        (WHOLE.replace(b"store", b"site"), FOUND),
        (WHOLE.replace(b"[]", b'["\xff"]'), FOUND),
        ('{"sender": "商店", "lines": ['.encode(), Identity(sender="商店")),
        (b'{"sender": "a\\"b", x', Identity(sender='a"b')),
        (b'{"sender": "\xff\xfe"', Identity(sender="\ufffd\ufffd")),
        (b'{"sender": null}', Identity()),
        (b'{"sender": "' + b"x" * 1000 + b'"}', Identity(sender="x" * LONGEST)),
        (b"[" * 100_000, Identity()),
        (b"", Identity()),
    ],
)
def test_what_can_be_read_is_found(value: bytes, found: Identity) -> None:
    assert identify(value) == found


@given(st.binary() | st.builds(lambda cut, junk: WHOLE[:cut] + junk, st.integers(0, 90), st.binary(max_size=9)))
def test_any_bytes_give_names_that_every_engine_stores(value: bytes) -> None:
    found = identify(value)
    for text in (found.event_id, found.sender, found.site, found.region):
        assert len(text) <= LONGEST
        assert text.encode().decode() == text

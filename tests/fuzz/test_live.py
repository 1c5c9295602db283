"""Any bytes on the compacted topics: counted as rejected, never an error."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from serving.live import Latest
from tests.fuzz.corpus import MUTATIONS
from tests.serving.examples import alert, indicator

TOPICS = (topics.INDICATORS, topics.ALERTS)
RECORDS = {topics.INDICATORS: msgspec.json.encode(indicator()), topics.ALERTS: msgspec.json.encode(alert())}


def applied(topic: str, key: bytes | None, value: bytes | None, latest: Latest) -> None:
    """Apply a record: it is news, was known, has no content, or is counted as rejected."""
    cursor, rejected = latest.cursor, latest.rejected
    news = latest.apply(topic, key, value)
    assert (latest.cursor - cursor, latest.rejected - rejected) in {(int(news), 0), (0, int(not news))}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(TOPICS), st.none() | st.binary(), st.none() | st.binary())
def test_any_bytes(topic: str, key: bytes | None, value: bytes | None) -> None:
    applied(topic, key, value, Latest())


def test_changed_records() -> None:
    random, latest = Random(8), Latest()
    for _ in range(5_000):
        topic = random.choice(TOPICS)
        value = RECORDS[topic]
        for _ in range(random.choice((1, 2))):
            value = random.choice(list(MUTATIONS.values()))(random, value) if value else value
        applied(topic, random.choice((b"k", b"\xff", b"")), value, latest)
    assert latest.cursor > 0
    assert latest.rejected > 1_000


@pytest.mark.parametrize("topic", TOPICS)
def test_what_is_no_error_of_the_decoder_itself_is_rejected_too(topic: str) -> None:
    latest = Latest()
    applied(topic, b"k", b'{"a":' * 100_000, latest)
    applied(topic, b"k", RECORDS[topic].replace(b'"region":"', b'"region":"\xff'), latest)
    assert latest.rejected == 2

"""Private names of pinned libraries are as they were when the transport was written."""

from __future__ import annotations

import pytest

from streams import pins


def test_libraries_are_what_the_transport_was_written_against() -> None:
    assert pins.changed() == []


def test_a_change_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "VERSIONS", {"aiokafka": "0.1"})
    known = "aiokafka.consumer.fetcher:FetchResult"
    monkeypatch.setattr(pins, "SOURCES", {known: "other", "aiokafka.consumer.fetcher:Gone": ""})
    assert pins.changed() == [
        "aiokafka is 0.14.0, not 0.1",
        f"{known} changed",
        "aiokafka.consumer.fetcher:Gone is gone",
    ]

"""Asked for by name: prints how long a rebuild takes, and judges nothing."""

from __future__ import annotations

import pytest

from tests.bench import memory, rebuild


def test_rebuild_after_ninety_days(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        measured = rebuild.main([])
    amounts = [
        int(str(each["amount"])) for each in measured["clickhouse-server"] if str(each["what"]).startswith("rebuild")
    ]
    assert len(amounts) == 3
    assert amounts == sorted(amounts, reverse=True), "the younger the snapshot, the less is read"


def test_memory_of_duplicates(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        measured = memory.main()
    assert measured["events"] > 1_000_000

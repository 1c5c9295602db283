"""Asked for by name: prints what remembering duplicates takes."""

from __future__ import annotations

import pytest

from tests.bench import memory


def test_memory_of_duplicates(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        measured = memory.main()
    assert measured["events"] > 1_000_000

"""Asked for by name: prints what the state of all China takes, part by part."""

from __future__ import annotations

import pytest

from tests.bench import memory


def test_state_of_all_china(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        measured = memory.main()
    known = sum(size for part, size in measured.items() if part not in {"resident", "packed"})
    assert known > 0.7 * measured["resident"], "the table leaves out too much"

"""``make screenshots`` works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import pictures

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.soak]

#: What a README may carry.
LARGEST = 300_000


def test_wall_and_desk_are_taken_of_the_demonstration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pictures.main(["--out", str(tmp_path), "--seconds", "300", "--alerts", "1"]) == 0, capsys.readouterr().err
    taken = sorted(tmp_path.iterdir())
    assert [path.name for path in taken] == ["desk-en.webp", "desk-zh.webp", "wall-en.webp", "wall-zh.webp"]
    for path in taken:
        content = path.read_bytes()
        assert content[8:12] == b"WEBP"
        assert 10_000 < len(content) < LARGEST
    assert "4 pictures in" in capsys.readouterr().out

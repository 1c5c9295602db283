"""The one-machine instance under kill -9."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.embedded import play

# Not in every run yet: kafka-python leaves sockets of refused connections behind, which fails the tests that follow.
pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.soak]


def test_what_was_stored_stays_and_every_start_is_clean(tmp_path: Path) -> None:
    checked = play(tmp_path / "data", seed=11, kills=2)
    assert checked["records"] > 1_000
    assert checked["dead_letters"] > 0


def test_twenty_kills_of_one_directory(tmp_path: Path) -> None:
    checked = play(tmp_path / "data", seed=12, kills=20)
    print(f"\nembedded: 20 kills, {dict(checked)} checked, 0 lost, 0 doubled")

"""An environment without settings, and English, for every test of the command."""

from __future__ import annotations

import os

import pytest

from staplewatch import words


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the developer's own shell has set."""
    for name in [name for name in os.environ if name.startswith("STAPLEWATCH_")]:
        monkeypatch.delenv(name)
    for name in words.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    words.use("en")

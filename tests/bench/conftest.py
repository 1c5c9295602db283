"""Measurements run only when they are asked for by name: ``pytest tests/bench``."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave everything here out unless the command line names this directory."""
    return None if any("bench" in argument for argument in config.args) else True

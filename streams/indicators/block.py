"""A part of the state that does not change any more, so that snapshots pack it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Block:
    """``value`` is plain data and arrays that nobody writes to; it goes once ``packed`` is there."""

    value: Any
    packed: bytes | None = None

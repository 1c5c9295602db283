"""Noticing that a broker takes nothing, and that it takes records again: each change is told once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

#: Without an acknowledgement for so long while records wait, the broker is taken to be away. A broker
#: under load was seen to pause for 1.5 s.
QUIET_SECONDS: Final = 4.0

Tell = Callable[[str], None]


def span(seconds: float) -> str:
    """Return a duration for people: ``34 s``, ``15 min``."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class Link:
    """The state of the way to the broker, from what the sender sees of it."""

    def __init__(self, servers: str, give_up_after: float, tell: Tell = log.warning) -> None:
        self._servers = servers
        self._give_up_after = give_up_after
        self._tell = tell
        self._away_since: float | None = None

    def look(self, now: float, waiting: int, waiting_since: float, taken: float) -> None:
        """Judge by how many records wait, since when any do, and when the broker last took one."""
        if self._away_since is None:
            quiet_since = max(waiting_since, taken)
            if waiting and now - quiet_since > QUIET_SECONDS:
                self._away_since = quiet_since
                self._tell(self._away())
        elif taken > self._away_since:
            self._tell(self._back(taken - self._away_since))
            self._away_since = None

    def _away(self) -> str:
        patience = span(self._give_up_after)
        return (
            f"the broker at {self._servers} takes nothing: sending waits and tries on for up to {patience}"
            f" / 代理 {self._servers} 无应答：等待并重试，最长 {patience}"
        )

    def _back(self, seconds: float) -> str:
        return (
            f"the broker at {self._servers} takes records again after {span(seconds)}"
            f" / 代理 {self._servers} 已恢复，中断 {span(seconds)}"
        )
